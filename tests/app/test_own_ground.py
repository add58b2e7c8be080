"""A typed formula and dug potholes through the whole server: link, paths, inspectors, claims, instruments, exports."""

from __future__ import annotations

import base64
import io
import json
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.drawing.encoding import NOWHERE, decode
from app.instruments.registry import INSTRUMENTS
from app.state.schema import write_link
from app.toy.batch import run_alone
from app.toy.export.controls import read_export
from app.toy.export.files import MAKERS, make_file
from app.toy.pits import MOST_PITS, read_pits
from app.toy.request import read_link, request_of
from geometry.surfaces import Formula, Pit, Pitted, TwoScaleQuadratic, make_surface
from optimizers import METHODS

pytestmark = pytest.mark.slow

TYPED = "0.15*(x^2 + y^2) - 3*exp(-((x - 3)^2 + (y - 1)^2)/0.2)"
HOLED = "x^2 + y^2 + 0.2*log(x + 4)"
DUG = "3,1,2.5,0.3;-2,0.5,1,0.25"
OWN = {
    "formula": {"surface": "formula", "surface.formula": TYPED, "start_x": 3.1, "start_y": 1.0},
    "formula with a hole": {"surface": "formula", "surface.formula": HOLED, "start_x": 3.0, "start_y": 2.0},
    "pits on the ring": {"surface": "annular-well", "pits": DUG, "start_x": 3.1, "start_y": 1.0},
    "pits on a curve": {"surface": "two-scale-quadratic", "pits": "-2,0,1,0.3", "start_x": -1.9},
    "pits on a formula": {"surface": "formula", "surface.formula": TYPED, "pits": DUG, "surface.x_reach": 5.0},
}
WALK = {"steps": 40, "learning_rate": 0.01}
QUICK = {**WALK, "resolution": "12", "runs": "1"}
BEGINS = {
    "png": b"\x89PNG",
    "svg": b"<?xml",
    "gif": b"GIF8",
    "html": b"<!DOCTYPE",
    "npz": b"PK",
    "csv": b"#",
    "py": b'"""',
}


def good(post, path, value):
    response = post(path, value)
    assert response.status_code == 200, (path, response.text[:500])
    return response


