"""Shampoo as a torch optimiser; how to use it: optimizers.torch_optim."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import nn

from optimizers import shampoo
from optimizers.torch.preconditioned import Preconditioned


class Shampoo(Preconditioned):
    """v ← μ v + L^-¼ G R^-¼ + λ_w θ;  θ ← θ − η v for every kernel, H^-½ g for every other parameter.

    options: those of optimizers.Shampoo (epsilon, beta, epsilon_at, graft, graft_beta, root_every); all else is as in
    Preconditioned. It learns from the gradients that it steps by, so that no refresh is ever due and any closure will
    do; without a `module` every parameter of two or more axes is a kernel. Inside SAM it sees the gradients at θ + ε.
    """

    name: ClassVar = "Shampoo"

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
        super().__init__(params, shampoo.Shampoo(**options), lr, momentum, weight_decay, module, grouping)
