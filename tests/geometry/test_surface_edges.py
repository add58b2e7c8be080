"""Surfaces where formulas break: the centre, kinks, far away, wells that vanish, whole numbers, odd parameters."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from geometry.compiled import derivatives
from geometry.surface import FlatBasin, Surface
from geometry.surfaces import SURFACES, Ackley, AnnularWell, StiffValley, TwoScalePlane, TwoScaleQuadratic
from geometry.surfaces.gaussian_well import WellProfile

COORDINATE = st.one_of(
    st.floats(-10.0, 10.0),
    st.sampled_from([0.0, -0.0, 5e-324, 1e-200, -1e-160, 1e-154, 0.25, -0.25, np.nextafter(0.25, 0.0), 1e7, -1e7]),
)


@settings(max_examples=200)
@given(key=st.sampled_from(sorted(SURFACES)), x=COORDINATE, y=COORDINATE)
def test_finite_everywhere_a_walker_can_be_and_the_kernel_agrees(key, x, y):
    """From the centre and the kinks to a million half-diagonals away, without a warning (warnings are errors here)."""
    surface = SURFACES[key]()
    theta = np.array([x, y])[: surface.dimension]
    loss, gradient, hessian = surface.loss(theta), surface.gradient(theta), surface.hessian(theta)
    assert np.isfinite(loss) and np.isfinite(gradient).all() and np.isfinite(hessian).all()
    point = np.zeros(2)
    point[: surface.dimension] = theta
    found = derivatives(int(surface.kernel_code), surface.kernel_parameters, *point)
    d = surface.dimension
    expected = [float(loss), *gradient, *([0.0] * (2 - d)), hessian[0, 0]]
    expected += [hessian[0, 1], hessian[1, 1]] if d == 2 else [0.0, 0.0]
    # 1e-12 of the largest term of a sum: polynomials cancel, and far out their terms are large
    size = max(1.0, float(np.abs(theta).max())) ** {"goldstein-price": 8, "beale": 8}.get(key, 4) * 1e3
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * size)


@pytest.mark.parametrize("surface", [AnnularWell(), AnnularWell(aspect=1.3), Ackley()], ids=lambda s: s.key)
def test_automatic_differentiation_survives_the_centre(surface):
    """√ has no slope at 0: unguarded, autograd answers not-a-number there."""
    theta = torch.zeros(3, 2, dtype=torch.float64, requires_grad=True)
    slope = torch.autograd.grad(surface.loss(theta).sum(), theta)[0]
    assert torch.equal(slope, torch.zeros_like(slope))
    assert torch.equal(surface.gradient(theta.detach()), torch.zeros_like(slope))


def test_next_to_the_centre_the_ring_is_its_bowl():
    """To the well's own slope there, 4e-85, and without 0/0 where r² underflows."""
    near = np.array([[3e-162, -1e-161], [1e-300, 0.0], [1e-8, 1e-8]])
    np.testing.assert_allclose(AnnularWell().gradient(near), 0.3 * near, rtol=1e-12, atol=1e-84)
    np.testing.assert_allclose(AnnularWell().hessian(near), np.broadcast_to(0.3 * np.eye(2), (3, 2, 2)), atol=1e-12)


def one_sided(surface, x, side, step=1e-7):
    return float(surface.loss(np.array([x + side * step])) - surface.loss(np.array([x]))) / (side * step)


@pytest.mark.parametrize("edge", [-0.25, 0.25])
def test_on_the_edge_the_outer_slope_counts(edge):
    """The convention at the kink: the bowl's one-sided derivative, an element of the generalised gradient."""
    surface = TwoScaleQuadratic()
    outer, inner = one_sided(surface, edge, np.sign(edge)), one_sided(surface, edge, -np.sign(edge))
    slope = float(surface.gradient(np.array([edge]))[0])
    assert slope == pytest.approx(outer, rel=1e-5)
    assert abs(slope - inner) == pytest.approx(39.7 * 0.25, rel=1e-5)


@settings(max_examples=60)
@given(
    curvature=st.floats(1e-4, 2.0), depth=st.floats(0.0, 10.0), width=st.floats(0.1, 0.75), position=st.floats(3.0, 6.0)
)
def test_the_well_is_found_exactly_where_there_is_one(curvature, depth, width, position):
    """Against a dense scan of the loss along the ray: its local minimum and maximum, or their absence."""
    ring, valley = AnnularWell(curvature, depth, width, position), StiffValley(curvature, 1.0, depth, width, position)
    r = np.linspace(0.02, position + width, 60_001)
    slope = np.diff(ring.loss(np.stack([r, np.zeros_like(r)], axis=-1)))
    falling = np.flatnonzero(slope < -1e-11)
    assert math.isnan(ring.well_radius) or ring.well_radius == pytest.approx(valley.well_position, abs=1e-12)
    if len(falling) < 200:  # none, or a dent of the size of the scan's step
        return
    step = r[1] - r[0]
    assert ring.well_radius == pytest.approx(r[falling[-1] + 1], abs=60 * step)
    if falling[0] == 0:  # downhill from the centre on
        return
    assert ring.barrier_radius == pytest.approx(r[falling[0]], abs=60 * step)
    assert 0 < ring.barrier_radius < ring.well_radius < position
    top, bottom = (np.array([x, 0.0]) for x in (ring.barrier_radius, ring.well_radius))
    assert ring.hessian(top)[0, 0] < 0 < ring.hessian(bottom)[0, 0]
    assert valley.hessian(np.array([valley.barrier_position, 0.0]))[0, 0] < 0