@pytest.mark.parametrize("name", OWN)
def test_it_is_drawn_walked_and_linked(post, name):
    state = {**WALK, **OWN[name]}
    opened = good(post, "/toy/open", {"query": write_link(state)}).json()
    assert opened["notices"] == []
    assert all(opened["state"][key] == value for key, value in state.items())
    link = write_link(opened["state"], opened["base"])
    assert len(link) < 400, "what a link may leave out is left out"
    again = good(post, "/toy/open", {"query": link}).json()
    assert again["state"] == opened["state"]
    answer = good(post, "/toy/compute", state).json()
    assert answer["notices"] == answer["left_out"] == []
    surface = read_link(write_link(state)).surface
    for method in answer["paths"]["methods"]:
        request = request_of(read_link(write_link(state)).state)
        run = run_alone(method["name"], request, surface)
        shown = decode(method["positions"])
        np.testing.assert_allclose(shown, run.positions, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(decode(method["losses"]), run.losses, rtol=1e-6, atol=1e-6)
    told = answer["surface"]
    assert told["surface"] == state["surface"] and told["title"] == make_surface(state["surface"]).title
    if state.get("pits"):
        assert any("dug pothole" in minimum["name"] for minimum in told["minima"])
        plain = good(post, "/toy/compute", {**state, "pits": "", "have": told["key"]}).json()
        assert plain["surface"] is not None, "a surface without its pits is another one"


def test_a_link_names_a_start_that_is_not_where_its_surface_begins(post):
    """The start stays when a formula changes, and the new formula's own start is another."""
    opened = good(post, "/toy/open", {"query": "?surface=formula"}).json()
    for changed in ({"surface.formula": "x^2 + y^2"}, {"surface.x_reach": 9.0}):
        state = {**opened["state"], **changed}
        assert read_link(write_link(state, opened["base"])).state == state
    opened = good(post, "/toy/open", {"query": "?surface=two-scale-plane"}).json()
    state = {**opened["state"], "surface.half_width": 0.5}
    assert read_link(write_link(state, opened["base"])).state == state


def test_the_map_shows_the_hole(post):
    told = good(post, "/toy/compute", {**WALK, **OWN["formula with a hole"]}).json()["surface"]
    ground = told["ground"]
    shares = np.frombuffer(base64.b64decode(ground["values"]["bdata"]), dtype="<u2")
    assert 0 < (shares == NOWHERE).sum() < shares.size
    assert ground["low"] < ground["top"] <= ground["high"]
    state = {"surface": "formula", "surface.formula": "sqrt(x + 2) + 0.1*y^2", "start_x": 0.0, "learning_rate": 0.3}
    rows = [method["row"] for method in good(post, "/toy/compute", {**state, "steps": 60}).json()["paths"]["methods"]]
    assert any("L is not defined where step" in row["sentence"] for row in rows)
    assert {row["outcome"] for row in rows if "not defined" in row["sentence"]} == {"diverged"}


@pytest.mark.parametrize("name", OWN)
def test_the_inspectors_and_the_claims_know_it(post, name):
    state = {**QUICK, **OWN[name]}
    assert good(post, "/toy/anatomy", {**state, "step": 5}).json()["stages"]
    frame = good(post, "/toy/cut", {**state, "cut_steps": [0, 5]}).json()["frame"]
    assert (
        np.isfinite([*frame["along"], *frame["losses"], *frame["span"]]).all()
        and frame["losses"][0] < frame["losses"][1]
    )
    cloud = good(post, "/toy/cloud", {**state, "cloud": 16}).json()
    assert [one["name"] for one in cloud["methods"]] == list(METHODS)
    claims = good(post, "/toy/claims", state).json()["claims"]
    assert bool(claims) == ("pits" in state)
    assert all("own ground" in claim["source"] or claim["source"] == "ours" for claim in claims)
    if claims:
        assert claims[0]["statement"] == "SGDM stays in the sharp well."
        assert "20 starts in the dug pothole" in claims[0]["detail"]


def test_claims_say_where_there_is_nothing_to_test(post):
    (claim,) = good(post, "/toy/claims", {**QUICK, "surface": "annular-well", "pits": "3,1,0.01,0.3"}).json()["claims"]
    assert claim["verdict"] == "not tested here" and "too shallow" in claim["counts"] + claim["detail"]
    (claim,) = good(post, "/toy/claims", {**QUICK, "surface": "monkey-saddle", "pits": "0,0,5,0.3"}).json()["claims"]
    assert "no flat basin" in claim["counts"] + claim["detail"]


@pytest.mark.parametrize("instrument", INSTRUMENTS)
@pytest.mark.parametrize("name", OWN)
def test_every_instrument_computes_and_exports_it(post, name, instrument):
    state = {**QUICK, **OWN[name], "instrument": instrument}
    answer = good(post, f"/instruments/{instrument}", state).json()
    plain = good(post, f"/instruments/{instrument}", {**state, "pits": "", "surface.formula": "(x + 5)^2 + y^2"}).json()
    if instrument == "two-scale":
        assert ("Dug potholes are left out" in answer["what"]) == ("pits" in state)
    else:
        assert answer != plain, "the ground decides the numbers"
    for kind in ("csv", "json", "npz", "svg"):
        content = good(post, "/export/instruments", {**state, "format": kind}).content
        if kind == "json":
            told = json.loads(content)["settings"]
            assert all(told[key] == value for key, value in OWN[name].items() if not key.startswith("start"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (name, kind)
        for name in OWN
        for kind in MAKERS
        if kind != "gif" or name in ("formula with a hole", "pits on a curve")
    ],
)
def test_every_export_of_the_page_holds_it(name, kind):
    wish = read_export({**QUICK, **OWN[name], "format": kind, "width": 400, "gif_width": 240, "frames": 10})
    content = make_file(wish).content
    assert content.lower().startswith(BEGINS[kind].lower())
    if kind == "csv":
        told = json.loads(content.decode().splitlines()[0].removeprefix("# settings: "))
    elif kind == "npz":
        told = json.loads(str(np.load(io.BytesIO(content))["settings"]))
    else:
        return
    assert all(told[key] == value for key, value in OWN[name].items() if not key.startswith("start"))


@pytest.mark.parametrize("name", OWN)
def test_the_exported_script_walks_the_same_ground(name, capsys):
    wish = read_export({**QUICK, **OWN[name], "format": "py"})
    text = make_file(wish).content.decode()
    space: dict = {}
    exec(compile(text, "exported.py", "exec"), space)  # noqa: S102 - the text is our own
    request = request_of(wish.reading.state)
    assert space["surface"] == wish.reading.surface and isinstance(space["surface"], Formula | Pitted)
    for method, run in space["runs"].items():
        np.testing.assert_allclose(
            run.positions, run_alone(method, request, wish.reading.surface).positions, rtol=1e-12
        )
    assert len(capsys.readouterr().out.splitlines()) == len(METHODS)


def test_a_pothole_on_a_two_scale_curve_has_a_phase_diagram_without_its_closed_bounds(post):
    state = {**QUICK, "surface": "two-scale-quadratic", "stride": 8}
    assert good(post, "/instruments/phase", state).json()["bounds"]
    assert good(post, "/instruments/phase", {**state, "pits": "1,0,1,0.3"}).json()["bounds"] == []


def test_the_start_axis_spans_the_formulas_own_window(post):
    state = {**QUICK, **OWN["formula"], "surface.x_reach": 4.0, "x_axis": "start_x", "y_axis": "start_y", "stride": 8}
    answer = good(post, "/instruments/phase", state).json()
    assert (min(answer["x"]["values"]), max(answer["x"]["values"])) == (-4.0, 4.0)
    response = post("/instruments/phase", {**state, "x_axis": "surface.x_reach"})
    assert response.status_code == 422, "the window is no axis: it shapes nothing"


WRONG = [
    ({"surface.formula": "x +"}, "The formula ends too early, after “+”."),
    ({"surface.formula": "__import__('os')"}, "The formula holds “'”, which means nothing in it."),
    ({"surface.formula": "9**9**9*x"}, "The formula holds a part without x and y that is no finite number."),
    ({"surface.formula": 3}, "The formula must be a text of at most 240 characters, not 3."),
    ({"surface.formula": ["x"]}, "The formula must be a text of at most 240 characters, not a list."),
    (
        {"surface.formula": "sqrt(-x^2 - 1)"},
        "The formula has no finite value in the window; move the window, or change the formula.",
    ),
    ({"pits": "1,2,3"}, "The dug potholes must be written x,y,depth,width with semicolons between, not “1,2,3”."),
    (
        {"pits": "1,2,3,nan"},
        "The dug potholes must be written x,y,depth,width with semicolons between, not “1,2,3,nan”.",
    ),
    ({"pits": "1,2,-3,0.2"}, "The dug potholes hold one of depth -3; it must be from 0.01 to 1000."),
    ({"pits": "1,2,3,0.01"}, "The dug potholes hold one of width 0.01; it must be from 0.1 to 5."),
    ({"pits": "1,1e9,3,0.2"}, "The dug potholes hold one at 1e+09; it must be from -100 to 100."),
    ({"pits": 7}, "The dug potholes must be x,y,depth,width with semicolons between, not 7."),
]


@pytest.mark.parametrize(("wrong", "sentence"), WRONG, ids=str)
def test_what_cannot_be_dug_or_read_is_refused_with_one_sentence(post, wrong, sentence):
    for path in ("/toy/compute", "/toy/claims", "/toy/anatomy", "/instruments/phase", "/export/toy"):
        response = post(path, {"surface": "formula", **({} if "export" in path else {"steps": 20}), **wrong})
        assert response.status_code == 422, path
        assert response.json()["problems"] == [sentence]
    opened = good(post, "/toy/open", {"state": {"surface": "formula", **wrong}}).json()
    assert sentence in opened["notices"]
    assert opened["state"]["surface"] == "formula", "the rest of a link is kept"


def test_too_many_pits_leave_the_first_ones(post):
    many = ";".join(f"{k},0,1,0.2" for k in range(MOST_PITS + 3))
    opened = good(post, "/toy/open", {"state": {"pits": many}}).json()
    assert opened["state"]["pits"] == ";".join(f"{k},0,1,0.2" for k in range(MOST_PITS))
    assert "at most 8 can be dug" in opened["notices"][0]
    partly = good(post, "/toy/open", {"state": {"pits": "1,2,3,0.5;nonsense;2,2,1,0.5"}}).json()
    assert partly["state"]["pits"] == "1,2,3,0.5;2,2,1,0.5", "what is right is kept"


NUMBERS = st.tuples(st.floats(-100, 100), st.floats(-100, 100), st.floats(0.01, 1000), st.floats(0.1, 5))


@given(st.lists(NUMBERS, max_size=MOST_PITS))
def test_pits_survive_the_link_to_four_digits(rows):
    text = read_pits(";".join(",".join(map(repr, row)) for row in rows))
    assert read_pits(text) == text
    state = read_link(write_link({"surface": "annular-well", "pits": text})).state
    assert state["pits"] == text
    for pit, row in zip(request_of(state).pits, rows, strict=True):
        np.testing.assert_allclose([pit.x, pit.y, pit.depth, pit.width], row, rtol=5e-4)


FORMULA_TEXT = st.one_of(
    st.text(max_size=260),
    st.text(alphabet="xyepi0123456789.+-*/^(), sincotaqrlgbhm_[]:'\"=", max_size=240),
    st.lists(st.sampled_from(["x", "y", "9", "^", "(", ")", "-", "*", "/", "exp(", "1e300", "tan("]), max_size=80).map(
        "".join
    ),
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FORMULA_TEXT)
def test_no_formula_breaks_the_server(post, text):
    """Answered with paths or with sentences, whatever it is; processor time bounds what would hang."""
    begun = time.process_time()
    response = post("/toy/compute", {"surface": "formula", "surface.formula": text, "steps": 20})
    assert response.status_code in (200, 422), response.text[:300]
    if response.status_code == 422:
        assert all(problem.startswith("The formula ") for problem in response.json()["problems"])
    assert time.process_time() - begun < 20


def test_the_closed_forms_are_those_of_the_ground_below_the_pits(post):
    state = {**QUICK, "surface": "two-scale-quadratic", "surface.half_width": 0.4}
    plain = good(post, "/instruments/two-scale", state).json()
    dug = good(post, "/instruments/two-scale", {**state, "pits": "-2,0,1,0.3"}).json()
    assert dug["quantities"] == plain["quantities"]
    assert request_of(read_link(write_link({**state, "pits": "-2,0,1,0.3"})).state).make_surface() == Pitted(
        TwoScaleQuadratic(half_width=0.4), (Pit(-2.0, 0.0, 1.0, 0.3),)
    )
