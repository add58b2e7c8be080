"""A preconditioned descent as a torch optimiser, whatever its U: what LLQR, NGD, K-FAC and Shampoo share."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from optimizers.preconditioners import Preconditioner
from optimizers.torch.closure import Closure
from optimizers.torch.flat_optimizer import FlatOptimizer
from optimizers.torch.ranks import ranks_for
from optimizers.torch.statistics import Statistics


class Preconditioned(FlatOptimizer):
    """Descent preconditioned by a rule's U:  v ← μ v + U g + λ_w θ;  θ ← θ − η v.

    params: tensors, (name, tensor) pairs or groups. lr η, momentum μ and weight_decay λ_w (part of the momentum, not
    preconditioned) are settings of the groups, and schedulers may change them. One U for all groups.
    module: the network that the parameters belong to. It tells layers and kinds of parameters (`grouping`: see
    geometry.network_layout) and is put in eval mode while U is learned. Without it each parameter is a layer by itself,
    and U is learned in the mode the network is in.

    Parameters that are frozen (requires_grad False) or unused by a pass are left as they are, as in torch.optim.
    A step that is refused (a loss or gradient that is not finite, no gradient at all, a refresh that is due and was not
    made) raises a ValueError and leaves parameters, momentum, U and the count of steps as they were, and in
    `step(closure)` with a module also its running statistics.
    """

    name: ClassVar[str]
    """As sentences call it."""
    _factorises: ClassVar[bool] = True
    """Whether it needs decompositions of matrices, which torch has in no half precision."""
    _own = (*FlatOptimizer._own, "_rule", "_leaves", "_index", "_refreshed", "_distributed")

    def __init__(
        self,
        params: Any,
        rule: Preconditioner,
        lr: float,
        momentum: float,
        weight_decay: float,
        module: nn.Module | None,
        grouping: str,
        distributed: bool | None = None,
    ) -> None:
        self._rule: Any = rule
        self._module, self._grouping, self._distributed = module, grouping, distributed
        self._leaves: dict[str, Any] = {}
        self._index, self._refreshed = 0, False
        ranks_for(distributed)
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        if not self.parameters.tensors:
            raise ValueError("none of the parameters asks for a gradient")
        kind = self.parameters.tensors[0].dtype
        if self._factorises and kind in (torch.float16, torch.bfloat16):
            raise ValueError(f"{self.name} factorises matrices, and needs parameters in float32 or float64, not {kind}")
        ours = {id(p) for p in self.parameters.tensors}
        for name, part in () if module is None else module.named_modules():
            if getattr(part, "sparse", False) is True and any(id(p) in ours for p in part.parameters()):
                raise ValueError(f"the gradients of {name} are sparse; dense gradients are needed (sparse=False)")

    @property
    def preconditioner(self) -> Any:
        """The rule by which U is learned."""
        return self._rule

    @property
    def refresh_due(self) -> bool:
        """Whether U must be learned before the next step: as its schedule says, or as there is none."""
        _ = self.parameters  # where some were frozen or freed since, U begins anew
        schedule = self._rule.schedule
        missing = schedule.ever and not self._leaves
        return (bool(schedule.due(self._index)) or missing) and not self._refreshed

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds a group. U begins anew for new layers, and for layers that have changed their shape."""
        super().add_param_group(param_group)
        self._begin_anew()

    def _begin_anew(self) -> None:
        """A U for the parameters as they are now; what fits of the old one stays."""
        parameters = self.parameters
        fresh = self._rule.start(parameters, parameters.theta())
        for name, leaf in self._leaves.items():
            if name in fresh and _form(fresh[name]) == _form(leaf):
                fresh[name] = leaf
        self._leaves, self._refreshed = fresh, False

    @torch.no_grad()
    def refresh(self, closure: Closure) -> None:
        """Learn U at θ from a closure (see optimizers.torch_optim): one refresh, due or not. `.grad` is not touched."""
        ranks, theta, statistics = ranks_for(self._distributed), self.parameters.theta(), Statistics(self._module)
        if ranks is not None:
            ranks.check_same(theta)
        try:
            self._leaves = self._learned(closure, theta)
        finally:
            statistics.put_back()
        self._refreshed = True

    def _learned(self, closure: Closure, theta: Tensor) -> dict[str, Any]:
        """U's leaves, learned from what the closure says at θ."""
        raise NotImplementedError

    @torch.no_grad()
    def precondition(self, v: Tensor) -> Tensor:
        """U v for v (D,) in the order of `parameters.layout`."""
        return self._rule.apply(self.parameters.layout, self._leaves, v)

    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> Tensor | None:  # type: ignore[override]
        """One step; with a closure, all of it (see optimizers.torch_optim) and the loss at θ."""
        kept = self._leaves, self._refreshed
        statistics = Statistics(self._module if closure is not None else None)
        try:
            loss = None
            if closure is not None:
                if self.refresh_due:
                    self.refresh(closure)
                loss = self.backward(closure, finite=ranks_for(self._distributed) is None)
            elif self.refresh_due:
                raise ValueError(
                    f"a refresh is due before step {self._index}: call refresh(closure) first, or step(closure)"
                )
            self.check_gradient()
            self._descend(self._directions())
        except Exception:
            self._leaves, self._refreshed = kept
            statistics.put_back()
            raise
        self._index, self._refreshed = self._index + 1, False
        return loss

    def _directions(self) -> Iterable[Tensor]:
        """U g in the shapes of the parameters, with what U learns of g itself."""
        gradient = self.parameters.gradient()
        if self._rule.capabilities.observes:
            self._leaves = self._rule.observe(self.parameters.layout, self._leaves, gradient)
        return self.parameters.pieces(self.precondition(gradient))

    def _descend(self, directions: Iterable[Tensor]) -> None:
        """The step; the directions' memory is used anew."""
        group_of = {id(p): group for group in self.param_groups for p in group["params"]}
        for p, u in zip(self.parameters.tensors, directions, strict=True):
            if p.grad is None:  # this pass did not use it: neither does the step
                continue
            group, state = group_of[id(p)], self.state[p]
            if "momentum_buffer" not in state:
                state["momentum_buffer"] = torch.zeros_like(p)
            v = state["momentum_buffer"].mul_(group["momentum"]).add_(u)
            if group["weight_decay"] != 0:
                v.add_(torch.mul(p, group["weight_decay"], out=u))
            p.sub_(torch.mul(v, group["lr"], out=u))

    def _settings(self) -> dict[str, Any]:
        """The rule's settings, as a state keeps them."""
        return {field.name: getattr(self._rule, field.name) for field in dataclasses.fields(self._rule)}

    def state_dict(self) -> dict[str, Any]:
        """torch's state dictionary, and under "preconditioner" U, its settings and the count of steps."""
        own = {"kind": self.name, "settings": self._settings(), "leaves": self._leaves}
        return {**super().state_dict(), "preconditioner": {**own, "index": self._index, "refreshed": self._refreshed}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where that state was saved, with its settings; the continuation is the same to the last bit."""
        own = state_dict.get("preconditioner") if isinstance(state_dict, dict) else None
        whole = isinstance(own, dict) and {"settings", "leaves", "index", "refreshed"} <= own.keys()
        if not whole or own.get("kind", "LLQR") != self.name:  # type: ignore[union-attr]
            raise ValueError(f"this is not the state of an optimiser with {self.name}: it has no such 'preconditioner'")
        assert own is not None
        theta = self.parameters.theta()
        try:
            self._check_fits(own, theta)
            rule = dataclasses.replace(self._rule, **self._settings_of(own["settings"]))
        except (KeyError, TypeError, AttributeError, RuntimeError) as error:
            raise ValueError(f"the state holds no U that this optimiser can go on with: {error}") from error
        super().load_state_dict({name: entry for name, entry in state_dict.items() if name != "preconditioner"})
        self._rule = rule
        self._leaves = {
            name: leaf.to(theta) if isinstance(leaf, Tensor) else leaf for name, leaf in own["leaves"].items()
        }
        self._index, self._refreshed = own["index"], own["refreshed"]

    def _settings_of(self, settings: dict[str, Any]) -> dict[str, Any]:
        """A state's settings, as the rule takes them."""
        return settings

    def _check_fits(self, own: dict[str, Any], theta: Tensor) -> None:
        """A ValueError where a state's U is that of other parameters."""
        image = None
        try:
            zeros = torch.zeros_like(theta)
            leaves = {n: leaf.to(theta) if isinstance(leaf, Tensor) else leaf for n, leaf in own["leaves"].items()}
            if leaves:
                image = self._rule.apply(self.parameters.layout, leaves, zeros)
        except (KeyError, RuntimeError) as error:
            raise ValueError(f"the state holds U of other parameters than this optimiser has: {error}") from error
        if image is not None and image.shape != theta.shape:
            raise ValueError("the state holds U of other parameters than this optimiser has")


def _form(leaf: Any) -> Any:
    """What tells whether one leaf may stand for another."""
    return tuple(leaf.shape) if isinstance(leaf, Tensor) else type(leaf)
