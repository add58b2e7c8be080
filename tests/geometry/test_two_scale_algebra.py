"""The closed forms of the two-scale quadratic against plain loops over the piecewise-linear map."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geometry import two_scale
from geometry.surfaces import TwoScaleQuadratic


def walk(x, velocity, c, momentum, radius, steps):
    """x and η v of the map v ← μ v + c (x + ρ sign x), x ← x − v, one step after the other."""
    path = [(x, velocity)]
    for _ in range(steps):
        velocity = momentum * velocity + c * (x + radius * math.copysign(1.0, x))
        x = x - velocity
        path.append((x, velocity))
    return np.array(path)


def sam_on(surface, x, rate, momentum, radius, steps):
    """Positions and probes of SAM on the surface itself, in plain floats."""
    velocity, xs, probes = 0.0, [x], []
    for _ in range(steps):
        g = float(surface.gradient(np.array([x]))[0])
        probes.append(x + radius * math.copysign(1.0, g))
        velocity = momentum * velocity + float(surface.gradient(np.array([probes[-1]]))[0])
        x -= rate * velocity
        xs.append(x)
    return np.array(xs), np.array(probes)


@settings(max_examples=60)
@given(part=st.floats(0.01, 0.95), momentum=st.floats(0.0, 0.95), radius=st.floats(0.01, 1.0))
def test_the_two_cycle_is_the_cycle_of_its_word_and_attracts(part, momentum, radius):
    c = 2 * (1 + momentum) * part
    orbit = two_scale.cycle((1, -1), c, momentum, radius)
    amplitude = two_scale.two_cycle_amplitude(c, momentum, radius)
    assert orbit.admissible and orbit.amplitude == pytest.approx(amplitude, rel=1e-9)
    assert orbit.states[0, 0] == pytest.approx(-orbit.states[1, 0], rel=1e-9)
    # a nudge too small to change a sign dies out at the rate of M
    slowest = np.abs(np.linalg.eigvals(two_scale.pothole_map(c, momentum))).max()
    assert slowest < 1
    nudge = 1e-3 * amplitude
    path = walk(amplitude + nudge, orbit.states[0, 1], c, momentum, radius, 2 * math.ceil(6 / -math.log10(slowest)))
    assert abs(path[-1, 0] - amplitude) < 0.01 * nudge + 1e-12


@pytest.mark.parametrize("momentum", [0.0, 0.3, 0.9])
def test_the_stability_interval_ends_where_an_eigenvalue_reaches_minus_one(momentum):
    edge = 2 * (1 + momentum)
    assert np.linalg.eigvals(two_scale.pothole_map(edge, momentum)).real.min() == pytest.approx(-1.0, abs=1e-12)
    c = np.linspace(-0.5, 5.0, 1102)
    radius = [np.abs(np.linalg.eigvals(two_scale.pothole_map(v, momentum))).max() for v in c]
    clear = np.abs(np.array(radius) - 1) > 1e-9
    np.testing.assert_array_equal(two_scale.two_cycle_stable(c, momentum)[clear], (np.array(radius) < 1)[clear])


@pytest.mark.parametrize("momentum", [0.3, 0.6, 0.9])
def test_every_word_s_orbit_returns_and_its_admissibility_is_what_the_map_does(momentum):
    """An admissible word is repeated by the map itself; from any other orbit's first state the map goes elsewhere."""
    seen = set()
    for length, c in itertools.product((1, 2, 3, 4, 5, 6), (0.2, 0.7, 1.6)):
        for word in itertools.product((1, -1), repeat=length):
            orbit = two_scale.cycle(word, c, momentum, 0.3)
            path = walk(*orbit.states[0], c, momentum, 0.3, length)
            margin = np.abs(orbit.states[:, 0]).min()
            if margin < 1e-9:  # on the kink: neither sign
                continue
            followed = np.allclose(path[:-1], orbit.states, atol=1e-12) and np.allclose(path[-1], orbit.states[0])
            assert followed == orbit.admissible, (word, c)
            seen.add(orbit.admissible)
    assert seen == {True, False}


@settings(max_examples=40)
@given(c=st.floats(0.05, 3.0), momentum=st.floats(0.0, 0.95), offset=st.floats(0.0, 4.0), part=st.floats(0.2, 0.999))
def test_below_the_bound_from_rest_no_probe_leaves_the_pothole(c, momentum, offset, part):
    """For every momentum, also 0, and off the pothole's middle: there the nearer edge counts."""
    h, a, w = 0.3, 40.0, 0.25
    bottom = -h * offset / a
    radius = part * two_scale.rest_radius(c, momentum, w - abs(bottom))
    _, probes = sam_on(TwoScaleQuadratic(h, a, w, offset), bottom + 1e-9, c / a, momentum, radius, 150)
    if c < 2 * (1 + momentum):
        assert np.abs(probes).max() < w
    else:
        assert radius == 0.0


