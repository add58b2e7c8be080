"""The one descent step that every method shares.

    g = ∇L(θ);  ε = probe(g, U, θ);  g⁺ = ∇L(θ + ε);  h = mix(g, g⁺) + noise;  U sees h;  θ ← outer(θ, U h)

For most methods h = g⁺, and the outer rule is the heavy ball's: v ← μ v + U h + λ_w θ, θ ← θ − η v (no dampening, no
Nesterov; the weight decay λ_w enters the momentum and is not preconditioned). A mix is made of raw gradients, before U,
and the noise is added to h, once. All quantities have the walkers' axes first and D last.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from geometry.objective import Layout, Objective
from optimizers.broadcasting import expand_trailing
from optimizers.methods import Method
from optimizers.probes import Centre

Array = Any


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters of the step: numbers, or arrays that broadcast over the walkers."""

    learning_rate: Any
    radius: Any = 0.0
    momentum: Any = 0.9
    weight_decay: Any = 0.0
    seed: int | None = None
    """Of what is random inside a network (dropout), drawn anew for each pass; None: torch's global generator."""

    def __post_init__(self) -> None:
        for name in ("learning_rate", "radius", "momentum", "weight_decay"):
            value = getattr(self, name)
            if getattr(value, "ndim", 0) == 0 and not value >= 0:
                raise ValueError(f"{name} must not be negative, got {value!r}")


@dataclass(frozen=True)
class State:
    """A walker between two steps."""

    position: Array
    velocity: Any
    """What the outer rule keeps: v for the heavy ball."""
    memory: Any
    """What the probe keeps."""
    preconditioner: Any
    index: int = 0
    buffers: Any = None
    """Running statistics of a network, None for any other objective."""
    mixing: Any = None
    """What the mix keeps."""


@dataclass(frozen=True)
class Trace:
    """All that a picture of one step needs."""

    probe: Array
    """θ + ε, where the outer gradient was taken."""
    gradient: Array | None
    """∇L(θ), where the method asked for it."""
    outer: Array
    """h = mix(g, g⁺) + noise, the gradient that the step uses: g⁺ + noise for most methods."""
    direction: Array
    """U h."""
    gradient_evaluations: Any
    loss: Array | None = None
    """L(θ + ε) where the outer pass gave it (networks); the loss that a training loop reports."""


def begin(objective: Objective, method: Method, theta: Array) -> State:
    """The state before the first step: at rest at θ, with the method's first U."""
    preconditioner = method.preconditioner.start(objective, theta)
    buffers_for = getattr(objective, "buffers_for", None)
    buffers = None if buffers_for is None else buffers_for(theta)
    velocity, memory, mixing = method.outer.start(theta), method.probe.memory(theta), method.mix.memory(theta)
    return State(theta, velocity, memory, preconditioner, 0, buffers, mixing)


def at_rest(objective: Objective, state: State) -> Objective:
    """The objective with the running statistics that the walk has gathered, for whoever evaluates it in between."""
    if not state.buffers:
        return objective
    return objective.with_buffers(state.buffers, tuple(state.position.shape[:-1]))  # type: ignore[attr-defined]


def refresh_if_due(objective: Objective, method: Method, state: State) -> tuple[State, Any]:
    """Learn U anew before the step where the schedule asks for it; also says for which walkers it was."""
    due = method.preconditioner.schedule.due(state.index)
    if not _any(due):
        return state, due
    fresh = method.preconditioner.refresh(at_rest(objective, state), state.position, state.preconditioner)
    if not isinstance(due, bool) and not bool(array_namespace(due).all(due)):
        fresh = _where(due, fresh, state.preconditioner)
    return replace(state, preconditioner=fresh), due


def descent_step(
    objective: Objective, method: Method, settings: Settings, state: State, noise: Array | None = None
) -> tuple[State, Trace]:
    """One step of the composed rule (module docstring), with `noise` (..., D) added to the gradient that it uses.

    On a network both passes are in train mode and start from the same running statistics; those of the outer pass, at
    θ + ε, are kept and those of the pass at θ are dropped (the authors' choice; the usual SAM recipe is the reverse).
    """
    theta, layout, memory = state.position, objective.layout, state.memory
    probing = method.probe.schedule.due(state.index)
    gradient = loss = offset = None
    buffers, evaluations = state.buffers, 0
    if method.needs_gradient or probing is False:
        loss, gradient, buffers = _pass(objective, theta, state, settings.seed, 0)
        evaluations = 1

    if _any(probing):
        ground = at_rest(objective, state) if method.probe.capabilities.prepares else objective
        at = Centre(theta, gradient, partial(_apply, method, layout, state.preconditioner), layout, ground, state.index)
        if method.probe.capabilities.prepares:
            memory = method.probe.prepare(at, memory)  # type: ignore[attr-defined]
        offset = _only(probing, method.probe.offset(at, memory, settings.radius))
    if offset is None and gradient is not None:
        probe, outer = theta, gradient
    else:
        probe = theta if offset is None else theta + offset
        loss, outer, buffers = _pass(objective, probe, state, settings.seed, 1)
        evaluations = evaluations + 1 * probing
    if _any(probing):
        memory = method.probe.remember(memory, gradient, outer)
    mixed = method.mix.combine(layout, gradient, outer, probing, state.mixing)
    used = mixed.gradient if noise is None else mixed.gradient + noise
    preconditioner = state.preconditioner
    if method.preconditioner.capabilities.observes:
        preconditioner = method.preconditioner.observe(layout, preconditioner, used)  # type: ignore[attr-defined]
    direction = _apply(method, layout, preconditioner, used) if method.precondition_update else used
    position, velocity = method.outer.step(theta, direction, state.velocity, settings, state.index, layout)
    if mixed.beyond is not None:
        position = position - expand_trailing(settings.learning_rate) * mixed.beyond
    after = State(position, velocity, memory, preconditioner, state.index + 1, buffers, mixed.memory)
    return after, Trace(probe, gradient, used, direction, evaluations, loss)


def _apply(method: Method, layout: Layout, state: Any, v: Array) -> Array:
    return method.preconditioner.apply(layout, state, v)


def _only(probing: Any, offset: Array | None) -> Array | None:
    """ε for the walkers that probe at this step, 0 for the others."""
    if offset is None or isinstance(probing, bool):
        return offset
    xp = array_namespace(offset)
    return xp.where(probing[..., None], offset, xp.zeros_like(offset))


def _pass(
    objective: Objective, theta: Array, state: State, seed: int | None, which: int
) -> tuple[Array | None, Array, Any]:
    """(loss if it comes with the gradient, gradient, buffers after): a network's train-mode pass, or the gradient."""
    own = getattr(objective, "training_pass", None)
    if own is None:
        return None, objective.gradient(theta), state.buffers
    if seed is not None:
        seed = int(np.random.SeedSequence([seed, state.index, which]).generate_state(1)[0])
    done = own(theta, state.buffers, seed)
    return done.loss, done.gradient, done.buffers


def _any(due: Any) -> bool:
    return due if isinstance(due, bool) else bool(array_namespace(due).any(due))


def _where(due: Array, fresh: dict[str, Array], old: dict[str, Array]) -> dict[str, Array]:
    xp = array_namespace(due)
    return {
        name: xp.where(xp.reshape(due, due.shape + (1,) * (leaf.ndim - due.ndim)), leaf, old[name])
        for name, leaf in fresh.items()
    }
