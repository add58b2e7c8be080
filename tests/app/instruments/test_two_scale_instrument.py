"""The two-scale instrument: its words, its cycles and its counts against computations of their own."""

from __future__ import annotations

import itertools

import numpy as np
import orjson
import pytest

from app.instruments.two_scale import sentence, setting_of, two_scale_answer
from geometry import two_scale
from geometry.surfaces import SURFACES, TwoScalePlane, TwoScaleQuadratic
from geometry.symbolic_dynamics import admissible_cycles, mirrored, rotated, sign_words, word_of
from optimizers import simulate
from tests.app.instruments.asking import read_instrument_request

pytestmark = pytest.mark.slow


def answer(**state):
    return orjson.loads(two_scale_answer(read_instrument_request(state)))


def test_every_word_once():
    """Against all words: a word counts if it repeats no shorter one and is the smallest of its rotations."""
    expected = set()
    for period in range(1, 9):
        for word in itertools.product((-1, 1), repeat=period):
            turns = [word[k:] + word[:k] for k in range(period)]
            if len(set(turns)) == period and word == min(turns):
                expected.add(word)
    found = list(sign_words(8))
    assert len(found) == len(expected)
    assert set(found) == expected
    assert len(list(sign_words(12))) == 747


@pytest.mark.parametrize(("c", "momentum"), [(0.66, 0.9), (0.2, 0.9), (1.2, 0.5), (2.5, 0.7), (0.8, 0.0)])
def test_the_cycles_are_all_that_the_map_itself_has(c, momentum):
    """Every word up to period 8 is tried by walking the map from its closed orbit with the signs it really has."""
    expected = set()
    m = np.array([[1 - c, -momentum], [c, momentum]])
    for period in range(1, 9):
        for word in itertools.product((-1, 1), repeat=period):
            if word != rotated(word) or word not in set(sign_words(8)):
                continue
            power = np.linalg.matrix_power(m, period)
            drive = sum(np.linalg.matrix_power(m, period - 1 - j) @ np.array([-c, c]) * s for j, s in enumerate(word))
            z = np.linalg.solve(np.eye(2) - power, drive)
            signs = []
            for _ in range(period):
                signs.append(int(np.sign(z[0])))
                z = m @ z + np.array([-c, c]) * signs[-1]
            if tuple(signs) == word:
                expected.add(min(word, mirrored(word)))
    found = {min(orbit.word, mirrored(orbit.word)) for orbit in admissible_cycles(c, momentum, 8)}
    assert found == expected


def test_the_word_of_an_orbit():
    x = np.tile([0.3, 0.2, -0.3, -0.2], 30)
    assert word_of(x, 12, 1e-9) == (-1, -1, 1, 1)
    assert word_of(np.random.default_rng(0).normal(size=100), 12, 1e-9) is None


@pytest.mark.parametrize("seed", range(6))
def test_closed_forms_agree_at_random_settings(seed):
    """Where there is a cycle, all that the closed forms say is what the real step does; none is left out silently."""
    draw = np.random.default_rng(seed)
    momentum = float(draw.choice([0.3, 0.6, 0.9]))
    a = float(np.round(draw.uniform(20, 80)))
    rate = float(f"{draw.uniform(0.1, 0.85) * 2 * (1 + momentum) / a:.3g}")
    state = {
        "surface": "two-scale-quadratic",
        "surface.pothole_curvature": a,
        "learning_rate": rate,
        "momentum": momentum,
        "radius": float(draw.choice([0.05, 0.3, 0.8])),
    }
    told = answer(**state)
    for row in told["quantities"]:
        assert row["agrees"] is True, row
    assert told["cycles"]["count"] >= 1
    for row in told["cycles"]["list"]:
        assert row["deviation"] < 1e-8, row
    agree = len(told["quantities"])
    assert told["sentence"].startswith(f"{agree} of {agree} closed forms agree")


def test_the_amplitude_and_the_edges_by_hand():
    rows = {row["label"]: row for row in answer(preset="two-scale", radius=0.6)["quantities"]}
    assert rows["Amplitude of the 2-cycle"]["closed"] == pytest.approx(0.66 * 0.6 / (2 * 1.9 - 0.66), rel=1e-12)
    assert rows["Edge of stability in the pothole"]["closed"] == pytest.approx(3.8 / 40)
    assert rows["Ghost minimum"]["closed"] == pytest.approx(-0.03 - 0.6)
    bound = rows["ρ above which the 2-cycle’s probe leaves"]
    assert bound["closed"] == pytest.approx(0.22 * (1 - 0.66 / 3.8))
    assert bound["kind"] == "necessary for leaving, not sufficient"


def test_without_momentum_the_bounds_say_that_they_are_not_valid():
    told = answer(preset="two-scale", momentum=0, learning_rate=0.03)
    kinds = [row["kind"] for row in told["quantities"] if row["label"].startswith("ρ above")]
    assert kinds == ["necessary for leaving, not sufficient; not valid at μ = 0"] * 2
    assert told["window"]["lines"] == []


