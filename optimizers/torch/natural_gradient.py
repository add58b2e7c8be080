"""The natural gradient as a torch optimiser; how to use it: optimizers.torch_optim."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn

from optimizers import natural_gradient
from optimizers.torch.closure import Closure, inference_mode_of
from optimizers.torch.examples import ClosureExamples
from optimizers.torch.preconditioned import Preconditioned
from optimizers.torch.ranks import ranks_for


class NaturalGradient(Preconditioned):
    """v ← μ v + (F + λI)⁻¹ g + λ_w θ;  θ ← θ − η v, with F the mean Fisher matrix of a cross-entropy.

    options: those of optimizers.NaturalGradient (damping λ, fisher, diagonal, refresh_every, dense_up_to); all else is
    as in Preconditioned. The closure returns (loss, outputs), outputs the class scores (N, …, C), or calls the `module`
    once. With fisher="empirical" the loss may be any mean over the N rows of the outputs. Targets that a loss leaves
    out are not told from others: their outputs count as well.
    A refresh makes N·C rows of the Jacobian, in eval mode where there is a module. Several processes are refused, as F
    would be that of one of them.
    """

    name: ClassVar = "NGD"

    def __init__(
        self,
        params: Any,
        lr: float = 0.05,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        *,
        module: nn.Module | None = None,
        grouping: str = "top",
        **options: Any,
    ) -> None:
        rule = natural_gradient.NaturalGradient(**options)
        super().__init__(params, rule, lr, momentum, weight_decay, module, grouping)

    def _learned(self, closure: Closure, theta: Tensor) -> dict[str, Any]:
        if ranks_for(self._distributed) is not None:
            raise ValueError("the natural gradient is for one process: its Fisher matrix would be that of one of them")
        with inference_mode_of(self._module):
            ground = ClosureExamples(self.parameters, closure, self._module)
            return self._rule.learned(ground.fisher_rows(self._rule.fisher))
