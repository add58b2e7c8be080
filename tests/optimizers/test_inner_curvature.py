"""The steepness of LLQR's inner problem against the Hessian of its cost, formed whole by automatic differentiation."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from geometry.networks import NetworkLoss
from geometry.objective import linearise
from optimizers import LLQR
from optimizers.inner_curvature import largest_inner_eigenvalue


@pytest.mark.parametrize("structure", ["diagonal", "scalar", "kfac"])
@pytest.mark.parametrize("metric", ["newton", "ngd"])
def test_it_is_the_largest_eigenvalue_of_the_cost_s_hessian(structure: str, metric: str) -> None:
    torch.manual_seed(1)
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3)).double()
    objective = NetworkLoss(module, torch.randn(20, 3, dtype=torch.float64), torch.arange(20) % 3)
    llqr = LLQR.for_networks(structure, metric, damping=0.3)
    leaves = llqr.start(objective, objective.initial)
    at = linearise(objective, objective.initial, metric)
    curvature = torch.stack([at.product(e) for e in torch.eye(objective.dimension, dtype=torch.float64)])
    names = list(leaves)

    def cost(*parts: torch.Tensor) -> torch.Tensor:
        d = -llqr.blocks.product(objective.layout, dict(zip(names, parts, strict=True)), at.gradient)
        return at.gradient @ d + (d @ curvature @ d + 0.3 * d @ d) / 2

    shapes = [leaves[name].shape for name in names]
    flat = torch.cat([leaves[name].reshape(-1) for name in names])

    def of_flat(vector: torch.Tensor) -> torch.Tensor:
        pieces = torch.split(vector, [shape.numel() for shape in shapes])
        return cost(*(piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)))

    whole = torch.linalg.eigvalsh(torch.autograd.functional.hessian(of_flat, flat))
    found = largest_inner_eigenvalue(llqr, objective, objective.initial, leaves, steps=40)
    # The central difference of a cubic slope is off by DIFFERENCE² of its third derivative.
    assert found == pytest.approx(float(whole[-1]), rel=5e-3)
