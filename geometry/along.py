"""The loss and the largest curvature at many points of a surface: what is charted along a path."""

from __future__ import annotations

import numpy as np

from geometry.compiled import SurfaceCode, losses_and_curvature
from geometry.surface import Surface


def charted(surface: Surface, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(L, largest eigenvalue of ∇²L) at points (…, D), each of shape (…); not-a-number stays so.

    Planes with a compiled kernel use it (equal to their class to rounding, and many times quicker); any other surface
    is asked itself.
    """
    if surface.dimension == 2 and surface.kernel_code != SurfaceCode.NONE:
        flat = np.ascontiguousarray(points, dtype=float).reshape(-1, 2)
        losses, curvature = np.empty(len(flat)), np.empty(len(flat))
        losses_and_curvature(int(surface.kernel_code), surface.kernel_parameters, flat, losses, curvature)
        return losses.reshape(points.shape[:-1]), curvature.reshape(points.shape[:-1])
    hessian = np.asarray(surface.hessian(points))
    losses = np.asarray(surface.loss(points))
    if hessian.shape[-1] == 1:
        return losses, hessian[..., 0, 0]
    a, b, d = hessian[..., 0, 0], hessian[..., 0, 1], hessian[..., 1, 1]
    return losses, 0.5 * (a + d) + np.hypot(0.5 * (a - d), b)
