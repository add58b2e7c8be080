"""A surface as arrays: the loss on a grid, and a colour range in which wells and basins both show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from app.encoding import encode, encode_shorts
from geometry.surface import Surface

GROUND_POINTS = 241
"""Points per axis of a 2-D surface: four across a groove of the annular well's."""
LEVELS = 22
"""Contour bands."""
CURVE_POINTS = 1201
"""Points of the curve of a 1-D surface."""
KNEE_QUANTILE = 0.15
"""The colour range is linear up to about this quantile of the loss above its minimum, logarithmic beyond, …"""
EVEN = 0.4
"""… but linear all the way where the median loss lies above this part of the range: no wall takes the colours there."""
LINEAR = 1e4
"""Knee, in ranges of the loss, from which on c(L) is linear for every eye."""
TOP_QUANTILE = 0.45
"""Heights are cut at this quantile of the loss, so that a bowl's rim does not flatten what lies inside, …"""
ABOVE_START = 1.2
"""… but not below this multiple of the start's height above the lowest loss, …"""
WORTH_CUTTING = 2.0
"""… and only where the whole surface is at least this many times as high."""


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
        """Losses and labels of a colour bar: round ones, about evenly spaced in c."""
        places = np.linspace(0.0, float(self.colour(np.asarray(self.high))), count)
        losses = [_round(float(value), self.high - self.low) for value in self.loss(places)]
        kept = sorted({value for value in losses if self.low <= value <= self.high})
        labels = [f"{value:g}".replace("-", "−") for value in kept]
        return kept, labels


def finite_of(losses: np.ndarray) -> np.ndarray:
    """The losses that are numbers: a formula has holes; one 0 where there are none."""
    finite = losses[np.isfinite(losses)]
    return finite if finite.size else np.zeros(1)


def colour_range(losses: np.ndarray, barrier: float = np.inf) -> ColourRange:
    """The colour range that suits these losses; a wall of height `barrier` above the lowest takes a good part of it."""
    finite = finite_of(losses)
    low, high = float(finite.min()), float(finite.max())
    if high <= low:
        return ColourRange(low, low + 1.0, 1.0)
    if float(np.median(finite)) - low > EVEN * (high - low):
        return ColourRange(low, high, LINEAR * (high - low))
    knee = min(float(np.quantile(finite - low, KNEE_QUANTILE)), barrier / 2)
    return ColourRange(low, high, max(knee, 1e-4 * (high - low)))


def barrier_of(surface: Surface) -> float:
    """How high the straight ways between minima rise above their lower ends, at most; ∞ where there is no such way."""
    places = [np.asarray(minimum.position, dtype=float) for minimum in surface.minima]
    if surface.flat_basin is not None:
        places.append(np.asarray(surface.flat_basin.centre, dtype=float))
    part = np.linspace(0.0, 1.0, 201)[:, None]
    ways = [surface.loss(one + part * (other - one)) for one, other in combinations(places, 2)]
    heights = [float(np.max(way) - np.min(way)) for way in ways if np.ptp(way) > 0]
    return max(heights, default=np.inf)


def top_of(losses: np.ndarray, start_loss: float) -> float:
    """The loss at which heights are cut."""
    finite = finite_of(losses)
    low, high = float(finite.min()), float(finite.max())
    cut = max(float(np.quantile(finite, TOP_QUANTILE)), low + ABOVE_START * (start_loss - low))
    return high if high - low < WORTH_CUTTING * (cut - low) else cut


def ground_entry(
    losses: np.ndarray, colours: ColourRange, top: float, ticks: tuple[Sequence[float], Sequence[str]]
) -> dict[str, Any]:
    """The ground as the browser takes it, losses (rows, columns). ticks: losses, and what is written at them."""
    share = colours.colour(np.clip(losses, colours.low, colours.high)) / colours.colour(np.asarray(colours.high))
    rows, columns = losses.shape
    return {
        "columns": columns,
        "rows": rows,
        "values": encode_shorts(share),
        "top": top,
        "low": colours.low,
        "high": colours.high,
        "knee": colours.knee,
        "ticks": list(ticks[0]),
        "labels": list(ticks[1]),
    }


def curve_entry(
    x: np.ndarray, losses: np.ndarray, ticks: tuple[Sequence[float], Sequence[str]] = ((), ())
) -> dict[str, Any]:
    """A curve as the browser takes it. ticks: of the loss's axis, where round numbers will not do."""
    return {"x": encode(x), "losses": encode(losses), "ticks": list(ticks[0]), "labels": list(ticks[1])}


def scale_of(surface: Surface, losses: np.ndarray) -> tuple[ColourRange, float]:
    """The colour range of a surface whose losses on a grid these are, and the loss that heights are cut at."""
    start_loss = float(surface.loss(np.asarray(surface.default_start)))
    return colour_range(losses, barrier_of(surface)), top_of(losses, start_loss)


def ground_of(surface: Surface) -> dict[str, Any]:
    """The ground of a 2-D surface as the browser takes it."""
    losses = grid_of(surface, GROUND_POINTS).losses
    colours, top = scale_of(surface, losses)
    return ground_entry(losses, colours, top, colours.ticks())


def _round(value: float, span: float) -> float:
    """To two significant digits, and to zero where it is small against the span."""
    if abs(value) < 1e-3 * span:
        return 0.0
    return float(f"{value:.1e}")