def test_a_return_to_the_bottom_counts_for_both_sides():
    """At c = μ the walker is back at 0 after two steps; from 1e-9 beside it another peak follows than from 0."""
    c = momentum = 0.75
    radius = 0.875 * two_scale.rest_radius(c, momentum, 0.25)
    for start in (1e-9, -1e-9, 1e-6):
        _, probes = sam_on(TwoScaleQuadratic(0.3, 40.0, 0.25, 0.0), start, c / 40.0, momentum, radius, 400)
        assert np.abs(probes).max() < 0.25


@pytest.mark.parametrize(("c", "momentum"), [(0.3, 0.5), (1.0, 0.9), (2.2, 0.9)])
def test_above_the_bound_from_rest_a_probe_leaves(c, momentum):
    w, surface = 0.25, TwoScaleQuadratic(0.3, 40.0, 0.25, 0.0)
    radius = 1.01 * two_scale.rest_radius(c, momentum, w)
    _, probes = sam_on(surface, 1e-9, c / 40.0, momentum, radius, 400)
    assert np.abs(probes).max() > w


def test_the_peak_is_that_of_the_map_and_infinite_where_the_map_runs_away():
    for c, momentum in itertools.product((0.1, 0.8, 1.9), (0.0, 0.5, 0.9)):
        path = walk(1e-9, 0.0, c, momentum, 1.0, 2000)[:, 0]
        assert two_scale.transient_peak(c, momentum) == pytest.approx(np.abs(path).max(), rel=1e-8)
        assert two_scale.transient_peak(c, momentum) >= two_scale.two_cycle_amplitude(c, momentum, 1.0) * (1 - 1e-9)
    assert two_scale.transient_peak(3.9, 0.9) == math.inf and two_scale.rest_radius(3.9, 0.9, 0.25) == 0.0


@pytest.mark.parametrize("offset", [0.0, 3.0])
@pytest.mark.parametrize("part", [0.98, 1.02])
def test_the_two_cycle_keeps_inside_exactly_below_the_confinement_radius(offset, part):
    """On the cycle itself, velocity included: the farthest probe is at A + ρ from the bottom."""
    h, a, w, c, momentum = 0.3, 40.0, 0.25, 1.1, 0.9
    bottom = -h * offset / a
    radius = part * two_scale.confinement_radius(c, momentum, w - abs(bottom))
    orbit = two_scale.cycle((1, -1), c, momentum, radius)
    farthest = max(abs(bottom + x + math.copysign(radius, x)) for x in orbit.states[:, 0])
    assert (farthest < w) == (part < 1)


def test_the_jitter_in_the_wide_bowl_is_the_two_cycle_at_c_equal_to_the_rate():
    """U = 1/h makes c = η U h = η, whatever h is."""
    rate, momentum, radius = 0.8, 0.5, 0.2
    for h in (0.1, 7.0):
        path = walk(0.05, 0.0, rate * (1 / h) * h, momentum, radius, 4000)
        assert abs(path[-1, 0]) == pytest.approx(two_scale.bowl_jitter(rate, momentum, radius), rel=1e-9)


@pytest.mark.parametrize(("c", "stays"), [(0.5, True), (3.7, True), (3.9, False)])
def test_the_ghost_minimum_holds_while_the_linear_map_contracts(c, stays):
    h, a, w, offset, radius, momentum = 0.3, 40.0, 0.25, 4.0, 1.0, 0.9
    ghost = two_scale.ghost_minimum(h, a, w, offset, radius)
    xs, _ = sam_on(TwoScaleQuadratic(h, a, w, offset), ghost + 1e-4, c / a, momentum, radius, 1500)
    assert (abs(xs[-1] - ghost) < 1e-9) == stays
    assert ghost + radius == pytest.approx(-h * offset / a), "the probe rests on the pothole's bottom"


def test_words_and_settings_without_a_cycle_are_refused():
    for word, c in (((1, -1), 0.0), ((1, -1), 3.8), ((1, 1, -1, -1), 3.8)):
        with pytest.raises(ValueError, match="no cycle"):
            two_scale.cycle(word, c, 0.9, 0.3)
    with pytest.raises(ValueError, match="sign word"):
        two_scale.cycle((), 1.0, 0.9, 0.3)
