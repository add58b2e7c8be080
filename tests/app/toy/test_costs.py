"""What steps cost: the four numbers of each method against the run's own count, and seconds that were measured."""

from __future__ import annotations

import numpy as np
import orjson
import pytest

from app.toy.batch import compute_paths
from app.toy.compute import configured
from app.toy.costs import PRODUCT, counted
from app.toy.measured_cost import read_cost
from app.toy.request import read_request
from optimizers import METHODS, simulate
from optimizers.capabilities import NEVER, Schedule
from optimizers.methods import toy_methods


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(
    "state", [{}, {"refresh_every": 1}, {"refresh_every": 7, "warm_start_scale": 0}, {"refresh_every": 200}], ids=str
)
def test_the_four_numbers_give_the_runs_own_count(name, state):
    """At every step: cost = step·t + refresh·(refreshes before t) = gradients + PRODUCT·curvature products."""
    request, _ = read_request({"preset": "figure-2", "steps": 60, **state})
    method = configured(name, request)
    run = simulate(request.make_surface(), method, request.start, 60, 1e-3)
    cost, when = counted(method), method.preconditioner.schedule
    for t in range(61):
        expected = int(run.gradient_evaluations[t]) + PRODUCT * int(run.curvature_products[t])
        assert cost["step"] * t + cost["refresh"] * when.before(t) == expected


def test_what_a_step_costs_in_words_of_the_paper():
    """SGDM one gradient, SAM two; a refresh of LLQR one gradient and 50 curvature products."""
    request, _ = read_request({"preset": "figure-2"})
    told = {name: counted(configured(name, request)) for name in METHODS}
    assert [told[name]["step"] for name in ("SGDM", "SAM", "LLQR", "LLQR+SAM")] == [1, 2, 1, 2]
    assert told["LLQR"] == {"step": 1, "refresh": 1 + PRODUCT * 50, "first": 10, "every": 10}
    assert told["SAM"]["first"] == -1


def test_the_schedule():
    when = Schedule(first=3, every=4)
    assert [when.before(t) for t in range(13)] == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3]
    assert [t for t in range(12) if when.due(t)] == [3, 7, 11]
    assert [when.latest(t) for t in (2, 3, 6, 7)] == [None, 3, 3, 7]
    assert NEVER.before(100) == 0 and not NEVER.due(0) and NEVER.latest(100) is None and not NEVER.ever
    brief = Schedule(0, np.array([2, 5]), until=6)
    assert np.array_equal(brief.due(np.arange(12)[:, None]).sum(axis=0), [3, 2])
    assert np.array_equal(brief.before(12), [3, 2])


def test_the_paths_bring_their_costs():
    request, _ = read_request({"preset": "figure-2", "steps": 40, "refresh_every": 4})
    for method in orjson.loads(compute_paths(request))["methods"]:
        assert method["cost"] == counted(configured(method["name"], request))


def test_seconds_are_measured_and_only_what_takes_time_tells_requests_apart(post):
    told = orjson.loads(read_cost({"preset": "two-scale"}).answer())
    assert set(told["methods"]) == set(toy_methods())
    for name, cost in told["methods"].items():
        assert 0 < cost["step"] < 1
        assert (cost["refresh"] > 0) is ("LLQR" in name or name == "NGD")
        assert name in told["what"]
    assert told["methods"]["LLQR"]["refresh"] == told["methods"]["LLQR+SAM"]["refresh"]
    assert read_cost({"preset": "two-scale", "learning_rate": 0.3, "steps": 90}) == read_cost({"preset": "two-scale"})
    assert read_cost({"structure": "scalar"}) != read_cost({"structure": "dense"})
    assert post("/toy/cost", {"structure": "round"}).status_code == 422
    assert np.isfinite(told["methods"]["SGDM"]["step"])
