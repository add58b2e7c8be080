"""A slice from fewer points: refined where interpolation errs, with the error measured on fresh points.

The region is a tree of cells. Each cell is tested at its centre and at the middles of its edges: the interpolant of all
points so far predicts the loss there, the loss is evaluated, and where the two differ by more than the tolerance the
cell is cut into halves along every axis. The tested points join the interpolant. Two radial-basis interpolants of scipy
compete (r³ and r⁵ with a quadratic), and the one that has just predicted better is taken. When no cell is left, points
drawn at random that served no fit measure the error; where they find more than the tolerance, refinement goes on there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from geometry.objective import Objective
from geometry.plane import Plane
from geometry.result import Result
from geometry.slices.grid import Grid, checked_axes, lattice
from geometry.slices.points import DEFAULT_MEMORY, point_losses

KERNELS = ("quintic", "cubic")
LATTICE = 5
"""Points per axis to begin with."""


@dataclass(frozen=True, eq=False)
class AdaptiveSlice(Result):
    """An interpolant of the loss on a plane's rectangle `low` … `high` (k,), with what it cost and how well it does.

    `points` (P, k) and `values` (P,) are those it goes through. `error`: the largest difference to the true loss on
    `fresh` points that took no part in it; `range`: largest less smallest loss seen. `evaluations`: all that were made,
    the fresh ones included. With `logarithmic`, values, error and range are those of log L, and so is the tolerance.
    """

    plane: Plane
    low: np.ndarray
    high: np.ndarray
    points: np.ndarray
    values: np.ndarray
    error: float
    fresh: int
    evaluations: int
    tolerance: float
    logarithmic: bool
    kernel: str = KERNELS[0]
    interpolant: Callable[[np.ndarray], np.ndarray] = field(default=None, repr=False)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.interpolant is None:  # read back from a file: it follows from the points
            unit = _unit(self.points, self.low, self.high)
            object.__setattr__(self, "interpolant", _interpolant(unit, self.values, self.kernel))

    @property
    def range(self) -> float:
        """Largest less smallest value among the points."""
        return float(np.ptp(self.values))

    @property
    def relative_error(self) -> float:
        """The measured error as a share of the range."""
        return self.error / self.range if self.range > 0 else 0.0

    @property
    def met(self) -> bool:
        """Whether the measured error is within the tolerance."""
        return self.relative_error <= self.tolerance

    def at(self, coordinates: Any) -> np.ndarray:
        """Interpolated losses at coordinates (..., k) inside the rectangle, shape (...)."""
        c = np.asarray(coordinates, dtype=np.float64)
        if c.ndim == 0 or c.shape[-1] != self.plane.axes:
            raise ValueError(f"coordinates must have shape (..., {self.plane.axes}), got {c.shape}")
        slack = 1e-9 * (self.high - self.low)
        if not ((c >= self.low - slack) & (c <= self.high + slack)).all():
            raise ValueError("coordinates lie outside the rectangle that was evaluated; nothing is known there")
        found = self.interpolant(_unit(c.reshape(-1, self.plane.axes), self.low, self.high)).reshape(c.shape[:-1])
        return np.exp(found) if self.logarithmic else found

    def losses(self, x: Any, y: Any = None) -> np.ndarray:
        """Interpolated losses (m, n) on a grid as evaluate_slice gives them: losses[j, i] at (x[i], y[j])."""
        x, y = checked_axes(self.plane, x, y)
        found = self.at(lattice(x, y))
        return found if y is None else found.reshape(y.size, x.size)

    def grid(self, points: int = 51) -> Grid:
        """The interpolated losses on a grid of so many points an axis, to be drawn or handed on."""
        axes = [np.linspace(low, high, points) for low, high in zip(self.low, self.high, strict=True)]
        x, y = axes[0], axes[1] if len(axes) > 1 else None
        return Interpolated(self.plane, x, y, self.losses(x, y), self.describe())

    def figure(self, points: int = 51, paths: Mapping[str, Any] | None = None) -> Any:
        """Its grid's figure, with the measured error."""
        return self.grid(points).figure(paths)

    def describe(self) -> str:
        """One sentence for a page."""
        what = "range of log L" if self.logarithmic else "range"
        verdict = "" if self.met else f", more than the {100 * self.tolerance:g} % asked for"
        share = f"{100 * self.relative_error:.2g} % of the {what}"
        return f"largest error {share} on {self.fresh} fresh points{verdict}; {self.evaluations} evaluations"


@dataclass(frozen=True, eq=False)
class Interpolated(Grid):
    """A grid whose losses are interpolated; `error` says in a sentence how well."""

    error: str

    @property
    def note(self) -> str:
        """The sentence."""
        return self.error


