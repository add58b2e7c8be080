"""A call of simulate, checked and laid out: every hyper-parameter flattened to the walkers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from geometry.surface import Surface
from optimizers.methods import Method
from optimizers.noise import noise_schedule

DIVERGED_BEYOND = 1e6
"""A walker on a surface has diverged when it is farther from the domain's centre than this many half-diagonals."""


@dataclass(frozen=True)
class Problem:
    """start (W, D) with W the product of `walkers`; each hyper-parameter a number or an array (W,)."""

    objective: Any
    method: Method
    walkers: tuple[int, ...]
    start: Any
    steps: int
    learning_rate: Any
    radius: Any
    momentum: Any
    deviation: Any
    noise: np.ndarray
    noise_index: np.ndarray
    full: bool

    @property
    def basin(self) -> tuple[np.ndarray, float]:
        """Centre (D,) and radius of the flat basin; the domain's centre and −1 where there is none."""
        if not isinstance(self.objective, Surface):
            return np.zeros(self.objective.dimension), -1.0
        basin = self.objective.flat_basin
        if basin is None:
            return self.bound[0], -1.0
        return np.asarray(basin.centre, dtype=float), float(basin.radius)

    @property
    def half_diagonal(self) -> float:
        """Half the diagonal of the objective's domain (infinite for a network)."""
        if not isinstance(self.objective, Surface):
            return math.inf
        sides = np.asarray(self.objective.domain, dtype=float)[: self.objective.dimension]
        return float(np.linalg.norm(sides[:, 1] - sides[:, 0]) / 2)

    @property
    def bound(self) -> tuple[np.ndarray, float]:
        """Centre (D,) and radius of the ball beyond which a walker has diverged."""
        if not isinstance(self.objective, Surface):
            return np.zeros(self.objective.dimension), math.inf
        sides = np.asarray(self.objective.domain, dtype=float)[: self.objective.dimension]
        return sides.mean(axis=1), DIVERGED_BEYOND * self.half_diagonal


def prepared(
    objective: Any,
    method: Method,
    start: Any,
    steps: Any,
    learning_rate: Any,
    radius: Any,
    momentum: Any,
    noise_variance: Any,
    seed: Any,
    record: str,
) -> Problem:
    """The Problem of these arguments; a ValueError with one sentence when one of them is wrong."""
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise ValueError(f"steps must be a whole number of at least 1, not {steps!r}")
    if record not in ("full", "summary"):
        raise ValueError(f"record must be full or summary, not {record!r}")
    learning_rate = _numbers("learning_rate", learning_rate, positive=True)
    radius = _numbers("radius", radius)
    momentum = _numbers("momentum", momentum)
    if np.any(np.asarray(momentum) >= 1.0):
        raise ValueError(f"momentum must be below 1, not {momentum!r}")
    deviation = np.sqrt(_numbers("noise_variance", noise_variance))
    point = _point(objective, start)
    fields = {name: np.asarray(value) for name, value in method.array_fields().items()}
    shapes = [tuple(point.shape[:-1])]
    shapes += [np.shape(v) for v in (learning_rate, radius, momentum, deviation, seed, *fields.values())]
    try:
        walkers = np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"the walkers’ shapes of start and hyper-parameters do not broadcast: {shapes}") from None
    count = math.prod(walkers)

    def flat(value: Any) -> Any:
        return value.item() if np.ndim(value) == 0 else np.broadcast_to(value, walkers).reshape(count)

    noisy = bool(np.any(deviation != 0))
    schedule, index = noise_schedule(seed, int(steps) if noisy else 0, objective.dimension)
    if isinstance(point, np.ndarray):
        point = np.ascontiguousarray(np.broadcast_to(point, (*walkers, point.shape[-1])).reshape(count, -1))
    else:
        point = point.broadcast_to((*walkers, point.shape[-1])).reshape(count, -1)
    return Problem(
        objective=objective,
        method=method.with_fields({name: flat(value) for name, value in fields.items()}),
        walkers=walkers,
        start=point,
        steps=int(steps),
        learning_rate=flat(learning_rate),
        radius=flat(radius),
        momentum=flat(momentum),
        deviation=flat(deviation),
        noise=schedule,
        noise_index=np.broadcast_to(index, walkers).reshape(count),
        full=record == "full",
    )


def _numbers(name: str, value: Any, positive: bool = False) -> np.ndarray:
    try:
        numbers = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number or an array of numbers, not {value!r}") from None
    if isinstance(value, bool | str) or not np.all(np.isfinite(numbers)):
        raise ValueError(f"{name} must be finite, not {value!r}")
    if np.any(numbers < 0) or (positive and np.any(numbers == 0)):
        raise ValueError(f"{name} must {'be positive' if positive else 'not be negative'}, got {value!r}")
    return numbers


def _point(objective: Any, start: Any) -> Any:
    if start is None:
        start = getattr(objective, "default_start", None)
        if start is None:
            start = objective.initial
    if not hasattr(start, "detach"):
        try:
            start = np.asarray(start, dtype=float)
        except (TypeError, ValueError):
            raise ValueError(f"start must be an array of numbers, not {start!r}") from None
        if not np.all(np.isfinite(start)):
            raise ValueError("start must be finite")
    if start.ndim == 0 or start.shape[-1] != objective.dimension:
        raise ValueError(
            f"start must have {objective.dimension} coordinates in its last axis, got shape {tuple(start.shape)}"
        )
    return start
