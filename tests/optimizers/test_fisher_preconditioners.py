"""Natural gradient, K-FAC and Shampoo: what they are for one layer, one example, one gradient, much damping."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from geometry.layer_factors import layer_factors
from geometry.networks import NetworkLoss
from geometry.objective import Block, Layout
from optimizers import KFAC, NaturalGradient, Shampoo
from optimizers.exact_llqr import ExactLLQR
from tests.optimizers.small_training import batch, perceptron


def network() -> NetworkLoss:
    return NetworkLoss(perceptron(), *batch())


def applied(rule, objective, v):
    state = rule.refresh(objective, objective.initial, rule.start(objective, objective.initial))
    return rule.apply(objective.layout, state, v)


@pytest.mark.parametrize("rule", [NaturalGradient(1e9), KFAC(1e9, "eigen"), NaturalGradient(1e9, diagonal=True)])
def test_with_much_damping_u_is_the_identity_over_lambda(rule):
    objective = network()
    g = objective.gradient(objective.initial)
    torch.testing.assert_close(applied(rule, objective, g), g / 1e9, rtol=1e-6, atol=0)


def test_kfac_is_exact_for_one_layer_and_one_example():
    """F = A ⊗ G then, so that (A ⊗ G + λI)⁻¹ is the natural gradient's U; the diagonal one is its diagonal's."""
    torch.manual_seed(0)
    objective = NetworkLoss(nn.Sequential(nn.Linear(4, 3)).double(), *(t[:1] for t in batch()))
    v = torch.randn(objective.dimension, dtype=torch.float64)
    torch.testing.assert_close(
        applied(KFAC(0.1, "eigen"), objective, v), applied(NaturalGradient(0.1), objective, v), rtol=1e-9, atol=1e-12
    )
    whole = applied(NaturalGradient(0.1), objective, torch.eye(objective.dimension, dtype=torch.float64)[0])
    assert whole.shape == v.shape
    fisher = torch.linalg.inv(NaturalGradient(0.1).matrix(objective.layout, _refreshed(objective), v))
    wanted = v / fisher.diagonal()
    torch.testing.assert_close(applied(NaturalGradient(0.1, diagonal=True), objective, v), wanted)


def _refreshed(objective):
    return NaturalGradient(0.1).refresh(objective, objective.initial, {})


def test_the_natural_gradient_is_llqr_metric_over_the_batch_size():
    """Exact LLQR's metric "ngd" sums over the batch: with λN it is the natural gradient's U over N."""
    objective = network()
    g, count = objective.gradient(objective.initial), objective.examples
    summed = applied(ExactLLQR(damping=0.1 * count, metric="ngd"), objective, g)
    torch.testing.assert_close(applied(NaturalGradient(0.1), objective, g), count * summed, rtol=1e-9, atol=0)


def test_a_convolution_is_a_layer_of_patches():
    """A 1 × 1 image under a 3 × 3 kernel without a border is a dense layer; factors and U are equal."""
    torch.manual_seed(0)
    dense, conv = nn.Linear(18, 3).double(), nn.Conv2d(2, 3, 3).double()
    with torch.no_grad():
        conv.weight.copy_(dense.weight.reshape(3, 2, 3, 3))
        conv.bias.copy_(dense.bias)
    x, y = torch.randn(7, 2, 3, 3, dtype=torch.float64), torch.randint(0, 3, (7,))
    one = NetworkLoss(nn.Sequential(nn.Flatten(), dense), x, y)
    two = NetworkLoss(nn.Sequential(conv, nn.Flatten()), x, y)
    v = torch.randn(one.dimension, dtype=torch.float64)
    torch.testing.assert_close(applied(KFAC(0.1), one, v), applied(KFAC(0.1), two, v), rtol=1e-9, atol=1e-12)


def test_factors_of_a_convolution_sum_over_places():
    """A against sums over patches cut out by hand, with stride, padding and dilation."""
    torch.manual_seed(0)
    conv = nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2)).double()
    x, y = torch.randn(4, 2, 6, 5, dtype=torch.float64), torch.randint(0, 3, (4,))
    objective = NetworkLoss(nn.Sequential(conv, nn.AdaptiveAvgPool2d(1), nn.Flatten()), x, y)
    padded = nn.functional.pad(x, (2, 2, 1, 1))
    total = torch.zeros(13, 13, dtype=torch.float64)
    for n in range(4):
        for top in range(0, 6, 2):
            for column in range(5 + 4 - 2):
                patch = padded[n, :, top : top + 3, column : column + 3 : 2]
                a = torch.cat([patch.reshape(-1), torch.ones(1, dtype=torch.float64)])
                total += torch.outer(a, a) / 4
    torch.testing.assert_close(layer_factors(objective, objective.initial)["0"][0], total)


def test_shampoo_on_a_vector_is_full_matrix_adagrad():
    """u = (εI + Σ g gᵀ)^-½ g."""
    rule, layout = Shampoo(0.01), Layout.single(5)
    rng = np.random.default_rng(0)
    state = rule.start(_Ground(layout), np.zeros((1, 5)))
    total = 0.01 * np.eye(5)
    for g in rng.standard_normal((4, 5)):
        state = rule.observe(layout, state, g[None])
        total += np.outer(g, g)
        values, axes = np.linalg.eigh(total)
        wanted = axes @ (axes.T @ g / np.sqrt(values))
        np.testing.assert_allclose(rule.apply(layout, state, g[None])[0], wanted, rtol=1e-10)


class _Ground:
    def __init__(self, layout):
        self.layout = layout


def test_shampoo_is_orthogonal_after_one_gradient():
    """(GGᵀ)^-¼ G (GᵀG)^-¼ = U Vᵀ of G = U S Vᵀ: what Muon's iteration goes for."""
    layout = Layout((Block("w", (3, 5), 0, 15, "kernel"),))
    rule, g = Shampoo(0.0), np.random.default_rng(0).standard_normal(15)
    state = rule.observe(layout, rule.start(_Ground(layout), g), g)
    left, _, right = np.linalg.svd(g.reshape(3, 5), full_matrices=False)
    np.testing.assert_allclose(rule.apply(layout, state, g).reshape(3, 5), left @ right, atol=1e-9)
