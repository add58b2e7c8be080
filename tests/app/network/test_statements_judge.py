"""Verdicts over seeds, on trials whose numbers are known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy

from app.components.interval import interval
from app.network.presets import CUSTOM, PRESETS
from app.network.statements.judge import compare, judge, last, reach_cost, summarise
from app.network.statements.messages import MethodOverSeeds, PairedSeeds
from app.network.statements.statement import (
    ALIKE,
    BOTH,
    COMPARED,
    DRAW,
    FEWER_STEPS,
    HALF,
    LEAST_IN_WORDS,
    QUANTITIES,
    SAM_GENERALISES,
    STATEMENTS,
    USUAL,
    Comparison,
)
from tests.project.contract import differ


def trial(rate: float = 1.0, price: float = 1.0, accuracy: float = 0.5, stopped: str = "") -> dict[str, Any]:
    """Forty measurements of a loss that falls as exp(−rate·t/100), at so many evaluations and seconds a step."""
    steps = np.arange(0, 410, 10)
    return {
        "steps": steps.tolist(),
        "evaluations": (price * steps).tolist(),
        "seconds": (0.01 * price * steps).tolist(),
        "train_loss": np.exp(-rate * steps / 100).tolist(),
        "test_loss": np.exp(-rate * steps / 100).tolist(),
        "test_accuracy": [accuracy] * len(steps),
        "stopped": stopped,
    }


def seeds(**methods: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Seed → method → trial; a plus in a method's name is written _AND_."""
    count = len(next(iter(methods.values())))
    return {seed: {name.replace("_AND_", "+"): rows[seed] for name, rows in methods.items()} for seed in range(count)}


