"""A surface as arrays: the loss on a grid, and the scale that it is drawn on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from app.drawing.colour_range import ColourRange, colour_range, finite_of, ground_entry
from app.drawing.messages import Ground
from geometry.surface import Surface

GROUND_POINTS = 241
"""Points per axis of a 2-D surface: four across a groove of the annular well's."""
LEVELS = 22
"""Contour bands."""
CURVE_POINTS = 1201
"""Points of the curve of a 1-D surface."""
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


def scale_of(surface: Surface, losses: np.ndarray) -> tuple[ColourRange, float]:
    """The colour range of a surface whose losses on a grid these are, and the loss that heights are cut at."""
    start_loss = float(surface.loss(np.asarray(surface.default_start)))
    return colour_range(losses, barrier_of(surface)), top_of(losses, start_loss)


def ground_of(surface: Surface) -> Ground:
    """The ground of a 2-D surface as the browser takes it."""
    losses = grid_of(surface, GROUND_POINTS).losses
    colours, top = scale_of(surface, losses)
    return ground_entry(losses, colours, top, colours.ticks())
