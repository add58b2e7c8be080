"""A formula and dug potholes as surfaces: as the built-in ones where they are the same, holes, minima, averages."""

import copy
import dataclasses

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from geometry.compiled import derivatives
from geometry.smoothing import neighbourhood_moments
from geometry.surface import charted
from geometry.surface_code import SurfaceCode
from geometry.surfaces import SURFACES, AnnularWell, Formula, MonkeySaddle, Pit, Pitted, TwoScaleQuadratic, make_surface
from geometry.surfaces.pitted import dig
from optimizers import METHODS, simulate

pytestmark = pytest.mark.slow

WRITTEN = {
    "annular-well": "0.15*(x^2 + y^2) - 3.5*exp(-(sqrt(x^2 + y^2) - 5)^2/0.125)",
    "stiff-valley": "0.15*x^2 + 200*y^2 - 3.5*exp(-(x - 5)^2/0.125)",
    "himmelblau": "(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
    "rosenbrock": "(1 - x)^2 + 100*(y - x^2)^2",
    "beale": "(1.5 - x + x*y)^2 + (2.25 - x + x*y^2)^2 + (2.625 - x + x*y^3)^2",
    "ackley": "-20*exp(-0.2*sqrt(0.5*(x^2+y^2))) - exp(0.5*(cos(2*pi*x) + cos(2*pi*y))) + 20 + e",
    "monkey-saddle": "x^3 - 3*x*y^2",
}
PITS = (Pit(1.0, 0.5, 2.0, 0.4), Pit(-1.5, 1.0, 0.7, 0.15), Pit(1.3, 0.4, 1.0, 0.2))


@pytest.mark.parametrize("key", WRITTEN)
def test_a_formula_is_the_built_in_surface(key):
    surface = SURFACES[key]()
    typed = Formula(WRITTEN[key])
    points = np.random.default_rng(0).uniform(-3, 3, (200, 2))
    for name in ("loss", "gradient", "hessian"):
        expected = getattr(surface, name)(points)
        assert_allclose(getattr(typed, name)(points), expected, atol=1e-12 * np.abs(expected).max())
    assert_allclose(charted(typed, points)[1], charted(surface, points)[1], rtol=1e-9, atol=1e-9)
    mine, theirs = (neighbourhood_moments(one, points[:5], 0.7) for one in (typed, surface))
    for one, other in zip(dataclasses.astuple(mine), dataclasses.astuple(theirs), strict=True):
        assert_allclose(one, other, rtol=1e-9, atol=1e-9 * np.abs(other).max())


@pytest.mark.parametrize(
    "ground", [*(kind() for kind in SURFACES.values()), TwoScaleQuadratic((0.3, 2.0), (40.0, 9.0))]
)
def test_a_pitted_ground_is_differentiated_by_torch_and_walked_by_the_kernel(ground):
    surface = Pitted(ground, PITS)
    d = ground.dimension
    points = np.random.default_rng(1).uniform(-2, 2, (60, d))
    tensor = torch.tensor(points, requires_grad=True)
    gradient = torch.autograd.grad(surface.loss(tensor).sum(), tensor)[0].numpy()
    hessian = torch.vmap(torch.func.hessian(surface.loss))(torch.tensor(points)).numpy()
    both = np.zeros((60, 2))
    both[:, :d] = points
    rows = np.array([derivatives(int(surface.kernel_code), surface.kernel_parameters, *point) for point in both])
    loss = surface.loss(points)
    for found in (surface.gradient(points), rows[:, 1 : 1 + d]):
        assert_allclose(found, gradient, atol=1e-12 * np.abs(gradient).max())
    scale = 1e-12 * np.abs(hessian).max()
    assert_allclose(surface.hessian(points), hessian, atol=scale)
    assert_allclose(rows[:, 0], loss, atol=1e-12 * np.abs(loss).max())
    assert_allclose(rows[:, 3], hessian[:, 0, 0], atol=scale)
    if d == 2:
        assert_allclose(rows[:, 4:], hessian[:, [0, 1], [1, 1]], atol=scale)
    else:
        assert not rows[:, [2, 4, 5]].any(), "a pit on a curve has no second coordinate"
    assert surface.domain == ground.domain and surface.flat_basin == ground.flat_basin and surface.key == ground.key
    assert dig(ground, PITS) == surface and dig(ground, ()) is ground


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(
    "surface", [Formula(), Pitted(MonkeySaddle(), PITS), Pitted(Formula(), PITS), Pitted(TwoScaleQuadratic(), PITS)]
)
def test_the_compiled_walk_is_the_readable_one(surface, name):
    """Few steps: bounces amplify rounding."""
    fast, slow = (
        simulate(surface, name, surface.default_start, 12, 0.003, 0.05, compiled=compiled) for compiled in (True, False)
    )
    assert_allclose(fast.positions, slow.positions, rtol=1e-7, atol=1e-9)
    assert_allclose(fast.losses, slow.losses, rtol=1e-7, atol=1e-9)
    assert fast.outcome == slow.outcome


