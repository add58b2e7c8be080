"""K-FAC as a torch optimiser; how to use it: optimizers.torch_optim."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from geometry.layer_factors import factors_of, label_slopes, recorded, used_calls
from optimizers import kfac
from optimizers.torch.closure import Closure, inference_mode_of
from optimizers.torch.examples import ClosureExamples
from optimizers.torch.preconditioned import Preconditioned
from optimizers.torch.ranks import ranks_for, without_reducing


class KFAC(Preconditioned):
    """v ← μ v + U g + λ_w θ;  θ ← θ − η v, with U: V ↦ A⁻¹ V G⁻¹, damped, for every Linear and Conv layer.

    module: the network, whose layers are listened to during a refresh; it must be given.
    options: those of optimizers.KFAC (damping λ, damping_kind, decay, fisher, refresh_every, as_released); all else is
    as in Preconditioned. The closure returns (loss, outputs), outputs the class scores (N, …, C), or calls the module
    once. A refresh is one pass forward, in eval mode, and one back for each class and target of an example; targets
    that a loss leaves out count as well. What is no such layer, or is called more than once, has U = I.
    distributed: as for LLQR; the factors are then the mean of those of all processes.
    """

    name: ClassVar = "K-FAC"

    def __init__(
        self,
        params: Any,
        lr: float = 0.05,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        *,
        module: nn.Module,
        grouping: str = "top",
        distributed: bool | None = None,
        **options: Any,
    ) -> None:
        if not isinstance(module, nn.Module):
            raise TypeError(f"module must be the network that the parameters belong to, not {module!r}")
        super().__init__(params, kfac.KFAC(**options), lr, momentum, weight_decay, module, grouping, distributed)

    def _learned(self, closure: Closure, theta: Tensor) -> dict[str, Any]:
        assert self._module is not None
        empirical = self._rule.fisher == "empirical" or self._rule.as_released
        names, ranks = {block.name for block in self.parameters.layout.blocks}, ranks_for(self._distributed)
        with inference_mode_of(self._module), without_reducing(), recorded(self._module) as calls:
            ground = ClosureExamples(self.parameters, closure, self._module)
            used = used_calls(calls, names)
            outputs = [output for _, _, output in used.values()]
            with torch.enable_grad():
                values = ground.class_scores("K-FAC")
                if empirical:
                    told = len(values) * ground.value
                    slopes = iter([list(torch.autograd.grad(told, outputs, retain_graph=True))])
                else:
                    slopes = label_slopes(outputs, values.reshape(ground.examples, -1, values.shape[-1]))
                factors = factors_of(used, slopes, ground.examples, names)
        found = {f"{name}.{key}": f for name, pair in factors.items() for key, f in zip("AG", pair, strict=True)}
        if ranks is not None:
            found = {key: ranks.mean(factor) for key, factor in found.items()}
        return self._rule.learned(found, self._leaves, ground.examples)

    def _check_fits(self, own: dict[str, Any], theta: Tensor) -> None:
        super()._check_fits(own, theta)
        known = {f"{layer}.{part}" for layer in kfac.layer_names(own["leaves"]) for part in kfac.PARTS}
        if known != own["leaves"].keys():
            name = sorted(known ^ own["leaves"].keys())[0]
            raise ValueError(f"the state holds no U of whole layers: {name} is there without its layer, or missing")
