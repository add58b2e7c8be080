"""Requests: whatever is posted becomes a whole state or plain sentences."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.state.schema import BadRequest
from app.toy.controls import controls
from app.toy.presets import SUGGESTED, suggested
from app.toy.request import read_request, read_state, request_of
from app.web.http import parse_body
from geometry.surfaces import SURFACES
from optimizers import METHODS

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
KEYS = [*(one.name for one in controls()), "surface", "preset", "methods", "start_x", "start_y", "surface.depth"]


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), ANY_JSON, max_size=8))
def test_any_object_is_a_request_or_sentences(raw):
    try:
        request, notices = read_request(raw)
    except BadRequest as refused:
        said = refused.problems
    else:
        hash(request)
        said = [notice.sentence for notice in notices]
        assert request_of(read_state(raw).state) == request
    assert all(sentence.endswith(".") and len(sentence) < 600 for sentence in said)


@pytest.mark.parametrize("body", [b"", b"{", b"[1,2]", b"null", b"3", b'"text"', b"\xff\xfe", b"[" * 30_000, b"NaN"])
def test_a_body_that_is_no_object_is_refused(body):
    with pytest.raises(BadRequest, match="JSON"):
        parse_body(body)


def test_a_number_of_ten_thousand_digits_is_refused():
    with pytest.raises(BadRequest, match="JSON"):
        parse_body(b'{"radius":' + b"1" * 10_000 + b"}")


def test_equal_settings_are_equal_requests():
    """The cache rests on it: settings that differ by less than a slider's step ask for the same."""
    first, _ = read_request({"learning_rate": 0.0165, "radius": 0.3})
    second, _ = read_request({"learning_rate": 0.01650000001, "radius": 0.3004, "step": 3})
    assert first == second
    assert hash(first) == hash(second)


def test_a_state_read_again_is_the_same():
    for key in SURFACES:
        state = read_state({"surface": key}).state
        assert read_state(json.loads(json.dumps(state))).state == state


def test_the_request_carries_the_surface_and_the_start():
    request, _ = read_request({"surface": "annular-well", "surface.depth": 2.0, "start_x": 1.0, "start_y": -2.0})
    assert request.make_surface().depth == 2.0
    assert request.start == (1.0, -2.0)
    assert request.methods == tuple(METHODS)


def test_a_start_outside_the_domain_is_clamped():
    request, notices = read_request({"start_x": 1e6})
    assert [notice.name for notice in notices] == ["start_x"]
    assert request.start[0] == request.make_surface().domain[0][1]


def test_methods_come_in_the_registrys_order():
    request, _ = read_request({"methods": ["LLQR+SAM", "SGDM"]})
    assert request.methods == ("SGDM", "LLQR+SAM")


@pytest.mark.parametrize("methods", ["SGDM", None, 3, [3], [["SGDM"]], {"SGDM": 1}])
def test_methods_must_be_a_list_of_names(methods):
    with pytest.raises(BadRequest, match="list of names"):
        read_request({"methods": methods})


def test_a_thousand_wrong_methods_are_answered_briefly():
    with pytest.raises(BadRequest) as caught:
        read_request({"methods": [f"m{index}" for index in range(1000)]})
    assert len(caught.value.problems) <= 12


@pytest.mark.parametrize("key", SURFACES)
def test_every_surface_comes_with_settings_in_range(key):
    reading = read_state({"surface": key})
    assert not reading.notices
    assert not reading.problems
    for name, value in suggested(key).items():
        assert reading.state[name] == value


def test_suggestions_are_for_surfaces_that_exist():
    assert set(SUGGESTED) <= set(SURFACES)


def test_an_own_surface_leaves_the_presets_values_behind():
    state = read_state({"preset": "figure-3", "surface": "stiff-valley"}).state
    assert state["noise_variance"] == 0.0
    assert request_of(state).surface == "stiff-valley"
