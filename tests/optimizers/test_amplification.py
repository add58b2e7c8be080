"""Potholes, H − H̄, and what a probe adds along them: against closed forms on quadratics, and on a network."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from geometry.architectures import build_network
from geometry.curvature import CombinedLoss, average, dense_hessian, potholes, top_eigenvalues
from geometry.datasets import load_dataset
from geometry.networks import NetworkLoss
from geometry.objective import Layout
from optimizers.amplification import Amplification, ProbeEffect, measure_amplification
from optimizers.llqr import LLQR
from optimizers.preconditioners import Identity, Preconditioner
from optimizers.probes import SAM

D = 30
GENERATOR = np.random.default_rng(0)
BASIS, _ = np.linalg.qr(GENERATOR.standard_normal((D, D)))
SHARP = {3: 7.0, 11: 5.0}
"""Where H has more than H̄, and how much: the potholes."""
MEAN = np.linspace(0.1, 4.0, D)
HERE = MEAN + [SHARP.get(k, 0.0) for k in range(D)]
RADIUS = 0.2


def in_basis(values: np.ndarray) -> np.ndarray:
    return BASIS @ np.diag(values) @ BASIS.T


@dataclass(frozen=True, eq=False)
class Quadratic:
    """½ θᵀHθ."""

    matrix: np.ndarray

    @property
    def dimension(self) -> int:
        return len(self.matrix)

    @property
    def layout(self) -> Layout:
        return Layout.single(self.dimension)

    def loss(self, theta: np.ndarray) -> Any:
        return theta @ self.matrix @ theta / 2

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        return self.matrix @ theta

    def curvature_product(self, theta: np.ndarray, d: np.ndarray, metric: str = "newton") -> np.ndarray:
        return self.matrix @ d


def fixed(matrix: np.ndarray) -> Preconditioner:
    return cast(Preconditioner, SimpleNamespace(apply=lambda _layout, _state, v: matrix @ v))


def test_the_potholes_are_where_the_hessian_has_more_than_the_mean_of_others() -> None:
    theta = GENERATOR.standard_normal(D)
    # Two places whose Hessians differ from their mean by ±1 in one direction.
    others = [(Quadratic(in_basis(MEAN + sign * (np.arange(D) == 20))), theta + sign) for sign in (1.0, -1.0)]
    found = potholes((Quadratic(in_basis(HERE)), theta), others)
    top = top_eigenvalues(found, found.origin, 2)
    np.testing.assert_allclose(top.values, [7.0, 5.0], rtol=1e-6)
    np.testing.assert_allclose(np.abs(top.vectors @ BASIS[:, [3, 11]]), np.eye(2), atol=1e-6)
    mean = average(others)
    np.testing.assert_allclose(top_eigenvalues(mean, mean.origin, 3).values, MEAN[::-1][:3], rtol=1e-6)
    np.testing.assert_allclose(dense_hessian(found, found.origin), in_basis(HERE - MEAN), atol=1e-12)


def test_a_combined_loss_is_the_sum_of_its_parts_at_points_moved_together() -> None:
    places = [(Quadratic(in_basis(MEAN)), GENERATOR.standard_normal(D)) for _ in range(2)]
    delta, d = GENERATOR.standard_normal((2, D))
    combined = CombinedLoss([(2.0, places[0]), (-0.5, places[1])])

    def expected(value: Any) -> Any:
        return sum(w * value(one, theta + delta) for w, (one, theta) in zip((2.0, -0.5), places, strict=True))

    assert combined.loss(delta) == pytest.approx(expected(lambda one, theta: one.loss(theta)))
    np.testing.assert_allclose(combined.gradient(delta), expected(lambda one, theta: one.gradient(theta)))
    product = expected(lambda one, theta: one.curvature_product(theta, d))
    np.testing.assert_allclose(combined.curvature_product(delta, d), product)
    np.testing.assert_allclose(combined.linearise(delta).product(d), product)
    with pytest.raises(ValueError, match="one point at least"):
        CombinedLoss([])
    with pytest.raises(ValueError, match="differ in how many parameters"):
        CombinedLoss([(1.0, places[0]), (1.0, (Quadratic(np.eye(2)), np.zeros(2)))])


@pytest.mark.parametrize("norm", ["euclidean", "matrix"])
def test_on_a_quadratic_the_effect_is_the_closed_form_along_common_eigenvectors(norm: str) -> None:
    u = np.linspace(1.5, 0.3, D)
    theta, hessian, learned = GENERATOR.standard_normal(D), in_basis(HERE), in_basis(u)
    found = measure_amplification([Quadratic(hessian)], theta, BASIS.T, fixed(learned), None, RADIUS, SAM(norm=norm))
    g = hessian @ theta
    in_g = BASIS.T @ g
    for effect, values in ((found.plain, np.ones(D)), (found.learned, u)):
        length = np.linalg.norm(values * in_g)
        epsilon = RADIUS * values * in_g / (length if norm == "euclidean" else np.sqrt(values @ in_g**2))
        np.testing.assert_allclose(effect.step[0], values * in_g / length, rtol=1e-9)
        np.testing.assert_allclose(effect.added[0], values * HERE * epsilon / length, rtol=1e-6)
        np.testing.assert_allclose(effect.first_order, effect.added, rtol=1e-6)
        assert effect.first_order_error < 1e-6 and effect.gain == pytest.approx(effect.first_order_gain)
        assert effect.gain > 1, "uphill the slope grows where the curvature is positive"
    if norm == "euclidean":
        ratio = (u * np.linalg.norm(in_g) / np.linalg.norm(u * in_g)) ** 2
        np.testing.assert_allclose(found.learned.added[0] / found.plain.added[0], ratio, rtol=1e-6)
        assert (ratio > 1).any() and (ratio < 1).any(), "U lengthens some directions beside others"


def test_without_u_both_effects_are_one_and_a_slope_of_zero_is_refused() -> None:
    theta = GENERATOR.standard_normal((3, D))
    batches = [Quadratic(in_basis(HERE * scale)) for scale in (0.5, 1.0, 2.0)]
    found = measure_amplification(batches, theta[0], BASIS[:, :4].T, Identity(), None, RADIUS)
    assert found.plain.added.shape == (3, 4)
    np.testing.assert_array_equal(found.plain.added, found.learned.added)
    np.testing.assert_array_equal(found.logarithms, np.zeros(3))
    with pytest.raises(ValueError, match="the gradient here is zero"):
        measure_amplification(batches, np.zeros(D), BASIS[:, :4].T, Identity(), None, RADIUS)


def test_means_over_batches_and_directions() -> None:
    step, added = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[3.0, 4.0], [0.0, 5.0]])
    effect = ProbeEffect(step, added, added / 2)
    assert effect.size == pytest.approx(5.0)
    assert effect.gain == pytest.approx(np.sqrt((16 + 16 + 36) / 2))
    assert effect.first_order_error == pytest.approx(0.5)
    found = Amplification(effect, ProbeEffect(step, 2 * added, added))
    np.testing.assert_allclose(found.logarithms, np.log(2.0))
    nothing = Amplification(effect, ProbeEffect(step, 0 * added, added))
    assert not np.isfinite(nothing.logarithms).any(), "no factor of nothing, and no warning"


def test_on_a_network_it_is_the_step_that_the_composed_rule_makes() -> None:
    data = load_dataset("two-moons", seed=0).head(120)
    module = build_network("mlp", data.input_shape, data.classes, seed=0)
    objective = NetworkLoss(module, data.inputs, data.targets, dtype=torch.float64)
    theta, llqr = objective.initial, LLQR.for_networks("kfac", decay=0.0)
    state = llqr.refresh(objective, theta, llqr.start(objective, theta))
    batches = [objective.rows(torch.arange(k, k + 40)) for k in (0, 40, 80)]
    directions = np.eye(objective.dimension)[:5]
    found = measure_amplification(batches, theta, directions, llqr, state, 0.05)
    for row, batch in enumerate(batches):
        g = batch.gradient(theta)
        ug = llqr.apply(batch.layout, state, g)
        ahead = batch.gradient(theta + 0.05 * ug / torch.linalg.vector_norm(ug))
        added = llqr.apply(batch.layout, state, ahead - g) / torch.linalg.vector_norm(ug)
        np.testing.assert_allclose(found.learned.added[row], added[:5].numpy(), rtol=1e-6, atol=1e-9)
    short = measure_amplification(batches, theta, directions, llqr, state, 1e-6)
    assert short.learned.first_order_error < 1e-3, "the nearer, the more linear"
    assert short.learned.first_order_error < found.learned.first_order_error
