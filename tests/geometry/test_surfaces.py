"""Every surface: derivatives against automatic differentiation, kernel against class, metadata complete."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from geometry.compiled import derivative_fields, derivatives
from geometry.objective import Objective
from geometry.surface_code import SurfaceCode
from geometry.surfaces import SURFACES, AnnularWell, StiffValley, TwoScalePlane, TwoScaleQuadratic, make_surface

VARIED = [
    *(kind() for kind in SURFACES.values()),
    AnnularWell(aspect=1.4, depth=2.0),
    AnnularWell(curvature=1.0, width=0.5, radius=3.0, aspect=0.7),
    TwoScaleQuadratic((0.3, 2.0), (40.0, 10.0), (0.25, 0.5), (4.0, 0.0)),
    TwoScaleQuadratic(0.5, 5.0, 0.7, -2.0),
    make_surface("rosenbrock", a=0.5, b=30.0),
]
IDS = [f"{surface.key}-{i}" for i, surface in enumerate(VARIED)]


def points(surface, count=60, seed=0):
    """Random points of the domain (count, D)."""
    low, high = np.array(surface.domain).T
    return low + (high - low) * np.random.default_rng(seed).random((count, surface.dimension))


def scale(a):
    return np.abs(a).max() + 1e-300


@pytest.mark.parametrize("surface", VARIED, ids=IDS)
def test_derivatives_equal_automatic_differentiation(surface):
    """1e-13 of the largest entry: both are double precision and differ by rounding only."""
    theta = points(surface)
    tensor = torch.tensor(theta, requires_grad=True)
    gradient = torch.autograd.grad(surface.loss(tensor).sum(), tensor)[0].numpy()
    hessian = torch.vmap(torch.func.hessian(surface.loss))(torch.tensor(theta)).numpy()
    np.testing.assert_allclose(surface.gradient(theta), gradient, atol=1e-13 * scale(gradient))
    np.testing.assert_allclose(surface.hessian(theta), hessian, atol=1e-13 * scale(hessian))


@pytest.mark.parametrize("surface", VARIED, ids=IDS)
def test_the_kernel_equals_the_class(surface):
    theta = points(surface)
    both = np.zeros((len(theta), 2))
    both[:, : surface.dimension] = theta
    rows = np.array([derivatives(int(surface.kernel_code), surface.kernel_parameters, *point) for point in both])
    loss, gradient, hessian = surface.loss(theta), surface.gradient(theta), surface.hessian(theta)
    np.testing.assert_allclose(rows[:, 0], loss, atol=1e-13 * scale(loss))
    np.testing.assert_allclose(rows[:, 1 : 1 + surface.dimension], gradient, atol=1e-13 * scale(gradient))
    np.testing.assert_allclose(rows[:, 3], hessian[:, 0, 0], atol=1e-13 * scale(hessian))
    if surface.dimension == 2:
        np.testing.assert_allclose(rows[:, 4], hessian[:, 0, 1], atol=1e-13 * scale(hessian))
        np.testing.assert_allclose(rows[:, 5], hessian[:, 1, 1], atol=1e-13 * scale(hessian))
    else:
        assert not rows[:, [2, 4, 5]].any()


def test_every_code_is_some_surfaces_and_no_other_code_computes_anything():
    """An unknown code was Ackley's function once."""
    codes = {SurfaceCode.PITTED, *(kind.kernel_code for kind in SURFACES.values())}
    assert codes == set(SurfaceCode) - {SurfaceCode.NONE}
    for code in (int(SurfaceCode.NONE), max(SurfaceCode) + 1):
        with pytest.raises(ValueError, match="SurfaceCode lists them"):
            derivatives(code, np.zeros(8), 0.5, 0.5)
        with pytest.raises(ValueError, match="SurfaceCode lists them"):
            derivative_fields(code, np.zeros(8), np.ones(2), np.ones(2), np.empty((5, 2, 2)))


