"""A posted key that means nothing is named in the answer, and one that does is not."""

from __future__ import annotations

import orjson
import pytest

from app.toy.request import read_link

QUICK = "?preset=figure-2&steps=50"


@pytest.mark.parametrize("query", [QUICK, "?preset=two-scale&steps=50"])
def test_a_whole_state_of_the_toy_lab_has_nothing_left_out(post, query):
    answer = post("/toy/compute", {**read_link(query).state, "have": None}).json()
    assert answer["left_out"] == []


def test_an_unknown_key_is_named(post):
    state = {**read_link(QUICK).state, "surface.nothing": 1, "banana": 2}
    told = "The request holds “surface.nothing”, “banana”, which means nothing here and is left out."
    assert post("/toy/compute", state).json()["left_out"] == [told]
    posted = {**state, "resolution": "12", "runs": "1", "stride": 8, "method": "SAM"}
    plain = {name: value for name, value in posted.items() if name not in ("banana", "surface.nothing")}
    with_it, without = (post("/instruments/phase", one) for one in (posted, plain))
    assert orjson.loads(with_it.content).pop("left_out") == [told]
    assert "left_out" not in without.json()
    assert {**with_it.json(), "left_out": None} == {**without.json(), "left_out": None}
