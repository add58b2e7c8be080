"""Real answers hold what the messages say, no more and no less; the client's types are written from them too."""

from __future__ import annotations

import pytest

from app.instruments import messages as instruments
from app.instruments.page import tables as instrument_tables
from app.lecture import messages as lecture
from app.network import messages as network
from app.network.page import tables as network_tables
from app.paper import messages as paper
from app.paper.page import tables as paper_tables
from app.state import messages as state
from app.toy import messages as toy
from app.toy.page import tables as toy_tables
from tests.project.contract import FILE, differ, write_contract, write_type

QUICK = {"steps": 60}


ANSWERS = [
    ("/toy/open", {"query": "?radius=99&banana=1"}, toy.OpenedLink),
    ("/toy/compute", {**QUICK, "radius": 99, "banana": 1}, toy.ToyAnswer),
    ("/toy/compute", {**QUICK, "preset": "two-scale"}, toy.ToyAnswer),
    ("/toy/compute", {**QUICK, "tuning": "own", "surface": "himmelblau"}, toy.ToyAnswer),
    ("/toy/claims", {**QUICK, "preset": "figure-2"}, toy.ClaimsAnswer),
    ("/toy/anatomy", {**QUICK, "step": 3, "anatomy_method": "LLQR+SAM", "probe_norm": "matrix"}, toy.AnatomyAnswer),
    ("/toy/anatomy", {**QUICK, "preset": "two-scale", "step": 3, "anatomy_method": "SGDM"}, toy.AnatomyAnswer),
    ("/toy/cloud", {**QUICK, "cloud": 16}, toy.CloudAnswer),
    ("/toy/cut", {**QUICK, "cut_steps": [0, 3]}, toy.CutAnswer),
    ("/toy/cut", {**QUICK, "preset": "two-scale", "cut_line": "probe", "cut_steps": [5]}, toy.CutAnswer),
    ("/toy/cost", QUICK, toy.CostAnswer),
    ("/instruments/open", {"query": ""}, toy.OpenedLink),
    ("/instruments/phase", {**QUICK, "stride": 8, "resolution": "12", "runs": "1"}, instruments.PhaseAnswer),
    ("/instruments/phase", {**QUICK, "stride": 4, "resolution": "12", "runs": "1", "a": 1}, instruments.PhaseParts),
    ("/instruments/race", {**QUICK, "runs": "1"}, instruments.RaceAnswer),
    ("/instruments/fairness", {**QUICK, "runs": "1", "cost": "evaluations"}, instruments.FairnessAnswer),
    ("/instruments/basins", {**QUICK, "resolution": "12"}, instruments.BasinsAnswer),
    ("/instruments/two-scale", {"preset": "two-scale"}, instruments.TwoScaleAnswer),
    (
        "/lecture/try",
        {
            "scene": {"link": "/?steps=20", "goal": "SAM stays; radius >= 0.1", "turn": ["radius"]},
            "state": {"steps": 20},
        },
        lecture.GoalAnswer,
    ),
    ("/lecture/check", {"text": "## One\nlink: /\n\nNotes."}, lecture.SceneList),
    ("/network/open", {"query": "?steps=1e9"}, network.OpenedNetwork),
]


@pytest.mark.parametrize(("address", "asked", "message"), ANSWERS)
def test_answers_hold_what_the_messages_say(post, address, asked, message):
    answer = post(address, asked)
    assert answer.status_code == 200
    assert list(differ(answer.json(), message)) == []


@pytest.mark.parametrize("address", ["/toy/compute", "/instruments/phase", "/lecture/check"])
def test_refusals_too(post, address):
    assert list(differ(post(address, "[]").json(), state.Problems)) == []


def test_what_pages_are_told_once():
    told = [(toy_tables(), toy.ToyTables), (instrument_tables(), instruments.InstrumentTables)]
    told += [(network_tables(), network.NetworkTables), (paper_tables(), paper.PaperTables)]
    for tables, message in told:
        assert list(differ(tables, message)) == []


def test_the_client_s_types_are_those_of_the_messages():
    assert FILE.read_text(encoding="utf-8") == write_contract(), "python -m tests.project.contract --write"


def test_what_differs_is_seen():
    found = list(differ({"problems": "no"}, state.Problems)), list(differ({}, state.Problems))
    assert found == (["answer.problems is no list"], ["answer.problems is missing"])
    assert list(differ({"problems": [], "more": 1}, state.Problems)) == ["answer.more is not in Problems"]
    assert list(differ(True, int)) and list(differ("x", float | None)) and not list(differ(None, float | None))
    assert write_type(list[float | None]) == "(number | null)[]"
    with pytest.raises(TypeError):
        write_type(bytes)
