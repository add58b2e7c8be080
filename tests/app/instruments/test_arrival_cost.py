"""The cost of arriving on the instruments: every number against a walk that counts what it asks of the ground."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import orjson
import pytest

from app.instruments.arrival_cost import STEPS, unit_of
from app.instruments.axes import AXES, with_value
from app.instruments.equal_cost import equal_budget, steps_within
from app.instruments.export.files import compute_part
from app.instruments.fairness import AT_LEAST, FASTER, JUDGED_ON, Tried, advantage, fairness_answer
from app.instruments.phase import sides
from app.instruments.repeats import repeats
from app.toy.claims.trials import MOST
from app.toy.compute import configured
from app.toy.measured_cost import cost_request, seconds
from optimizers import METHODS, simulate
from optimizers.capabilities import NEVER
from optimizers.sweeps import middle_arrivals
from tests.app.counting import evaluations_of_steps, evaluations_to_arrival
from tests.app.instruments.asking import read_instrument_request

pytestmark = pytest.mark.slow

SMALL = {"resolution": "12", "runs": "3", "steps": 60, "preset": "figure-2", "noise_variance": 0}


def fairness(**state):
    return orjson.loads(fairness_answer(read_instrument_request(state, "fairness")))


@pytest.mark.parametrize(
    ("x_axis", "y_axis", "column", "more"),
    [
        ("learning_rate", "radius", -1, {"refresh_every": 7}),
        ("refresh_every", "learning_rate", -1, {}),
        ("decay", "refresh_every", -1, {"warm_start_scale": 0}),
        ("warm_start_scale", "refresh_every", -1, {"warm_start_scale": 0}),
        ("surface.width", "refresh_every", 0, {"warm_start_scale": 0}),
        ("start_x", "start_y", -1, {"refresh_every": 4, "warm_start_scale": 0}),
    ],
)
def test_each_cells_cost_is_what_its_walks_asked_of_the_ground(x_axis, y_axis, column, more):
    """step · median + refresh · refreshes = the median of the counts of the single runs, also of an even number."""
    state = {**SMALL, "x_axis": x_axis, "y_axis": y_axis, **more}
    request = read_instrument_request({**state, "stride": 8})
    answer = orjson.loads(compute_part("phase", request))
    across, up = sides(request)
    trial = repeats(request.toy, request.toy.make_surface(), 3)
    found_any = 0
    for found in answer["parts"]:
        price = answer["costs"][found["method"]]
        for row in {0, len(found["rows"]) - 1}:
            toy = request.toy
            for name, value in (
                (x_axis, across.values[found["columns"][column]]),
                (y_axis, up.values[found["rows"][row]]),
            ):
                kept = int(value) if name == "refresh_every" else float(value)
                toy = replace(toy, **{name: kept}) if name in AXES else with_value(toy, name, float(value))
            starts = trial.starts - np.asarray(request.toy.start) + np.asarray(toy.start)
            walks = evaluations_to_arrival(
                toy.make_surface(),
                configured(found["method"], toy),
                starts,
                trial.steps,
                toy.learning_rate,
                toy.radius,
                toy.momentum,
            )
            costs = [cost for cost in walks if cost is not None]
            assert found["arrived"][row][column] == len(costs)
            if costs:
                told = price["step"] * found["median"][row][column] + price["refresh"] * found["refreshes"][row][column]
                assert told == np.median(costs)
                found_any += 1
    assert found_any, "somewhere something arrives"


def test_the_median_of_an_even_number_lies_between_two():
    arrival, reached = np.array([5, 30, 12, 21]), np.array([True, True, True, False])
    assert middle_arrivals(arrival, reached).tolist() == [12, 12]
    assert middle_arrivals(arrival, np.array([True, True, False, False])).tolist() == [5, 30]
    assert np.isnan(middle_arrivals(arrival, np.zeros(4, dtype=bool))).all()


@pytest.mark.parametrize("state", [{}, {"refresh_every": 1, "warm_start_scale": 0}], ids=["k10", "k1"])
def test_the_budget_pays_for_so_many_steps_and_no_more(state):
    """Counted by walking: every method's steps cost at most the budget, one step more costs more."""
    state = {**SMALL, "runs": "1", "steps": 25, **state}
    answer = fairness(**state, cost="evaluations")["equal_cost"]
    request = read_instrument_request(state)
    surface = request.toy.make_surface()
    spent = {}
    for name, length in answer["lengths"].items():
        method = configured(name, request.toy)
        *_, spent[name], more = evaluations_of_steps(surface, method, length + 1)
        assert spent[name] <= answer["budget"] < more
    assert max(spent.values()) == answer["budget"]
    assert answer["lengths"]["LLQR+SAM"] == request.toy.steps, "the dearest walks the page's steps"
    assert f"pays for so many steps: {answer['lengths']['SGDM']} of SGDM" in answer["what"]