def test_the_starts_that_end_on_each_cycle_by_single_runs():
    """Each of the 121 starts walked alone, its period found by looking: the counts of the table."""
    told = answer(preset="two-scale")
    counts = {row["word"]: 0 for row in told["cycles"]["list"]}
    wide = TwoScaleQuadratic(0.3, 40.0, 1e3, 0.0)
    for start in np.linspace(-0.22, 0.22, 121):
        run = simulate(wide, "SAM", [start if start else 1e-5 * 0.25], 3000, 0.0165, 0.1, 0.9)
        x = run.positions[-60:, 0]
        period = next(p for p in range(1, 25) if np.abs(x[p:] - x[:-p]).max() < 1e-7)
        word = rotated(np.sign(x[-period:]).astype(int).tolist())
        text = "".join("+" if s > 0 else "−" for s in min(word, mirrored(word)))
        counts[text] += 1
    assert counts == {row["word"]: row["starts"] for row in told["cycles"]["list"]}
    mine = simulate(wide, "SAM", [0.25 / 3 + 0.03], 3000, 0.0165, 0.1, 0.9).positions[-4:, 0]
    assert told["cycles"]["mine"]["period"] == 4
    assert sorted(told["cycles"]["orbit"]["simulated"][-4:]) == pytest.approx(sorted(mine), abs=1e-6)
    for simulated, closed in zip(*told["cycles"]["orbit"].values(), strict=True):
        assert simulated == pytest.approx(closed, abs=1e-8)


def test_the_strip_of_radii_by_single_runs():
    told = answer(preset="two-scale")["window"]
    surface = TwoScaleQuadratic()
    for k in (3, 40, 90, 160, 239):
        radius = told["radii"][k]
        run = simulate(surface, "SAM", [0.083333], 1500, 0.0165, radius, 0.9)
        x, end = float(run.final[0]), told["ends"][k]
        if end == "reaches the bowl’s bottom":
            assert run.outcome == "reached"
        elif end == "stays in the pothole":
            assert abs(x) < 0.25
        elif end == "hangs at the ghost minimum":
            assert abs(x - (-0.03 - radius)) < 0.01 * radius
    assert sum(told["counts"].values()) == len(told["radii"])


@pytest.mark.parametrize("seed", range(4))
def test_sam_bounces_where_the_product_is_largest(seed):
    draw = np.random.default_rng(seed)
    h, a = draw.uniform(0.2, 5.0, 2).round(2), draw.uniform(10, 90, 2).round()
    rate = float(f"{1.2 / max(a.max(), (a / h).max()):.3g}")
    state = {
        "surface": "two-scale-plane",
        "surface.curvature_1": h[0],
        "surface.curvature_2": h[1],
        "surface.pothole_curvature_1": a[0],
        "surface.pothole_curvature_2": a[1],
        "learning_rate": rate,
        "momentum": 0.5,
        "radius": 0.2,
    }
    euclidean, inverse = answer(**{k: float(v) if not isinstance(v, str) else v for k, v in state.items()})["plane"]
    assert euclidean["expected"] == int(np.argmax(a)) + 1
    assert inverse["expected"] == int(np.argmax(a / h)) + 1
    for told in (euclidean, inverse):
        assert told["agrees"] is True


@pytest.mark.parametrize("key", SURFACES)
def test_it_answers_on_every_surface(key):
    told = answer(surface=key)
    assert told["sentence"]
    line, plane, _ = setting_of(read_instrument_request({"surface": key}).toy, SURFACES[key]())
    assert line.a > 0 and isinstance(plane, TwoScalePlane)


@pytest.mark.parametrize(
    "state",
    [
        {"preset": "two-scale", "learning_rate": 0.095},
        {"preset": "two-scale", "radius": 0},
        {"preset": "two-scale", "surface.pothole_curvature": 1.0, "surface.curvature": 2.0},
        {"preset": "two-scale", "learning_rate": 1.0, "momentum": 0.99},
        {"preset": "two-scale", "surface.half_width": 0.05, "start_x": -3.0},
    ],
    ids=str,
)
def test_settings_at_the_edge_give_an_answer(state):
    told = answer(**state)
    assert "closed forms agree" in told["sentence"]


def test_the_sentence_names_what_does_not_agree():
    row = {"label": "Jitter", "agrees": False}
    none = {"list": [], "count": 0, "longest": 12, "mine": None}
    assert sentence([row, {"label": "A", "agrees": True}], none) == (
        "1 of 2 closed forms agree with the real step, to rounding or to the fineness of the search; Jitter does not."
        " There is no cycle in the pothole at this setting."
    )


def test_the_ghost_of_the_table_is_the_closed_forms():
    assert two_scale.ghost_minimum(0.3, 40.0, 0.25, 4.0, 0.6) == pytest.approx(-0.63)