@pytest.mark.parametrize("surface", VARIED, ids=IDS)
def test_torch_and_any_walker_axes_go_through(surface):
    theta = points(surface, 12).reshape(3, 4, surface.dimension)
    d = np.random.default_rng(1).normal(size=theta.shape)
    tensor = torch.tensor(theta)
    for name in ("loss", "gradient", "hessian"):
        numpy_value = getattr(surface, name)(theta)
        torch_value = getattr(surface, name)(tensor).numpy()
        assert numpy_value.shape[:2] == (3, 4)
        np.testing.assert_allclose(torch_value, numpy_value, atol=1e-13 * scale(numpy_value))
    product = surface.curvature_product(theta, d)
    expected = np.einsum("...ij,...j->...i", surface.hessian(theta), d)
    np.testing.assert_allclose(product, expected, atol=1e-13 * scale(expected))
    with pytest.raises(ValueError, match="newton"):
        surface.curvature_product(theta, d, "ngd")


@pytest.mark.parametrize("key", SURFACES)
def test_the_registry_says_everything_a_page_needs(key):
    surface = SURFACES[key]()
    assert surface.key == key and isinstance(surface, Objective) and hash(surface) == hash(SURFACES[key]())
    assert surface.description.endswith(".") and "\n" not in surface.description
    assert len(surface.domain) == surface.dimension == surface.layout.dimension
    for coordinate, (low, high) in zip(surface.default_start, surface.domain, strict=True):
        assert low < coordinate < high
    named = {field.name: field.default for field in dataclasses.fields(surface)}
    assert {p.name: p.default for p in (*surface.texts, *surface.parameters)} == named
    for parameter in surface.parameters:
        assert parameter.minimum <= parameter.default <= parameter.maximum and parameter.scale in ("linear", "log")
        for value in (parameter.minimum, parameter.maximum):
            changed = make_surface(key, **{parameter.name: value})
            assert np.isfinite(changed.loss(np.array(changed.default_start)))
            for coordinate, (low, high) in zip(changed.default_start, changed.domain, strict=True):
                assert low < coordinate < high
    for minimum in surface.minima:
        at = np.array(minimum.position)
        assert surface.loss(at) == pytest.approx(minimum.loss, abs=1e-9)
        # Ackley's deepest point is a kink, where the gradient is 0 by convention
        np.testing.assert_allclose(surface.gradient(at), 0.0, atol=1e-8)
    assert surface.describe_position(np.array(surface.default_start))


def test_the_annular_well_has_the_numbers_of_our_reconstruction():
    ring = AnnularWell()
    bottom, barrier = np.array([ring.well_radius, 0.0]), np.array([0.0, ring.barrier_radius])
    assert ring.well_radius == pytest.approx(4.9732, abs=5e-5)
    assert ring.barrier_radius == pytest.approx(4.356, abs=5e-4)
    assert float(ring.loss(bottom)) == pytest.approx(0.230, abs=5e-4)
    assert float(ring.loss(barrier)) == pytest.approx(2.719, abs=5e-4)
    assert float(ring.hessian(bottom)[0, 0]) == pytest.approx(55.3, abs=0.05)
    np.testing.assert_allclose(ring.gradient(np.stack([bottom, barrier])), 0.0, atol=1e-12)
    assert float(ring.loss(np.zeros(2))) == pytest.approx(0.0, abs=1e-12), "the flat basin is the lower one"


def test_nothing_divides_by_zero_at_the_centre():
    for ring in (AnnularWell(), AnnularWell(aspect=1.3)):
        np.testing.assert_array_equal(ring.gradient(np.zeros(2)), 0.0)
        np.testing.assert_allclose(ring.hessian(np.zeros(2)), 0.3 * np.diag([1.0, 1 / ring.aspect**2]), rtol=1e-14)
    ackley = SURFACES["ackley"]()
    assert np.isfinite(ackley.hessian(np.zeros((1, 2)))).all()


def test_a_ring_without_a_well_says_so():
    shallow = AnnularWell(depth=0.0)
    assert math.isnan(shallow.well_radius) and math.isnan(shallow.barrier_radius)
    assert shallow.describe_position(np.array([4.0, 0.0])) == "on the slope, r = 4.00"
    assert math.isnan(StiffValley(depth=0.0).well_position)
    assert len(StiffValley(depth=0.0).minima) == 1


