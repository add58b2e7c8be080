"""The anatomy of one step: every vector of the composed rule at one step of a recorded run, as numbers to draw.

    g = ∇L(θ);  ε = probe − θ;  g⁺ = ∇L(θ + ε);  ĝ = mix(g, g⁺) + noise;  v ← μ v + U ĝ;  θ ← θ − η v

Positions, probes, the gradients ĝ that the steps use and U are the run's own record. g and the clean g⁺ are the
surface's gradients at the recorded points, and the velocity, which a run does not record, is the recursion over its
recorded U and ĝ: the record then obeys θ_{t+1} = θ_t − η v_{t+1} to rounding, which a test checks for every method and
surface. Where the outer rule is not the heavy ball, v_{t+1} is the recorded step divided by −η.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from optimizers.run import Run


@dataclass(frozen=True)
class StepAnatomy:
    """One walker's step t → t + 1 in D dimensions; vectors have shape (D,), U has (D, D).

    theta θ_t, gradient ∇L(θ_t), offset ε, probe θ + ε, outer ∇L(θ + ε) without noise, mixed mix(g, g⁺), noise, noisy
    the two's sum ĝ, preconditioner U, direction U ĝ, velocity_before v_t, velocity v_{t+1}, beyond w the part of the
    mix that goes past v (0 for most), displacement −η (v_{t+1} + w), arrived θ_{t+1} as recorded (not-a-number where
    the walker diverged in this step).
    """

    step: int
    learning_rate: float
    radius: float
    momentum: float
    probing: bool
    theta: np.ndarray
    gradient: np.ndarray
    offset: np.ndarray
    probe: np.ndarray
    outer: np.ndarray
    mixed: np.ndarray
    noise: np.ndarray
    noisy: np.ndarray
    preconditioner: np.ndarray
    direction: np.ndarray
    velocity_before: np.ndarray
    velocity: np.ndarray
    beyond: np.ndarray
    displacement: np.ndarray
    arrived: np.ndarray


def directions(run: Run) -> np.ndarray:
    """U ĝ at each step, (T, …, D); ĝ itself for a method that steps along the plain gradient. ValueError without a
    full record."""
    if run.gradients is None or run.preconditioners is None:
        raise ValueError("the anatomy of a step needs a run with a full record of gradients and preconditioners")
    noisy = np.asarray(run.gradients)
    if not run.method.precondition_update:
        return noisy
    with np.errstate(over="ignore", invalid="ignore"):
        return (np.asarray(run.preconditioners) @ noisy[..., None])[..., 0]


def velocities(run: Run) -> np.ndarray:
    """v before each step and at the end, (T+1, …, D): v₀ = 0, v_{t+1} = μ v_t + U_t ĝ_t over the record; the recorded
    steps over −η where the outer rule is not the heavy ball."""
    steps = directions(run)
    walkers = steps.shape[1:-1]

    def of_walkers(name: str) -> np.ndarray:
        value = np.asarray(run.settings[name], dtype=float).reshape(-1)
        return np.broadcast_to(value, (int(np.prod(walkers)),)).reshape(*walkers, 1)

    v = np.zeros((len(steps) + 1, *steps.shape[1:]))
    with np.errstate(over="ignore", invalid="ignore"):
        if not run.method.outer.capabilities.compiled:
            v[1:] = -np.diff(np.asarray(run.positions), axis=0) / of_walkers("learning_rate")
            return v
        momentum = of_walkers("momentum")
        for t, direction in enumerate(steps):
            v[t + 1] = momentum * v[t] + direction
    return v


def last_whole_step(run: Run) -> int:
    """The last step t of a one-walker run whose beginning θ_t and end θ_{t+1} are both finite; 0 if there is none."""
    return max(min(int(run.last_finite), len(run.gradients)) - 1, 0)


def step_anatomy(run: Run, step: int) -> StepAnatomy:
    """The anatomy of step `step` of a run with one walker, whose walkers' shape is ().

    A step after the last whole one (the walker diverged, or the run has ended) gives that last one. ValueError for more
    walkers than one, a negative step, or a run without a full record.
    """
    if step < 0:
        raise ValueError(f"step must be at least 0, not {step!r}")
    v = velocities(run)
    if v.ndim != 2:
        raise ValueError(f"the anatomy is that of one walker, not of walkers of shape {v.shape[1:-1]}")
    t = min(step, last_whole_step(run))
    theta, probe, noisy = (np.asarray(record[t]) for record in (run.positions, run.probes, run.gradients))
    number = {name: _number(run.settings[name]) for name in ("learning_rate", "radius", "momentum", "noise_variance")}
    with np.errstate(over="ignore", invalid="ignore"):
        outer, gradient = np.asarray(run.objective.gradient(probe)), np.asarray(run.objective.gradient(theta))
        probing, mix = bool(run.method.probe.schedule.due(t)), run.method.mix
        noiseless = number["noise_variance"] == 0
        told = mix.combine(run.objective.layout, gradient, outer, probing, None) if mix.memory(theta) is None else None
        mixed = noisy if told is None or (noiseless and not mix.capabilities.compiled) else np.asarray(told.gradient)
        beyond = np.zeros_like(theta) if told is None or told.beyond is None else np.asarray(told.beyond)
        velocity = v[t + 1] if run.method.outer.capabilities.compiled else v[t + 1] - beyond
        return StepAnatomy(
            step=t,
            learning_rate=number["learning_rate"],
            radius=number["radius"],
            momentum=number["momentum"],
            probing=probing,
            theta=theta,
            gradient=gradient,
            offset=probe - theta,
            probe=probe,
            outer=outer,
            mixed=mixed,
            noise=np.zeros_like(noisy) if noiseless else noisy - mixed,
            noisy=noisy,
            preconditioner=np.asarray(run.preconditioners[t]),
            direction=directions(run)[t],
            velocity_before=v[t],
            velocity=velocity,
            beyond=beyond,
            displacement=-number["learning_rate"] * (velocity + beyond),
            arrived=np.asarray(run.positions[t + 1]),
        )


def _number(value: Any) -> float:
    return float(np.asarray(value).reshape(-1)[0])
