"""Settings of each method's own: the paths are those of single runs at them, in every place that walks a method."""

from __future__ import annotations

import numpy as np
import orjson
import pytest

from app.drawing.encoding import decode
from app.state.control import NumberControl
from app.state.schema import write_link
from app.toy.anatomy import read_anatomy
from app.toy.batch import compute_many
from app.toy.cloud import read_cloud
from app.toy.compute import configured
from app.toy.controls import own_controls, own_key, registered
from app.toy.export.script import toy_script
from app.toy.request import read_link, read_request, read_state, request_of
from optimizers import METHODS, simulate
from optimizers.methods import toy_methods
from tests.app.instruments.asking import read_instrument_request

STATE = {
    "preset": "stiff-valley",
    "steps": 80,
    "tuning": "own",
    "own_rate.SGDM": 0.004,
    "own_rate.SAM": 0.003,
    "own_radius.SAM": 0.12,
    "own_rate.LLQR": 0.05,
    "own_rate.LLQR-SAM": 0.02,
    "own_radius.LLQR-SAM": 0.4,
}
EXPECTED = {"SGDM": (0.004, 0.33), "SAM": (0.003, 0.12), "LLQR": (0.05, 0.33), "LLQR+SAM": (0.02, 0.4)}


def alone(request, name):
    rate, radius = EXPECTED[name]
    return simulate(request.make_surface(), configured(name, request), request.start, 80, rate, radius, 0.9)


def test_each_method_walks_with_its_own():
    """In a batch with an equal request beside it, which must not mix."""
    request, equal = read_request(STATE)[0], read_request({**STATE, "tuning": "equal"})[0]
    assert equal.own == ()
    mine, other = (orjson.loads(answer) for answer in compute_many([request, equal]))
    for method in mine["methods"]:
        run = alone(request, method["name"])
        expected = np.where(np.isfinite(run.positions), run.positions, np.nan)
        assert decode(method["positions"]) == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True)
        rate, radius = EXPECTED[method["name"]]
        told = f"η = {rate:g}" + (f", ρ = {radius:g}" if method["name"] in ("SAM", "LLQR+SAM") else "")
        assert method["row"]["settings"] == told
    assert {method["row"]["settings"] for method in other["methods"]} == {None}
    assert other["methods"][1]["positions"] != mine["methods"][1]["positions"]


@pytest.mark.parametrize("name", METHODS)
def test_anatomy_and_cloud_walk_the_same(name):
    request = read_request(STATE)[0]
    run = alone(request, name)
    told = orjson.loads(read_anatomy({**STATE, "anatomy_method": name, "step": 9}).answer())
    assert told["theta"] == pytest.approx(run.positions[9].tolist(), rel=1e-12)
    assert told["learning_rate"] == EXPECTED[name][0]
    cloud = orjson.loads(read_cloud({**STATE, "cloud": 16, "cloud_spread": 0, "methods": [name]}).answer())
    assert cloud["methods"][0]["counts"][str(run.outcome)] == 16


def test_the_script_walks_the_same(tmp_path):
    reading = read_state(STATE)
    script = toy_script(reading)
    space: dict = {}
    exec(compile(script, "scene.py", "exec"), space)  # noqa: S102 - our own script, which is what is tested
    for name, run in space["runs"].items():
        assert run.positions == pytest.approx(alone(request_of(reading.state), name).positions, nan_ok=True)


def test_they_live_in_the_link():
    reading = read_state(STATE)
    again = read_link(write_link(reading.state))
    assert again.problems == ()
    assert request_of(again.state) == request_of(reading.state)
    assert again.state["own_rate.LLQR-SAM"] == 0.02


def test_every_method_has_its_controls_and_the_instruments_take_no_notice():
    names = {control.name for control in own_controls(registered()) if isinstance(control, NumberControl)}
    assert names == {own_key("rate", name) for name in toy_methods()} | {
        own_key("radius", name) for name in ("SAM", "LLQR+SAM", "GNP", "VaSSO", "GSAM", "WSAM")
    }
    assert read_instrument_request(STATE).toy.own == ()


def test_a_wrong_value_is_named():
    assert "SAM η must be a number" in read_state({**STATE, "own_rate.SAM": "fast"}).problems[0]
