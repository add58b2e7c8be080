"""SAM of any base optimiser, as a torch optimiser; how to use it: optimizers.torch_optim."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer

from optimizers import probes
from optimizers.mixes import Mix, Mixed, NoMix
from optimizers.torch.closure import Closure, inference_mode_of
from optimizers.torch.examples import ClosureExamples
from optimizers.torch.flat_optimizer import FlatOptimizer, check_group, check_setting, check_state
from optimizers.torch.flat_parameters import all_finite
from optimizers.torch.preconditioned import Preconditioned
from optimizers.torch.ranks import Ranks, ranks_for, without_reducing
from optimizers.torch.statistics import Statistics


class SAM(FlatOptimizer):
    """Sharpness-aware steps of any base optimiser: its step is made from θ with the gradient of θ + ε.

    base: an optimiser whose step needs no closure. Groups and their settings are shared with it, and ρ, the group's
    "rho", is one of them.
    probe: a rule for ε (optimizers.SAM, FSAM, PastFSAM, ASAM, FisherSAM, VaSSO, SSAMD, SSAMF, SAMON); SAM by default,
    along U g where the base has a U (LLQR, NGD, K-FAC, Shampoo) and along g elsewhere. Groups with different ρ: ε of
    the common direction, each block times its own ρ. SSAM-F asks for the gradients of single examples, which
    `step(closure)` makes of the outputs, with one pass more when its mask is renewed.
    mix: a rule for the gradient that the base is given, made of those at θ and at θ + ε (optimizers.GNP, GSAM, WSAM,
    LookSAM); that at θ + ε by default. What WSAM does past the base is θ ← θ − η a (g⁺ − g) with the group's η.
    module: as for LLQR, from which it is taken where the base is one. With it, buffers (running statistics) of the pass
    at θ are dropped and those of the pass at θ + ε are kept, in `step(closure)` and by hand: there `zero_grad()` takes
    note of what they were (without that call those of the pass at θ are kept; a step counts them once either way).
    Without a module both passes count.
    Parameters that are frozen, or unused by a pass, stay where they are.

    `step(closure)` returns the loss at θ + ε. A refused step leaves everything as it was, see LLQR.
    """

    _own = (*FlatOptimizer._own, "base", "probe_rule", "mix", "_memory", "_mixing", "_index", "_home", "_centre")
    _before: Statistics | None = None
    _after: Statistics | None = None
    _stepping = False
    _closure: Closure | None = None
    """What is being stepped by, for a probe that asks for single examples."""

    def __init__(
        self,
        base: Optimizer,
        rho: float = 0.05,
        probe: probes.Probe | None = None,
        mix: Mix | None = None,
        *,
        module: nn.Module | None = None,
        grouping: str = "top",
    ) -> None:
        if not isinstance(base, Optimizer):
            raise TypeError(f"base must be an optimiser, such as torch.optim.SGD(model.parameters()), not {base!r}")
        if isinstance(base, SAM | torch.optim.LBFGS):
            raise ValueError(f"the step of {type(base).__name__} needs a closure of its own, so it cannot be the base")
        check_setting("rho", rho)
        rule = probes.SAM() if probe is None else probe
        if isinstance(base, Preconditioned):
            if rule.capabilities.plain_update:
                raise ValueError(
                    f"{type(rule).__name__} steps along the plain gradient; its base cannot be {base.name}"
                )
            module, grouping = module or base._module, base._grouping
        self._module, self._grouping = module, grouping
        self.probe_rule, self.mix = rule, NoMix() if mix is None else mix
        super().__init__(base.param_groups, {"rho": rho})
        self.base = base
        self.defaults = {**base.defaults, **self.defaults}  # schedulers look here for a momentum to cycle
        self._linked()
        if not self.parameters.tensors:
            raise ValueError("none of the parameters asks for a gradient")
        self._begin_anew()
        self._index = 0
        self._home: list[Tensor] | None = None
        self._centre: Tensor | None = None

    def _linked(self) -> None:
        self.param_groups, self.state, self._parameters = self.base.param_groups, self.base.state, None

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds a group to the base; what the probe remembers begins anew."""
        if "base" not in self.__dict__:
            super().add_param_group(param_group)
            return
        param_group.setdefault("rho", self.defaults["rho"])
        check_group(param_group)
        self.base.add_param_group(param_group)
        self._linked()
        self._begin_anew()

    def _begin_anew(self) -> None:
        theta = self.parameters.theta()
        self._memory, self._mixing = self.probe_rule.memory(theta), self.mix.memory(theta)

    @property
    def _needs_gradient(self) -> bool:
        return self.probe_rule.capabilities.needs_gradient or self.mix.capabilities.needs_gradient

    def zero_grad(self, set_to_none: bool = True) -> None:
        """As in torch.optim; by hand it also takes note of the running statistics before the pass at θ."""
        super().zero_grad(set_to_none)
        if not self._stepping and self._home is None and self._module is not None:
            self._before = Statistics(self._module)

    @torch.no_grad()
    def probe(self, scaler: torch.amp.GradScaler | None = None) -> None:
        """Move to θ + ε, by the gradient made at θ; before the probe's start_step, and at ε = 0, nothing moves.

        scaler: the one that scaled the loss. Its scale is taken out of the gradient, and a gradient that overflowed
        does not move anything; without one it is refused.
        """
        before = self._before
        self.restore()
        scale = scaler.get_scale() if scaler is not None and scaler.is_enabled() else 1.0
        length = self._length(scale) if self._plain else None
        gradient = None
        if length is None and self._needs_gradient:
            gradient = self._uphill(self.parameters.gradient())
            gradient = gradient if scale == 1.0 else gradient / scale
            if not all_finite(gradient):
                if scaler is None:
                    raise ValueError("the gradient is not finite: the probe is refused, and nothing has changed")
                gradient = torch.zeros_like(gradient)
        self._home, self._centre = [p.detach().clone() for p in self.parameters.tensors], gradient
        if not self._stepping:
            if before is not None:
                before.put_back()
            else:
                self._after = Statistics(self._module)
        if self._probing and length is not None:
            self._climb(length * scale)
        elif self._probing:
            offset = self._offset(self.parameters.theta(), gradient)
            for p, piece in () if offset is None else self._by_parameter(offset):
                p.add_(piece)

    @property
    def _probing(self) -> bool:
        return bool(self.probe_rule.schedule.due(self._index))

    @property
    def _plain(self) -> bool:
        """Whether ε = ρ g/‖g‖ and h = g⁺, so that a step needs no vector as long as θ: on a network of 11 million
        parameters making such vectors takes a third of its time."""
        rule, along_gradient = self.probe_rule, not isinstance(self.base, Preconditioned)
        usual = type(rule) is probes.SAM and rule.along != "direction" and not rule.norm.startswith("layer")
        return usual and along_gradient and type(self.mix) is NoMix

    def _length(self, scale: float) -> float | None:
        """√(‖g‖² + 1e-12) of the gradient with its scale taken out; None where it is not finite."""
        norm = float(get_total_norm(self.parameters.gradients())) / scale
        return math.sqrt(norm * norm + probes.ROUNDING) if math.isfinite(norm) else None

    def _climb(self, length: float) -> None:
        for group in self.param_groups:
            radius = float(group["rho"]) * (-1 if group.get("maximize") else 1)
            for p in group["params"]:
                if p.requires_grad and p.grad is not None:
                    p.add_(p.grad, alpha=radius / length)

    def _offset(self, theta: Tensor, gradient: Tensor | None) -> Tensor | None:
        precondition = self.base.precondition if isinstance(self.base, Preconditioned) else torch.clone
        radii = {id(p): group["rho"] for group in self.param_groups for p in group["params"]}
        own = [radii[id(p)] for p in self.parameters.tensors]
        common = all(radius == own[0] for radius in own)
        ground: Any = None if self._closure is None else _Examples(self, self._closure)
        centre = probes.Centre(theta, gradient, precondition, self.parameters.layout, ground, self._index)
        if self.probe_rule.capabilities.prepares:
            self._memory = self.probe_rule.prepare(centre, self._memory)  # type: ignore[union-attr]
        offset = self.probe_rule.offset(centre, self._memory, own[0] if common else 1.0)
        if offset is not None and not all_finite(offset):
            raise ValueError(
                "the probe is not finite: the step is refused, and nothing has changed "
                "(a norm with matrix in its name needs ⟨g, U g⟩ ≥ 0)"
            )
        if offset is not None and not common:
            offset = torch.cat([r * e.reshape(-1) for r, (_, e) in zip(own, self._by_parameter(offset), strict=True)])
        return offset

    @torch.no_grad()
    def restore(self) -> None:
        """Back to θ, exactly, where a probe has moved away from it and no step has followed."""
        if self._home is not None:
            for p, value in zip(self.parameters.tensors, self._home, strict=True):
                p.copy_(value)
        self._home = self._centre = self._before = self._after = None

    def _by_parameter(self, v: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        return zip(self.parameters.tensors, self.parameters.pieces(v), strict=True)

    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> Tensor | None:  # type: ignore[override]
        """One step; with a closure, all of it (see the module) and the loss at θ + ε."""
        kept = (self.base._leaves, self.base._refreshed) if isinstance(self.base, Preconditioned) else None
        statistics = Statistics(self._module if closure is not None else None)
        try:
            loss = None if closure is None else self._both_passes(closure, statistics)
            if closure is None and self._probing and self._home is None:
                raise ValueError("step() without a closure needs probe() and a backward pass at θ + ε before it")
            self.check_gradient()
            outer, gradient, after = None if self._plain else self.parameters.gradient(), self._centre, self._after
            self.restore()
            mixed = None if outer is None else self._mixed(gradient, outer)
            self.base.step()
        except Exception:
            self.restore()
            statistics.put_back()
            if kept is not None:
                self.base._leaves, self.base._refreshed = kept  # type: ignore[attr-defined]
            raise
        if after is not None:
            after.put_back()
        if mixed is not None and outer is not None:
            self._remember(mixed, gradient, outer)
        self._index += 1
        return loss

    def _remember(self, mixed: Mixed, gradient: Tensor | None, outer: Tensor) -> None:
        """What is left to do after the base's step: the mix's own way past it, and the memories."""
        if mixed.beyond is not None:
            rates = {id(p): group["lr"] for group in self.param_groups for p in group["params"]}
            for p, piece in self._by_parameter(mixed.beyond):
                p.sub_(rates[id(p)] * piece)
        self._mixing = mixed.memory
        if self._probing:
            self._memory = self.probe_rule.remember(self._memory, gradient, self._uphill(outer))

    def _mixed(self, gradient: Tensor | None, outer: Tensor) -> Mixed:
        """What the mix makes of both gradients; the base finds it where it looks for gradients."""
        here = self._uphill(outer)
        centre = here if gradient is None else gradient
        mixed = self.mix.combine(self.parameters.layout, centre, here, self._probing, self._mixing)
        if mixed.gradient is not here:
            used = self._uphill(mixed.gradient)
            for p, piece in self._by_parameter(used):
                if p.grad is not None:
                    p.grad.copy_(piece)
        return mixed

    def _both_passes(self, closure: Closure, statistics: Statistics) -> Tensor:
        self.restore()
        finite = self._ranks() is None
        self._stepping, self._closure = True, closure
        try:
            if isinstance(self.base, Preconditioned) and self.base.refresh_due:
                self.base.refresh(closure)
            if not self._probing:
                return self.backward(closure, finite)
            if self._needs_gradient:
                self.backward(closure, finite)
                statistics.put_back()
            self.probe()
            return self.backward(closure, finite)
        finally:
            self._stepping, self._closure = False, None

    def _ranks(self) -> Ranks | None:
        return ranks_for(self.base._distributed if isinstance(self.base, Preconditioned) else None)

    def _uphill(self, gradient: Tensor) -> Tensor:
        """The gradient of what the base makes smaller: of −L in the groups that say maximize."""
        down = {id(p) for group in self.param_groups if group.get("maximize") for p in group["params"]}
        if not down:
            return gradient
        signs = [-1.0 if id(p) in down else 1.0 for p in self.parameters.tensors]
        pieces = zip(signs, self.parameters.pieces(gradient), strict=True)
        return torch.cat([sign * piece.reshape(-1) for sign, piece in pieces])

    def state_dict(self) -> dict[str, Any]:
        """The base's state dictionary, and under "sam" what the probe remembers; a ValueError while at θ + ε."""
        if self._home is not None:
            raise ValueError("the parameters are at θ + ε: save the state after step(), or call restore() first")
        return {**self.base.state_dict(), "sam": {"memory": self._memory, "mixing": self._mixing, "index": self._index}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where that state was saved."""
        own = state_dict.get("sam") if isinstance(state_dict, dict) else None
        if not isinstance(own, dict) or not {"memory", "index"} <= own.keys():
            raise ValueError("this is not the state of a SAM optimiser: it has no such entry 'sam'")
        check_state(state_dict, self.base.param_groups)
        theta = self.parameters.theta()
        fresh = {"memory": self.probe_rule.memory(theta), "mixing": self.mix.memory(theta)}
        for name, kind in (("memory", "probe"), ("mixing", "mix")):
            if not _fits(own.get(name), fresh[name], theta):
                raise ValueError(f"the state holds what another {kind}, or one of other parameters, remembers")
        self.restore()
        self.base.load_state_dict({name: entry for name, entry in state_dict.items() if name != "sam"})
        self._linked()
        self._memory, self._index = _placed(own["memory"], theta), own["index"]
        self._mixing = _placed(own.get("mixing"), theta)


class _Examples:
    """The single examples of a step's closure, for a probe that asks for their gradients."""

    def __init__(self, optimizer: SAM, closure: Closure) -> None:
        self.optimizer, self.closure = optimizer, closure

    def squared_gradients(self) -> Tensor:
        """Σ_n (∇ℓ_n)² at θ over the examples of all processes, by a pass in eval mode where there is a module; its
        running statistics stay as they are."""
        module, ranks = self.optimizer._module, self.optimizer._ranks()
        statistics = Statistics(module)
        try:
            with inference_mode_of(module), without_reducing():
                found = ClosureExamples(self.optimizer.parameters, self.closure, module).squared_gradients()
            return found if ranks is None else ranks.total(found)
        finally:
            statistics.put_back()


def _fits(memory: Any, fresh: Any, theta: Tensor) -> bool:
    """Whether a memory has the form of the `fresh` one: vectors as long as θ, alone, by name or in a row."""
    if fresh is None and memory is None:
        return True
    if fresh is None or isinstance(fresh, Tensor):  # VaSSO begins without its average
        return isinstance(memory, Tensor) and memory.shape == theta.shape
    if isinstance(fresh, dict):
        alike = isinstance(memory, dict) and memory.keys() == fresh.keys()
        return alike and all(_fits(memory[name], fresh[name], theta) for name in fresh)
    alike = isinstance(memory, tuple) and len(memory) == len(fresh)
    return alike and all(_fits(one, other, theta) for one, other in zip(memory, fresh, strict=True))


def _placed(memory: Any, like: Tensor) -> Any:
    if isinstance(memory, tuple):
        return tuple(_placed(part, like) for part in memory)
    if isinstance(memory, dict):
        return {name: _placed(part, like) for name, part in memory.items()}
    return memory.to(like) if isinstance(memory, Tensor) else memory
