"""The instruments: each number against plain simulate, each sentence against a computation of its own, bad input."""

from __future__ import annotations

import numpy as np
import orjson
import pytest

from app.instruments.axes import AXES, side
from app.instruments.controls import STRIDES, own_state, read_instrument_request
from app.instruments.phase import blocks, phase_answer, sides
from app.instruments.repeats import repeats
from app.request import METHOD_NAMES, BadRequest, read_request
from app.toy_compute import configured
from optimizers import simulate

SMALL = {"resolution": "12", "runs": "3", "steps": 120}


def part(**state):
    return orjson.loads(phase_answer(read_instrument_request({**SMALL, **state})))


@pytest.mark.parametrize("size", [1, 7, 12, 48])
def test_the_strides_together_are_every_point_once(size):
    seen = np.zeros((size, size + 3), dtype=int)
    for stride in STRIDES:
        for columns, rows in blocks(size + 3, size, stride):
            seen[np.ix_(rows, columns)] += 1
    assert (seen == 1).all()


@pytest.mark.parametrize(
    ("surface", "x_axis", "y_axis", "noise"),
    [
        ("annular-well", "learning_rate", "radius", 0.0),
        ("stiff-valley", "radius", "momentum", 1e-6),
        ("annular-well", "decay", "refresh_every", 0.0),
    ],
)
def test_each_cell_is_what_simulate_gives(surface, x_axis, y_axis, noise):
    """Cells of all methods, one plain simulation for each run: counts and medians agree exactly."""
    state = {"surface": surface, "x_axis": x_axis, "y_axis": y_axis, "noise_variance": noise}
    request = read_instrument_request({**SMALL, **state})
    trial = repeats(request.toy, request.toy.make_surface(), request.runs)
    answer = part(**state)
    across, up = sides(request)
    assert {found["method"] for found in answer["parts"]} == set(METHOD_NAMES)
    for found in answer["parts"]:
        row, column = len(found["rows"]) - 1, 0
        values = {x_axis: across.values[found["columns"][column]], y_axis: up.values[found["rows"][row]]}
        toy, _ = read_request({**{k: v for k, v in SMALL.items() if k == "steps"}, **state, **plain(values)})
        runs = [
            simulate(
                toy.make_surface(), configured(found["method"], toy), start, trial.steps, toy.learning_rate,
                toy.radius, toy.momentum, toy.noise_variance, int(seed), "summary", compiled=True,
            )
            for start, seed in zip(trial.starts, trial.seeds, strict=True)
        ]  # fmt: skip
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
    state, problems = own_state({"x_axis": "radius", "y_axis": "radius", "runs": "many"})
    assert state["x_axis"] == "radius"
    assert state["y_axis"] == "learning_rate"
    assert len(problems) == 2


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