def test_the_budget_has_an_end():
    request = read_instrument_request({"refresh_every": 1, "steps": 1000}).toy
    schedules = {name: configured(name, request).preconditioner.schedule for name in METHODS}
    unit = unit_of("evaluations", request)
    assert equal_budget(unit, schedules, 1000) == 20_000
    assert steps_within(unit, "LLQR+SAM", schedules["LLQR+SAM"], 20_000) == (20_000 + 101) // 103, (
        "the first step has no refresh"
    )
    assert steps_within(STEPS, "SAM", NEVER, 77) == 77


def test_steps_are_told_as_ever_whatever_the_unit():
    """The step-based strips, rows and sentence are the same in every unit."""
    plain = fairness(**SMALL)
    assert "equal_cost" not in plain
    for unit in ("evaluations", "seconds"):
        told = fairness(**SMALL, cost=unit)
        assert told.pop("equal_cost")["unit"] == unit
        assert told == plain


HEADS = {
    (True, True): "LLQR+SAM’s advantage over SAM survives tuning",
    (False, True): "LLQR+SAM gains an advantage by tuning",
    (True, False): "LLQR+SAM’s advantage over SAM does not survive tuning",
    (False, False): "There is no advantage of LLQR+SAM over SAM here, tuned or not",
}


@pytest.mark.parametrize("preset", ["figure-2", "stiff-valley"])
def test_the_sentence_within_the_budget_against_counted_walks(preset):
    """Medians and verdict anew, costs from walks that count; whether it is another verdict than by steps is said."""
    answer = fairness(preset=preset, runs="3", cost="evaluations", noise_variance=0)
    told = answer["equal_cost"]
    request = read_instrument_request({"preset": preset, "runs": "3", "noise_variance": 0}).toy
    surface = request.make_surface()
    fresh = repeats(request, surface, JUDGED_ON, seed=1)

    def judged(name, rate, radius):
        # Who stays is the compiled walk's to say: over hundreds of steps the readable one parts from it.
        method, walk = configured(name, request), (told["lengths"][name], rate, radius, request.momentum)
        run = simulate(surface, method, fresh.starts, *walk, record="summary")
        arrivals = run.arrival[run.outcome == "reached"]
        counted = evaluations_of_steps(surface, method, int(arrivals.max(initial=0)))
        costs = [counted[step] for step in arrivals]
        return len(costs), float(np.median(costs)) if costs else np.inf

    rows = {row["method"]: row for row in told["rows"]}
    settings = [
        dict.fromkeys(("SAM", "LLQR+SAM"), (request.learning_rate, request.radius)),
        {name: (rows[name]["learning_rate"], rows[name]["radius"]) for name in ("SAM", "LLQR+SAM")},
    ]
    ahead = []
    for pair in settings:
        (sam, sams), (ours, mine) = judged("SAM", *pair["SAM"]), judged("LLQR+SAM", *pair["LLQR+SAM"])
        assert f"LLQR+SAM arrives in {ours} of {JUDGED_ON} (median {mine:g})" in told["sentence"]
        if sam:
            assert f"SAM arrives in {sam} of {JUDGED_ON} (median {sams:g})" in told["sentence"]
        far = sams > FASTER * mine and sams - mine >= 2 * AT_LEAST
        ahead.append(ours >= MOST * JUDGED_ON and (sam < MOST * JUDGED_ON or far))
    head = HEADS[tuple(ahead)]
    assert told["sentence"].startswith(f"{head}, counted in gradient evaluations: ")
    by_steps = answer["sentence"].split(": ")[0]
    assert ("Counted in steps the verdict is the same." in told["sentence"]) is (head == by_steps)
    assert ("Counted in steps the verdict is another" in told["sentence"]) is (head != by_steps)


