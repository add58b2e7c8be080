"""The low-resolution picture of a surface: gradient and curvature averaged over a Gaussian neighbourhood.

Mini-batches show a network an average of its landscape; on a surface a cloud of probes N(start, σ²I) stands for them.
The raw Hessian is averaged, so that the positive and negative curvature of a narrow well cancel (averaging |∇²L| or
its positive part would not).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit

from geometry.compiled import derivative_fields
from geometry.gaussian import Moments
from geometry.kernel_cache import keep_kernels
from geometry.surface import Surface
from geometry.surface_code import SurfaceCode

REACH = 4.5
"""Half-width of the quadrature in units of σ."""
COARSEST = 0.1
"""Largest spacing of the lattice; smaller for σ < 0.6, where it is σ/6."""
ROUNDING = 32
"""A tile's edges are rounded outwards to this many lattice points (even), so that nearby starts find the same tile."""
KEPT_POINTS = 300_000
"""A tile of at most this many points (19 MB) is kept for the next call, eight of them at a time."""
SHARED_POINTS = 1_500_000
"""Starts whose common tile would hold more points than this are treated one by one."""
MOST_POINTS = 4_000_000
"""A neighbourhood of more points than this (256 MB; σ = 22) is refused."""


def neighbourhood_moments(surface: Surface, start: Any, scale: Any) -> Moments:
    """C = E[ggᵀ], H̄ = E[∇²L] and E[g] over N(start, σ²I), start (..., D), σ a number or (...).

    Trapezoid rule on a tensor lattice with spacing min(0.1, σ/6), cut at ±4.5σ around each start, weights normalised.
    The lattice lies at the integer multiples of the spacing, the same for all starts, so that the derivatives are
    evaluated once for many starts and kept for the next. A start's averages do not depend on which other starts are in
    the call, to the last bit. Surfaces with kinks give their averages in closed form (`neighbourhood`) and are not
    sampled: a lattice would miss the curvature that sits in a kink.

    Relative error against the integral over the whole plane, for wells of width ≥ 0.1: below 5e-4 (the cut at 4.5σ
    leaves the variance 1.4e-4 short). Where the far tails weigh most it is larger: C of Goldstein–Price, a polynomial
    of degree 14, is up to a quarter short; so is it beside a curvature that grows as 1/r: Ackley's mean Hessian is
    up to a tenth short.

    ValueError for a start that is not finite or has another dimension, and for a scale that is not positive or above
    22, where the lattice would no longer fit.
    """
    points, sigma, walkers = _checked(surface, start, scale)
    exact = getattr(surface, "neighbourhood", None)
    moments = exact(points, sigma) if exact is not None else sampled(surface, points, sigma)
    square = (*walkers, surface.dimension, surface.dimension)
    return Moments(
        moments.second_moment.reshape(square),
        moments.mean_hessian.reshape(square),
        moments.mean_gradient.reshape(square[:-1]),
    )


def _checked(surface: Surface, start: Any, scale: Any) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    """Starts (W, D), scales (W) and the walkers' own shape."""
    start, scale = np.asarray(start, dtype=float), np.asarray(scale, dtype=float)
    if start.ndim == 0 or start.shape[-1] != surface.dimension:
        raise ValueError(f"start must have {surface.dimension} coordinates in its last axis, got shape {start.shape}")
    if not np.all(np.isfinite(start)):
        raise ValueError("start must be finite")
    if not np.all((scale > 0) & np.isfinite(scale)):
        raise ValueError(f"the scale of the neighbourhood must be positive and finite, not {scale.tolist()!r}")
    walkers = np.broadcast_shapes(start.shape[:-1], scale.shape)
    points = np.broadcast_to(start, (*walkers, surface.dimension)).reshape(-1, surface.dimension)
    return np.ascontiguousarray(points), np.broadcast_to(scale, walkers).reshape(-1), walkers


