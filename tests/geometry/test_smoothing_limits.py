"""The low-resolution picture at its limits: accuracy that is stated, company, far and wide, bad input, own surfaces."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields

import numpy as np
import pytest

from geometry import smoothing
from geometry.gaussian import interval_moments
from geometry.smoothing import neighbourhood_moments
from geometry.surface import FlatBasin, Surface
from geometry.surfaces import SURFACES, AnnularWell, Rosenbrock, StiffValley, TwoScalePlane, TwoScaleQuadratic

RING = AnnularWell()
rng = np.random.default_rng(0)
ROUND = RING.well_radius * np.stack([np.cos(a := rng.uniform(0, 2 * np.pi, 40)), np.sin(a)], axis=-1)


def arrays(moments):
    return moments.second_moment, moments.mean_hessian, moments.mean_gradient


def fine(surface, starts, sigma, spacing=0.02, reach=7.0):
    """The same averages on a start-centred lattice, five times as fine and out to 7σ, by matrix products."""
    axis = np.arange(-round(reach * sigma / spacing), round(reach * sigma / spacing) + 1) * spacing
    weight = np.exp(-(axis**2) / (2 * sigma**2))
    weight /= weight.sum()
    out = []
    for start in starts:
        theta = np.stack(np.meshgrid(start[0] + axis, start[1] + axis, indexing="ij"), axis=-1)
        g, h = surface.gradient(theta), surface.hessian(theta)
        product = g[..., :, None] * g[..., None, :]
        out.append([np.tensordot(weight, np.tensordot(weight, f, 1), 1) for f in (product, h, g)])
    return [np.stack(column) for column in zip(*out, strict=True)]


@pytest.mark.parametrize(
    ("surface", "bound"),
    [
        (RING, 5e-4),
        (AnnularWell(aspect=1.4, width=0.2), 5e-4),
        (StiffValley(), 5e-4),
        (AnnularWell(width=0.1), 5e-4),
        (StiffValley(width=0.1), 5e-4),
        (SURFACES["goldstein-price"](), 0.3),
        (SURFACES["ackley"](), 0.1),
    ],
    ids=str,
)
@pytest.mark.parametrize("sigma", [0.5, 1.0])
def test_the_stated_error_holds(surface, bound, sigma):
    """Against an integral without the cut: relative to the largest entry of each average."""
    starts = np.array([[4.97, 0.3], [3.0, 3.9], [2.2, -1.0]])
    if surface.domain[0][1] < 5.5:
        starts = starts / 10 + 0.0037  # no point of the fine lattice at Ackley's centre, where curvature grows as 1/r
    for value, exact in zip(
        arrays(neighbourhood_moments(surface, starts, sigma)), fine(surface, starts, sigma), strict=True
    ):
        size = np.abs(exact).reshape(3, -1).max(axis=1)
        assert (np.abs(value - exact).reshape(3, -1).max(axis=1) < bound * size).all()


def test_a_walker_is_averaged_alike_in_any_company():
    """To the last bit: bounces amplify it, and a single run must repeat what a batch has shown."""
    together = arrays(neighbourhood_moments(RING, ROUND, 2.0))
    backwards = arrays(neighbourhood_moments(RING, ROUND[::-1], 2.0))
    with_a_stranger = arrays(neighbourhood_moments(RING, np.concatenate([ROUND, [[5e4, 1.0]]]), 2.0))
    for i, start in enumerate(ROUND):
        alone = arrays(neighbourhood_moments(RING, start, 2.0))
        for a, b, c, d in zip(alone, together, backwards, with_a_stranger, strict=True):
            assert np.array_equal(a, b[i]) and np.array_equal(a, c[len(ROUND) - 1 - i]) and np.array_equal(a, d[i])


def test_threads_do_not_meet():
    """Different surfaces and scales at once, with the cache of tiles overflowing."""
    jobs = [(AnnularWell(radius=3.0 + 0.25 * (i % 12)), 0.5 + 0.1 * (i % 7)) for i in range(60)]
    alone = [neighbourhood_moments(s, ROUND[:3], sigma).second_moment for s, sigma in jobs]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda job: neighbourhood_moments(job[0], ROUND[:3], job[1]).second_moment, jobs))
    assert all(np.array_equal(a, b) for a, b in zip(found, alone, strict=True))


def test_walkers_axes_and_scales_broadcast():
    starts, sigma = ROUND[:6].reshape(2, 3, 2), np.array([[0.5], [1.0]])
    moments = neighbourhood_moments(RING, starts, sigma)
    assert [a.shape for a in arrays(moments)] == [(2, 3, 2, 2), (2, 3, 2, 2), (2, 3, 2)]
    one = neighbourhood_moments(RING, starts[1, 2], 1.0)
    assert np.array_equal(moments.mean_hessian[1, 2], one.mean_hessian)
    swept = neighbourhood_moments(RING, ROUND[0], np.array([0.5, 1.0, 2.0]))
    assert swept.mean_gradient.shape == (3, 2)
    assert np.array_equal(swept.mean_gradient[1], neighbourhood_moments(RING, ROUND[0], 1.0).mean_gradient)


def test_tiles_that_are_kept_are_small_and_few():
    smoothing._kept_fields.cache_clear()
    for sigma in np.linspace(0.3, 12.0, 20):
        neighbourhood_moments(RING, ROUND[0], sigma)
    kept = smoothing._kept_fields.cache_info()
    assert 0 < kept.currsize <= 8
    assert 8 * smoothing.KEPT_POINTS * 64 < 200e6


def test_a_wide_quadratic_bowl_has_its_closed_form():
    """E[ggᵀ] = g gᵀ + σ²H², E[H] = H: σ = 15 is past the size of tile that is kept."""
    surface, start = SURFACES["quadratic-bowl"](), np.array([-4.0, 2.5])
    h = np.diag([1.0, 10.0])
    for sigma in (0.03, 1.0, 15.0):
        second, hessian, gradient = arrays(neighbourhood_moments(surface, start, sigma))
        # 4.5σ holds all but 7e-6 of the weight, and 1.4e-4 of the variance
        np.testing.assert_allclose(second, np.outer(h @ start, h @ start) + sigma**2 * h @ h, rtol=4e-4)
        np.testing.assert_allclose(hessian, h, rtol=1e-12)
        np.testing.assert_allclose(gradient, h @ start, rtol=1e-4)


def lattice_only(surface):
    """The same surface without its closed form."""

    @dataclass(frozen=True)
    class Sampled(type(surface)):
        neighbourhood = None

    return Sampled(**{name: getattr(surface, name) for name in [f.name for f in fields(surface)]})


def test_a_lattice_is_too_coarse_for_kinks_and_misses_their_curvature():
    """Why the two-scale quadratic has its averages in closed form.

    Sampled, the first two averages are off by per cents (the pothole is five lattice points wide), and the mean Hessian
    keeps the pothole's positive curvature without the negative one of its edges: about h + (a − h) P(|x| < w), fifteen
    times the true value, which is close to h.
    """
    surface, start, sigma = TwoScalePlane(), np.array([0.03, 0.04]), 2.0
    exact, sampled = (neighbourhood_moments(s, start, sigma) for s in (surface, lattice_only(surface)))
    h, w = np.array([0.3, 4.0]), 0.25
    np.testing.assert_allclose(np.diag(exact.mean_hessian), h, rtol=0.25)
    inside, _, _ = interval_moments(start, np.full(2, sigma), np.full(2, -w), np.full(2, w))
    without_edges = h + (np.array([40.0, 60.0]) - h) * inside
    np.testing.assert_allclose(np.diag(sampled.mean_hessian), without_edges, rtol=0.15)
    assert sampled.mean_hessian[0, 0] > 10 * exact.mean_hessian[0, 0]
    error = np.abs(sampled.second_moment / exact.second_moment - 1).max()
    assert 1e-3 < error < 0.2


def test_the_closed_form_survives_far_and_narrow():
    surface = TwoScaleQuadratic()
    for start, sigma in ((1e6, 2.0), (0.1, 1e-9), (0.25, 1e-12), (-300.0, 1e3)):
        moments = neighbourhood_moments(surface, np.array([start]), sigma)
        assert all(np.isfinite(a).all() for a in arrays(moments))
    narrow = neighbourhood_moments(surface, np.array([0.1]), 1e-9)
    assert narrow.mean_hessian[0, 0] == pytest.approx(40.0) and narrow.mean_gradient[0] == pytest.approx(
        0.3 * 4.1 + 39.7 * 0.1
    )


@dataclass(frozen=True)
class Own(Surface):
    """Rosenbrock's function as a person would bring it: no kernel."""

    key, title, description, parameters = "own", "Own", "Own.", ()
    domain, default_start, flat_basin = ((-2.0, 2.0), (-1.0, 3.0)), (-1.2, 1.0), FlatBasin((1.0, 1.0), 0.1)

    def loss(self, theta):
        return Rosenbrock().loss(theta)

    def gradient(self, theta):
        return Rosenbrock().gradient(theta)

    def hessian(self, theta):
        return Rosenbrock().hessian(theta)


