"""Hessian products at one point, counted, between numpy's and the objective's arrays."""

from __future__ import annotations

import numpy as np

from geometry.objective import Array, Objective, linearise
from geometry.plane import as_numpy, like


class HessianOperator:
    """d ↦ G(θ)d for numpy vectors, with the number of products made so far.

    G is the Hessian of the loss ("newton") or another metric of the objective. Vectors come and go as float64; the
    product is computed in the objective's precision, on its device.
    """

    def __init__(self, objective: Objective, theta: Array, metric: str = "newton") -> None:
        if tuple(theta.shape) != (objective.dimension,):
            raise ValueError(f"theta must have shape ({objective.dimension},), got {tuple(theta.shape)}")
        self.dimension, self.theta, self.products = objective.dimension, theta, 0
        self._product = linearise(objective, theta, metric).product

    def __call__(self, d: np.ndarray) -> np.ndarray:
        """G d, float64 (D,). ValueError where it is not finite: the curvature is not defined there."""
        self.products += 1
        product = as_numpy(self._product(like(self.theta, np.ascontiguousarray(d).reshape(-1))))
        if not np.isfinite(product).all():
            raise ValueError("a Hessian product at this point is not finite: the curvature is not defined here")
        return np.asarray(product, dtype=np.float64)

    def dense(self) -> np.ndarray:
        """G (D, D) by D products, made symmetric: for small D, and as the oracle of all that is estimated."""
        columns = np.stack([self(e) for e in np.eye(self.dimension)])
        return (columns + columns.T) / 2

    @property
    def unit_roundoff(self) -> float:
        """Relative rounding of the objective's numbers."""
        return float(np.finfo(as_numpy(self.theta[:1]).dtype).eps)


def dense_hessian(objective: Objective, theta: Array, metric: str = "newton") -> np.ndarray:
    """The Hessian (D, D), float64, by D products."""
    return HessianOperator(objective, theta, metric).dense()