def sampled(surface: Surface, starts: np.ndarray, sigma: np.ndarray) -> Moments:
    """The quadrature for starts (W, D) and σ (W): one tile for each distinct σ, or one for each start.

    Where derivatives are not finite, as in a formula's holes, nothing is averaged: the weights are normalised over the
    rest.
    """
    d = surface.dimension
    centres = np.zeros((len(starts), 2))
    centres[:, :d] = starts
    averages = np.empty((len(starts), 8))
    for value in np.unique(sigma):
        mine = np.flatnonzero(sigma == value)
        whole = _tile(centres[mine], float(value), ROUNDING)
        groups = [mine] if whole.points <= SHARED_POINTS else [mine[i : i + 1] for i in range(len(mine))]
        for group in groups:
            tile = whole if len(group) == len(mine) else _tile(centres[group], float(value), 2)
            if tile.points > MOST_POINTS:
                largest = COARSEST * math.sqrt(MOST_POINTS) / (2 * REACH)
                raise ValueError(f"the scale of the neighbourhood must be at most {largest:.0f}, not {value:g}")
            # neighbours one after the other, so that pairs of starts read the same rows
            group = group[np.lexsort((centres[group, 1], centres[group, 0] // (value / 2)))]
            fields = tile.fields(surface)
            averages[group] = _sums(fields, tile.x0, tile.y0, tile.spacing, centres[group], float(value))
    gx, gy, xx, xy, yy, cxx, cxy, cyy = averages.T
    second, hessian = (np.stack([a, b, b, c], axis=-1).reshape(-1, 2, 2) for a, b, c in ((cxx, cxy, cyy), (xx, xy, yy)))
    return Moments(second[:, :d, :d], hessian[:, :d, :d], np.stack([gx, gy], axis=-1)[:, :d])


@dataclass(frozen=True)
class _Tile:
    """The lattice points (i, j)·spacing with x0 ≤ i ≤ x1 and y0 ≤ j ≤ y1; x0 is even and x1 odd."""

    spacing: float
    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def points(self) -> int:
        return (self.x1 - self.x0 + 1) * (self.y1 - self.y0 + 1)

    def fields(self, surface: Surface) -> np.ndarray:
        """g, ∇²L and ggᵀ on the tile, (8, n, m); where there are holes, zeros there and a ninth that is 1 elsewhere."""
        return _kept_fields(surface, self) if self.points <= KEPT_POINTS else _fields(surface, self)


def _tile(starts: np.ndarray, sigma: float, rounding: int) -> _Tile:
    """The tile that holds the neighbourhoods of all starts, its edges rounded outwards to an even number."""
    spacing = min(COARSEST, sigma / 6)
    low = np.floor((starts.min(axis=0) - REACH * sigma) / spacing / rounding) * rounding
    high = np.ceil((starts.max(axis=0) + REACH * sigma) / spacing / rounding) * rounding
    return _Tile(spacing, int(low[0]), int(low[1]), int(high[0]) + 1, int(high[1]))


def _fields(surface: Surface, tile: _Tile) -> np.ndarray:
    xs, ys = (np.arange(a, b + 1) * tile.spacing for a, b in ((tile.x0, tile.x1), (tile.y0, tile.y1)))
    out = np.empty((8, len(xs), len(ys)))
    if surface.kernel_code != SurfaceCode.NONE:
        derivative_fields(int(surface.kernel_code), surface.kernel_parameters, xs, ys, out)
    else:
        d = surface.dimension
        theta = np.stack(np.meshgrid(xs, ys, indexing="ij"), axis=-1)[..., :d]
        gradient, hessian = np.zeros((*theta.shape[:2], 2)), np.zeros((*theta.shape[:2], 2, 2))
        gradient[..., :d], hessian[..., :d, :d] = surface.gradient(theta), surface.hessian(theta)
        out[:5] = gradient[..., 0], gradient[..., 1], hessian[..., 0, 0], hessian[..., 0, 1], hessian[..., 1, 1]
    gx, gy = out[0], out[1]
    out[5], out[6], out[7] = gx * gx, gx * gy, gy * gy
    whole = np.isfinite(out.sum(axis=0))
    if not whole.all():
        out = np.concatenate([np.where(whole, out, 0.0), whole[None].astype(float)])
    out.flags.writeable = False
    return out


_kept_fields = lru_cache(maxsize=8)(_fields)


keep_kernels(__name__)


@njit(cache=True, nogil=True)
def _weigh(weights: np.ndarray, centre: float, sigma: float, spacing: float, origin: int) -> tuple[int, int, float]:
    """Gaussian weights of lattice points origin, origin + 1, …, zero beyond 4.5σ; first and last index, and the sum."""
    first = math.ceil((centre - REACH * sigma) / spacing)
    last = math.floor((centre + REACH * sigma) / spacing)
    weights[:] = 0.0
    total = 0.0
    for i in range(first, last + 1):
        u = (i * spacing - centre) / sigma
        weights[i - origin] = math.exp(-0.5 * u * u)
        total += weights[i - origin]
    return first - origin, last - origin, total


@njit(cache=True, nogil=True)
def _add_rows(first: np.ndarray, second: np.ndarray, p: np.ndarray, q: np.ndarray, wx: np.ndarray, i: int) -> None:
    a, b, c, d = wx[0, i], wx[0, i + 1], wx[1, i], wx[1, i + 1]
    for j in range(len(p)):
        first[j] += a * p[j] + b * q[j]
        second[j] += c * p[j] + d * q[j]


@njit(cache=True, nogil=True)
def _sums(fields: np.ndarray, x0: int, y0: int, spacing: float, starts: np.ndarray, sigma: float) -> np.ndarray:
    """Averages (W, 8) of the fields (8, n, m) around each start, weights along x first, then along y.

    A ninth field says where the others are defined; the averages are over that part, not-a-number where it is empty.

    Two starts at a time share the rows they read, and two rows at a time the sums they write: memory is what this loop
    waits for. The rows are paired by the lattice (x0 is even), and a row outside a start's neighbourhood adds an exact
    zero, so that the order of a start's sum is the same whatever tile and company it is in: bounces amplify the last
    bit, and a walker's path must not depend on who walks beside it, as it would through a matrix product.
    """
    out = np.empty((len(starts), len(fields)))
    n, m = fields.shape[1], fields.shape[2]
    wx, wy, rows = np.empty((2, n)), np.empty((2, m)), np.empty((2, m))
    first, last = np.empty(2, np.int64), np.empty(2, np.int64)
    low, high, total = np.empty(2, np.int64), np.empty(2, np.int64), np.empty(2)
    for w in range(0, len(starts), 2):
        for b in range(2):
            centre = starts[min(w + b, len(starts) - 1)]
            first[b], last[b], total_x = _weigh(wx[b], centre[0], sigma, spacing, x0)
            low[b], high[b], total_y = _weigh(wy[b], centre[1], sigma, spacing, y0)
            total[b] = total_x * total_y
        top, bottom = min(first) // 2 * 2, max(last)
        left, right = min(low), max(high) + 1
        for k in range(len(fields)):
            rows[:, left:right] = 0.0
            for i in range(top, bottom + 1, 2):
                p, q = fields[k, i, left:right], fields[k, i + 1, left:right]
                _add_rows(rows[0, left:right], rows[1, left:right], p, q, wx, i)
            for b in range(min(2, len(starts) - w)):
                value = 0.0
                for j in range(low[b], high[b] + 1):
                    value += rows[b, j] * wy[b, j]
                out[w + b, k] = value / total[b]
    if len(fields) == 8:
        return out
    return out[:, :8] / np.where(out[:, 8:] > 0.0, out[:, 8:], np.nan)
