"""The toy lab in a notebook: messages are answered as the page's requests are, and the state is always a whole one."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import numpy as np
import orjson
import pytest
import traitlets

from app.drawing.encoding import decode
from app.notebook import ToyLab, tables, whole_state
from app.toy.messages import NotebookTables
from app.toy.request import read_link
from tests.project.contract import differ

QUICK = {"surface": "rosenbrock", "steps": 40, "methods": ["SAM", "LLQR"]}


def answers(lab: ToyLab, *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """What the widget sends for messages of its views."""
    sent: list[dict[str, Any]] = []
    lab.send = sent.append  # type: ignore[method-assign]
    for message in messages:
        lab._handle_custom_msg(message, [])
    return sent


def test_a_message_is_answered_as_the_page_s_request_is(post: Any) -> None:
    lab = ToyLab(**QUICK)
    ask = {"kind": "ask", "view": "a", "number": 7, "state": QUICK}
    (answer,) = answers(lab, ask)
    served = post("/toy/compute", QUICK)
    assert {name: answer[name] for name in ("kind", "view", "number")} == {"kind": "answer", "view": "a", "number": 7}
    assert answer["answer"].encode() == served.content
    surface = orjson.loads(answer["answer"])["surface"]
    known, refused = answers(
        lab,
        {**ask, "state": {**QUICK, "have": surface["key"]}},
        {**ask, "state": {**QUICK, "steps": "many"}},
    )
    assert orjson.loads(known["answer"])["surface"] is None
    assert refused["problems"] == post("/toy/compute", {**QUICK, "steps": "many"}).json()["problems"]
    steps = {**QUICK, "cut_steps": [0, 7], "cut_line": "probe"}
    cut, none = answers(lab, {**ask, "what": "cut", "state": steps}, {**ask, "what": "cut"})
    assert cut["answer"].encode() == post("/toy/cut", steps).content
    assert none["problems"] == post("/toy/cut", QUICK).json()["problems"]


def test_the_numbers_are_those_that_are_drawn() -> None:
    lab = ToyLab(**QUICK)
    (answer,) = answers(lab, {"state": lab.state})
    drawn = {path["name"]: decode(path["positions"]) for path in orjson.loads(answer["answer"])["paths"]["methods"]}
    runs = lab.runs()
    assert list(runs) == list(drawn) == ["SAM", "LLQR"]
    for name, run in runs.items():
        assert np.allclose(run.positions, drawn[name], rtol=1e-6)


def test_numbers_of_numpy_are_numbers_and_what_is_set_within_the_state_is_checked() -> None:
    lab = ToyLab(**{**QUICK, "steps": np.int64(40)}, learning_rate=np.float32(0.25))
    assert (lab.state["steps"], lab.state["learning_rate"]) == (40, 0.25)
    lab.state["steps"] = 10**9
    for read in (lab.runs, lambda: lab.link):
        with pytest.raises(ValueError, match="outside 10 … 3000"):
            read()


def test_the_state_is_whole_and_wrong_ones_are_refused() -> None:
    lab = ToyLab(learning_rate=0.02)
    assert lab.state == whole_state({"learning_rate": 0.02}) and lab.state["surface"] == "annular-well"
    assert read_link(lab.link.partition("?")[2]).state == lab.state
    assert ToyLab(lab.link, seed=4).state == {**lab.state, "seed": 4}
    lab.state = {"surface": "ackley"}
    assert lab.state == whole_state({"surface": "ackley"})
    for wrong, sentence in (({"surfce": "ackley"}, "surfce"), ({"steps": "many"}, "whole number")):
        with pytest.raises(ValueError, match=sentence):
            lab.state = wrong
        with pytest.raises(traitlets.TraitError, match=sentence):
            lab.set_state({"state": wrong})
        with pytest.raises(ValueError, match=sentence):
            ToyLab(**wrong)
    assert lab.state == whole_state({"surface": "ackley"})
    for link, sentence in (("/?preset=zzz", "Preset “zzz” does not exist"), ("?steps=99999", "outside 10 … 3000")):
        with pytest.raises(ValueError, match=sentence):
            ToyLab(link)


def test_the_document_runs_what_it_carries_and_asks_for_nothing() -> None:
    page = ToyLab()._page
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy and policy[1].startswith("default-src 'none'") and "connect-src" not in policy[1]
    for kind in ("script", "style"):
        (text,) = re.findall(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        assert f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" in policy[1]
    assert "https://" not in page and "http://" not in page.replace("http://www.w3.org", "")
    told = re.search(r'id="tables">(.*?)</script>', page, re.DOTALL)
    assert told and orjson.loads(told[1]) == orjson.loads(orjson.dumps(tables()))
    assert list(differ(orjson.loads(told[1]), NotebookTables, "tables")) == []
