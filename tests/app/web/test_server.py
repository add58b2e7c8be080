"""The server as the browser meets it: bad input is answered with sentences and 4xx, never 5xx; the session goes on."""

from __future__ import annotations

import re

import numpy as np
import pytest

from app.drawing.encoding import decode
from app.state.control import ChoiceControl
from app.state.schema import write_link
from app.toy import batch as toy_batch
from app.toy.controls import controls, controls_of
from app.web.pages import PAGES
from app.web.settings import web_settings
from app.web.static_files import ASSETS, SUITES
from geometry.surfaces import SURFACES, make_surface
from optimizers import METHODS

NUMBERS = [control.name for control in controls_of(make_surface("annular-well")) if hasattr(control, "maximum")]
CHOICES = [control.name for control in controls() if isinstance(control, ChoiceControl)]
QUICK = {"steps": 20}


def computed(post, **state):
    response = post("/toy/compute", {**QUICK, **state})
    assert response.status_code == 200, response.text
    return response.json()


def test_the_page_and_its_headers(call):
    response = call("GET", "/")
    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    assert "script-src 'self' 'sha256-" in policy
    assert "unsafe-eval" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "http://" not in response.text.replace("http://lab", "")
    assert "https://" not in response.text


def test_all_that_pages_load_is_ready_after_warming(application, call, monkeypatch):
    application.files.warm()
    named = {address for path in PAGES for address in re.findall(r'(?:src|href)="([^"]+)"', call("GET", path).text)}
    loaded = [address for address in named if address.startswith((ASSETS, SUITES))]
    assert len(loaded) > len(PAGES) + 20
    monkeypatch.setattr("app.web.static_files.read_content", lambda file, _: pytest.fail(f"{file} had not been read"))
    assert {call("GET", address).status_code for address in loaded} == {200}


def test_an_unknown_address_is_404_and_still_a_page(call):
    response = call("GET", "/no/such/page")
    assert response.status_code == 404
    assert "Pothole lab" in response.text


def test_paths_come_as_arrays(post):
    answer = computed(post)
    assert [method["name"] for method in answer["paths"]["methods"]] == list(METHODS)
    sam = answer["paths"]["methods"][1]
    assert decode(sam["positions"]).shape == (21, 2)
    assert decode(sam["probes"]).shape == (20, 2)
    assert answer["paths"]["methods"][0]["probes"] is None
    start = answer["paths"]["start"]
    assert np.allclose(decode(sam["positions"])[0], start, rtol=1e-6)  # float32


@pytest.mark.parametrize("key", SURFACES)
def test_every_surface_is_drawn(post, key):
    answer = computed(post, surface=key)
    surface = answer["surface"]
    assert surface["surface"] == key
    assert {"curve", "ground"} & set(surface) == ({"curve"} if surface["dimension"] == 1 else {"ground"})
    assert all(method["row"]["sentence"] for method in answer["paths"]["methods"])


def test_the_surface_is_sent_once(post):
    key = computed(post)["surface"]["key"]
    assert computed(post, have=key, learning_rate=0.03)["surface"] is None
    assert computed(post, have=key, **{"surface.depth": 3.0})["surface"] is not None
    assert computed(post, have=key, scheme="dark")["surface"] is None
    for odd in (None, 3, [], {}, "x" * 1000):
        assert computed(post, have=odd)["surface"]["key"] == key


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_of_the_wrong_type_is_a_sentence(post, name):
    for value in ('"text"', "null", "[]", "{}", "NaN", "Infinity", "true", '"1"'):
        response = post("/toy/compute", f'{{"{name}": {value}}}')
        assert response.status_code == 422, value
        (problem,) = response.json()["problems"]
        assert "must be a" in problem, value


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["1e308", "-1e308", "1" + "0" * 400])
def test_a_number_out_of_range_is_clamped_with_a_notice(post, name, value):
    response = post("/toy/compute", f'{{"steps": 20, "{name}": {value}}}')
    assert response.status_code in (200, 422)
    said = response.json()
    # A surface may refuse a combination of values that are each in range: that is a sentence too.
    sentences = [notice["name"] for notice in said["notices"]] if response.status_code == 200 else said["problems"]
    assert sentences
    if response.status_code == 200:
        assert sentences == [name]


@pytest.mark.parametrize("name", [*CHOICES, "surface", "preset"])
def test_a_choice_that_does_not_exist_is_a_sentence(post, name):
    for value in ('"no such"', "null", "[]", "3", "NaN", '""'):
        response = post("/toy/compute", f'{{"{name}": {value}}}')
        assert response.status_code == 422, value
        assert "one of" in response.json()["problems"][0], value


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "3", '"a"', "[" * 20_000, '{"radius": ' + "1" * 9000 + "}"])
@pytest.mark.parametrize("path", ["/toy/compute", "/toy/open", "/toy/claims"])
def test_a_body_that_is_no_object_is_a_sentence(post, path, body):
    response = post(path, body)
    assert response.status_code == 422
    assert "JSON" in response.json()["problems"][0]


