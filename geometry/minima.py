"""Local minima of a surface near given points, found by zooming in and then by Newton's steps."""

from __future__ import annotations

from typing import Any

import numpy as np

ZOOMS = 16
"""Each zoom looks at 5 points along each axis and halves the cell: after them it is 1e-5 of the first, …"""
POLISHES = 12
"""… near enough for Newton's steps, which double the digits of what is no kink."""


def descend(surface: Any, points: np.ndarray, reach: float) -> np.ndarray:
    """The lowest points (n, D) found near points (n, D), each within twice `reach` along each axis of where it began.

    A minimum in a kink, where Newton's step leads nowhere, is left as the zoom found it.
    """
    points = np.array(points, dtype=float)
    d = points.shape[-1]
    steps = np.stack(np.meshgrid(*[np.linspace(-1.0, 1.0, 5)] * d, indexing="ij"), axis=-1).reshape(-1, d)
    size = reach
    for _ in range(ZOOMS):
        around = points[:, None, :] + size * steps
        losses = _held(surface.loss(around))
        points = around[np.arange(len(points)), losses.argmin(axis=1)]
        size /= 2
    for _ in range(POLISHES):
        gradient, hessian = np.asarray(surface.gradient(points)), np.asarray(surface.hessian(points))
        usable = np.isfinite(gradient).all(axis=-1) & np.isfinite(hessian).all(axis=(-2, -1))
        hessian = np.where(usable[:, None, None], hessian, np.eye(d))
        usable &= np.linalg.eigvalsh(hessian)[:, 0] > 0
        hessian = np.where(usable[:, None, None], hessian, np.eye(d))
        step = np.linalg.solve(hessian, np.where(usable[:, None], gradient, 0.0)[..., None])[..., 0]
        better = points - np.where(np.abs(step) < 2e-3 * reach, step, 0.0)
        points = np.where((_held(surface.loss(better)) <= _held(surface.loss(points)) + 1e-12)[:, None], better, points)
    return points


def are_lowest(surface: Any, points: np.ndarray, distance: float) -> np.ndarray:
    """Whether all is higher, by more than rounding, at this distance along the axes and diagonals, (n)."""
    d = points.shape[-1]
    ways = np.stack(np.meshgrid(*[np.array([-1.0, 0.0, 1.0])] * d, indexing="ij"), axis=-1).reshape(-1, d)
    around = _held(surface.loss(points[:, None, :] + distance * ways[np.abs(ways).any(axis=-1)]))
    here = _held(surface.loss(points))
    return np.isfinite(here) & (around.min(axis=1) > here + 1e-12 * (1 + np.abs(here)))


def _held(losses: Any) -> np.ndarray:
    """Losses with infinity where there are none."""
    losses = np.asarray(losses)
    return np.where(np.isfinite(losses), losses, np.inf)
