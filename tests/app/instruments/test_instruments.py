"""The instruments: each number against plain simulate, each sentence against a computation of its own, bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import orjson
import pytest

from app.instruments.axes import AXES, axes_of, side, with_value
from app.instruments.basins import basins_answer
from app.instruments.controls import read_instruments_link
from app.instruments.export.files import compute_part
from app.instruments.fairness import EFFORT, fairness_answer, settings_of
from app.instruments.instrument import STRIDES
from app.instruments.phase import blocks, sides
from app.instruments.race import METHODS_IN_RACE, WHY_THESE, race_answer
from app.instruments.repeats import repeats
from app.state.schema import BadRequest
from app.toy.compute import configured
from app.toy.request import read_request
from geometry.surfaces import SURFACES
from optimizers import METHODS, simulate
from optimizers.methods import toy_methods
from tests.app.instruments.asking import read_instrument_request

SMALL = {"resolution": "12", "runs": "3", "steps": 120}


def part(**state):
    return orjson.loads(compute_part("phase", read_instrument_request({**SMALL, **state}, "phase")))


@pytest.mark.parametrize("size", [1, 7, 12, 48])
def test_the_strides_together_are_every_point_once(size):
    seen = np.zeros((size, size + 3), dtype=int)
    for stride in STRIDES:
        for columns, rows in blocks(size + 3, size, stride):
            seen[np.ix_(rows, columns)] += 1
    assert (seen == 1).all()


@pytest.mark.parametrize(
    ("surface", "x_axis", "y_axis", "noise", "others"),
    [
        ("annular-well", "learning_rate", "radius", 0.0, ()),
        ("stiff-valley", "radius", "momentum", 1e-6, ()),
        ("annular-well", "decay", "refresh_every", 0.0, ()),
        ("annular-well", "learning_rate", "refresh_every", 0.1, ("GNP", "NGD", "Shampoo", "Adam")),
    ],
)
def test_each_cell_is_what_simulate_gives(surface, x_axis, y_axis, noise, others):
    """Cells of all methods, one plain simulation for each run: counts and medians agree exactly."""
    state = {"surface": surface, "x_axis": x_axis, "y_axis": y_axis, "noise_variance": noise, "methods": list(others)}
    request = read_instrument_request({**SMALL, **state}, "phase")
    trial = repeats(request.toy, request.toy.make_surface(), request.runs)
    answer = part(**state)
    across, up = sides(request)
    assert {found["method"] for found in answer["parts"]} == {*METHODS, *others}
    for found in answer["parts"]:
        row, column = len(found["rows"]) - 1, 0
        values = {x_axis: across.values[found["columns"][column]], y_axis: up.values[found["rows"][row]]}
        toy, _ = read_request({**{k: v for k, v in SMALL.items() if k == "steps"}, **state, **plain(values)})
        runs = [
            simulate(
                toy.make_surface(),
                configured(found["method"], toy),
                start,
                trial.steps,
                toy.learning_rate,
                toy.radius,
                toy.momentum,
                toy.noise_variance,
                int(seed),
                "summary",
                compiled=found["method"] in METHODS,
            )
            for start, seed in zip(trial.starts, trial.seeds, strict=True)
        ]
        arrivals = [int(run.arrival) for run in runs if run.outcome == "reached"]
        assert found["arrived"][row][column] == len(arrivals)
        assert found["diverged"][row][column] == sum(str(run.outcome) == "diverged" for run in runs)
        expected = float(np.median(arrivals)) if arrivals else None
        assert found["median"][row][column] == expected


def plain(values):
    return {name: int(v) if name == "refresh_every" else float(v) for name, v in values.items()}


@pytest.mark.parametrize("name", AXES)
def test_an_axis_holds_values_that_its_control_takes_as_they_are(name):
    request = read_instrument_request({}).toy
    found = side(name, 24, request)
    assert 12 <= len(found.values) <= 24
    assert (np.diff(found.values) > 0).all()
    for value in plain_list(name, found.values):
        assert found.control.read(value) == (value, None)


def plain_list(name, values):
    return [int(v) if name == "refresh_every" else float(v) for v in values]


def test_a_setting_outside_the_window_widens_it():
    request = read_instrument_request({"learning_rate": 0.9, "radius": 2.5}).toy
    assert side("learning_rate", 12, request).values[-1] == 0.9
    assert side("radius", 12, request).values[-1] == 2.5


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"x_axis": "radius"}, "The two axes must differ, both are Probe radius ρ."),
        ({"y_axis": "colour"}, "Up “colour” does not exist"),
        ({"resolution": 48}, "Resolution must be one of 12, 24, 48, not 48."),
        ({"runs": "1000"}, "Runs “1000” does not exist; it is one of 1, 3, 5, 10."),
        ({"stride": 3}, "The stride must be one of 8, 4, 2, 1, not 3."),
        ({"stride": True}, "The stride must be one of 8, 4, 2, 1, not true."),
        ({"method": ["SAM"]}, "The method must be all or one of SGDM, SAM, LLQR, LLQR+SAM, not a list."),
        ({"learning_rate": "fast"}, "Learning rate η must be a number"),
        ({"surface": None}, "Surface must be one of"),
    ],
)
def test_bad_input_is_a_sentence(state, said):
    with pytest.raises(BadRequest) as refused:
        read_instrument_request(state)
    assert said in str(refused.value)


def test_a_link_with_wrong_values_still_opens():
    reading = read_instruments_link("?x_axis=radius&y_axis=radius&runs=many")
    assert reading.state["x_axis"] == "radius"
    assert reading.state["y_axis"] == "learning_rate"
    assert len(reading.problems) == 2


def test_the_addresses(post):
    answer = post("/instruments/phase", {**SMALL, "stride": 8})
    assert answer.status_code == 200
    assert answer.json()["stride"] == 8
    assert post("/instruments/phase", {"runs": 7}).status_code == 422
    assert post("/instruments/nothing", {}).json()["problems"][0].startswith("There is no such instrument")
    assert post("/instruments/open", {"query": 5}).status_code == 422
    opened = post("/instruments/open", {"query": "?surface=stiff-valley&y_axis=decay&resolution=9"}).json()
    assert opened["state"]["surface"] == "stiff-valley"
    assert opened["state"]["y_axis"] == "decay"
    assert "Resolution" in opened["notices"][0]


RING = {"preset": "figure-2", "noise_variance": 0}
VALLEY = {"preset": "stiff-valley"}


@pytest.mark.parametrize(("state", "survives"), [({"preset": "figure-2"}, False), (VALLEY, True)])
def test_the_fairness_sentence_against_a_search_of_its_own(state, survives):
    """Another grid, plain simulate calls, other starts and other noise give the same verdict: the ring no, the stiff
    valley yes. (Without noise the best on the ring come to stay within 4 to 13 steps, and chance decides.)"""
    answer = orjson.loads(fairness_answer(read_instrument_request(state)))
    assert ("survives tuning" in answer["sentence"]) is survives
    assert ("does not survive tuning" in answer["sentence"]) is not survives
    toy, _ = read_request(state)
    surface = toy.make_surface()
    starts = np.asarray(toy.start) + np.random.default_rng(5).uniform(-0.1, 0.1, (12, 2))
    best = {}
    for name in ("SAM", "LLQR+SAM"):
        medians = [np.inf]
        for rate in np.geomspace(2e-4, 0.9, 14):
            for radius in (0.05, 0.3, 0.9, 1.8):
                walk = rate, radius, 0.9, toy.noise_variance, np.arange(12)
                run = simulate(surface, configured(name, toy), starts, 400, *walk, record="summary")
                if (run.outcome == "reached").mean() >= 0.75:
                    medians.append(float(np.median(run.arrival[run.outcome == "reached"])))
        best[name] = min(medians)
    assert np.isfinite(best["LLQR+SAM"])
    assert (best["SAM"] > max(1.25 * best["LLQR+SAM"], best["LLQR+SAM"] + 2)) is survives, best


def test_every_method_is_tuned_over_as_many_settings():
    """And over the range that its parts say, as the page Methods tells it."""
    for name, method in toy_methods().items():
        rates, radii = settings_of(name)
        pairs = set(zip(rates, rates if radii is None else radii, strict=True))
        assert len(pairs) == EFFORT
        for tried in method.tunables:
            values = rates if tried.name == "learning_rate" else radii
            assert (values.min(), values.max()) == (tried.minimum, tried.maximum)


def test_the_strip_holds_the_best_of_what_was_tried():
    request = read_instrument_request({**SMALL, **RING})
    answer = orjson.loads(fairness_answer(request))
    surface, trial = request.toy.make_surface(), repeats(request.toy, request.toy.make_surface(), request.runs)
    for strip in answer["strips"]:
        k = 20
        run = simulate(
            surface,
            configured(strip["method"], request.toy),
            trial.starts,
            trial.steps,
            strip["rate"][k],
            strip["radius"][k],
            0.9,
            record="summary",
        )
        assert strip["arrived"][k] == (run.outcome == "reached").sum()
        assert strip["loss"][k] == pytest.approx(float(np.median(surface.loss(run.final))), rel=1e-9, abs=1e-12)


def test_the_race_is_of_all_methods_whose_u_has_both_of_its_axes_and_says_why():
    has_both = {
        name
        for name, method in toy_methods().items()
        if {"decay", "refresh_every"} <= {*method.preconditioner.capabilities.array_fields}
    }
    assert has_both == {*METHODS_IN_RACE}
    request = read_instrument_request({**RING, "steps": 20, "runs": "1"}, "race")
    assert WHY_THESE in orjson.loads(race_answer(request))["what"]


def test_the_race_counts_and_the_premise():
    """Cells by plain simulate; both counts of the verdict from the maps once more; slow relearning is sufficient."""
    request = read_instrument_request({**RING, "runs": "3"})
    answer = orjson.loads(race_answer(request))
    surface = request.toy.make_surface()
    trial = repeats(request.toy, surface, 3)
    for name, column, row in (("LLQR", 0, 0), ("LLQR+SAM", 9, 3), ("LLQR", 4, 2)):
        toy, _ = read_request(
            {**RING, "decay": answer["decays"][column], "refresh_every": int(answer["intervals"][row])}
        )
        run = simulate(surface, configured(name, toy), trial.starts, 600, 0.0165, 0.3, 0.9, record="summary")
        assert answer["maps"][name]["arrived"][row][column] == (run.outcome == "reached").sum()
    slow = good_and_slow = 0
    for column, decay in enumerate(answer["decays"]):
        for row, interval in enumerate(answer["intervals"]):
            if interval / (1 - decay) > answer["escape"]:
                slow += 1
                stays = answer["maps"]["LLQR"]["arrived"][row][column] == 0
                good_and_slow += stays and answer["maps"]["LLQR+SAM"]["arrived"][row][column] == 3
    assert answer["claims"][0]["counts"].startswith(f"{good_and_slow} of {slow} ")
    assert answer["claims"][0]["verdict"] == "holds"
    assert answer["claims"][1]["verdict"] in ("holds", "does not hold")


def test_where_nothing_arrives_there_is_no_premise_to_test():
    answer = orjson.loads(race_answer(read_instrument_request({**RING, "learning_rate": 1e-5, "runs": "1"})))
    assert answer["escape"] is None
    assert {claim["verdict"] for claim in answer["claims"]} == {"not tested here"}


def test_u_and_the_inverse_curvatures_along_the_run():
    request = read_instrument_request(RING)
    told = orjson.loads(race_answer(request))["along"]["LLQR"]
    run = simulate(request.toy.make_surface(), configured("LLQR", request.toy), request.toy.start, 600, 0.0165, 0.3)
    k = 40
    t = told["steps"][k] - 1
    values = np.linalg.eigvalsh(run.preconditioners[t])
    assert [told["smallest"][k], told["largest"][k]] == pytest.approx(values.tolist(), rel=1e-9)
    surface = request.toy.make_surface()
    assert told["local"][k] == pytest.approx(1 / np.linalg.eigvalsh(surface.hessian(run.positions[t]))[-1], rel=1e-9)
    # a cloud of 200 000 probes instead of the quadrature; its error is about 1 %
    cloud = run.positions[t] + 2.0 * np.random.default_rng(0).normal(size=(200_000, 2))
    average = np.linalg.eigvalsh(surface.hessian(cloud).mean(axis=0))[-1]
    assert told["smoothed"][k] == pytest.approx(1 / average, rel=0.1)


OTHERS = {"methods": ["SGDM", "GNP", "NGD", "Adam", "Lion"]}


@pytest.mark.parametrize(
    "state", [{**RING, **OTHERS}, {"preset": "two-scale", "radius": 0.6}, {"surface": "himmelblau"}]
)
def test_basins_are_where_single_runs_end(state):
    request = read_instrument_request({**state, "resolution": "12"}, "basins")
    answer = orjson.loads(basins_answer(request))
    surface = request.toy.make_surface()
    for found in answer["maps"]:
        for row, column in ((0, 3), (len(answer["y"]) - 1, 7)):
            start = [answer["x"][column]] + ([answer["y"][row]] if surface.dimension == 2 else [])
            toy = request.toy
            run = simulate(
                surface,
                configured(found["method"], toy),
                start,
                toy.steps,
                toy.learning_rate,
                toy.radius,
                toy.momentum,
                record="summary",
            )
            word = found["names"][found["cells"][row][column]]
            if word in ("diverged", "still moving"):
                assert run.outcome == word
            elif word == "at a ghost minimum":
                assert abs(run.final[0] - found["ghosts"][0][0]) < 0.01 * toy.radius
            elif word != "elsewhere":
                assert surface.describe_position(run.final).startswith(word)


def test_walkers_hang_at_the_marked_ghost():
    """At the ghost the probe stands on the pothole's bottom: its gradient vanishes, the walker's own does not."""
    request = read_instrument_request({"preset": "two-scale", "radius": 0.6, "resolution": "24"})
    maps = {found["method"]: found for found in orjson.loads(basins_answer(request))["maps"]}
    assert maps["SGDM"]["ghosts"] == []
    ((ghost,),) = maps["SAM"]["ghosts"]
    surface = request.toy.make_surface()
    assert surface.gradient(np.array([ghost + 0.6]))[0] == pytest.approx(0, abs=1e-12)
    assert surface.gradient(np.array([ghost]))[0] > 0.5
    assert "at a ghost minimum" in maps["SAM"]["names"]


def test_the_bounds_are_necessary():
    """From rest at the bottom SAM leaves for no (η, ρ) below the first line; above, it leaves somewhere."""
    state = {"preset": "two-scale", "resolution": "24"}
    lines = orjson.loads(compute_part("phase", read_instrument_request(state)))["bounds"]
    assert [line["kind"].split()[0] for line in lines] == ["necessary", "necessary", "sufficient"]
    surface = read_request(state)[0].make_surface()
    h, a, _, offset = surface.kernel_parameters[:4]
    # as near to the bottom as SAM's probe still has its full length ρ (it is g/√(|g|² + 1e-12) long in that unit)
    start = np.array([-h * offset / a + 1e-6])
    rates, radii = (np.array(v) for v in zip(*lines[0]["points"], strict=True))

    def left(factor):
        run = simulate(surface, "SAM", start, 1500, rates, factor * radii, 0.9)
        return (np.abs(run.positions[..., 0]) > surface.half_width).any(axis=0)

    assert not left(0.98).any()
    assert left(1.5).any()


def test_no_bounds_elsewhere():
    assert part()["bounds"] == []


@pytest.mark.parametrize(
    ("state", "x_axis", "y_axis"),
    [
        ({"surface": "stiff-valley"}, "surface.stiffness", "learning_rate"),
        ({"surface": "annular-well"}, "decay", "surface.width"),
        ({"surface": "annular-well"}, "start_x", "radius"),
        ({"surface": "annular-well"}, "start_x", "start_y"),
        ({"surface": "annular-well"}, "start_y", "start_x"),
        ({"surface": "two-scale-quadratic", "radius": 0.3}, "surface.half_width", "start_x"),
        ({"surface": "annular-well", "noise_variance": 1e-6}, "momentum", "surface.depth"),
    ],
)
def test_the_surface_and_the_start_may_be_axes(state, x_axis, y_axis):
    """Cells by a plain simulation for each run on the surface, and from the start, that the cell stands for."""
    state = {"steps": 80, "resolution": "12", "runs": "3", "x_axis": x_axis, "y_axis": y_axis, **state}
    request = read_instrument_request({**state, "stride": 4})
    answer = orjson.loads(compute_part("phase", request))
    across, up = sides(request)
    trial = repeats(request.toy, request.toy.make_surface(), 3)
    for found in answer["parts"]:
        row, column = len(found["rows"]) - 1, 0
        values = {x_axis: across.values[found["columns"][column]], y_axis: up.values[found["rows"][row]]}
        toy = request.toy
        for name, value in values.items():
            toy = with_value(toy, name, float(value)) if name not in AXES else replace(toy, **{name: float(value)})
        starts = trial.starts - np.asarray(request.toy.start) + np.asarray(toy.start)
        runs = [
            simulate(
                toy.make_surface(),
                configured(found["method"], toy),
                start,
                trial.steps,
                toy.learning_rate,
                toy.radius,
                toy.momentum,
                toy.noise_variance,
                int(seed),
                "summary",
            )
            for start, seed in zip(starts, trial.seeds, strict=True)
        ]
        assert found["arrived"][row][column] == sum(run.outcome == "reached" for run in runs)
        assert found["diverged"][row][column] == sum(run.outcome == "diverged" for run in runs)
    assert answer["stride"] == 4


def test_an_axis_of_another_surface_is_named():
    with pytest.raises(BadRequest, match="is no control of the surface Annular well"):
        read_instrument_request({"surface": "annular-well", "x_axis": "surface.stiffness"})
    reading = read_instruments_link("?surface=stiff-valley&x_axis=surface.stiffness")
    assert (reading.state["x_axis"], reading.problems) == ("surface.stiffness", ())


@pytest.mark.parametrize("key", SURFACES)
def test_every_axis_of_every_surface_has_its_values(key):
    request = read_instrument_request({"surface": key}).toy
    for name, control in axes_of(key).items():
        found = side(name, 12, request)
        assert (np.diff(found.values) > 0).all()
        assert found.control == control


WITH_OTHERS = {"preset": "figure-2", "steps": 30, "resolution": "12", "runs": "1", "methods": ["SAM", "GNP", "Adam"]}


@pytest.mark.parametrize("name", ["phase", "fairness", "basins"])
def test_other_methods_stand_beside_the_four_where_they_are_switched_on(name):
    """And nowhere else; a method that is not switched on is refused by name."""
    asked = read_instrument_request(WITH_OTHERS, name)
    assert asked.toy.methods == asked.methods == (*METHODS, "GNP", "Adam")
    assert read_instrument_request({**WITH_OTHERS, "methods": ["SAM"]}, name).methods == tuple(METHODS)
    assert read_instrument_request({**WITH_OTHERS, "method": "GNP"}, name).methods == ("GNP",)
    with pytest.raises(BadRequest, match=r"one of SGDM, SAM, LLQR, LLQR\+SAM, GNP, Adam, not the text “Lion”"):
        read_instrument_request({**WITH_OTHERS, "method": "Lion"}, name)
    with pytest.raises(BadRequest, match=r"one of SGDM, SAM, LLQR, LLQR\+SAM, not the text “GNP”"):
        read_instrument_request({**WITH_OTHERS, "method": "GNP"}, "race")


def test_the_others_are_priced_and_tuned_like_the_four():
    answer = orjson.loads(compute_part("phase", read_instrument_request(WITH_OTHERS, "phase")))
    assert [part["method"] for part in answer["parts"]] == list(answer["costs"]) == [*METHODS, "GNP", "Adam"]
    told = orjson.loads(fairness_answer(read_instrument_request({**WITH_OTHERS, "cost": "evaluations"}, "fairness")))
    for found in (told, told["equal_cost"]):
        assert [row["method"] for row in found["rows"]] == [*METHODS, "GNP", "Adam"]
        assert " Beside them, each at its best, GNP arrives in " in found["sentence"]
        assert {row["method"]: row["probing"] for row in found["rows"] if row["method"] in ("GNP", "Adam")} == {
            "GNP": True,
            "Adam": False,
        }
    lengths = told["equal_cost"]["lengths"]
    assert lengths["Adam"] == lengths["SGDM"] == 2 * lengths["GNP"]
