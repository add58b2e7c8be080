"""Equal effort for every method, successive halving, and what fresh seeds say of the tuned methods."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from app.components.interval import interval
from app.network.fairness.controls import EFFORTS
from app.network.fairness.judge import cut, draw, find, statements_of
from app.network.fairness.tuning import best_of, rounds_of, settings_of
from optimizers.capabilities import LEARNING_RATE, RADIUS, Tunable
from optimizers.methods import NETWORK_METHODS


@pytest.mark.parametrize("name", NETWORK_METHODS)
@pytest.mark.parametrize("effort", [int(effort) for effort in EFFORTS])
def test_every_method_is_tuned_over_as_many_settings(name: str, effort: int) -> None:
    """Of its own settings alone, over their whole ranges, each once."""
    tunables = NETWORK_METHODS[name].tunables
    grid = settings_of(tunables, effort)
    assert len(grid) == effort == len({tuple(one.items()) for one in grid})
    for one in tunables:
        values = sorted({setting[one.name] for setting in grid})
        assert values[0] == pytest.approx(one.minimum) and values[-1] == pytest.approx(one.maximum)
        assert np.ptp(np.diff(np.log(values))) < 1e-9, "in equal ratios"
    assert all(set(setting) == {one.name for one in tunables} for setting in grid)


def test_a_wider_range_has_more_places() -> None:
    """Four decades of η and two of ρ: twice as many; a third setting is fitted in, and never more points than asked."""
    counts = [
        len({one[name] for one in settings_of((LEARNING_RATE, RADIUS), 32)}) for name in ("learning_rate", "radius")
    ]
    assert counts == [8, 4]
    third = Tunable("momentum", "μ", 0.1, 1.0)
    grid = settings_of((LEARNING_RATE, RADIUS, third), 32)
    assert 16 <= len(grid) <= 32 and {len(one) for one in grid} == {3}


def test_ever_fewer_settings_go_on_for_ever_longer() -> None:
    assert rounds_of(32, 400) == [(32, 44), (11, 133), (4, 400)]
    assert rounds_of(18, 5) == [(18, 1), (6, 1), (2, 5)]
    scores = {0: (0.5, 1.0), 1: None, 2: (0.1, 2.0), 3: (0.1, 1.0), 4: (0.1, 1.0)}
    assert best_of(scores, 3) == [3, 4, 2], "the training loss decides between equals, then the order"
    assert best_of(scores, 9) == [3, 4, 2, 0], "what stopped does not go on"
    assert best_of({1: None}, 3) == []


def trial(ends: float, cost: int, stopped: str = "") -> dict[str, Any]:
    """Ten measurements on the way to an accuracy, at so many evaluations a step."""
    steps = list(range(11))
    accuracy = [0.5 + (ends - 0.5) * step / 10 for step in steps]
    return {
        "steps": steps,
        "evaluations": [cost * step for step in steps],
        "seconds": [0.1 * cost * step for step in steps],
        "test_accuracy": accuracy,
        "train_loss": [1 - value for value in accuracy],
        "test_loss": [1 - value for value in accuracy],
        "stopped": stopped,
    }


def test_sam_out_best_in_steps_is_not_so_at_equal_cost() -> None:
    """SAM ends ahead, and at half of its way, which is all that its double price leaves, it is behind."""
    trials = {seed: {"SGDM": trial(0.8, 1), "SAM": trial(0.9 + seed / 1000, 2)} for seed in range(4)}
    found = find(trials, ["SGDM", "SAM"], "test_accuracy")
    verdicts = {account: [one["verdict"] for one in claims] for account, claims in found["claims"].items()}
    assert verdicts == {
        "steps": ["holds", "holds"],
        "evaluations": ["does not hold", "does not hold"],
        "seconds": ["does not hold", "does not hold"],
    }
    assert found["claims"]["steps"][1]["statement"].startswith("A tuned radius lets plain SAM out best")
    half = cut(trials, "evaluations")[0]
    assert half["SGDM"]["steps"] == list(range(11)) and half["SAM"]["steps"] == list(range(6))


def test_losses_are_better_below() -> None:
    trials = {seed: {"SGDM": trial(0.8, 1), "SAM": trial(0.9 + seed / 1000, 1)} for seed in range(3)}
    for goal in ("train_loss", "test_loss"):
        assert find(trials, ["SGDM", "SAM"], goal)["claims"]["steps"][0]["verdict"] == "holds"
        assert find(trials, ["SAM", "SGDM"], goal)["claims"]["steps"][0]["verdict"] == "does not hold"


def test_which_statements_there_are_follows_from_the_methods() -> None:
    def words(*names: str) -> list[str]:
        return [one.text for one in statements_of(names, "test_accuracy")]

    assert words("Adam", "Lion") == ["Each at its best, Lion is ahead of Adam."]
    four = words("SGDM", "SAM", "LLQR", "LLQR+SAM")
    assert len(four) == 5 and "LLQR+SAM keeps an advantage over SAM when both are tuned." in four
    best = statements_of(("SGDM", "SAM", "LLQR"), "test_accuracy")[-1]
    assert [(one.ours, one.other) for one in best.comparisons] == [("SAM", "SGDM"), ("SAM", "LLQR")]
    assert len(words("SAM", "LLQR+SAM")) == 2, "who is ahead of the first is said once"


def test_a_curve_is_the_mean_over_seeds_with_its_interval() -> None:
    trials = {seed: {"SGDM": trial(0.8 + seed / 50, 2)} for seed in range(3)}
    curve = draw(trials, "SGDM", "test_accuracy")
    mean, _, low, high = interval(np.array([0.8, 0.82, 0.84]))
    assert (curve["mean"][-1], curve["low"][-1], curve["high"][-1]) == pytest.approx((mean, low, high))
    assert curve["evaluations"] == [2 * step for step in range(11)] and len(curve["low"]) == 11
    one = draw({0: {"SGDM": trial(0.8, 1)}}, "SGDM", "test_accuracy")
    assert one["low"] == [None] * 11 and one["mean"][-1] == pytest.approx(0.8), "one seed has no interval"
    trials[3] = {"SGDM": trial(0.1, 1, "it diverged")}
    assert draw(trials, "SGDM", "test_accuracy")["mean"] == curve["mean"], "who stopped is left out"
    assert draw({3: trials[3]}, "SGDM", "test_accuracy")["mean"] == []
    assert math.isclose(cut({3: trials[3]}, "steps")[3]["SGDM"]["test_accuracy"][-1], 0.1)