def test_a_shallow_well_vanishes_and_a_wide_one_loses_its_barrier():
    """f′ = 0 needs D/(w √e) > h (R − w) or so: at h = 0.3, w = 0.25, R = 5 a depth of about 0.59."""
    depths = np.linspace(0.0, 1.0, 101)
    exists = np.array([not math.isnan(AnnularWell(depth=float(d)).well_radius) for d in depths])
    assert depths[exists.argmax()] == pytest.approx(0.3 * 4.75 * 0.25 * math.sqrt(math.e), abs=0.02)
    assert exists[exists.argmax() :].all(), "once there, the well stays"
    steep = AnnularWell(2.0, 10.0, 0.75, 6.0, 0.5)
    assert math.isnan(steep.well_radius), "the bowl's own bottom is not a well"
    bottom, barrier = WellProfile(0.3, 9.0, 0.3, 0.4).roots()
    assert 0 < bottom < 0.4 and math.isnan(barrier)
    assert not math.isnan(AnnularWell(curvature=1e-6).well_radius), "a flat bowl does not hide a well"


def test_places_do_not_need_a_well():
    flat = AnnularWell(depth=0.0)
    assert flat.default_start[0] == pytest.approx((5.0 - 0.125) * math.cos(0.6))
    assert "pothole" not in StiffValley(depth=0.0).describe_position(np.array([5.0, 0.0]))


def test_the_basin_takes_any_array_and_any_distance():
    basin = FlatBasin((1.0, -1.0), 0.5)
    points = [[1.0, -1.0], [1.4, -1.0], [1.5, -1.0], [1.4, -1.4], [1e300, 0.0], [math.inf, 0.0], [math.nan, -1.0]]
    expected = [True, True, False, False, False, False, False]
    assert basin.contains(np.array(points)).tolist() == expected
    assert basin.contains(torch.tensor(points, dtype=torch.float64, requires_grad=True)).tolist() == expected
    assert bool(basin.contains([1, -1])) and bool(FlatBasin((0.25, 0.0), 0.3).contains(np.array([0, 0])))


def test_whole_numbers_are_points_too():
    """An integer array once cut the half-width 0.25 to 0."""
    for surface in (TwoScaleQuadratic(), TwoScalePlane(), AnnularWell(), StiffValley()):
        whole = np.zeros(surface.dimension, dtype=int)
        np.testing.assert_array_equal(surface.loss(whole), surface.loss(whole.astype(float)))
        np.testing.assert_array_equal(surface.gradient(whole), surface.gradient(whole.astype(float)))
        np.testing.assert_array_equal(surface.hessian(whole), surface.hessian(whole.astype(float)))


@pytest.mark.parametrize(
    "value", [None, "wide", [0.3], True, math.nan, math.inf, 1j, np.array([0.3, 0.4]), (0.3, "a")], ids=repr
)
@pytest.mark.parametrize("kind", [AnnularWell, StiffValley, TwoScaleQuadratic])
def test_parameters_are_finite_numbers(kind, value):
    with pytest.raises(ValueError, match=r"curvature must be a finite number"):
        kind(curvature=value)


def test_pairs_have_two_numbers():
    with pytest.raises(ValueError, match="pair"):
        TwoScaleQuadratic(curvature=(0.3, 0.4, 0.5))


def test_numpy_numbers_are_numbers():
    assert AnnularWell(radius=np.float64(4.0)) == AnnularWell(radius=4) and hash(AnnularWell(radius=4)) is not None


def test_every_corner_of_the_parameter_ranges_can_be_drawn():
    """All extreme combinations: finite loss on the domain, start and basin inside, words for the start."""
    for kind in SURFACES.values():
        names = [p.name for p in kind.parameters]
        for corner in range(2 ** len(names)):
            ends = [(p.minimum, p.maximum)[corner >> i & 1] for i, p in enumerate(kind.parameters)]
            surface: Surface = kind(**dict(zip(names, ends, strict=True)))
            low, high = np.array(surface.domain).T
            grid = np.stack(np.meshgrid(*np.linspace(low, high, 9).T), axis=-1)
            assert np.isfinite(surface.loss(grid)).all()
            start = np.array(surface.default_start)
            assert (low < start).all() and (start < high).all(), surface
            assert surface.describe_position(start)
            if surface.flat_basin is not None:
                centre = np.array(surface.flat_basin.centre)
                assert (low < centre).all() and (centre < high).all(), surface
                assert not surface.flat_basin.contains(start), f"{surface} starts where it should arrive"