def adaptive_slice(
    objective: Objective,
    plane: Plane,
    x_range: tuple[float, float] = (-1.0, 1.0),
    y_range: tuple[float, float] | None = (-1.0, 1.0),
    **settings: Any,
) -> AdaptiveSlice:
    """The last of `refined_slices`: the adaptive slice when it is done."""
    *_, last = refined_slices(objective, plane, x_range, y_range, **settings)
    return last


def refined_slices(
    objective: Objective,
    plane: Plane,
    x_range: tuple[float, float] = (-1.0, 1.0),
    y_range: tuple[float, float] | None = (-1.0, 1.0),
    *,
    tolerance: float = 0.01,
    max_evaluations: int = 433,
    fresh: int = 32,
    logarithmic: bool = False,
    seed: int = 0,
    method: str = "auto",
    memory: int = DEFAULT_MEMORY,
) -> Iterator[AdaptiveSlice]:
    """Adaptive slices over x_range × y_range (a line takes x_range only), each better than the one before.

    tolerance: error allowed, as a share of the range. max_evaluations: no more are made, the `fresh` ones for the last
    measurement included (433 is a sixth of a 51×51 grid). The error of a slice on the way is that of its predecessor on
    the points it had not seen; the last one's is measured on `fresh` points drawn with `seed`, so what it says is: of
    `fresh` random points none was worse. logarithmic: interpolate log L, for pictures with a logarithmic scale.
    ValueError: ranges that do not fit the plane, too few evaluations, a loss that is not finite (or not positive).
    """
    ranges: list[tuple[float, float] | None] = [x_range] if plane.axes == 1 else [x_range, y_range]
    low, high = _checked_ranges(ranges)
    if not tolerance > 0:
        raise ValueError(f"tolerance must be a positive share of the range, got {tolerance}")
    if fresh < 1:
        raise ValueError(f"fresh must be at least 1 point, got {fresh}")
    first = LATTICE**plane.axes
    if max_evaluations < first + fresh + 1:
        raise ValueError(f"max_evaluations must be more than {first + fresh} with {fresh} fresh points")
    losses = point_losses(objective, plane, method, memory).losses

    def evaluate(points: np.ndarray) -> np.ndarray:
        found = losses(low + points * (high - low))
        if not np.isfinite(found).all():
            raise ValueError("the loss is not finite everywhere in this rectangle: choose a smaller one")
        if logarithmic and not (found > 0).all():
            raise ValueError("the loss is not positive everywhere in this rectangle: it has no logarithm")
        return np.log(found) if logarithmic else found

    tree = _Tree(evaluate, plane.axes, tolerance, np.random.default_rng(seed))

    def picture(error: float, count: int) -> AdaptiveSlice:
        return AdaptiveSlice(
            plane,
            low,
            high,
            low + tree.points * (high - low),
            tree.values.copy(),
            error,
            count,
            tree.evaluations,
            tolerance,
            logarithmic,
            tree.kernel,
            tree.interpolant,
        )

    return _refinement(tree, picture, max_evaluations, fresh)


def _refinement(
    tree: _Tree, picture: Callable[[float, int], AdaptiveSlice], budget: int, fresh: int
) -> Iterator[AdaptiveSlice]:
    while True:
        while tree.open and tree.evaluations < budget - fresh:
            error, count = tree.test(budget - fresh - tree.evaluations)
            if count:
                yield picture(error, count)
        points, values, errors = tree.measure(fresh)
        measured = picture(float(errors.max()), fresh)
        yield measured
        # Another round needs room to test a cell that was wrong, and fresh points to measure with.
        if measured.met or tree.evaluations + fresh + len(tree.centre_and_middles) > budget:
            return
        tree.reopen(points, values, errors)