@settings(max_examples=50, deadline=None)
@given(
    angle=st.floats(0.0, 6.3), x=st.floats(-8, 8), y=st.floats(-8, 8), aspect=st.floats(0.5, 1.5), depth=st.floats(0, 5)
)
def test_the_ring_turns_and_the_ellipse_is_a_stretched_ring(angle, x, y, aspect, depth):
    ring, ellipse = AnnularWell(depth=depth), AnnularWell(depth=depth, aspect=aspect)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    point = np.array([x, y])
    assert float(ring.loss(turn @ point)) == pytest.approx(float(ring.loss(point)), abs=1e-9)
    np.testing.assert_allclose(ring.gradient(turn @ point), turn @ ring.gradient(point), atol=1e-8)
    np.testing.assert_allclose(ring.hessian(turn @ point), turn @ ring.hessian(point) @ turn.T, atol=1e-6)
    squeeze = np.diag([1.0, 1 / aspect])
    assert float(ellipse.loss(point)) == pytest.approx(float(ring.loss(squeeze @ point)), abs=1e-9)
    np.testing.assert_allclose(ellipse.gradient(point), squeeze @ ring.gradient(squeeze @ point), atol=1e-8)
    np.testing.assert_allclose(ellipse.hessian(point), squeeze @ ring.hessian(squeeze @ point) @ squeeze, atol=1e-6)


def test_the_edge_of_the_pothole_belongs_to_the_bowl():
    surface = TwoScaleQuadratic(0.3, 40.0, 0.25, 4.0)
    edge, inside = np.array([0.25]), np.array([np.nextafter(0.25, 0)])
    assert float(surface.loss(edge)) == pytest.approx(float(surface.loss(inside)), abs=1e-12), "L is continuous"
    assert float(surface.hessian(edge)[0, 0]) == 0.3 and float(surface.hessian(inside)[0, 0]) == 40.0
    assert float(surface.gradient(edge)[0]) == pytest.approx(0.3 * 4.25)
    assert float(surface.gradient(inside)[0]) == pytest.approx(0.3 * 4.25 + 39.7 * 0.25)


def test_the_plane_is_the_quadratic_with_pairs():
    theta = points(TwoScalePlane())
    pair = TwoScaleQuadratic((0.3, 4.0), (40.0, 60.0), (0.25, 0.25), (4.0, 0.0))
    np.testing.assert_array_equal(TwoScalePlane().loss(theta), pair.loss(theta))


def test_places_are_named():
    ring, valley, curve = AnnularWell(), StiffValley(), TwoScaleQuadratic()
    assert ring.describe_position(np.array([0.0, 4.9])) == "in the annular well, r = 4.90"
    assert ring.describe_position(np.array([0.1, 0.0])) == "in the flat basin, r = 0.10"
    assert valley.describe_position(np.array([4.9, 0.0])) == "in the pothole, x = 4.90"
    assert valley.describe_position(np.array([2.0, 0.0])) == "in the valley, x = 2.00"
    assert curve.describe_position(np.array([0.1])) == "in the pothole, x = 0.10"
    assert curve.describe_position(np.array([-3.9])) == "in the flat basin, x = -3.90"
    assert curve.describe_position(np.array([-0.001])) == "in the pothole, x = 0.00", "no negative zero"
    himmelblau = SURFACES["himmelblau"]()
    assert "minimum near (3.6, -1.8)" in himmelblau.describe_position(np.array([3.6, -1.85]))


BAD = [
    (("volcano", {}), "volcano"),
    ((None, {}), "unknown surface"),
    (("annular-well", {"height": 1.0}), "height"),
    (("annular-well", {"width": "wide"}), "width"),
    (("annular-well", {"width": True}), "width"),
    (("annular-well", {"width": 0.0}), "between"),
    (("annular-well", {"width": float("nan")}), "between"),
    (("stiff-valley", {"stiffness": 1e308}), "between"),
    (("himmelblau", {"a": 1.0}), "no parameters"),
]


@pytest.mark.parametrize(("call", "word"), BAD, ids=str)
def test_bad_surfaces_are_refused_with_a_sentence(call, word):
    key, parameters = call
    with pytest.raises(ValueError, match=word):
        make_surface(key, **parameters)


@pytest.mark.parametrize(
    "build",
    [
        lambda: AnnularWell(width=0.0),
        lambda: AnnularWell(depth=-1.0),
        lambda: AnnularWell(curvature=float("inf")),
        lambda: StiffValley(stiffness=-1.0),
        lambda: StiffValley(depth="deep"),
        lambda: TwoScaleQuadratic(half_width=0.0),
        lambda: TwoScaleQuadratic((0.3, -1.0)),
    ],
)
def test_surfaces_check_their_own_parameters(build):
    with pytest.raises(ValueError, match=r"must"):
        build()
