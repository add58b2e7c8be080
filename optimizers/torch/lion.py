"""Lion as a torch optimiser; how to use it: optimizers.torch_optim."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from optimizers import adam
from optimizers.torch.closure import Closure
from optimizers.torch.flat_optimizer import FlatOptimizer


class Lion(FlatOptimizer):
    """c = sign(β₁ m + (1−β₁) g);  θ ← θ − η (c + λ_w θ);  m ← β₂ m + (1−β₂) g, with sign(0) = 0.

    lr η (a third to a tenth of AdamW's), betas (β₁, β₂) and weight_decay λ_w (decoupled, of θ before the step) are
    settings of the groups, and schedulers may change them. Parameters that are frozen, or unused by a pass, stay where
    they are. A step with a loss or gradient that is not finite is refused: a ValueError, and nothing has changed.
    Chen et al. (arXiv 2302.06675).
    """

    def __init__(
        self, params: Any, lr: float = 1e-4, betas: tuple[float, float] = (0.9, 0.99), weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})
        if not self.parameters.tensors:
            raise ValueError("none of the parameters asks for a gradient")

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds a group; a ValueError or TypeError that names what is wrong with it."""
        betas = param_group.get("betas", self.defaults["betas"])
        pair = isinstance(betas, tuple | list) and len(betas) == 2
        if not pair or not all(isinstance(beta, int | float) for beta in betas):
            raise ValueError(f"betas must be two numbers (β₁, β₂), not {betas!r}")
        adam.Lion(*betas)  # says what is wrong with them
        super().add_param_group(param_group)

    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> Tensor | None:  # type: ignore[override]
        """One step; with a closure the loss at θ."""
        loss = None if closure is None else self.backward(closure)
        self.check_gradient()
        for group in self.param_groups:
            first, second = group["betas"]
            for p in group["params"]:
                if p.grad is None or not p.requires_grad:
                    continue
                state = self.state[p]
                if "m" not in state:
                    state["m"] = torch.zeros_like(p)
                m = state["m"]
                step = torch.sign(first * m + (1 - first) * p.grad)
                if group["weight_decay"] != 0:
                    step.add_(group["weight_decay"] * p)
                p.sub_(group["lr"] * step)
                m.mul_(second).add_((1 - second) * p.grad)
        return loss
