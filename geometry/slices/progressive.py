"""A slice that is there at once, coarse, and gets exact while it is looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from geometry.objective import Objective
from geometry.plane import Plane
from geometry.slices.grid import checked_axes, lattice
from geometry.slices.points import DEFAULT_MEMORY, PointLosses, point_losses


@dataclass(frozen=True, eq=False)
class SliceProgress:
    """A picture on its way: where `evaluated`, `losses` are exact, elsewhere interpolated from the last full level.

    Shapes (m, n), or (n,) on a line. `stride`: every so-manieth line of the grid belongs to the level under way.
    """

    losses: np.ndarray
    evaluated: np.ndarray
    stride: int

    @property
    def done(self) -> float:
        """Share of the points that are exact; at 1 the picture is that of evaluate_slice."""
        return float(self.evaluated.mean())


def progressive_slice(
    objective: Objective,
    plane: Plane,
    x: Any,
    y: Any = None,
    *,
    coarsest: int = 8,
    interval: float = 0.25,
    method: str = "auto",
    memory: int = DEFAULT_MEMORY,
    between: Callable[[], object] = lambda: None,
) -> Iterator[SliceProgress]:
    """The losses of evaluate_slice, coarse before fine: every `coarsest`-th line of the grid, then every half of it, …

    Yields after the first level, and then whenever `interval` seconds have passed and at the end of a level. No point
    is evaluated twice, and the last picture is exact. To cancel, stop asking: nothing is computed between two requests.
    `between` is called after each evaluation, of some points or of a block of examples: it may wait, or raise to cancel
    at once.
    """
    if coarsest < 1 or coarsest & (coarsest - 1):
        raise ValueError(f"coarsest must be a power of two, got {coarsest}")
    if not interval > 0:
        raise ValueError(f"interval must be a positive number of seconds, got {interval}")
    x, y = checked_axes(plane, x, y)
    return _levels(point_losses(objective, plane, method, memory, between), x, y, coarsest, interval, between)


def _levels(
    evaluate: PointLosses,
    x: np.ndarray,
    y: np.ndarray | None,
    coarsest: int,
    interval: float,
    between: Callable[[], object],
) -> Iterator[SliceProgress]:
    points = lattice(x, y)
    shape = (1 if y is None else y.size, x.size)
    losses, evaluated = np.empty(shape), np.zeros(shape, dtype=bool)

    def picture(stride: int) -> SliceProgress:
        return SliceProgress(losses.copy().reshape(flat), evaluated.copy().reshape(flat), stride)

    flat = x.size if y is None else shape
    together, stride = 4, coarsest
    while stride >= 1:
        lines, columns = _every(stride, shape[0]), _every(stride, shape[1])
        level = np.zeros(shape, dtype=bool)
        level[np.ix_(lines, columns)] = True
        waiting = np.flatnonzero(level & ~evaluated)
        position, shown = 0, time.perf_counter()
        while position < waiting.size:
            some = waiting[position : position + together]
            began = time.perf_counter()
            losses.flat[some] = evaluate.losses(points[some])
            evaluated.flat[some] = True
            now = time.perf_counter()
            position += some.size
            between()
            # A quarter of an interval per call: the clock is looked at often enough, and calls stay few.
            together = max(1, min(2 * together, int(0.25 * interval * some.size / max(now - began, 1e-9))))
            if stride < coarsest and now - shown >= interval and position < waiting.size:
                yield picture(stride)
                shown = time.perf_counter()
        exact = losses[np.ix_(lines, columns)]
        losses = np.where(evaluated, losses, _spread(exact, lines, columns, shape))
        yield picture(stride)
        stride //= 2


def _every(stride: int, size: int) -> np.ndarray:
    """Every so-manieth index, and the last: each level's lines are among the next level's."""
    return np.unique(np.append(np.arange(0, size, stride), size - 1))


def _spread(exact: np.ndarray, lines: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Linear interpolation (in index) of the level's lattice to every point of the picture."""
    along = np.stack([np.interp(np.arange(shape[1]), columns, row) for row in exact])
    return np.stack([np.interp(np.arange(shape[0]), lines, column) for column in along.T], axis=1)