def test_the_interval_is_student_s() -> None:
    values = np.array([0.3, -0.1, 0.4, 0.2, 0.6])
    expected = scipy.stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    mean, error, low, high = interval(values)
    assert mean == pytest.approx(values.mean()) and error == pytest.approx(scipy.stats.sem(values))
    assert (low, high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    assert all(math.isnan(value) for value in interval(values[:1])[1:]), "one seed has no interval"
    equal = np.array([0.3, 0.1 + 0.2])
    assert equal[0] != equal[1] and interval(equal)[1] == 0.0, "what differs by rounding has no error"


def test_costs_are_compared_where_the_slower_one_ends() -> None:
    """A loss that falls r times as fast is at the other's end after 1/r of the steps; at a price p, p/r of the cost."""
    fast, slow = trial(rate=2.0, price=3.0), trial()
    assert reach_cost(slow, last(slow, "train_loss"), "steps") == pytest.approx(400)
    for ours, other, steps in ((fast, slow, 0.5), (slow, fast, 2.0)):
        trials = seeds(LLQR=[ours] * 2, SGDM=[other] * 2)
        # The mean over four measurements lags behind, relatively more where the loss falls fast.
        found = compare(Comparison("LLQR", "SGDM", "steps"), trials)["mean"]
        assert found == pytest.approx(steps, rel=0.05)
        price = 3.0 if ours is fast else 1 / 3
        assert compare(Comparison("LLQR", "SGDM", "seconds"), trials)["mean"] == pytest.approx(price * found, rel=1e-6)


@pytest.mark.parametrize(
    ("accuracies", "verdict"),
    [
        ((0.60, 0.61, 0.62, 0.60), "holds"),
        ((0.40, 0.39, 0.38, 0.40), "does not hold"),
        ((0.60, 0.40, 0.62, 0.39), "cannot be told"),
        ((0.60,), "cannot be told"),
        ((0.5, 0.5, 0.5), "does not hold"),
        ((0.5005, 0.5006, 0.5007), "does not hold"),
        ((0.5021, 0.5022, 0.5023), "holds"),
    ],
)
def test_a_difference_is_judged_by_its_whole_interval(accuracies: tuple[float, ...], verdict: str) -> None:
    trials = seeds(SAM=[trial(accuracy=a) for a in accuracies], SGDM=[trial()] * len(accuracies))
    claim, (pairs,) = judge(SAM_GENERALISES, trials)
    assert claim.verdict == pairs["verdict"] == verdict
    assert pairs["values"] == pytest.approx([100 * (a - 0.5) for a in accuracies])
    assert list(differ(pairs, PairedSeeds)) == []
    told = sum(a > 0.501 for a in accuracies)
    assert f"as said on {told} of {len(accuracies)} seed" in claim.counts


@pytest.mark.parametrize(
    ("ratio", "half", "draw"),
    [
        (0.4, "holds", "does not hold"),
        (0.9, "does not hold", "holds"),
        (ALIKE * 1.2, "does not hold", "does not hold"),
    ],
)
def test_a_ratio_may_have_to_lie_below_or_between(ratio: float, half: str, draw: str) -> None:
    rates = [1 / ratio * wobble for wobble in (0.99, 1.0, 1.01)]
    trials = seeds(LLQR=[trial(rate) for rate in rates], SGDM=[trial()] * 3)
    assert judge(HALF, trials)[0].verdict == half
    assert judge(DRAW, trials)[0].verdict == draw


def test_a_cost_that_hardly_differs_is_not_lower() -> None:
    """Made sure of by all seeds, and still not worth a word; the page says how little is not."""
    hardly, clearly = ([trial(rate) for rate in rates] for rates in ((1.009, 1.01, 1.011), (1.049, 1.05, 1.051)))
    found = [judge(FEWER_STEPS, seeds(LLQR=one, SGDM=[trial()] * 3)) for one in (hardly, clearly)]
    assert [claim.verdict for claim, _ in found] == ["does not hold", "holds"]
    assert all(pairs["high"] < 1 and pairs["below"] == pytest.approx(0.98) for _, (pairs,) in found)
    assert "2 % of a cost" in LEAST_IN_WORDS and "0.1 % of accuracy" in LEAST_IN_WORDS


def test_a_statement_of_two_halves_holds_where_both_do() -> None:
    def both(alone: float) -> str:
        wobble = (0.0, 0.01, 0.02)
        trials = seeds(
            LLQR_AND_SAM=[trial(accuracy=0.8 + w) for w in wobble],
            LLQR=[trial(accuracy=0.6)] * 3,
            SAM=[trial(accuracy=alone)] * 3,
        )
        return judge(BOTH, trials)[0].verdict

    assert [both(0.7), both(0.81), both(0.9)] == ["holds", "cannot be told", "does not hold"]


def test_a_method_that_stopped_is_left_out_and_told() -> None:
    trials = seeds(SAM=[trial(accuracy=0.6), trial(stopped="no number"), trial(accuracy=0.61)], SGDM=[trial()] * 3)
    claim, (pairs,) = judge(SAM_GENERALISES, trials)
    assert pairs["values"][1] is None and "2 of 2 seeds, 1 without a value" in claim.counts
    assert pairs["low"] > 0 and claim.verdict == "cannot be told", "who diverges is not the better for it"
    sam, sgdm = summarise(trials, ["SAM", "SGDM"])
    assert (sam["stopped"], sgdm["stopped"]) == (1, 0) and sam["test_accuracy"][0] == pytest.approx(0.605)
    assert [fault for row in (sam, sgdm) for fault in differ(row, MethodOverSeeds)] == []
    every = seeds(SAM=[trial(stopped="no number")] * 2, SGDM=[trial()] * 2)
    claim, _ = judge(SAM_GENERALISES, every)
    assert claim.verdict == "cannot be told" and "no seed with a value" in claim.counts


def test_data_without_classes_have_no_accuracy_to_compare() -> None:
    plain = {key: value for key, value in trial().items() if key != "test_accuracy"}
    assert judge(SAM_GENERALISES, seeds(SAM=[plain] * 2, SGDM=[plain] * 2))[0].verdict == "cannot be told"


def test_each_preset_has_statements_that_can_come_out_either_way() -> None:
    assert set(STATEMENTS) == {*PRESETS, CUSTOM}
    for statements in STATEMENTS.values():
        assert len({one.text for one in statements}) == len(statements) > 2
        for comparison in (one for statement in statements for one in statement.comparisons):
            names = {name.removesuffix(USUAL) for name in (comparison.ours, comparison.other)}
            assert names <= set(COMPARED) and comparison.quantity in QUANTITIES
            assert comparison.above < comparison.below
            assert math.isfinite(comparison.above) or math.isfinite(comparison.below)
