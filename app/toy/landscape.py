"""A surface as arrays: the loss on a grid, and a colour range in which wells and basins both show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geometry.surface import Surface

MAP_POINTS = 181
"""Points per axis of the 2-D map."""
RELIEF_POINTS = 121
"""Points per axis of the 3-D view."""
CURVE_POINTS = 1201
"""Points of the curve of a 1-D surface."""
KNEE_QUANTILE = 0.15
"""The colour range is linear up to about this quantile of the loss above its minimum, logarithmic beyond."""


@dataclass(frozen=True)
class Grid:
    """losses[j, i] at (x[i], y[j])."""

    x: np.ndarray
    y: np.ndarray
    losses: np.ndarray


def grid_of(surface: Surface, points: int) -> Grid:
    """The loss of a 2-D surface on points × points over its domain."""
    (x0, x1), (y0, y1) = surface.domain
    x, y = np.linspace(x0, x1, points), np.linspace(y0, y1, points)
    theta = np.stack(np.meshgrid(x, y), axis=-1)
    return Grid(x, y, np.asarray(surface.loss(theta), dtype=float))


def curve_of(surface: Surface) -> tuple[np.ndarray, np.ndarray]:
    """(x, loss) of a 1-D surface over its domain."""
    ((x0, x1),) = surface.domain
    x = np.linspace(x0, x1, CURVE_POINTS)
    return x, np.asarray(surface.loss(x[:, None]), dtype=float)


@dataclass(frozen=True)
class ColourRange:
    """The monotone map c(L) = asinh((L − low)/knee): linear near the lowest loss, logarithmic far above it.

    On a linear range a bowl that rises to 20 hides a ring whose wall is 2.5 high.
    """

    low: float
    high: float
    knee: float

    def colour(self, losses: np.ndarray) -> np.ndarray:
        """c(L), the quantity that is coloured and contoured."""
        return np.arcsinh((losses - self.low) / self.knee)

    def loss(self, colours: np.ndarray) -> np.ndarray:
        """The loss at a value of c."""
        return self.low + self.knee * np.sinh(colours)

    def ticks(self, count: int = 6) -> tuple[list[float], list[str]]:
        """Places and labels of a colour bar: round losses, about evenly spaced in c."""
        places = np.linspace(0.0, float(self.colour(np.asarray(self.high))), count)
        losses = [_round(float(value), self.high - self.low) for value in self.loss(places)]
        kept = sorted({value for value in losses if self.low <= value <= self.high})
        labels = [f"{value:g}".replace("-", "−") for value in kept]
        return [float(self.colour(np.asarray(value))) for value in kept], labels


def finite_of(losses: np.ndarray) -> np.ndarray:
    """The losses that are numbers: a formula has holes; one 0 where there are none."""
    finite = losses[np.isfinite(losses)]
    return finite if finite.size else np.zeros(1)


def colour_range(losses: np.ndarray) -> ColourRange:
    """The colour range that suits these losses."""
    finite = finite_of(losses)
    low, high = float(finite.min()), float(finite.max())
    if high <= low:
        return ColourRange(low, low + 1.0, 1.0)
    knee = float(np.quantile(finite - low, KNEE_QUANTILE))
    return ColourRange(low, high, max(knee, 1e-4 * (high - low)))


def _round(value: float, span: float) -> float:
    """To two significant digits, and to zero where it is small against the span."""
    if abs(value) < 1e-3 * span:
        return 0.0
    return float(f"{value:.1e}")
