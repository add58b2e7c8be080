"""What these torch optimisers share: checked groups, one flat vector, a backward pass that can be refused."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.optim import Optimizer

from optimizers.torch.closure import Closure, run_backward
from optimizers.torch.flat_parameters import FlatParameters, all_finite

SETTINGS = ("lr", "rho", "momentum", "weight_decay")


class FlatOptimizer(Optimizer):
    """What all of them share: the groups' checks, and their parameters as one flat vector."""

    _options: ClassVar[tuple[str, ...]] = ()
    """What it takes beside the settings of the groups."""
    _module: nn.Module | None = None
    _grouping: str = "top"
    _parameters: FlatParameters | None = None
    _asking: tuple[bool, ...] = ()
    _own: tuple[str, ...] = ("_module", "_grouping")

    @property
    def parameters(self) -> FlatParameters:
        """The flat vector θ of all groups, without frozen parameters; made anew where some were frozen or freed."""
        asking = tuple(p.requires_grad for group in self.param_groups for p in group["params"])
        if self._parameters is None or asking != self._asking:
            changed = self._parameters is not None
            self._parameters = FlatParameters(self.param_groups, self._module, self._grouping)
            self._asking = asking
            if changed:
                self._begin_anew()
        return self._parameters

    def _begin_anew(self) -> None:
        """Fit what the optimiser remembers to parameters that are no longer the same."""

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds a group; a ValueError or TypeError that names what is wrong with it."""
        wide = [name for name in (*self._options, "module", "grouping") if name in param_group]
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

    def backward(self, closure: Closure, finite: bool = True) -> Tensor:
        """zero_grad, the closure's loss and its backward pass, by the closure or by us; the loss."""
        self.zero_grad()
        return run_backward(closure, self.parameters.tensors, finite)

    def check_gradient(self) -> None:
        """A ValueError where there is no gradient, or it is not finite."""
        if not all_finite(*self.parameters.gradients()):
            raise ValueError("the gradient is not finite: the step is refused, and nothing has changed")

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where that state was saved. A ValueError, and nothing has changed, where it is that of others."""
        check_state(state_dict, self.param_groups)
        super().load_state_dict(state_dict)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), **{name: getattr(self, name) for name in self._own}, "_parameters": None}


def check_group(group: dict[str, Any]) -> None:
    """An error that names the setting or the parameter of a group that cannot be used."""
    for name in SETTINGS:
        check_setting(name, group.get(name, 0.0))
    for number, p in enumerate(group["params"]):
        name = group["param_names"][number] if "param_names" in group else f"parameter {number} of the group"
        if not p.requires_grad:  # frozen: it may be freed later
            continue
        if not p.is_floating_point():
            raise ValueError(f"{name} is not of real floating point ({p.dtype}); leave it out of the optimiser")
        if p.numel() == 0:
            raise ValueError(f"{name} is empty")
        if hasattr(p, "placements"):
            raise ValueError(f"{name} is sharded over several processes; each must hold all of its parameters")


def check_state(state_dict: Any, groups: list[dict[str, Any]]) -> None:
    """A ValueError unless it is the state of an optimiser of such groups: as many parameters, of the same shapes."""
    if not isinstance(state_dict, dict) or not {"state", "param_groups"} <= state_dict.keys():
        raise ValueError("this is not the state of an optimiser: it has no 'state' and 'param_groups'")
    numbers = [number for group in state_dict["param_groups"] for number in group["params"]]
    held = [p for group in groups for p in group["params"]]
    if len(numbers) != len(held):
        raise ValueError(f"the state is that of {len(numbers)} parameters, and this optimiser has {len(held)}")
    for number, p in zip(numbers, held, strict=True):
        for name, value in state_dict["state"].get(number, {}).items():
            if isinstance(value, Tensor) and value.ndim and value.shape != p.shape:
                raise ValueError(
                    f"the state holds {name} of shape {tuple(value.shape)} for a parameter of shape {tuple(p.shape)}"
                )


def check_setting(name: str, value: Any) -> None:
    """A ValueError or TypeError unless the value is a number of at least 0 (and below 1 for the momentum)."""
    if isinstance(value, bool) or not isinstance(value, int | float | Tensor):
        raise TypeError(f"{name} must be a number, not {value!r}")
    limit, words = (1.0, "below 1") if name == "momentum" else (math.inf, "finite")
    if not 0 <= float(value) < limit:
        raise ValueError(f"{name} must be at least 0 and {words}, not {value!r}")
