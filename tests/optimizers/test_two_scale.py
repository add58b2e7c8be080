"""The closed forms of the two-scale quadratic against the map itself and against `simulate`."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geometry import two_scale
from geometry.surfaces import TwoScaleQuadratic
from optimizers import LLQR, METHODS, SAM, Method, simulate
from optimizers.rule import Settings, State, descent_step

WIDE = TwoScaleQuadratic(curvature=0.3, pothole_curvature=40.0, half_width=50.0, offset=0.0)
"""A pothole so wide that nothing leaves it: the piecewise-linear map alone."""


def settled(c, momentum, radius, start, steps=3000):
    rate = c / WIDE.pothole_curvature
    run = simulate(WIDE, "SAM", [start], steps, rate, radius, momentum)
    return run.positions[-2:, 0]


@pytest.mark.parametrize(("c", "momentum"), [(0.4, 0.0), (1.2, 0.0), (1.7, 0.0), (2.5, 0.5), (2.9, 0.5), (3.6, 0.9)])
def test_the_two_cycle_has_the_amplitude_of_the_closed_form(c, momentum):
    """A = cρ/(2(1+μ) − c), to 1e-9: the form is exact but for the 1e-12 under the root of ‖g‖."""
    amplitude = two_scale.two_cycle_amplitude(c, momentum, 0.3)
    last = settled(c, momentum, 0.3, 0.9 * amplitude)
    assert last[0] == pytest.approx(-last[1], abs=1e-9)
    assert abs(last[1]) == pytest.approx(amplitude, abs=1e-9)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_the_two_cycle_is_stable_exactly_below_its_bound(momentum):
    """Start on the cycle, nudge it: the nudge dies below c = 2(1+μ) and grows above."""
    for c, stable in ((1.98 * (1 + momentum), True), (2.02 * (1 + momentum), False)):
        assert bool(two_scale.two_cycle_stable(c, momentum)) is stable
        matrix = two_scale.pothole_map(c, momentum)
        assert (np.abs(np.linalg.eigvals(matrix)).max() < 1) is np.bool_(stable)
    rate = 1.98 * (1 + momentum) / WIDE.pothole_curvature
    amplitude = two_scale.two_cycle_amplitude(1.98 * (1 + momentum), momentum, 0.3)
    orbit = two_scale.cycle((1, -1), 1.98 * (1 + momentum), momentum, 0.3)
    state = State(orbit.states[0][:1][None] + 0.01, orbit.states[0][1:][None] / rate, None, None)
    for _ in range(6000):
        state, _ = descent_step(WIDE, METHODS["SAM"], Settings(rate, 0.3, momentum), state)
    assert abs(state.position[0, 0]) == pytest.approx(amplitude, abs=1e-9)


def admissible_words():
    """(word, c, μ) of cycles longer than two that exist, found by trying every word of up to six letters."""
    found = []
    for length, c, momentum in itertools.product((4, 6), (0.3, 0.66, 1.2), (0.5, 0.9)):
        for word in itertools.product((1, -1), repeat=length - 1):
            orbit = two_scale.cycle((1, *word), c, momentum, 0.3)
            if orbit.admissible and len(set(orbit.states[:, 0].round(9))) == length:
                found.append((orbit.word, c, momentum))
                break
    return found


WORDS = admissible_words()


def test_there_are_longer_cycles_to_test():
    assert len(WORDS) >= 4, "with momentum several cycles coexist"


@pytest.mark.parametrize(("word", "c", "momentum"), WORDS, ids=str)
def test_longer_cycles_return_through_the_real_step(word, c, momentum):
    """Started on the orbit of its sign word, SAM follows it for twenty periods, to 1e-9."""
    rate = c / WIDE.pothole_curvature
    orbit = two_scale.cycle(word, c, momentum, 0.3)
    state = State(orbit.states[0][:1][None], orbit.states[0][1:][None] / rate, None, None)
    for t in range(20 * len(word)):
        x, scaled_velocity = orbit.states[t % len(word)]
        assert state.position[0, 0] == pytest.approx(x, abs=1e-9)
        assert rate * state.velocity[0, 0] == pytest.approx(scaled_velocity, abs=1e-9)
        state, _ = descent_step(WIDE, METHODS["SAM"], Settings(rate, 0.3, momentum), state)


def test_a_word_that_is_not_reproduced_is_not_admissible():
    assert not two_scale.cycle((1, 1, 1, 1), 0.5, 0.0, 0.3).admissible
    with pytest.raises(ValueError, match="sign word"):
        two_scale.cycle((1, 0), 0.5, 0.0, 0.3)


@settings(max_examples=30, deadline=None)
@given(part=st.floats(0.02, 0.95), momentum=st.floats(0.05, 0.95), radius=st.floats(0.05, 0.5))
def test_a_walker_below_the_bound_from_rest_never_leaves(part, momentum, radius):
    """ρ < ρ*: no probe of a walker that starts at rest at the bottom crosses the edge."""
    c = part * 2 * (1 + momentum)
    width = 1.02 * radius * (1 + two_scale.transient_peak(c, momentum))
    surface = TwoScaleQuadratic(0.3, 40.0, width, 0.0)
    assert radius < two_scale.rest_radius(c, momentum, width)
    run = simulate(surface, "SAM", [1e-5], 400, c / 40.0, radius, momentum)
    assert np.nanmax(np.abs(run.probes)) < width


def test_the_two_cycle_fills_the_pothole_exactly_at_the_confinement_radius():
    c, momentum, width = 1.1, 0.9, 0.4
    radius = two_scale.confinement_radius(c, momentum, width)
    assert two_scale.two_cycle_amplitude(c, momentum, radius) + radius == pytest.approx(width, rel=1e-12)


def test_the_bowl_is_stable_up_to_its_bound_and_its_jitter_does_not_know_the_curvature():
    for h in (0.2, 5.0):
        bowl = TwoScaleQuadratic(h, h, 1e-9, 0.0)
        rule = LLQR("scalar", inner_steps=0, warm_start_scale=None, decay=1.0)
        state = State(np.array([[1.0]]), np.zeros((1, 1)), None, {"theta": np.array([[1 / h]])}, index=1)
        for _ in range(4000):
            state, _ = descent_step(bowl, Method(SAM(), rule), Settings(1.5, 0.2, 0.2), state)
        assert abs(state.position[0, 0]) == pytest.approx(two_scale.bowl_jitter(1.5, 0.2, 0.2), abs=1e-9)
    assert bool(two_scale.bowl_stable(1.0, 1.0, 3.79, 0.9)) and not bool(two_scale.bowl_stable(1.0, 1.0, 3.81, 0.9))
    bowl = TwoScaleQuadratic(3.79, 3.79, 1e-9, 0.0)
    assert simulate(bowl, "SGDM", [1.0], 3000, 1.0).outcome != "diverged"
    assert simulate(TwoScaleQuadratic(3.81, 3.81, 1e-9, 0.0), "SGDM", [1.0], 6000, 1.0).outcome == "diverged"


@pytest.mark.parametrize(
    ("u", "axis"), [((1.0, 1.0), 1), ((1 / 0.3, 1 / 4.0), 0), ((1.0, 0.6), 0), ((1.0, 0.7), 1)], ids=str
)
def test_sam_bounces_along_the_axis_with_the_largest_product(u, axis):
    """a = (40, 60), h = (0.3, 4): Euclidean SAM bounces along the second axis, U = H̄⁻¹ along the first."""
    curvatures = (40.0, 60.0)
    assert two_scale.bounce_axis(u, curvatures) == axis
    surface = TwoScaleQuadratic((0.3, 4.0), curvatures, (50.0, 50.0), (0.0, 0.0))
    rule = LLQR("diagonal", inner_steps=0, warm_start_scale=None, decay=1.0)
    rate = 1.0 / max(p * q for p, q in zip(u, curvatures, strict=True))
    state = State(np.array([[0.11, 0.13]]), np.zeros((1, 2)), None, {"theta": np.array([u])}, index=1)
    reach = np.zeros(2)
    for t in range(4000):
        state, _ = descent_step(surface, Method(SAM(), rule), Settings(rate, 0.3, 0.3), state)
        if t >= 3900:
            reach = np.maximum(reach, np.abs(state.position[0]))
    assert reach[axis] == pytest.approx(two_scale.two_cycle_amplitude(1.0, 0.3, 0.3), rel=1e-6)
    assert reach[1 - axis] < 1e-6 * reach[axis]


def test_an_escaping_walker_can_hang_at_the_ghost_minimum():
    """Its probe rests on the pothole's bottom; only beyond the rim at −(w + ρ) does the walker go on to the bowl."""
    surface, radius = TwoScaleQuadratic(0.3, 40.0, 0.25, 4.0), 1.2
    ghost = two_scale.ghost_minimum(0.3, 40.0, 0.25, 4.0, radius)
    rim = -(0.25 + radius)
    for start in (rim + 0.01, -1.0):
        run = simulate(surface, "SAM", [start], 4000, 1e-3, radius, 0.0)
        assert run.positions[-1, 0] == pytest.approx(ghost, abs=1e-9)
        assert run.outcome == "trapped"
    beyond = simulate(surface, "SAM", [rim - 0.01], 4000, 0.01, radius, 0.0)
    assert beyond.outcome == "reached"
    assert float(surface.gradient(np.array([ghost]))[0]) > 0.5, "the loss itself has no minimum there"
    assert np.isnan(two_scale.ghost_minimum(0.3, 40.0, 0.25, 4.0, 0.1)), "a short probe never leaves the pothole"


def test_the_matrix_norm_lengthens_the_probe():
    assert two_scale.matrix_norm_radius(0.3, 4.0) == pytest.approx(0.6)
