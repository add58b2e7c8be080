"""The low-resolution picture of a surface: gradient and curvature averaged over a Gaussian neighbourhood.

Mini-batches show a network an average of its landscape; on a surface a cloud of probes N(start, σ²I) stands for them.
The raw Hessian is averaged, so that the positive and negative curvature of a narrow well cancel (averaging |∇²L| or
its positive part would not).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from geometry.compiled import derivative_fields
from geometry.gaussian import Moments
from geometry.surface import Surface

REACH = 4.5
"""Half-width of the quadrature in units of σ."""
COARSEST = 0.1
"""Largest spacing of the lattice; smaller for σ < 0.6, where it is σ/6."""
LARGEST_TILE = 1_500_000
"""Lattice points in one evaluation; starts that are farther apart are treated one by one."""
ROUNDING = 32
"""A tile's edges are rounded outwards to this many lattice points, so that nearby starts find the same tile."""


def neighbourhood_moments(surface: Surface, start: Any, scale: Any) -> Moments:
    """C = E[ggᵀ], H̄ = E[∇²L] and E[g] over N(start, σ²I), start (..., D), σ a number or (...).

    Trapezoid rule on a tensor lattice with spacing min(0.1, σ/6), cut at ±4.5σ around each start, weights normalised.
    The lattice is the same for all starts (integer multiples of the spacing), so that the derivatives are evaluated
    once for many starts and kept for the next; for analytic integrands of width ≥ 0.1 its offset changes nothing above
    rounding. Surfaces with kinks give their averages in closed form (`neighbourhood`) and are not sampled.
    """
    start = np.asarray(start, dtype=float)
    walkers, dimension = start.shape[:-1], start.shape[-1]
    flat = start.reshape(-1, dimension)
    sigma = np.ascontiguousarray(np.broadcast_to(np.asarray(scale, dtype=float), walkers).reshape(-1))
    if np.any(~(sigma > 0)):
        raise ValueError(f"the scale of the neighbourhood must be positive, not {scale!r}")
    exact = getattr(surface, "neighbourhood", None)
    moments = exact(flat, sigma) if exact is not None else _sampled(surface, flat, sigma)
    return Moments(
        moments.second_moment.reshape(*walkers, dimension, dimension),
        moments.mean_hessian.reshape(*walkers, dimension, dimension),
        moments.mean_gradient.reshape(*walkers, dimension),
    )


def _sampled(surface: Surface, starts: np.ndarray, sigma: np.ndarray) -> Moments:
    """The quadrature for starts (W, 2) and σ (W): one tile for each distinct σ, or one for each start."""
    averages = np.empty((len(starts), 8))
    for value in np.unique(sigma):
        mine = np.flatnonzero(sigma == value)
        spacing = min(COARSEST, value / 6)
        low, high = _tile(starts[mine], value, spacing)
        if np.prod(high - low + 1) <= LARGEST_TILE:
            averages[mine] = _on_tile(surface, starts[mine], value, spacing, low, high)
            continue
        for w in mine:
            low, high = _tile(starts[[w]], value, spacing)
            averages[w] = _on_tile(surface, starts[[w]], value, spacing, low, high)
    gx, gy, xx, xy, yy, cxx, cxy, cyy = averages.T
    return Moments(_symmetric(cxx, cxy, cyy), _symmetric(xx, xy, yy), np.stack([gx, gy], axis=-1))


def _symmetric(xx: np.ndarray, xy: np.ndarray, yy: np.ndarray) -> np.ndarray:
    return np.stack([np.stack([xx, xy], axis=-1), np.stack([xy, yy], axis=-1)], axis=-2)


def _tile(starts: np.ndarray, sigma: float, spacing: float) -> tuple[np.ndarray, np.ndarray]:
    """First and last lattice index along each axis of a tile that holds all neighbourhoods, rounded outwards."""
    low = np.floor((starts.min(axis=0) - REACH * sigma) / spacing / ROUNDING) * ROUNDING
    high = np.ceil((starts.max(axis=0) + REACH * sigma) / spacing / ROUNDING) * ROUNDING
    return low.astype(np.int64), high.astype(np.int64)


def _on_tile(
    surface: Surface, starts: np.ndarray, sigma: float, spacing: float, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Averages (W, 8) of g, ∇²L and ggᵀ: Gaussian weights along x, then along y, as matrix products."""
    fields = _fields(surface, spacing, *(int(v) for v in (*low, *high)))
    across, along = (_weights(starts[:, i], sigma, spacing, int(low[i]), int(high[i])) for i in (0, 1))
    return np.stack([np.einsum("wj,wj->w", across @ field, along) for field in fields], axis=-1)


def _weights(centre: np.ndarray, sigma: float, spacing: float, low: int, high: int) -> np.ndarray:
    """Normalised Gaussian weights (W, n) on the lattice, zero beyond ±4.5σ of each centre."""
    u = (np.arange(low, high + 1) * spacing - centre[:, None]) / sigma
    weights = np.where(np.abs(u) <= REACH, np.exp(-0.5 * u * u), 0.0)
    return weights / weights.sum(axis=1, keepdims=True)


@lru_cache(maxsize=8)
def _fields(surface: Surface, spacing: float, x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    """(8, n, m): g, ∇²L and ggᵀ on one tile of the lattice. At most 8 tiles are kept (12 MB each at the largest σ)."""
    xs, ys = np.arange(x0, x1 + 1) * spacing, np.arange(y0, y1 + 1) * spacing
    out = np.empty((8, len(xs), len(ys)))
    derivative_fields(surface.kernel_code, surface.kernel_parameters, xs, ys, out)
    gx, gy = out[0], out[1]
    out[5], out[6], out[7] = gx * gx, gx * gy, gy * gy
    out.flags.writeable = False
    return out