@dataclass(frozen=True)
class OwnCurve(Surface):
    """cos x on a line, no kernel."""

    key, title, description, parameters = "own-curve", "Own", "Own.", ()
    dimension, domain, default_start, flat_basin = 1, ((-4.0, 4.0),), (1.0,), None

    def loss(self, theta):
        return np.cos(theta[..., 0])

    def gradient(self, theta):
        return -np.sin(theta)

    def hessian(self, theta):
        return -np.cos(theta)[..., None]


def test_a_surface_of_ones_own_needs_no_kernel():
    own, built_in = (neighbourhood_moments(s, [0.3, 0.7], 0.4) for s in (Own(), Rosenbrock()))
    for a, b in zip(arrays(own), arrays(built_in), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_a_curve_of_ones_own_is_averaged_too():
    """E[cos x] = e^(−σ²/2) cos m and E[sin² x] = ½(1 − e^(−2σ²) cos 2m)."""
    second, hessian, gradient = arrays(neighbourhood_moments(OwnCurve(), np.array([[0.4], [1.0]]), 0.7))
    m = np.array([0.4, 1.0])
    np.testing.assert_allclose(hessian[:, 0, 0], -np.exp(-0.245) * np.cos(m), rtol=5e-5)
    np.testing.assert_allclose(gradient[:, 0], -np.exp(-0.245) * np.sin(m), rtol=5e-5)
    np.testing.assert_allclose(second[:, 0, 0], 0.5 * (1 - np.exp(-0.98) * np.cos(2 * m)), rtol=5e-5)


@pytest.mark.parametrize(
    ("start", "scale", "message"),
    [
        ([1.0, 2.0], -1.0, "scale"),
        ([1.0, 2.0], math.nan, "scale"),
        ([1.0, 2.0], math.inf, "scale"),
        ([1.0, 2.0], [1.0, 0.0], "scale"),
        ([1.0, 2.0], 30.0, "at most 22"),
        ([1.0, math.inf], 1.0, "start must be finite"),
        ([1.0, 2.0, 3.0], 1.0, "2 coordinates"),
        (1.0, 1.0, "2 coordinates"),
    ],
)
def test_bad_input_ends_in_a_sentence(start, scale, message):
    with pytest.raises(ValueError, match=message):
        neighbourhood_moments(RING, start, scale)
