"""A ground of one's own: any formula of x and y."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from geometry.formula import LONGEST, read_formula
from geometry.minima import are_lowest, descend
from geometry.objective import Array
from geometry.surface import (
    Domain,
    FlatBasin,
    Minimum,
    Surface,
    SurfaceParameter,
    SurfaceText,
    floating,
    from_entries,
    positive,
)
from geometry.surface_code import SurfaceCode
from geometry.tape import Tape

EXAMPLE = "0.15*(x^2 + y^2) - 3.5*exp(-((x - 4)^2 + (y - 2)^2)/0.125)"
LOOKED_AT = 141
"""Points along each axis among which minima are sought."""
MOST_MINIMA = 40
"""Candidates that are followed, the lowest ones."""
MOST_NAMED = 8
"""Minima that are named, the lowest ones."""
BASIN = 1 / 28
"""Radius of the flat basin as a part of the window's longer side: 0.5 on a window of 14, as on the other surfaces."""
SHARPER = 3.0
"""A minimum is sharp if it rises this many times as fast as the flattest."""


def _window(axis: str, middle: bool) -> SurfaceParameter:
    if middle:
        words = f"Where the window lies along {axis}."
        return SurfaceParameter(f"{axis}_middle", "", f"Middle of {axis}", -20.0, 20.0, 0.1, 0.0, words, shapes=False)
    words = f"The window reaches this far to both sides along {axis}."
    return SurfaceParameter(f"{axis}_reach", "", f"Reach of {axis}", 0.1, 50.0, 0.1, 7.0, words, "log", shapes=False)


