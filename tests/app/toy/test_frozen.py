"""A frozen run: read out of a state, told in words, and drawn in every picture that is exported."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from app.state.schema import write_link
from app.toy.export.controls import read_export
from app.toy.export.cut_lane import CutLane
from app.toy.export.files import make_file
from app.toy.export.panels import ChartPanel, MapPanel
from app.toy.export.picture import Picture
from app.toy.export.scene import scene_of
from app.toy.frozen import compare_in_words, frozen_of, same_ground
from app.toy.request import base_of, read_link, read_state, request_of

QUICK = {"steps": 60, "step": 30, "radius": 0.6, "frozen": "?steps=60&radius=0.3&methods=SAM"}


def test_a_frozen_run_is_the_link_s_of_the_methods_that_are_shown():
    now = read_state({**QUICK, "methods": ["SGDM", "LLQR"], "scheme": "dark"})
    frozen = frozen_of(now)
    assert frozen is not None
    request = request_of(frozen.state)
    assert (request.radius, request.steps, request.methods, request.scheme) == (0.3, 60, ("SGDM", "LLQR"), "dark")
    assert frozen_of(read_state({})) is None
    nested = read_state({"frozen": "?frozen=%3Fradius%3D1&radius=0.5"})
    assert frozen_of(frozen_of(nested)) is None


def test_what_differs_is_told_in_a_sentence():
    def told(**state):
        now = read_state(state)
        return compare_in_words(frozen_of(now), now)

    assert told(frozen="?") == "Frozen: the same run."
    assert told(frozen="?radius=0.05", radius=0.12, scheme="dark") == "Frozen: ρ 0.05 → now 0.12."
    many = told(frozen="?", learning_rate=0.02, radius=0.6, momentum=0.5, seed=1, structure="diagonal")
    assert many.startswith("Frozen: η 0.0165 → now 0.02, ρ 0.3 → now 0.6, μ 0.9 → now 0.5, and 2 more.")
    elsewhere = told(frozen="?", preset="stiff-valley")
    assert elsewhere.startswith("Frozen: Surface Annular well → now Stiff valley") and elsewhere.endswith(
        "charts alone."
    )
    dug = told(frozen="?", pits="-1,2,1,0.3")
    assert "Dug potholes none → now (−1, 2, 1, 0.3)" in dug and "Its ground is another" in dug


def test_what_an_export_changes_in_the_frozen_run_is_told():
    asked = read_export({**QUICK, "format": "csv", "frozen": "?radius=70&steps=60&nonsense=1&seed=x"})
    told = [notice.sentence for notice in make_file(asked).notices]
    assert len(told) == 3 and all(sentence.startswith("In the frozen run: ") for sentence in told)
    for word in ("radius", "nonsense", "eed"):
        assert any(word in sentence for sentence in told), told
    assert read_export({**QUICK, "format": "csv"}).notices == ()


@pytest.mark.parametrize("text", ["radius=1", "?a b", "?é", "?" + "x" * 4001])
def test_what_is_no_link_is_refused_in_a_sentence(text):
    reading = read_state({"frozen": text})
    assert reading.state["frozen"] == ""
    (problem,) = reading.problems
    assert problem.startswith("The frozen run must be")


def test_a_link_carries_it_and_one_without_it_is_as_before():
    state = read_state({"frozen": "?radius=0.05&pits=1%2C2%2C1%2C0.3"}).state
    link = write_link(state, base_of(state))
    assert link == "?frozen=%3Fradius%3D0.05%26pits%3D1%252C2%252C1%252C0.3"
    assert read_link(link).state == state
    plain = read_state({}).state
    assert "frozen" not in write_link(plain, base_of(plain))


def test_pictures_draw_the_frozen_run_beneath_and_only_charts_take_one_on_another_ground():
    scene = scene_of(read_export(QUICK).reading)
    picture = Picture(scene, "all", 640)
    picture.show(30)
    frozen = scene.frozen.traces
    (ground,) = [panel for panel in picture.panels if isinstance(panel, MapPanel)]
    places = {trace.name: walker.marker.get_xydata()[0] for trace, walker in ground.moving if trace in frozen}
    assert places.keys() == {trace.name for trace in scene.traces}
    for trace in frozen:
        assert np.allclose(places[trace.name], trace.run.positions[30])
    for lane in (panel for panel in picture.panels if isinstance(panel, CutLane)):
        assert np.allclose(lane.moving["frozen"].get_xydata()[0], lane.frozen.ball[30])
    charts = [panel for panel in picture.panels if isinstance(panel, ChartPanel)]
    assert [len(chart.markers) for chart in charts] == [2 * len(frozen)] * 3
    assert scene.ranges["losses"][1] >= max(float(trace.losses.max()) for trace in frozen)
    words = " ".join(text.get_text() for text in picture.sheet.figure.texts)
    assert "Frozen: ρ 0.3 → now 0.6. Pale: the frozen run." in words

    other = scene_of(read_export({**QUICK, "preset": "stiff-valley"}).reading)
    assert not other.beside and other.frozen.traces
    panels = Picture(other, "all", 640).panels
    assert [len(panel.markers) for panel in panels if isinstance(panel, ChartPanel)] == [2 * len(frozen)] * 3
    assert all(panel.frozen is None for panel in panels if isinstance(panel, CutLane))


@pytest.mark.parametrize("preset", ["figure-2", "two-scale"])
def test_a_file_that_plays_offline_holds_both_runs(preset):
    frozen = f"?preset={preset}&steps=60&radius=0.2"
    page = make_file(read_export({**QUICK, "preset": preset, "frozen": frozen, "format": "html"})).content.decode()
    told = json.loads(re.search(r'id="scene">(.*?)</script>', page, re.DOTALL)[1])["frozen"]
    assert told["words"].startswith("Frozen: ρ 0.2 → now 0.6")
    assert [method["name"] for method in told["paths"]["methods"]] == ["SGDM", "SAM", "LLQR", "LLQR+SAM"]
    assert told["cut"]["methods"][0]["last"] == 59


def test_the_same_ground_is_one_with_the_same_parameters_and_potholes():
    one, deeper = read_state({}), read_state({"surface.depth": 2.0})
    assert same_ground(one, read_state({"radius": 1.0}))
    assert not same_ground(one, deeper)
    assert not same_ground(one, read_state({"pits": "1,2,1,0.3"}))