def test_a_ground_without_a_kernel_takes_pits_too():
    @dataclasses.dataclass(frozen=True)
    class Own(MonkeySaddle):
        kernel_code = SurfaceCode.NONE

    surface = Pitted(Own(), PITS)
    assert surface.kernel_code == SurfaceCode.NONE
    run = simulate(surface, "LLQR+SAM", (0.9, 0.5), 10, 0.003)
    known = simulate(Pitted(MonkeySaddle(), PITS), "LLQR+SAM", (0.9, 0.5), 10, 0.003)
    assert_allclose(run.positions, known.positions, rtol=1e-6)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("name", METHODS)
def test_a_walker_that_comes_where_the_formula_is_not_defined_ends_there(name, compiled):
    surface = Formula("sqrt(x + 2) + 0.1*y^2")
    run = simulate(surface, name, (1.0, 0.0), 400, 0.1, 0.1, compiled=compiled)
    assert run.outcome == "diverged" and 0 < run.last_finite < 400
    assert run.describe_outcome() == f"diverged: L is not defined where step {run.last_finite} leads"
    assert np.isfinite(run.final).all() and np.isfinite(run.losses[: run.last_finite]).all()
    far = simulate(AnnularWell(), name, (4.0, 0.0), 400, 50.0, compiled=compiled)
    assert far.describe_outcome() == f"diverged after step {far.last_finite}"


def test_averages_are_taken_where_the_formula_is_defined():
    """log(x) beside its edge: the quadrature over the half plane alone, by another way."""
    surface, start, sigma = Formula("log(x) + y^2"), np.array([1.0, 0.5]), 1.0
    moments = neighbourhood_moments(surface, start, sigma)
    xs = (np.arange(np.floor(-3.5 / 0.1), np.ceil(5.5 / 0.1) + 1)) * 0.1
    xs = xs[(xs > 1e-9) & (np.abs(xs - 1) <= 4.5)]
    weight = np.exp(-0.5 * (xs - 1) ** 2)
    assert_allclose(moments.mean_hessian[0, 0], -(weight / xs**2).sum() / weight.sum(), rtol=1e-9)
    assert_allclose(moments.mean_gradient[1], 1.0, rtol=1e-9)
    nowhere = neighbourhood_moments(surface, np.array([-9.0, 0.0]), 0.5)
    assert np.isnan(nowhere.mean_hessian).all()


@pytest.mark.parametrize("key", ["two-scale-quadratic", "two-scale-plane"])
def test_the_averages_of_pits_are_those_of_the_whole(key):
    """Grounds with kinks are averaged in closed form and the pits' share added: the mean Hessian against differences
    of the mean gradient, which know nothing of that."""
    ground = SURFACES[key]()
    surface = Pitted(ground, (Pit(0.8, 0.3, 1.5, 0.4), Pit(0.2, -0.4, 0.5, 0.3)))
    start, sigma, step = np.array([0.5, 0.2][: ground.dimension]), 0.6, 1e-4
    moments = neighbourhood_moments(surface, start, sigma)
    for axis in range(ground.dimension):
        ahead, behind = (
            neighbourhood_moments(surface, start + sign * step * np.eye(ground.dimension)[axis], sigma).mean_gradient
            for sign in (1, -1)
        )
        assert_allclose(moments.mean_hessian[axis], (ahead - behind) / (2 * step), atol=1e-6)
    assert np.linalg.eigvalsh(moments.second_moment)[0] > 0


def test_a_sampled_pit_is_a_wider_and_shallower_pit():
    """On a bowl: what the lattice gives is what pits give in closed form."""
    bowl, pit, start, sigma = SURFACES["quadratic-bowl"](), Pit(0.8, 0.3, 1.5, 0.4), np.array([0.5, 0.2]), 0.6
    wide = 0.4**2 + sigma**2
    averaged = Pitted(bowl, (Pit(0.8, 0.3, 1.5 * 0.4**2 / wide, wide**0.5),))
    moments = neighbourhood_moments(Pitted(bowl, (pit,)), start, sigma)
    assert_allclose(moments.mean_hessian, averaged.hessian(start), rtol=5e-4, atol=5e-4)
    assert_allclose(moments.mean_gradient, averaged.gradient(start), rtol=5e-4, atol=5e-4)