def test_a_budget_of_seconds_is_that_of_the_measured_prices():
    told = fairness(**SMALL, cost="seconds")["equal_cost"]
    request = read_instrument_request(SMALL).toy
    assert told["prices"] == seconds(cost_request(request)), "the same numbers as on every page"
    for name, length in told["lengths"].items():
        when, price = configured(name, request).preconditioner.schedule, told["prices"][name]
        costs = [price["step"] * t + price["refresh"] * when.before(t) for t in (length, length + 1)]
        assert costs[0] <= told["budget"] * (1 + 1e-9) < costs[1] * (1 + 1e-9)
    assert "Measured on this server" in told["what"]


def test_a_setting_as_good_as_any_stays_the_best():
    """So no verdict changes because a tie was broken otherwise: by the final loss, which falls on."""
    loss, nothing = np.array([3.0, 2.0, 1.0, 0.5]), np.zeros(4)
    found = Tried("SAM", nothing, nothing, np.array([5, 5, 5, 4]), np.array([8.0, 4.0, 4.0, 1.0]), nothing, loss)
    assert found.best == 2
    assert found.best_or(1) == 1, "as often and as early: it stays"
    assert found.best_or(0) == found.best_or(3) == 2, "later, or seldomer: it does not"


def table(post, instrument, name, **wish):
    response = post("/export/instruments", {**SMALL, "instrument": instrument, "table": name, "format": "csv", **wish})
    assert response.status_code == 200, response.text
    first, *lines = response.text.splitlines()
    heads, *rows = csv.reader(lines)
    return json.loads(first.removeprefix("# settings: ")), [dict(zip(heads, row, strict=True)) for row in rows]


def test_the_files_hold_the_costs(post):
    settings, rows = table(post, "phase", "map", refresh_every=3)
    price = settings["evaluations_each"]
    reached = [row for row in rows if row["median_step"]]
    assert reached and "median_seconds" not in rows[0]
    for row in reached:
        mine = price[row["method"]]
        expected = mine["step"] * float(row["median_step"]) + mine["refresh"] * float(row["median_refreshes"])
        assert float(row["median_evaluations"]) == expected
    measured, rows = table(post, "phase", "map", cost="seconds")
    row = next(row for row in rows if row["median_step"] and row["method"] == "LLQR+SAM")
    mine = measured["seconds"]["LLQR+SAM"]
    expected = mine["step"] * float(row["median_step"]) + mine["refresh"] * float(row["median_refreshes"])
    assert float(row["median_seconds"]) == pytest.approx(expected, rel=1e-12)

    told = post("/instruments/fairness", {**SMALL, "cost": "evaluations"}).json()["equal_cost"]
    settings, best = table(post, "fairness", "best", cost="evaluations")
    assert settings["budget"] == told["budget"] and settings["sentence"] == told["sentence"]
    assert [int(row["steps_in_budget"]) for row in best] == list(told["lengths"].values())
    assert [int(row["tuned_arrived"]) for row in best] == [row["tuned"]["arrived"] for row in told["rows"]]
    assert table(post, "fairness", "best")[1][0]["steps_in_budget"] == ""


def test_an_unknown_unit_is_a_sentence(post):
    for name in ("phase", "fairness"):
        answer = post(f"/instruments/{name}", {**SMALL, "cost": "euros"})
        assert answer.status_code == 422
        assert answer.json()["problems"] == [
            "Cost in “euros” does not exist; it is one of steps, evaluations, seconds."
        ]


@pytest.mark.parametrize(("mine", "theirs", "ahead"), [(20, 26, True), (20, 25, False), (2, 4, False), (2, 5, True)])
def test_who_is_ahead_is_what_the_page_says_it_is(mine: int, theirs: int, ahead: bool) -> None:
    """1.25 times as soon, and by at least 3 steps."""
    assert fairness(**SMALL)["sentence"].endswith("or 1.25 times as soon, by at least 3 steps.")

    def arriving(name: str, median: float) -> Tried:
        one = [np.array([value]) for value in (0.01, 0.1, JUDGED_ON, median, 0.0, 0.0)]
        return Tried(name, *one)

    assert advantage(arriving("LLQR+SAM", mine), arriving("SAM", theirs)) is ahead
