"""What LLQR and SAM share as torch optimisers: checked groups, one flat vector, a backward pass that can be refused."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from optimizers.llqr import LLQR
from optimizers.torch.closure import Closure, evaluate
from optimizers.torch.flat_parameters import FlatParameters

OPTIONS = tuple(f.name for f in dataclasses.fields(LLQR) if not f.name.startswith("warm_"))
"""What torch_optim.LLQR takes beside the settings of the groups."""
SETTINGS = ("lr", "rho", "momentum", "weight_decay")

Buffers = list[tuple[Tensor, Tensor]]


class FlatOptimizer(Optimizer):
    """What both optimisers share: the groups' checks, and their parameters as one flat vector."""

    _module: nn.Module | None = None
    _grouping: str = "top"
    _parameters: FlatParameters | None = None
    _own: tuple[str, ...] = ("_module", "_grouping")

    @property
    def parameters(self) -> FlatParameters:
        """The flat vector θ of all groups."""
        if self._parameters is None:
            self._parameters = FlatParameters(self.param_groups, self._module, self._grouping)
        return self._parameters

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds a group; a ValueError or TypeError that names what is wrong with it."""
        wide = [name for name in (*OPTIONS, "module", "grouping") if name in param_group]
        if wide:
            raise ValueError(f"{wide[0]} is one for all parameters and no setting of a group")
        super().add_param_group(param_group)
        try:
            check_group(param_group)
            self._parameters = None
            _ = self.parameters
        except (TypeError, ValueError):
            self.param_groups.pop()
            self._parameters = None
            raise

    def backward(self, closure: Closure) -> Tensor:
        """zero_grad, the closure's loss and its backward pass; the loss."""
        self.zero_grad()
        with torch.enable_grad():
            loss, _ = evaluate(closure)
            if any(p.grad is not None for p in self.parameters.tensors):
                raise ValueError("the closure must return the loss without calling backward()")
            loss.backward()
        return loss.detach()

    def buffers(self) -> Buffers:
        """The module's buffers with a copy of each, for `put_back`; nothing where no module was given."""
        return [] if self._module is None else [(b, b.clone()) for b in self._module.buffers()]

    def finite_gradient(self) -> Tensor:
        """The gradient (D,); a ValueError where it is not finite."""
        g = self.parameters.gradient()
        if not bool(torch.isfinite(g).all()):
            raise ValueError("the gradient is not finite: the step is refused, and nothing has changed")
        return g

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), **{name: getattr(self, name) for name in self._own}, "_parameters": None}


def put_back(buffers: Buffers) -> None:
    """Give the buffers the values they had (running statistics of a pass that does not count)."""
    for buffer, value in buffers:
        buffer.copy_(value)


def check_group(group: dict[str, Any]) -> None:
    """An error that names the setting or the parameter of a group that cannot be used."""
    for name in SETTINGS:
        check_setting(name, group.get(name, 0.0))
    for number, p in enumerate(group["params"]):
        name = group["param_names"][number] if "param_names" in group else f"parameter {number} of the group"
        if not p.requires_grad or not p.is_floating_point():
            raise ValueError(f"{name} asks for no gradient or is not of floating point; leave it out of the optimiser")
        if p.numel() == 0:
            raise ValueError(f"{name} is empty")


def check_setting(name: str, value: Any) -> None:
    """A ValueError or TypeError unless the value is a number of at least 0 (and below 1 for the momentum)."""
    if isinstance(value, bool) or not isinstance(value, int | float | Tensor):
        raise TypeError(f"{name} must be a number, not {value!r}")
    limit, words = (1.0, "below 1") if name == "momentum" else (math.inf, "finite")
    if not 0 <= float(value) < limit:
        raise ValueError(f"{name} must be at least 0 and {words}, not {value!r}")