def test_a_two_scale_ground_with_pits_has_the_second_moment_of_random_points():
    surface = Pitted(TwoScaleQuadratic(), (Pit(0.6, 0.0, 3.0, 0.3),))
    points = np.array([[0.4]]) + 0.7 * np.random.default_rng(2).normal(size=(400_000, 1))
    gradient = surface.gradient(points)[:, 0]
    found = neighbourhood_moments(surface, np.array([0.4]), 0.7)
    error = (gradient**2).std() / np.sqrt(len(points))
    assert abs(found.second_moment[0, 0] - (gradient**2).mean()) < 5 * error + 5e-3 * found.second_moment[0, 0]
    assert abs(found.mean_gradient[0] - gradient.mean()) < 5 * gradient.std() / np.sqrt(len(points))


def test_minima_of_a_formula_are_found_and_the_flattest_is_the_basin():
    typed = Formula()
    assert [m.name for m in typed.minima] == ["the bottom of the flat basin", "the minimum near (3.98, 1.99)"]
    assert_allclose(typed.flat_basin.centre, 0.0, atol=1e-9)
    assert typed.flat_basin.radius == 0.5
    four = Formula(WRITTEN["himmelblau"])
    known = sorted(m.position for m in SURFACES["himmelblau"]().minima)
    assert_allclose(sorted(m.position for m in four.minima), known, atol=1e-7)
    for surface in (typed, four):
        for minimum in surface.minima:
            assert_allclose(surface.gradient(np.array(minimum.position)), 0.0, atol=1e-7)
    assert_allclose(Formula("abs(x - 1) + abs(y)").flat_basin.centre, (1.0, 0.0), atol=1e-4)
    for without in ("x*y", "x^2", "0*x", "x", "1/(x^2 + y^2)", "log(x) + x^2 + y^2"):
        assert Formula(without).flat_basin is None, without
    narrow = Formula("(x - 30)^2 + y^2", x_middle=20.0, x_reach=12.0)
    assert_allclose(narrow.flat_basin.centre, (30.0, 0.0), atol=1e-6)


def test_minima_follow_the_pits():
    ring = AnnularWell()
    surface = Pitted(ring, (Pit(2.0, 1.0, 3.0, 0.3), Pit(0.1, 0.0, 1.0, 0.2)))
    names = [m.name for m in surface.minima]
    assert names == ["the bottom of the flat basin", "the bottom of dug pothole 1"], "the second has moved the first"
    for minimum in surface.minima:
        assert_allclose(surface.gradient(np.array(minimum.position)), 0.0, atol=1e-6)
        assert minimum.loss == float(surface.loss(np.array(minimum.position)))
    shallow = Pitted(ring, (Pit(2.0, 1.0, 0.01, 0.2),)).minima
    assert [m.name for m in shallow] == [m.name for m in ring.minima], "too shallow to hold anything"
    alone = Pitted(ring, (Pit(2.0, 1.0, 3.0, 0.3),))
    assert alone.describe_position(np.array([2.1, 1.2])) == "in the dug pothole, θ = (2.10, 1.20)"
    assert alone.describe_position(np.array([0.1, 0.0])) == "in the flat basin, r = 0.10"
    curve = Pitted(TwoScaleQuadratic(), (Pit(-2.0, 7.0, 3.0, 0.3),))
    assert curve.describe_position(np.array([-2.1])) == "in the dug pothole, θ = -2.10"
    assert any("dug" in m.name for m in curve.minima), "y means nothing on a curve"


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Formula("sqrt(-1 - x^2)"), "no finite value in the window"),
        (lambda: Formula("nonsense"), "“nonsense”"),
        (lambda: Formula(3.0), "must be text"),
        (lambda: Formula("x", x_reach=-1.0), "positive"),
        (lambda: Formula("x", x_middle=float("nan")), "finite"),
        (lambda: make_surface("formula", formula="x +"), "ends too early"),
        (lambda: make_surface("formula", x_reach=1e9), "between"),
        (lambda: Pit(0.0, 0.0, -1.0, 0.2), "negative"),
        (lambda: Pit(0.0, 0.0, 1.0, 0.0), "positive"),
        (lambda: Pit(0.0, float("inf"), 1.0, 0.2), "finite"),
    ],
)
def test_bad_ground_is_refused_with_a_sentence(build, words):
    with pytest.raises(ValueError, match=words):
        build()


def test_own_ground_is_a_value():
    surface = Pitted(Formula("x^2 + y^2"), PITS)
    again = copy.deepcopy(surface)
    assert again == surface and hash(again) == hash(surface) and again.kernel_code == SurfaceCode.PITTED
    assert surface != Pitted(Formula("x^2 + y^2"), PITS[:2])
    with pytest.raises(TypeError):
        Pitted(Formula("x^2"), ((1.0, 2.0, 3.0, 4.0),))
    assert repr(PITS[0]) == "Pit(x=1.0, y=0.5, depth=2.0, width=0.4)"
