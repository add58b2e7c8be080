"""How steep LLQR's inner problem is: the largest eigenvalue of the Hessian of J(U) in the numbers that U is made of."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from geometry.curvature.lanczos import lanczos
from geometry.networks import NetworkLoss
from geometry.objective import linearise
from optimizers.llqr import LLQR
from optimizers.structures import Leaves

LANCZOS_STEPS = 8
DIFFERENCE = 0.05
"""Length of the step, in the numbers of U, whose slopes are compared: short beside U = I, long beside rounding."""


def largest_inner_eigenvalue(
    llqr: LLQR, objective: NetworkLoss, theta: Tensor, leaves: Leaves, steps: int = LANCZOS_STEPS
) -> float:
    """λmax of ∂²J/∂leaves² at `leaves`, by a few steps of Lanczos (from below); two curvature products each.

    An inner solve of T steps with learning rate η and momentum μ goes about 1 − exp(−λ η T/(1 − μ)) of its way along an
    eigenvector of eigenvalue λ: where λmax is small beside (1 − μ)/(η T), U stays where it was. Hessian products are
    central differences of the slope, which is exact for diagonal U, of which J is quadratic.
    """
    slope = llqr.slope(objective.layout, linearise(objective, theta, llqr.metric))
    names = list(leaves)
    flat = {name: leaves[name].reshape(-1) for name in names}
    size = sum(leaf.numel() for leaf in flat.values())

    def moved(direction: Tensor, length: float) -> Leaves:
        pieces = torch.split(direction, [flat[name].numel() for name in names])
        return {
            name: leaves[name] + length * piece.reshape(leaves[name].shape)
            for name, piece in zip(names, pieces, strict=True)
        }

    def slope_at(direction: Tensor, length: float) -> Tensor:
        slopes = slope(moved(direction, length))
        return torch.cat([slopes[name].reshape(-1) for name in names])

    def product(vector: np.ndarray) -> np.ndarray:
        direction = torch.from_numpy(vector).to(theta)
        difference = slope_at(direction, DIFFERENCE) - slope_at(direction, -DIFFERENCE)
        return (difference / (2 * DIFFERENCE)).double().cpu().numpy()

    start = np.random.default_rng(0).standard_normal(size)
    diagonal, off_diagonal, _ = lanczos(product, start, min(steps, size))
    matrix = np.diag(diagonal) + np.diag(off_diagonal, 1) + np.diag(off_diagonal, -1)
    return float(np.linalg.eigvalsh(matrix)[-1])
