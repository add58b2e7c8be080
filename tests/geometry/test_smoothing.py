"""The low-resolution picture: quadrature against a plain loop, Monte Carlo, closed forms and known numbers."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from geometry.smoothing import neighbourhood_moments
from geometry.surfaces import SURFACES, AnnularWell, StiffValley, TwoScaleQuadratic
from optimizers import LLQR, simulate
from optimizers.methods import Method

RING = AnnularWell()
BOTTOM = np.array([RING.well_radius, 0.0])


def plain(surface, start, sigma):
    """Trapezoid sums centred on the start, one point after the other."""
    spacing = min(0.1, sigma / 6)
    half = round(4.5 * sigma / spacing)
    total, c, h, g = 0.0, np.zeros((2, 2)), np.zeros((2, 2)), np.zeros(2)
    for i in range(-half, half + 1):
        offsets = np.stack([np.full(2 * half + 1, i), np.arange(-half, half + 1)], axis=-1) * spacing
        weights = np.exp(-np.sum(offsets**2, axis=-1) / (2 * sigma**2))
        slopes, bends = surface.gradient(start + offsets), surface.hessian(start + offsets)
        total += weights.sum()
        c += np.einsum("w,wi,wj->ij", weights, slopes, slopes)
        h += np.einsum("w,wij->ij", weights, bends)
        g += weights @ slopes
    return c / total, h / total, g / total


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("surface", [RING, AnnularWell(aspect=1.4), StiffValley()], ids=["ring", "ellipse", "valley"])
def test_the_lattice_equals_a_plain_loop(surface, sigma):
    """Two lattices with another offset: both are exact to rounding and to the weight beyond 4.5σ (7e-6)."""
    start = np.array([4.71, 0.37])
    c, h, g = plain(surface, start, sigma)
    moments = neighbourhood_moments(surface, start, sigma)
    np.testing.assert_allclose(moments.second_moment, c, rtol=1e-4, atol=1e-5 * np.abs(c).max())
    np.testing.assert_allclose(moments.mean_hessian, h, rtol=1e-4, atol=1e-5 * np.abs(h).max())
    np.testing.assert_allclose(moments.mean_gradient, g, rtol=1e-4, atol=1e-5 * np.abs(g).max())


def test_monte_carlo_agrees():
    """10⁶ draws: within five standard errors of the mean."""
    theta = BOTTOM + 2.0 * np.random.default_rng(0).standard_normal((1_000_000, 2))
    moments = neighbourhood_moments(RING, BOTTOM, 2.0)
    for draws, value in (
        (RING.gradient(theta)[:, 0] ** 2, moments.second_moment[0, 0]),
        (RING.hessian(theta)[:, 0, 0], moments.mean_hessian[0, 0]),
        (RING.gradient(theta)[:, 0], moments.mean_gradient[0]),
    ):
        assert abs(draws.mean() - value) < 5 * draws.std() / 1000


def test_the_ring_has_the_known_low_resolution_picture():
    """C = 10.4 and H̄ = 0.395 along the radius: the well's curvatures cancel, the steep walls remain in C."""
    moments = neighbourhood_moments(RING, BOTTOM, 2.0)
    assert moments.second_moment[0, 0] == pytest.approx(10.4, abs=0.05)
    assert moments.mean_hessian[0, 0] == pytest.approx(0.395, abs=0.0005)


def test_what_llqr_learns_from_it():
    """U = 2.53 along the radius and 2.93 across on the ring; (1.00, 0.0093) in the valley with h₂ = 400."""
    ring = simulate(RING, "LLQR", BOTTOM, 1).preconditioners[0]
    assert ring[0, 0] == pytest.approx(2.53, abs=0.005) and ring[1, 1] == pytest.approx(2.93, abs=0.01)
    valley = StiffValley()
    learned = simulate(valley, "LLQR", [valley.well_position, 0.0], 1, 0.001).preconditioners[0]
    assert learned[0, 0] == pytest.approx(1.00, abs=0.005) and learned[1, 1] == pytest.approx(0.0093, abs=0.0001)


def test_a_small_neighbourhood_learns_the_pothole_instead():
    """σ ≤ 0.5 reverses the picture: U along the radius becomes the smaller one."""
    rule = LLQR(warm_start_scale=0.3)
    learned = simulate(RING, Method(preconditioner=rule), BOTTOM, 1).preconditioners[0]
    assert learned[0, 0] < 0.5 * learned[1, 1]


@pytest.mark.parametrize("surface", [TwoScaleQuadratic(), TwoScaleQuadratic(0.5, 20.0, 0.6, -2.0)], ids=["a", "b"])
@pytest.mark.parametrize("sigma", [0.1, 0.5, 2.0])
def test_the_kinked_quadratic_is_averaged_exactly(surface, sigma):
    """Against adaptive integration; the mean Hessian is the slope of the mean gradient, kinks included."""
    w, start = surface.half_width, 0.2

    def mean_gradient(centre, power=1):
        def integrand(x):
            density = np.exp(-((x - centre) ** 2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))
            return float(surface.gradient(np.array([x]))[0]) ** power * density

        pieces = sorted({centre - 9 * sigma, -w, w, centre, centre + 9 * sigma})
        inner = [p for p in pieces if centre - 9 * sigma <= p <= centre + 9 * sigma]
        return sum(quad(integrand, a, b, epsabs=1e-12, limit=200)[0] for a, b in pairwise(inner))

    moments = neighbourhood_moments(surface, np.array([start]), sigma)
    assert moments.mean_gradient[0] == pytest.approx(mean_gradient(start), rel=1e-8)
    assert moments.second_moment[0, 0] == pytest.approx(mean_gradient(start, 2), rel=1e-8)
    step = 1e-4 * sigma
    slope = (mean_gradient(start + step) - mean_gradient(start - step)) / (2 * step)
    assert moments.mean_hessian[0, 0] == pytest.approx(slope, rel=1e-5, abs=1e-6)


def test_starts_and_scales_do_not_meet():
    """A batch over starts and scales is the loop over them, near or so far apart that no common tile holds them."""
    rng = np.random.default_rng(3)
    starts = np.concatenate([rng.uniform(-5, 5, (5, 2)), [[900.0, -2.0]]])
    scales = np.array([2.0, 1.0, 2.0, 0.5, 2.0, 2.0])
    batch = neighbourhood_moments(RING, starts, scales)
    for w in range(6):
        alone = neighbourhood_moments(RING, starts[w], scales[w])
        np.testing.assert_allclose(batch.second_moment[w], alone.second_moment, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(batch.mean_hessian[w], alone.mean_hessian, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("key", SURFACES)
def test_every_surface_has_a_neighbourhood(key):
    surface = SURFACES[key]()
    moments = neighbourhood_moments(surface, np.array(surface.default_start), 0.4)
    d = surface.dimension
    assert moments.second_moment.shape == (d, d)
    assert np.linalg.eigvalsh(moments.second_moment).min() >= -1e-9 * np.abs(moments.second_moment).max()


def test_a_scale_must_be_positive():
    with pytest.raises(ValueError, match="scale"):
        neighbourhood_moments(RING, BOTTOM, 0.0)
