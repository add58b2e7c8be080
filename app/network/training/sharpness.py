"""How sharp the loss is where a method stands: a run's own reading, cheap enough to be taken on the way."""

from __future__ import annotations

import math

import numpy as np
from torch import Tensor

from geometry.curvature.lanczos import lanczos
from geometry.curvature.operator import HessianOperator
from geometry.networks import NetworkLoss

EXAMPLES = 256
"""Training examples that it is read over, the first ones at each reading: what changes is where the method stands."""
PRODUCTS = 8


def read_sharpness(objective: NetworkLoss, theta: Tensor) -> dict[str, float]:
    """{"sharpness": λmax of the Hessian of the loss at θ (D,)}, by a few steps of Lanczos: from below, and for the
    leading eigenvalue of a trained network within a few per cent. Nothing where the loss has no finite Hessian there.

    Costs 8 Hessian products; the panel Curvature under Explore measures eigenvalues with residuals.
    """
    start = np.random.default_rng(0).standard_normal(objective.dimension)
    try:
        diagonal, off_diagonal, _ = lanczos(HessianOperator(objective, theta), start, min(PRODUCTS, len(start)))
        matrix = np.diag(diagonal) + np.diag(off_diagonal, 1) + np.diag(off_diagonal, -1)
        value = float(np.linalg.eigvalsh(matrix)[-1])
    except (ArithmeticError, ValueError, RuntimeError):  # not finite, or the network has no second derivatives
        return {}
    return {"sharpness": value} if math.isfinite(value) else {}