@pytest.mark.parametrize("path", ["/toy/compute", "/toy/open", "/toy/claims", "/_dash-update-component"])
def test_a_huge_body_is_413(post, path):
    response = post(path, '{"a": "' + "x" * web_settings().body_bytes + '"}')
    assert response.status_code == 413
    assert "larger" in response.json()["problems"][0]


def test_a_link_is_opened(post):
    said = post("/toy/open", {"query": "?preset=figure-3&radius=99&steps=abc&nonsense=1"}).json()
    assert said["state"]["preset"] == "figure-3"
    assert said["state"]["radius"] == 3.0
    assert said["state"]["steps"] == 1500
    assert len(said["notices"]) == 3
    for words in ("Steps", "Probe radius", "“nonsense”"):
        assert any(words in notice for notice in said["notices"])
    link = write_link(said["state"], said["base"])
    assert post("/toy/open", {"query": link}).json()["state"] == said["state"]


@pytest.mark.parametrize("wish", [{"query": 3}, {"query": None}, {"state": "x"}, {"state": []}, {"query": ["?"]}])
def test_a_link_of_the_wrong_type_is_a_sentence(post, wish):
    response = post("/toy/open", wish)
    assert response.status_code == 422
    assert response.json()["problems"]


PAGE_ASKED = (
    '{"output": "page.children", "outputs": {"id": "page", "property": "children"}, '
    '"inputs": [{"id": "address", "property": "pathname", "value": "/"}]'
)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"output": 3}',
        '{"output": "nothing.children"}',
        '{"output": "page.children"}',
        '{"output": "page.children", "inputs": 3}',
        '{"output": "page.children", "inputs": [{}]}',
        '{"output": "page.children", "inputs": [{"id": "address", "property": "pathname"}], "outputs": 3}',
        '{"output": "page.children", "inputs": [{"id": "address", "property": "pathname"}], "outputs": {"id": []}}',
        '{"output": "page.children", "inputs": [{"id": "other", "property": "pathname"}]}',
        PAGE_ASKED + ', "changedPropIds": "address.pathname"}',
        PAGE_ASKED + ', "changedPropIds": [3]}',
        PAGE_ASKED + f', "changedPropIds": [], "number": {"9" * 5000}}}',
    ],
)
def test_nonsense_for_dash_is_refused(post, body):
    response = post("/_dash-update-component", body)
    assert response.status_code == 400
    assert response.json()["problems"]


ANYTHING = [None, 3, "text", [], {}, [1], "/", "//", "/../..", {"surface": 3}, {"surface": "moon"}, {"radius": "x"}]


@pytest.mark.parametrize("value", ANYTHING, ids=repr)
def test_callbacks_take_any_value(post, value):
    page = {
        "output": "page.children",
        "outputs": {"id": "page", "property": "children"},
        "inputs": [{"id": "address", "property": "pathname", "value": value}],
        "changedPropIds": ["address.pathname"],
    }
    assert post("/_dash-update-component", page).status_code == 200


def test_the_session_goes_on_after_bad_input(post):
    for body in ("", '{"radius": null}', '{"surface": "moon"}', "[" * 1000):
        post("/toy/compute", body)
    assert computed(post)["paths"]["steps"] == 20


def test_statements_come_with_a_verdict_and_counts(post):
    claims = post("/toy/claims", {"preset": "figure-2"}).json()["claims"]
    assert claims
    for claim in claims:
        assert claim["statement"].endswith(".")
        assert claim["verdict"] in ("holds", "does not hold", "not tested here")
        assert claim["counts"] or claim["verdict"] == "not tested here"
    assert post("/toy/claims", {"surface": "himmelblau"}).json()["claims"] == []
    assert post("/toy/claims", {"radius": []}).status_code == 422


def test_diverged_runs_are_answered(post):
    answer = computed(post, surface="stiff-valley", learning_rate=1.0, steps=200)
    outcomes = {method["row"]["outcome"] for method in answer["paths"]["methods"]}
    assert "diverged" in outcomes
    assert all(np.isfinite(answer["paths"]["ranges"][key]).all() for key in ("losses", "distance", "curvature"))


def test_equal_requests_are_computed_once(post, monkeypatch):
    calls = []
    answer_of = toy_batch.answer_of
    monkeypatch.setattr(toy_batch, "answer_of", lambda request, *rest: calls.append(1) or answer_of(request, *rest))
    state = post("/toy/open", {"query": "?learning_rate=0.01234"}).json()["state"]
    again = {**state, "preset": "figure-3", "scheme": "dark", "step": 3}
    assert computed(post, **state)["paths"] == computed(post, **again)["paths"]
    assert len(calls) == 1
