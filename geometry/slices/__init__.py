"""The loss on a plane of parameters: exact on a grid here, and the faster ways with a stated error.

    plane = slice_plane(objective, origin, kind="random", normalisation="filter", seed=0)
    grid = evaluate_slice(objective, plane, x, y)        # losses[j, i] at (x[i], y[j])

Everywhere x (n,) runs along the first direction and along a row of the picture, y (m,) along the second. A line (a
plane with one direction) takes x only and gives (n,).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from geometry.objective import Objective
from geometry.plane import Plane
from geometry.slices.adaptive import AdaptiveSlice, adaptive_slice, refined_slices
from geometry.slices.directions import KINDS, NORMALISATIONS, slice_plane
from geometry.slices.grid import Grid, checked_axes, lattice
from geometry.slices.points import DEFAULT_MEMORY, METHODS, point_losses
from geometry.slices.progressive import SliceProgress, progressive_slice
from geometry.slices.sampled import SampledSlice, sampled_objective, sampled_slice

__all__ = [
    "KINDS",
    "METHODS",
    "NORMALISATIONS",
    "AdaptiveSlice",
    "Grid",
    "Plane",
    "SampledSlice",
    "SliceProgress",
    "adaptive_slice",
    "evaluate_slice",
    "exact_slice",
    "progressive_slice",
    "refined_slices",
    "sampled_objective",
    "sampled_slice",
    "slice_plane",
]


def evaluate_slice(
    objective: Objective,
    plane: Plane,
    x: Any,
    y: Any = None,
    *,
    method: str = "auto",
    memory: int = DEFAULT_MEMORY,
) -> np.ndarray:
    """L(θ₀ + x_i d₁ + y_j d₂) over all of the objective's data: losses (m, n), losses[j, i] at (x[i], y[j]).

    The numbers are those of objective.loss at every point, to rounding: computed in the objective's precision, summed
    in float64. `memory` (bytes) bounds what is kept beside network and data; `method` insists on one way of evaluation
    (see geometry.slices.points). The objective is not changed. ValueError where x or y do not fit the plane.
    """
    x, y = checked_axes(plane, x, y)
    losses = point_losses(objective, plane, method, memory).losses(lattice(x, y))
    return losses if y is None else losses.reshape(y.size, x.size)


def exact_slice(
    objective: Objective, plane: Plane, x: Any, y: Any = None, *, method: str = "auto", memory: int = DEFAULT_MEMORY
) -> Grid:
    """`evaluate_slice` as one thing: the losses with their plane and coordinates, to be drawn, kept and handed on."""
    losses = evaluate_slice(objective, plane, x, y, method=method, memory=memory)
    return Grid(plane, *checked_axes(plane, x, y), losses)
