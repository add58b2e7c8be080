"""LLQR as a torch optimiser; how to use it: optimizers.torch_optim."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import Tensor, nn

from optimizers import llqr
from optimizers.torch.closure import Closure, ClosureLoss, inference_mode_of
from optimizers.torch.flat_optimizer import OPTIONS, FlatOptimizer
from optimizers.torch.output_curvature import KINDS
from optimizers.torch.ranks import ranks_for, without_reducing
from optimizers.torch.statistics import Statistics


class LLQR(FlatOptimizer):
    """Descent preconditioned by a learned U:  v ← μ v + U g + λ_w θ;  θ ← θ − η v.

    params: tensors, (name, tensor) pairs or groups. lr η, momentum μ and weight_decay λ_w (part of the momentum, not
    preconditioned) are settings of the groups, and schedulers may change them.
    options: those of optimizers.LLQR.for_networks (structure "diagonal", metric "ngd", refresh_every 1000, decay,
    inner_steps, inner_learning_rate, damping, …): one U for all groups.
    module: the network that the parameters belong to. It tells layers and kinds of parameters (`grouping`: see
    geometry.network_layout) and is put in eval mode during a refresh. Without it each parameter is a layer by itself,
    and a refresh runs in the mode the network is in.
    loss: the kind of the closure's loss where it is no cross-entropy over the last axis of the outputs ("squared
    error", "huber", "binary cross-entropy", "cross-entropy" over the second axis, "convex"): the metrics "ngd" and
    "ngd-mean" are then the curvature of that loss in the outputs (see optimizers.torch.output_curvature).
    distributed: whether the processes of torch's default group train one network on examples of their own; U is then
    learned on the examples of all, the same on each. None: where there is a group of more than one.

    Parameters that are frozen (requires_grad False) or unused by a pass are left as they are, as in torch.optim; where
    some are frozen or freed between two steps, U of their layers begins anew.

    A step that is refused (a loss or gradient that is not finite, no gradient at all, a refresh that is due and was not
    made, an operation without second derivative, a curvature that is not symmetric) raises a ValueError and leaves
    parameters, momentum, U and the count of steps as they were, and in `step(closure)` with a module also its running
    statistics.
    Source: arXiv 2605.16134.
    """

    _own = (*FlatOptimizer._own, "_rule", "_leaves", "_index", "_refreshed", "_loss", "_distributed", "_checked")

    def __init__(
        self,
        params: Any,
        lr: float = 0.05,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        *,
        module: nn.Module | None = None,
        grouping: str = "top",
        loss: str | None = None,
        distributed: bool | None = None,
        **options: Any,
    ) -> None:
        if loss is not None and loss not in KINDS:
            raise ValueError(f"loss must be one of {', '.join(KINDS)}, or None, not {loss!r}")
        unknown = [name for name in options if name not in OPTIONS]
        if unknown:
            raise TypeError(f"unknown option {unknown[0]!r}; LLQR takes {', '.join(OPTIONS)}")
        self._rule = llqr.LLQR.for_networks(**options)
        self._module, self._grouping = module, grouping
        self._leaves: dict[str, Tensor] = {}
        self._index, self._refreshed = 0, False
        self._loss, self._distributed, self._checked = loss, distributed, False
        ranks_for(distributed)
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        if not self.parameters.tensors:
            raise ValueError("none of the parameters asks for a gradient")

    @property
    def preconditioner(self) -> llqr.LLQR:
        """The rule by which U is learned."""
        return self._rule

    @property
    def refresh_due(self) -> bool:
        """Whether U must be learned anew before the next step."""
        return bool(self._rule.schedule.due(self._index)) and not self._refreshed

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds a group. U starts at the identity for new layers, and for layers that have changed their shape."""
        super().add_param_group(param_group)
        self._begin_anew()

    def _begin_anew(self) -> None:
        parameters = self.parameters
        fresh = self._rule.blocks.identity(parameters.layout, parameters.theta(), self._rule.identity_scale)
        for name, leaf in self._leaves.items():
            if name in fresh and fresh[name].shape == leaf.shape:
                fresh[name] = leaf
        self._leaves = fresh

    @torch.no_grad()
    def refresh(self, closure: Closure) -> None:
        """Learn U at θ from the loss of a closure (see the module): one refresh, due or not. `.grad` is not touched.

        NoSecondDerivative (a ValueError) that names an operation without one; ValueError where the curvature is not
        symmetric (looked at once), or the processes of a group hold different parameters.
        """
        parameters, ranks = self.parameters, ranks_for(self._distributed)
        theta, statistics = parameters.theta(), Statistics(self._module)
        if ranks is not None:
            ranks.check_same(theta)
        try:
            with inference_mode_of(self._module), without_reducing(self._module):
                ground = ClosureLoss(parameters, closure, self._module, self._loss, ranks)
                ground.check = not self._checked
                self._leaves = self._rule.refresh(ground, theta, self._leaves)
        finally:
            statistics.put_back()
        self._refreshed = self._checked = True

    @torch.no_grad()
    def precondition(self, v: Tensor) -> Tensor:
        """U v for v (D,) in the order of `parameters.layout`."""
        return self._rule.apply(self.parameters.layout, self._leaves, v)

    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> Tensor | None:  # type: ignore[override]
        """One step; with a closure, all of it (see the module) and the loss at θ."""
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
            self._descend(self.precondition(self.finite_gradient()))
        except Exception:
            self._leaves, self._refreshed = kept
            statistics.put_back()
            raise
        self._index, self._refreshed = self._index + 1, False
        return loss

    def _descend(self, direction: Tensor) -> None:
        group_of = {id(p): group for group in self.param_groups for p in group["params"]}
        for p, u in zip(self.parameters.tensors, self.parameters.pieces(direction), strict=True):
            if p.grad is None:  # this pass did not use it: neither does the step
                continue
            group, state = group_of[id(p)], self.state[p]
            if "momentum_buffer" not in state:
                state["momentum_buffer"] = torch.zeros_like(p)
            v = state["momentum_buffer"].mul_(group["momentum"]).add_(u)
            if group["weight_decay"] != 0:
                v.add_(group["weight_decay"] * p)
            p.sub_(group["lr"] * v)

    def state_dict(self) -> dict[str, Any]:
        """torch's state dictionary, and under "preconditioner" U, its settings and the count of steps."""
        settings = {name: getattr(self._rule, name) for name in OPTIONS}
        settings["structure"] = self._rule.blocks.name
        own = {"settings": settings, "leaves": self._leaves, "index": self._index, "refreshed": self._refreshed}
        return {**super().state_dict(), "preconditioner": own}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where that state was saved, with its settings; the continuation is the same to the last bit."""
        own = state_dict.get("preconditioner")
        if own is None:
            raise ValueError("this is not the state of an LLQR optimiser: it has no entry 'preconditioner'")
        shapes = {name: tuple(leaf.shape) for name, leaf in self._leaves.items()}
        found = {name: tuple(leaf.shape) for name, leaf in own["leaves"].items()}
        if own["settings"]["structure"] != self._rule.blocks.name or shapes != found:
            raise ValueError(
                f"the state holds {own['settings']['structure']} blocks {found}, and this optimiser has "
                f"{self._rule.blocks.name} blocks {shapes}"
            )
        super().load_state_dict({name: entry for name, entry in state_dict.items() if name != "preconditioner"})
        settings = {**own["settings"], "structure": self._rule.structure}
        self._rule = dataclasses.replace(self._rule, **settings)
        self._leaves = {name: leaf.to(self._leaves[name]) for name, leaf in own["leaves"].items()}
        self._index, self._refreshed = own["index"], own["refreshed"]
