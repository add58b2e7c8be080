"""The addresses of the explore part without a browser: what is asked becomes a job, pictures are drawn of arrays."""

from __future__ import annotations

import base64
import warnings
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI

from app.drawing.encoding import decode, encode
from app.jobs import Refused, UnknownJob
from app.jobs.kinds import validated
from app.network.controls import controls, read_network_link, read_network_state
from app.network.explore import routes
from app.network.explore.controls import EXPLORE_CONTROLS
from app.network.explore.figures import loss_ticks
from app.network.explore.messages import SliceFigures
from app.network.explore.routes import TABLES
from app.network.kinds import KINDS
from app.state.control import ChoiceControl, NumberControl
from app.web.http import add_refusals
from app.web.visitor import VISITOR_COOKIE
from tests.app.services import make_services
from tests.project.contract import differ

with warnings.catch_warnings():
    # It would rather have another client than the pinned one, which does all that is asked of it here.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

RUN, JOB, MINE = "run-1", "job-1", "m" * 22


class FakeEngine:
    """An engine that checks descriptions as the real one does, and remembers."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.refusal: Exception | None = None

    async def submit(self, visitor: str, description: dict[str, Any], address: str = "") -> str:
        if self.refusal is not None:
            raise self.refusal
        kind, cleaned = validated(description, KINDS)
        self.asked.append(("submit", visitor, kind.name, cleaned))
        return JOB

    async def stop(self, job: str, visitor: str) -> None:
        if job != JOB:
            raise UnknownJob("there is no such job")
        self.asked.append(("stop", visitor, job))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    fake = FakeEngine()
    monkeypatch.setattr(routes, "default_engine", lambda: fake)
    return fake


@pytest.fixture
def client(engine: FakeEngine) -> TestClient:
    server = FastAPI()
    add_refusals(server)
    routes.add_explore_routes(server, make_services())
    return TestClient(server, cookies={VISITOR_COOKIE: MINE})


def ask(client: TestClient, kind: str, **state: Any) -> Any:
    return client.post("/network/explore", json={"kind": kind, "run": RUN, "state": state})


@pytest.mark.parametrize("kind", TABLES)
def test_what_is_asked_becomes_a_job(client: TestClient, engine: FakeEngine, kind: str) -> None:
    answer = ask(client, kind)
    assert answer.status_code == 200 and answer.json() == {"job": JOB, "notices": []}
    ((what, visitor, name, description),) = engine.asked
    assert (what, visitor, name) == ("submit", MINE, kind)
    assert description == {"run": RUN, **{control.name: control.default for control in TABLES[kind]}}


def test_every_value_of_every_control_is_a_job_that_the_engine_takes(client: TestClient) -> None:
    for kind, table in TABLES.items():
        for control in table:
            ends = [control.minimum, control.maximum] if isinstance(control, NumberControl) else list(control.values)
            for value in ends:
                assert ask(client, kind, **{control.name: value}).status_code == 200, control.name


def test_the_newest_wish_ends_the_one_before(client: TestClient, engine: FakeEngine) -> None:
    wish = {"kind": "slice", "run": RUN, "state": {}}
    assert client.post("/network/explore", json={**wish, "replaces": JOB}).status_code == 200
    assert [one[0] for one in engine.asked] == ["stop", "submit"]
    # one that is gone is no reason to refuse the next
    assert client.post("/network/explore", json={**wish, "replaces": "forgotten"}).status_code == 200
    assert client.post("/network/explore/stop", json={"job": JOB}).json() == {}
    assert client.post("/network/explore/stop", json={"job": "forgotten"}).json() == {}
    assert engine.asked[-1] == ("stop", MINE, JOB)


@pytest.mark.parametrize("control", [c for table in TABLES.values() for c in table], ids=lambda control: control.name)
def test_a_wrong_type_is_refused_by_name_and_a_value_out_of_range_is_clamped(
    client: TestClient, engine: FakeEngine, control: Any
) -> None:
    kind = control.name.split("_")[0]
    for wrong in (None, [], {}, True, "no such thing", {"nested": [1]}):
        answer = ask(client, kind, **{control.name: wrong})
        assert answer.status_code == 422 and control.title in answer.json()["problems"][0]
    assert not engine.asked
    if isinstance(control, NumberControl):
        answer = ask(client, kind, **{control.name: control.maximum + 1e6})
        assert answer.status_code == 200 and control.title in answer.json()["notices"][0]
        assert engine.asked[-1][3][control.name] == control.maximum


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "not valid JSON"),
        ("[]", "must be a JSON object"),
        ('{"kind": "train", "run": "r", "state": {}}', "kind must be one of slice, curvature, between, rescaling"),
        ('{"kind": ["slice"], "run": "r", "state": {}}', "kind must be one of"),
        ('{"kind": "slice", "run": "r"}', "The state must be an object"),
        ('{"kind": "slice", "run": "a b", "state": {}}', "run must be the id of a run"),
        ('{"kind": "slice", "state": {}}', "run must be the id of a run"),
        ('{"kind": "slice", "run": "r", "state": {}, "replaces": 3}', "replaces must be the id of a run"),
    ],
)
def test_bad_wishes_get_a_sentence(client: TestClient, body: str, sentence: str) -> None:
    answer = client.post("/network/explore", content=body)
    assert answer.status_code == 422 and sentence in " ".join(answer.json()["problems"])


def test_a_full_queue_and_a_missing_cookie_are_said(client: TestClient, engine: FakeEngine) -> None:
    engine.refusal = Refused("you have 4 unfinished jobs and may have 4: stop one first")
    answer = ask(client, "slice")
    assert answer.status_code == 409 and answer.json()["problems"] == [
        "You have 4 unfinished jobs and may have 4: stop one first."
    ]
    client.cookies.clear()
    assert "cookie" in ask(client, "slice").json()["problems"][0]


def test_the_link_holds_every_control_of_the_panels() -> None:
    names = {control.name for control in EXPLORE_CONTROLS}
    assert names <= {control.name for control in controls()}
    other = {
        c.name: c.values[-1] if isinstance(c, ChoiceControl) else c.quantise((c.minimum + c.maximum) / 3)
        for c in EXPLORE_CONTROLS
    }
    query = "?" + "&".join(f"{name}={str(value).replace('+', '%2B')}" for name, value in other.items())
    reading = read_network_link(query)
    assert reading.sentences() == [] and {name: reading.state[name] for name in names} == other
    broken = read_network_state({"slice_kind": "sideways", "slice_points": 10**6})
    assert "Plane “sideways” does not exist" in broken.problems[0] and "Points per axis" in broken.notices[0].sentence


# ------------------------------------------------------------------------------------------------------- pictures


def wish(x: np.ndarray, y: np.ndarray | None, losses: np.ndarray, **more: Any) -> dict[str, Any]:
    labels = ["first"] if y is None else ["first", "second"]
    told = {"x": encode(x), "y": None if y is None else encode(y), "losses": encode(losses), "labels": labels}
    return {**told, "scale": "linear", **more}


def heights_of(answer: dict[str, Any]) -> np.ndarray:
    """What the browser draws of a ground, which is linear in what is drawn here."""
    ground = answer["ground"]
    shares = np.frombuffer(base64.b64decode(ground["values"]["bdata"]), dtype="<u2") / 65534
    return ground["low"] + (ground["high"] - ground["low"]) * shares.reshape(ground["rows"], ground["columns"])


AXIS, OTHER = np.linspace(-1, 1, 7), np.linspace(0, 3, 5)
LOSSES = 0.01 + AXIS**2 + 10 * OTHER[:, None]


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_the_ground_of_a_slice_has_its_rows_along_y(client: TestClient, scale: str) -> None:
    answer = client.post("/network/explore/pictures", json=wish(AXIS, OTHER, LOSSES, scale=scale)).json()
    assert list(differ(answer, SliceFigures)) == []
    drawn = LOSSES if scale == "linear" else np.log10(LOSSES)
    np.testing.assert_allclose(heights_of(answer), drawn, atol=1e-4 * np.ptp(drawn))
    assert answer["domain"] == [[-1.0, 1.0], [0.0, 3.0]] and answer["labels"] == ["first", "second"]
    ground = answer["ground"]
    assert ground["top"] == ground["high"], "nothing of a slice is cut off"
    assert all(ground["low"] <= tick <= ground["high"] for tick in ground["ticks"])


def test_a_line_has_no_ground(client: TestClient) -> None:
    answer = client.post("/network/explore/pictures", json=wish(AXIS, None, LOSSES[1], scale="log")).json()
    assert list(differ(answer, SliceFigures)) == []
    assert answer["ground"] is None and answer["domain"] == [[-1.0, 1.0]]
    np.testing.assert_allclose(decode(answer["curve"]["losses"]), np.log10(LOSSES[1]), rtol=1e-6)
    assert len(answer["curve"]["ticks"]) == len(answer["curve"]["labels"]) >= 2


def test_what_is_not_finite_is_drawn_at_the_top_and_a_flat_loss_is_drawn(client: TestClient) -> None:
    losses = LOSSES.copy()
    losses[0, 0], losses[4, 6] = np.nan, np.inf
    heights = heights_of(client.post("/network/explore/pictures", json=wish(AXIS, OTHER, losses)).json())
    # float32's largest stands for infinity on the way here
    assert np.isfinite(heights).all() and heights[0, 0] == heights.max()
    flat = client.post("/network/explore/pictures", json=wish(AXIS, OTHER, np.ones((5, 7)), scale="log"))
    assert flat.status_code == 200
    zero = client.post("/network/explore/pictures", json=wish(AXIS, OTHER, np.zeros((5, 7)), scale="log"))
    assert zero.status_code == 200 and heights_of(zero.json()) == pytest.approx(np.full((5, 7), -12))


@pytest.mark.parametrize(("low", "high"), [(-2.0, 1.0), (-0.05, 0.02), (-9.0, 4.0), (0.1, 0.9), (-1.0, -1.0)])
def test_labels_of_a_logarithmic_scale_are_the_losses_there(low: float, high: float) -> None:
    places, words = loss_ticks(low, high)
    assert 2 <= len(places) == len(words) <= 14 and all(low <= place <= high for place in places)
    np.testing.assert_allclose([float(word) for word in words], 10 ** np.array(places), rtol=5e-3)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"x": None}, "x must be an array"),
        ({"x": {"dtype": "f8", "bdata": ""}}, "x must be an array"),
        ({"x": {"dtype": "f4", "bdata": 3}}, "x must be an array"),
        ({"x": {"dtype": "f4", "bdata": "µ"}}, "x is not valid base64"),
        ({"x": {"dtype": "f4", "bdata": "AAA="}}, "x must hold 1 to 101 numbers"),
        ({"x": {"dtype": "f4", "bdata": ""}}, "x must hold 1 to 101 numbers"),
        ({"x": encode(np.arange(102))}, "x must hold 1 to 101 numbers"),
        ({"x": encode(AXIS[::-1])}, "x must hold at least two finite numbers that grow"),
        ({"y": encode(np.array([0, np.nan, 1, 2, 3]))}, "y must hold at least two finite numbers that grow"),
        ({"losses": encode(LOSSES[:4])}, "losses must hold one number for each of the 7 × 5 points"),
        ({"losses": encode(np.full((5, 7), np.nan))}, "not finite anywhere"),
        ({"scale": "cubic"}, "scale must be one of log, linear"),
        ({"labels": ["one"]}, "labels must be a list of 2 texts"),
        ({"labels": "ab"}, "labels must be a list of 2 texts"),
    ],
)
def test_bad_pictures_get_a_sentence(client: TestClient, more: dict[str, Any], sentence: str) -> None:
    answer = client.post("/network/explore/pictures", json={**wish(AXIS, OTHER, LOSSES), **more})
    assert answer.status_code == 422 and sentence in answer.json()["problems"][0]
