"""A map's point is what a plain simulation gives for it; coarse pictures are honest about what they computed."""

import numpy as np
import pytest

from geometry.surfaces import AnnularWell
from optimizers import LLQR, SAM, Method, simulate
from optimizers.sweeps import Axis, refined_sweep, sweep

RING = AnnularWell()
STARTS = np.array([[4.8, 0.9], [3.6, 3.6], [-0.4, 4.85]])
RATES, RADII = Axis("learning_rate", np.geomspace(0.005, 0.05, 7)), Axis("radius", np.linspace(0.1, 0.6, 5))


def test_each_point_is_a_plain_simulation():
    whole = sweep(RING, "SAM", RATES, RADII, STARTS, [1, 2, 3], steps=150, noise_variance=1e-8)
    assert whole.complete and whole.arrived.shape == (5, 7)
    for j, i in np.ndindex(5, 7):
        runs = [
            simulate(RING, "SAM", start, 150, RATES.values[i], RADII.values[j], noise_variance=1e-8, seed=seed)
            for start, seed in zip(STARTS, (1, 2, 3), strict=True)
        ]
        steps = [int(run.arrival) for run in runs if run.outcome == "reached"]
        assert whole.arrived[j, i] == len(steps)
        np.testing.assert_equal(whole.median_arrival[j, i], np.median(steps) if steps else np.nan)
    assert 0 < whole.arrived.sum() < 3 * 35, "the map must show both outcomes to test anything"


def test_llqr_settings_can_be_axes():
    decay, every = Axis("decay", np.array([0.0, 0.9])), Axis("refresh_every", np.array([1, 10]))
    whole = sweep(RING, "LLQR", decay, every, STARTS[0], steps=200, learning_rate=0.0165)
    for j, i in np.ndindex(2, 2):
        rule = LLQR(decay=float(decay.values[i]), refresh_every=int(every.values[j]))
        run = simulate(RING, Method(preconditioner=rule), STARTS[0], 200, 0.0165)
        assert whole.arrived[j, i] == int(run.outcome == "reached")


def test_axes_that_do_not_concern_a_method_give_one_value():
    decay, every = Axis("decay", np.array([0.0, 0.9])), Axis("refresh_every", np.array([1, 10]))
    whole = sweep(RING, "SAM", decay, every, STARTS, steps=100, learning_rate=0.0165, radius=0.3)
    assert len(np.unique(whole.arrived)) == 1


def test_refinement_ends_at_the_whole_map_and_says_what_it_computed():
    pictures = list(refined_sweep(RING, "SAM", RATES, RADII, STARTS, steps=100, strides=(4, 2, 1)))
    whole = sweep(RING, "SAM", RATES, RADII, STARTS, steps=100)
    np.testing.assert_array_equal(pictures[-1].arrived, whole.arrived)
    assert [p.complete for p in pictures] == [False, False, True]
    first = pictures[0]
    assert first.computed.sum() == 4
    np.testing.assert_array_equal(first.arrived[first.computed], whole.arrived[first.computed])
    assert first.arrived[1, 1] == whole.arrived[0, 0] and first.arrived[3, 3] == whole.arrived[4, 4]


@pytest.mark.parametrize("points", [1, 2, 4])
def test_a_map_of_few_points_is_refined_too(points):
    """Some of its finer pictures have no point of their own; found by the smallest form of a benchmark."""
    rates, radii = Axis("learning_rate", RATES.values[:points]), Axis("radius", RADII.values[:points])
    pictures = list(refined_sweep(RING, "SAM", rates, radii, STARTS, steps=60))
    counts = [picture.computed.sum() for picture in pictures]
    assert counts == sorted(set(counts)) and pictures[-1].complete
    np.testing.assert_array_equal(pictures[-1].arrived, sweep(RING, "SAM", rates, radii, STARTS, steps=60).arrived)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: Axis("colour", np.arange(3)), "colour"),
        (lambda: Axis("radius", np.array([])), "non-empty"),
        (lambda: Axis("radius", np.array([0.1, np.nan])), "finite"),
        (lambda: sweep(RING, "SAM", RATES, RATES, STARTS), "differ"),
        (lambda: sweep(RING, "SAM", RATES, RADII, STARTS, steps=10, speed=1), "speed"),
        (lambda: sweep(RING, "Adagrad", RATES, RADII, STARTS, steps=10), "Adagrad"),
    ],
)
def test_bad_maps_are_refused_with_a_sentence(call, word):
    with pytest.raises(ValueError, match=word):
        call()


def test_sam_is_in_the_map_with_its_own_norm():
    euclidean = sweep(RING, Method(SAM(), LLQR()), RATES, RADII, STARTS, steps=120)
    matrix = sweep(RING, Method(SAM(norm="matrix"), LLQR()), RATES, RADII, STARTS, steps=120)
    assert (euclidean.arrived != matrix.arrived).any()
