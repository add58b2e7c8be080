"""Curvature against the dense Hessian, against closed forms, and with its errors said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from geometry.architectures import build_network
from geometry.architectures.plain import mlp
from geometry.curvature import (
    RelativeLoss,
    dense_hessian,
    hessian_trace,
    sam_sharpness,
    spectral_density,
    top_eigenvalues,
)
from geometry.curvature.lanczos import lanczos
from geometry.networks import NetworkLoss
from geometry.objective import Layout
from geometry.rescaling import rescaled, rescaling_demonstration
from geometry.slices import slice_plane
from geometry.surfaces import make_surface


def network(
    dtype: torch.dtype = torch.float64, activation: str = "tanh", widths: tuple[int, ...] = (8,)
) -> NetworkLoss:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(60, 5, generator=generator, dtype=torch.float64)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = mlp((5,), 3, widths, activation)
    return NetworkLoss(module, inputs, torch.randint(3, (60,), generator=generator), dtype=dtype)


@dataclass(frozen=True, eq=False)
class Quadratic:
    """½ θᵀ H θ + gᵀθ."""

    matrix: np.ndarray
    slope: np.ndarray

    @property
    def dimension(self) -> int:
        return len(self.slope)

    @property
    def layout(self) -> Layout:
        return Layout.single(self.dimension)

    def loss(self, theta: np.ndarray) -> np.ndarray:
        return ((theta @ self.matrix) * theta).sum(-1) / 2 + theta @ self.slope

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        return theta @ self.matrix + self.slope

    def curvature_product(self, theta: np.ndarray, d: np.ndarray, metric: str = "newton") -> np.ndarray:
        return d @ self.matrix


def quadratic(eigenvalues: np.ndarray, seed: int = 0, slope: float = 0.0) -> Quadratic:
    q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(eigenvalues),) * 2))
    return Quadratic(q @ np.diag(eigenvalues) @ q.T, np.full(len(eigenvalues), slope))


# ------------------------------------------------------------------------------------------------- eigenvalues


def test_dense_hessian_is_that_of_autograd() -> None:
    objective = network()
    expected = torch.autograd.functional.hessian(objective.loss, objective.initial).numpy()
    assert np.abs(dense_hessian(objective, objective.initial) - expected).max() <= 1e-12


@pytest.mark.parametrize("end", ["largest", "smallest"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-8), (torch.float32, 1e-5)])
def test_eigenvalues_against_the_dense_hessian(end: str, dtype: torch.dtype, tolerance: float) -> None:
    """The error of a value is of the order of its residual squared; float32 products leave 1e-6 or so."""
    objective = network(dtype)
    hessian = dense_hessian(network(), network().initial)
    expected = np.linalg.eigvalsh(hessian)
    expected = expected[::-1][:3] if end == "largest" else expected[:3]
    found = top_eigenvalues(objective, objective.initial, 3, end=end, tolerance=1e-4)
    size = np.abs(expected).max()
    assert np.abs(found.values - expected).max() <= tolerance * size
    assert found.converged.all()
    residuals = np.linalg.norm(hessian @ found.vectors.T - found.values * found.vectors.T, axis=0)
    assert np.abs(residuals - found.residuals).max() <= 1e-5 * size
    assert np.allclose(found.vectors @ found.vectors.T, np.eye(3), atol=1e-6)


def test_the_network_of_the_benchmarks_needs_few_products() -> None:
    from geometry.datasets import load_dataset

    data = load_dataset("digits")
    objective = NetworkLoss(build_network("mlp", data.input_shape, 10), data.inputs, data.targets)
    found = top_eigenvalues(objective, objective.initial)
    assert found.converged.all() and found.products <= 60


def test_what_did_not_converge_is_said() -> None:
    """One tool returns 2.57 for 4.11 without a word. Here a budget too small is visible, and so is the residual."""
    objective = quadratic(np.linspace(0.99, 1.0, 400))
    found = top_eigenvalues(objective, np.zeros(400), 2, tolerance=1e-9, max_products=30)
    assert found.values.shape == (2,) and not found.converged.any()
    assert "not converged" in found.describe()
    # The residual is honest: an eigenvalue lies within it.
    eigenvalues = np.linspace(0.99, 1.0, 400)
    for value, residual in zip(found.values, found.residuals, strict=True):
        assert np.abs(eigenvalues - value).min() <= residual + 1e-12
    enough = top_eigenvalues(objective, np.zeros(400), 2, tolerance=1e-9, max_products=5000)
    assert enough.converged.all() and np.allclose(enough.values, eigenvalues[[-1, -2]], atol=1e-10)
    assert "not" not in enough.describe()


def test_few_products_stay_few() -> None:
    objective = quadratic(np.linspace(0.99, 1.0, 400))
    found = top_eigenvalues(objective, np.zeros(400), 1, tolerance=1e-12, max_products=40)
    # The budget, and the last try with what had been found.
    assert found.products <= 40 + 2 * 24 + 2


@pytest.mark.parametrize("eigenvalues", [np.zeros(50), np.eye(50)[0], np.ones(50), -np.arange(50.0)])
def test_degenerate_hessians(eigenvalues: np.ndarray) -> None:
    """No curvature, one direction of it, no gaps; and a largest eigenvalue at 0, which ARPACK by itself overlooks."""
    found = top_eigenvalues(quadratic(eigenvalues), np.zeros(50), 2)
    # The default tolerance on residuals is 1e-3 of the size; errors of values go with its square.
    assert np.allclose(found.values, np.sort(eigenvalues)[::-1][:2], atol=1e-6)
    assert found.converged.all()


def test_a_toy_has_both_its_eigenvalues() -> None:
    surface = make_surface("annular-well")
    theta = np.array([1.0, 2.0])
    found = top_eigenvalues(surface, theta, 2)
    assert np.allclose(found.values, np.linalg.eigvalsh(surface.hessian(theta))[::-1], rtol=1e-9)


# ------------------------------------------------------------------------------------------------------- trace


def test_trace_within_its_standard_error() -> None:
    objective = network()
    exact = np.trace(dense_hessian(objective, objective.initial))
    # 30 estimates; each standardised deviation is near t-distributed with 15 degrees of freedom.
    found = [hessian_trace(objective, objective.initial, 16, seed=seed) for seed in range(30)]
    deviations = np.array([(t.value - exact) / t.standard_error for t in found])
    assert abs(deviations.mean()) < 5 / np.sqrt(30) * 1.1
    assert 0.5 < deviations.std() < 1.8


def test_trace_of_a_diagonal_is_exact() -> None:
    """Signs square to one: a diagonal Hessian has no variance, its standard error is 0."""
    diagonal = Quadratic(np.diag([1.0, 2.0, 5.0]), np.zeros(3))
    found = hessian_trace(diagonal, np.zeros(3), 4)
    assert found.value == pytest.approx(8) and found.standard_error == pytest.approx(0, abs=1e-12)


# ----------------------------------------------------------------------------------------------------- density


def test_lanczos_is_a_tridiagonal_view() -> None:
    matrix = quadratic(np.arange(1.0, 31)).matrix
    diagonal, off, basis = lanczos(lambda v: matrix @ v, np.ones(30), 12)
    tridiagonal = np.diag(diagonal) + np.diag(off, 1) + np.diag(off, -1)
    assert np.allclose(basis @ matrix @ basis.T, tridiagonal, atol=1e-10)
    assert np.allclose(basis @ basis.T, np.eye(12), atol=1e-12)


def test_quadrature_of_moments_and_of_the_whole_spectrum() -> None:
    objective = network(widths=(4,))
    hessian = dense_hessian(objective, objective.initial)
    eigenvalues = np.linalg.eigvalsh(hessian)
    found = spectral_density(objective, objective.initial, probes=40, steps=20)
    assert np.allclose(found.weights.sum(1), 1)
    for power in (1, 2, 3):
        value, error = found.mean(found.nodes**power)
        assert abs(value - np.mean(eigenvalues**power)) < 5 * error
    assert found.trace[0] == pytest.approx(len(eigenvalues) * found.mean(found.nodes)[0])
    assert found.products == 40 * 20
    # With as many steps as eigenvalues every eigenvalue is a node.
    full = spectral_density(objective, objective.initial, probes=2, steps=objective.dimension)
    assert max(np.abs(full.nodes[0][full.weights[0] > 0] - e).min() for e in eigenvalues[[0, 1, -2, -1]]) < 1e-8


def test_density_integrates_to_one_and_shows_the_spectrum() -> None:
    objective = quadratic(np.concatenate([np.zeros(80), np.full(20, 3.0)]))
    found = spectral_density(objective, np.zeros(100), probes=8, steps=10)
    grid, density = found.density(2001)
    step = grid[1] - grid[0]
    assert density.sum() * step == pytest.approx(1, abs=1e-3)
    share = density[grid > 1.5].sum() * step
    # Every random vector has 1/5 of its length² there, give or take √(2·0.8·0.2/100/8)/… ≈ 0.02.
    assert share == pytest.approx(0.2, abs=0.06)


# --------------------------------------------------------------------------------------------------- sharpness


def test_sharpness_of_a_quadratic_is_its_top_eigenvalue() -> None:
    """At the minimum the maximum over the ball is ½ λ₁ ρ²; the steps are a power iteration, factor (λ₂/λ₁)² each."""
    objective = quadratic(np.array([4.0, 1.0, 0.5, 0.1]))
    found = sam_sharpness(objective, np.zeros(4), 0.3, steps=30)
    assert found.value == pytest.approx(0.5 * 4 * 0.09, rel=1e-9)
    assert np.linalg.norm(found.perturbation) == pytest.approx(0.3)
    assert (np.diff(found.rises) >= -1e-12).all()


def test_one_step_is_sams() -> None:
    objective = network()
    theta = objective.initial
    g = objective.gradient(theta)
    one = sam_sharpness(objective, theta, 0.1, steps=1)
    expected = float(objective.loss(theta + 0.1 * g / g.norm()) - objective.loss(theta))
    assert one.value == one.one_step == pytest.approx(expected)
    more = sam_sharpness(objective, theta, 0.1, steps=8)
    assert more.value >= one.value and more.steps == 8 and "8 ascent steps" in more.describe()
    assert float(objective.loss(theta + more.perturbation) - objective.loss(theta)) == pytest.approx(more.value)


def test_sharpness_on_top_of_a_hill_is_zero() -> None:
    found = sam_sharpness(quadratic(-np.ones(3)), np.zeros(3), 0.5)
    assert found.value == 0 and (found.rises < 0).all() and (found.perturbation == 0).all()


# --------------------------------------------------------------------------------------------------- rescaling


def test_the_same_relu_network_with_another_sharpness() -> None:
    """Dinh et al.: the loss stays, the top eigenvalue does not; the filter-normalised slice stays.

    In the limit the second layer's block of the Hessian grows by α², here to be seen as growth with α.
    """
    objective = network(activation="relu")
    one, five, twenty = rescaling_demonstration(objective, objective.initial, (1.0, 5.0, 20.0))
    for row in (one, five, twenty):
        assert abs(row.loss_difference) < 1e-12 and row.slice_difference < 1e-9
    assert twenty.eigenvalues.values[0] > 10 * five.eigenvalues.values[0] > 10 * one.eigenvalues.values[0]
    assert twenty.trace.value > 10 * five.trace.value
    assert twenty.sharpness.value > five.sharpness.value > one.sharpness.value


def test_rescaling_moves_the_blocks_of_the_hessian_as_derived() -> None:
    """H(T_α θ) = T_α⁻¹ H(θ) T_α⁻¹: the chain rule, to rounding, for α = 3."""
    objective = network(activation="relu")
    theta = objective.initial
    scale = (rescaled(torch.ones_like(theta), objective.layout, 3.0)).numpy()
    before = dense_hessian(objective, theta)
    after = dense_hessian(objective, rescaled(theta, objective.layout, 3.0))
    assert np.abs(after - before / scale / scale[:, None]).max() <= 1e-10 * np.abs(after).max()


def test_no_demonstration_where_the_function_changes() -> None:
    objective = network(activation="tanh")
    with pytest.raises(ValueError, match="more than a ReLU"):
        rescaling_demonstration(objective, objective.initial, (3.0,))


# --------------------------------------------------------------------------------------------------- bad input


def test_bad_input() -> None:
    objective = network()
    theta = objective.initial
    surface = make_surface("annular-well")
    for call, sentence in (
        (lambda: top_eigenvalues(objective, theta[:3]), "theta must have shape"),
        (lambda: top_eigenvalues(objective, theta, 0), "count must be between 1"),
        (lambda: top_eigenvalues(objective, theta, end="top"), "end must be one of largest"),
        (lambda: top_eigenvalues(objective, theta, tolerance=0), "tolerance must be"),
        (lambda: top_eigenvalues(objective, theta, max_products=0), "max_products must be"),
        (lambda: top_eigenvalues(objective, theta * torch.nan), "not finite"),
        (lambda: top_eigenvalues(objective, theta, metric="fisher"), "metric must be one of"),
        (lambda: hessian_trace(objective, theta, 1), "at least 2"),
        (lambda: spectral_density(objective, theta, probes=1), "at least 2"),
        (lambda: spectral_density(objective, theta, steps=0), "steps must be"),
        (lambda: spectral_density(objective, theta, steps=3).density(1), "points must be"),
        (lambda: sam_sharpness(objective, theta, -1.0), "radius must be"),
        (lambda: sam_sharpness(objective, theta, steps=0), "steps must be"),
        (lambda: sam_sharpness(objective, theta[:2]), "theta must have shape"),
        (lambda: rescaled(theta, objective.layout, 0.0), "factor must be"),
        (lambda: rescaled(theta, objective.layout, 2.0, "nowhere"), "there is no layer 'nowhere'"),
        (lambda: rescaled(theta, objective.layout, 2.0, "output", "output"), "must differ"),
        (lambda: rescaled(np.ones(2), surface.layout, 2.0), "needs two layers"),
        (lambda: lanczos(lambda v: v, np.zeros(3), 2), "not zero"),
    ):
        with pytest.raises(ValueError, match=sentence):
            call()


# ------------------------------------------------------------------------------------ relative to the weights


def test_the_relative_hessian_is_shs_and_its_trace_the_mean_curvature_of_filter_normalised_cuts() -> None:
    objective = network()
    theta = objective.initial + 0.1
    relative = RelativeLoss(objective, theta)
    units, hessian = relative.units.numpy(), dense_hessian(objective, theta)
    expected = units[:, None] * hessian * units
    assert np.abs(dense_hessian(relative, relative.origin) - expected).max() <= 1e-12
    asked = [relative.curvature_product(relative.origin, e) for e in torch.eye(len(units), dtype=torch.float64)]
    assert np.abs(torch.stack(asked).numpy() - expected).max() <= 1e-12
    delta = torch.linspace(-0.1, 0.1, len(units), dtype=torch.float64)
    assert float(relative.loss(delta)) == float(objective.loss(theta + relative.units * delta))
    slope = torch.autograd.functional.jacobian(relative.loss, delta)
    assert float((relative.gradient(delta) - slope).abs().max()) <= 1e-12
    # Gaussian directions scaled filter by filter to the length of the weights: d with E[d d'] = S² in each filter.
    cuts = []
    for seed in range(400):
        d = slice_plane(objective, theta, "random", "filter", seed, axes=1).directions[0].numpy()
        cuts.append(d @ hessian @ d)
    error = np.std(cuts, ddof=1) / np.sqrt(len(cuts))
    assert abs(np.mean(cuts) - np.trace(expected)) < 4 * error and error < 0.1 * abs(np.trace(expected))


def test_rescaling_two_layers_changes_the_hessian_and_not_the_relative_one() -> None:
    """Without biases, which are no filters, T_α leaves all of R as it is; with them all of what R moves."""
    objective = network(activation="relu")
    moved = rescaled(objective.initial, objective.layout, 5.0)
    before, after = (RelativeLoss(objective, theta) for theta in (objective.initial, moved))
    relative = [dense_hessian(one, one.origin) for one in (before, after)]
    assert np.abs(relative[0] - relative[1]).max() <= 1e-10 * np.abs(relative[0]).max()
    plain = [np.linalg.eigvalsh(dense_hessian(objective, theta))[-1] for theta in (objective.initial, moved)]
    assert max(plain) > 2 * min(plain)