class _Tree:
    """Cells of the unit square (or interval), and the interpolant through every point evaluated so far."""

    def __init__(
        self, evaluate: Callable[[np.ndarray], np.ndarray], axes: int, tolerance: float, generator: np.random.Generator
    ) -> None:
        self.evaluate, self.axes, self.tolerance, self.generator = evaluate, axes, tolerance, generator
        self.evaluations, self.kernel = 0, KERNELS[0]
        # The centre, and where edges of a square have their middles; an interval has its centre only.
        self.centre_and_middles = np.array([o for o in product((-1, 0, 1), repeat=axes) if o.count(0) >= axes - 1])
        if axes == 1:
            self.centre_and_middles = np.zeros((1, 1))
        steps = np.linspace(0, 1, LATTICE)
        self.points = np.array(list(product(steps, repeat=axes)))
        self.values = self._evaluated(self.points)
        half = 0.5 / (LATTICE - 1)
        self.open = [(centre, half) for centre in product(steps[:-1] + half, repeat=axes)]
        self.leaves: list[tuple[tuple[float, ...], float]] = []
        self._fit()

    def test(self, room: int) -> tuple[float, int]:
        """Test the open cells, as many as `room` allows, and cut those that fail; (largest error, points tested).

        When not one fits any more, all open cells are left as they are.
        """
        known = {_key(point) for point in self.points}
        new: dict[tuple[float, ...], np.ndarray] = {}
        cells, tests = [], []
        for cell in self.open:
            points = np.asarray(cell[0]) + cell[1] * self.centre_and_middles
            wanted = {_key(point): point for point in points if _key(point) not in known}
            if len(new | wanted) > room:
                break
            new |= wanted
            cells.append(cell)
            tests.append([_key(point) for point in points])
        self.open = self.open[len(cells) :]
        if not cells:
            self.leaves += self.open
            self.open = []
        if not new:
            self.leaves += cells
            return 0.0, 0
        points = np.array(list(new.values()))
        predictions = {kernel: interpolant(points) for kernel, interpolant in self._candidates().items()}
        values = self._evaluated(points)
        errors = {kernel: np.abs(found - values) for kernel, found in predictions.items()}
        used = errors[self.kernel]
        self.kernel = min(errors, key=lambda kernel: float(errors[kernel].max()))
        by_point = dict(zip(new, errors[self.kernel], strict=True))
        self._add(points, values)
        worst = [max((by_point.get(key, 0.0) for key in keys), default=0.0) for keys in tests]
        for index in np.argsort(worst)[::-1]:
            self._cut(cells[index]) if worst[index] > self._allowed else self.leaves.append(cells[index])
        return float(used.max()), len(points)

    def measure(self, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(points, values, errors) at `count` random points; the interpolant is left as it is."""
        points = self.generator.uniform(0, 1, (count, self.axes))
        values = self._evaluated(points)
        return points, values, np.abs(self.interpolant(points) - values)

    def reopen(self, points: np.ndarray, values: np.ndarray, errors: np.ndarray) -> None:
        """Take the measured points in, and cut the cells in which one of them was wrong, the worst first."""
        for index in np.argsort(errors)[::-1]:
            if errors[index] <= self._allowed:
                break
            for cell in self.leaves:
                if (np.abs(points[index] - np.asarray(cell[0])) <= cell[1]).all():
                    self.leaves.remove(cell)
                    self._cut(cell)
                    break
        self._add(points, values)

    def _cut(self, cell: tuple[tuple[float, ...], float]) -> None:
        centre, half = cell
        for corner in product((-0.5, 0.5), repeat=self.axes):
            self.open.append((tuple(c + half * o for c, o in zip(centre, corner, strict=True)), half / 2))

    def _evaluated(self, points: np.ndarray) -> np.ndarray:
        # Points with equal y side by side: rows share work.
        order = np.lexsort(points.T)
        values = np.empty(len(points))
        values[order] = self.evaluate(points[order])
        self.evaluations += len(points)
        return values

    def _add(self, points: np.ndarray, values: np.ndarray) -> None:
        self.points = np.concatenate([self.points, points])
        self.values = np.concatenate([self.values, values])
        self._fit()

    def _fit(self) -> None:
        self.interpolant = self._through(self.kernel)

    def _candidates(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        return {kernel: self.interpolant if kernel == self.kernel else self._through(kernel) for kernel in KERNELS}

    def _through(self, kernel: str) -> Callable[[np.ndarray], np.ndarray]:
        return _interpolant(self.points, self.values, kernel)

    @property
    def _allowed(self) -> float:
        return self.tolerance * float(np.ptp(self.values))


def _interpolant(points: np.ndarray, values: np.ndarray, kernel: str) -> Callable[[np.ndarray], np.ndarray]:
    from scipy.interpolate import RBFInterpolator  # half a second that few programs need

    # Values about 0 and of size 1: the equations are then solved to the precision of the values.
    shift, scale = float(values.mean()), float(np.ptp(values)) or 1.0
    inner = RBFInterpolator(points, (values - shift) / scale, kernel=kernel, degree=2)
    return lambda points: shift + scale * inner(points)


def _key(point: np.ndarray) -> tuple[float, ...]:
    return tuple(round(float(p), 9) for p in point)


def _unit(points: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return (points - low) / (high - low)


def _checked_ranges(ranges: list[tuple[float, float] | None]) -> tuple[np.ndarray, np.ndarray]:
    for name, given in zip(("x_range", "y_range"), ranges, strict=False):
        try:
            low, high = (float(value) for value in given)  # type: ignore[union-attr]
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} must be two numbers, (lowest, highest); got {given!r}") from error
        if not (np.isfinite([low, high]).all() and low < high):
            raise ValueError(f"{name} must go from a lower to a higher finite number, got {given!r}")
    pairs = np.array(ranges, dtype=np.float64)
    return pairs[:, 0], pairs[:, 1]