@dataclass(frozen=True)
class Formula(Surface):
    """L(x, y) as typed, on the window |x − x_middle| ≤ x_reach, |y − y_middle| ≤ y_reach.

    The grammar is that of geometry.formula; derivatives are exact, by automatic differentiation of second order
    (geometry.tape). Where L is no number, as left of 0 for log(x), or beyond 1e150, there is a hole: loss, gradient and
    Hessian are not-a-number, and a walker that comes there ends. At the kinks of abs, min and max one side's
    derivatives are taken; the curvature that sits in a kink is in no Hessian, and in no average of it.

    The flat basin is the flattest of the local minima in the window, by how far L rises on a circle of the basin's
    radius; none without a minimum. ValueError with one sentence for what is no formula, and for one that has no finite
    value in the window.
    """

    formula: str = EXAMPLE
    x_middle: float = 0.0
    x_reach: float = 7.0
    y_middle: float = 0.0
    y_reach: float = 7.0

    key = "formula"
    title = "Your own formula"
    description = "L(x, y) as you type it; the flat basin is the flattest minimum found in the window."
    kernel_code = SurfaceCode.FORMULA
    texts = (
        SurfaceText(
            "formula",
            "L(x, y)",
            LONGEST,
            EXAMPLE,
            "Numbers, x, y, pi, e, + - * / ^, sin, cos, tan, exp, log, sqrt, abs, tanh, min, max and their like.",
            read_formula,
        ),
    )
    parameters = (_window("x", True), _window("x", False), _window("y", True), _window("y", False))

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(self, "x_reach", "y_reach")
        read_formula(self.formula)
        if not np.isfinite(self._looked[1]).any():
            raise ValueError("The formula has no finite value in the window; move the window, or change the formula.")

    @cached_property
    def tape(self) -> Tape:
        """The formula, taken apart."""
        return read_formula(self.formula)

    @property
    def domain(self) -> Domain:
        """The window."""
        x, y, a, b = self.x_middle, self.y_middle, self.x_reach, self.y_reach
        return ((x - a, x + a), (y - b, y + b))

    @property
    def basin_radius(self) -> float:
        """1/28 of the window's longer side."""
        return 2 * BASIN * max(self.x_reach, self.y_reach)

    @cached_property
    def _looked(self) -> tuple[np.ndarray, np.ndarray]:
        """Points (m, n, 2) over the window, inside its edges, and L there."""
        parts = (np.arange(LOOKED_AT) + 0.5) / LOOKED_AT
        x, y = (low + parts * (high - low) for low, high in self.domain)
        points = np.stack(np.meshgrid(x, y), axis=-1)
        return points, np.asarray(self.loss(points))

    @cached_property
    def _found(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Local minima (n, 2) inside the window, lowest first, L there, and how far L rises around each."""
        points, losses = self._looked
        losses = np.where(np.isfinite(losses), losses, np.inf)
        inner = losses[1:-1, 1:-1]
        lowest = np.isfinite(inner)
        for i in range(3):
            for j in range(3):
                lowest &= inner <= losses[i : i + inner.shape[0], j : j + inner.shape[1]]
        begin = points[1:-1, 1:-1][lowest][np.argsort(inner[lowest], kind="stable")[:MOST_MINIMA]]
        if not len(begin):
            return np.empty((0, 2)), np.empty(0), np.empty(0)
        cell = max(self.x_reach, self.y_reach) / LOOKED_AT
        places = descend(self, begin, cell)
        places = places[are_lowest(self, places, 0.1 * cell)]
        kept: list[np.ndarray] = []
        for place in places:
            if all(np.abs(place - other).max() > cell for other in kept):
                kept.append(place)
        if not kept:
            return np.empty((0, 2)), np.empty(0), np.empty(0)
        places, heights = np.array(kept), np.asarray(self.loss(np.array(kept)))
        angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        ring = places[:, None, :] + self.basin_radius * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        around = np.asarray(self.loss(ring))
        rises = np.where(np.isfinite(around), around - heights[:, None], np.inf).mean(axis=1)
        whole = np.isfinite(rises)  # at a hole's edge there is no basin
        return places[whole], heights[whole], rises[whole]

    @cached_property
    def _flattest(self) -> int:
        """Which of the minima found is the flattest; equally flat ones are told apart by height, then by place."""
        places, heights, rises = self._found
        rounded = [np.array([float(f"{v:.6g}") for v in values]) for values in (rises, heights)]
        return int(np.lexsort((places[:, 1], places[:, 0], rounded[1], rounded[0]))[0])

    @property
    def flat_basin(self) -> FlatBasin | None:
        """Around the flattest minimum; None where no minimum was found in the window."""
        places, _, _ = self._found
        return FlatBasin(_pair(places[self._flattest]), self.basin_radius) if len(places) else None

    @cached_property
    def minima(self) -> tuple[Minimum, ...]:
        """The flattest minimum, and the lowest of the others found on a lattice over the window."""
        places, heights, _ = self._found
        if not len(places):
            return ()
        order = [self._flattest, *(k for k in range(len(places)) if k != self._flattest)][:MOST_NAMED]
        names = ["the bottom of the flat basin", *(_near(places[k]) for k in order[1:])]
        return tuple(Minimum(name, _pair(places[k]), float(heights[k])) for name, k in zip(names, order, strict=True))

    @cached_property
    def default_start(self) -> tuple[float, ...]:
        """Beside the bottom of the sharpest minimum, if there is a sharp one; else up the slope, where L is finite."""
        places, _, rises = self._found
        if len(places) and (rises > SHARPER * rises[self._flattest]).any():
            beside = places[int(rises.argmax())] + (0.25 * self.basin_radius, 0)
            if self._inside(beside) and np.isfinite(self.loss(beside)):
                return _pair(beside)
        wanted = np.array([self.x_middle + 0.6 * self.x_reach, self.y_middle + 0.4 * self.y_reach])
        if np.isfinite(self.loss(wanted)):
            return _pair(wanted)
        points, losses = self._looked
        finite = points[np.isfinite(losses)]
        return _pair(finite[int(np.square(finite - wanted).sum(axis=-1).argmin())])

    def _inside(self, point: np.ndarray) -> bool:
        return all(low < value < high for value, (low, high) in zip(point, self.domain, strict=True))

    @cached_property
    def kernel_parameters(self) -> np.ndarray:
        """The packed tape."""
        return self.tape.packed()

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        theta = floating(theta)
        return self.tape.value(theta[..., 0], theta[..., 1])

    def _derivatives(self, theta: Array) -> tuple[Any, tuple[Array, ...]]:
        theta = floating(theta)
        return array_namespace(theta), self.tape.derivatives(theta[..., 0], theta[..., 1])

    def gradient(self, theta: Array) -> Array:
        """∇L(θ), shape (..., 2)."""
        xp, (_, gx, gy, *_) = self._derivatives(theta)
        return xp.stack([gx, gy], axis=-1)

    def hessian(self, theta: Array) -> Array:
        """∇²L(θ), shape (..., 2, 2)."""
        xp, (_, _, _, xx, xy, yy) = self._derivatives(theta)
        return from_entries(xp, xx, xy, yy)

    def describe_position(self, theta: Array) -> str:
        """Where L is not defined, in the flat basin, at a minimum, or the coordinates."""
        point = np.asarray(theta, dtype=float)
        if not np.isfinite(self.loss(point)):
            return "where L is not defined, " + super().describe_position(point).removeprefix("at ")
        if self.flat_basin is not None and bool(self.flat_basin.contains(point)):
            return f"in the flat basin, θ = ({point[0]:z.2f}, {point[1]:z.2f})"
        return super().describe_position(point)


def _pair(point: np.ndarray) -> tuple[float, float]:
    return round(float(point[0]), 12) + 0.0, round(float(point[1]), 12) + 0.0


def _near(point: np.ndarray) -> str:
    return f"the minimum near ({point[0]:z.3g}, {point[1]:z.3g})"
