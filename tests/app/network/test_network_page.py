"""The network page without a browser: its table agrees with the engine's, links, addresses, cookie, origin, stream."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import warnings
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.websockets import WebSocketDisconnect

from app.jobs import Refused, Unavailable, UnknownJob
from app.jobs.hub import Entry
from app.network import follow, routes, shared_job
from app.network.controls import base_of, controls, description_of, read_network_link, read_network_state, state_of
from app.network.follow import asked, message
from app.network.page import tables
from app.network.training import user_models
from app.network.training.settings import CHANGEABLE, METHOD_NAMES, NUMBERS, PLANES, STRUCTURES, validate
from app.state.control import ChoiceControl, Control, NamesControl, NumberControl, TextControl
from app.web.http import add_refusals
from app.web.visitor import FORM, VISITOR_COOKIE
from tests.app.services import make_services

with warnings.catch_warnings():
    # It would rather have another client than the pinned one, which does all that is asked of it here.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

RUN = "a-run_of-the-tests"
MINE = "m" * 22


class FakeEngine:
    """An engine that knows one run, belongs to one visitor, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.refusal: Exception | None = None
        self.entries = [
            Entry(1, "state", 1.0, b'{"state":"running"}'),
            Entry(2, "progress", 1.5, b'{"rows":[{"position":1}]}'),
            Entry(3, "state", 2.0, b'{"state":"finished"}'),
        ]
        self.description_kept = validate({"steps": 40, "learning_rate": 0.2})
        self.kind = "train"

    def _known(self, job: str) -> None:
        if self.refusal is not None:
            raise self.refusal
        if job != RUN:
            raise UnknownJob("there is no such job: it has ended a while ago, or the engine was restarted")

    async def prepare(self) -> None:
        self.asked.append(("prepare",))

    async def submit(self, visitor: str, description: dict[str, Any], address: str = "") -> str:
        if self.refusal is not None:
            raise self.refusal
        self.asked.append(("submit", visitor, description))
        return RUN

    async def summary(self, job: str, visitor: str = "") -> dict[str, Any]:
        self._known(job)
        return {"state": "running", "settings": {"radius": 0.5}, "owner": visitor == MINE}

    async def description(self, job: str) -> dict[str, Any]:
        self._known(job)
        return {"kind": self.kind, **self.description_kept}

    async def change(self, job: str, visitor: str, settings: dict[str, Any]) -> None:
        self._known(job)
        self.asked.append(("change", job, visitor, settings))

    async def stop(self, job: str, visitor: str) -> None:
        self._known(job)
        self.asked.append(("stop", job, visitor))

    pause = resume = stop

    async def follow(self, job: str, number: int):
        self._known(job)
        for entry in self.entries:
            if entry.number > number:
                yield entry


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    fake = FakeEngine()
    for module in (routes, follow):
        monkeypatch.setattr(module, "default_engine", lambda: fake)
    shared_job._jobs.clear()
    return fake


@pytest.fixture
def client(engine: FakeEngine) -> TestClient:
    server = FastAPI()
    add_refusals(server)
    routes.add_routes(server, make_services())
    return TestClient(server, cookies={VISITOR_COOKIE: MINE})


# The table


def test_the_page_offers_what_the_engine_takes() -> None:
    """Every setting of a training is on the page, within the engine's range, with the engine's default and meaning."""
    table = {control.name: control for control in controls()}
    assert set(NUMBERS) <= set(table)
    for name, row in NUMBERS.items():
        control = table[name]
        assert isinstance(control, NumberControl) and control.integer == row.whole and control.default == row.default
        for end in (control.minimum, control.maximum):
            row.checked(name, end if not row.whole else int(end))
    assert table["structure"].values == STRUCTURES and table["plane"].values == PLANES
    assert set(CHANGEABLE) == {control.name for control in controls() if control.group == "walk"}
    assert tables()["methods"] == list(METHOD_NAMES)


def ends_of(control: Control) -> list[Any]:
    """The least and the most that a control takes, or each of its choices."""
    match control:
        case NumberControl():
            return [control.minimum, control.maximum]
        case ChoiceControl():
            return list(control.values)
        case NamesControl():
            return [list(control.names), [control.names[-1]], []]
        case TextControl():
            return ["", RUN]


def test_any_state_of_the_page_is_a_training_that_the_engine_takes() -> None:
    for control in controls():
        for value in ends_of(control):
            reading = read_network_state({control.name: value})
            described = description_of(reading.state)
            assert described.pop("kind") == "train"
            assert validate(described) == described


def test_a_run_s_settings_come_back_as_the_page_s_state() -> None:
    state = read_network_state({"radius": 0.5, "network": "convnet", "methods": ["ASAM"], "plane_seed": 7}).state
    described = validate({key: value for key, value in description_of(state).items() if key != "kind"})
    again = read_network_state({**state_of(described, {"learning_rate": 0.3})}).state
    assert again == {**state, "learning_rate": 0.3}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?steps=soon", "Steps T must be"),
        ("?steps=1e9", "outside 20 … 2000; 2000 is used"),
        ("?network=gpt", "Network “gpt” does not exist"),
        ("?network=character-transformer&data=digits", "takes characters; these data are images"),
        ("?methods=Adagrad,SGDM", "The method “Adagrad” does not exist"),
        ("?job=../../etc", "no id as the page gives them"),
        ("?nonsense=1", "“nonsense”, which means nothing here"),
        ("?seed=nan", "Seed must be"),
    ],
)
def test_a_bad_link_gets_a_sentence_and_a_whole_state(query: str, said: str) -> None:
    reading = read_network_link(query)
    assert said in " ".join(reading.sentences())
    assert user_models.fits(reading.state["network"], reading.state["data"])
    validate({key: value for key, value in description_of(reading.state).items() if key != "kind"})


# The addresses


def test_a_link_with_a_run_shows_that_run(client: TestClient) -> None:
    answer = client.post("/network/open", json={"query": f"?job={RUN}&learning_rate=0.01"}).json()
    assert answer["run"]["owner"] and answer["run"]["description"]["steps"] == 40
    assert answer["state"]["learning_rate"] == 0.2 and answer["state"]["radius"] == 0.5, "the run's own, as changed"
    assert answer["state"]["job"] == RUN


def test_cutout_of_what_is_no_image_is_left_out_with_a_sentence() -> None:
    reading = read_network_state({"data": "two-moons", "cutout": 2})
    assert reading.state["cutout"] == 0 and reading.state["data"] == "two-moons"
    assert any("cutout covers squares of images" in problem for problem in reading.problems)


def test_a_run_of_another_preset_s_task_has_that_preset_s_words(client: TestClient, engine: FakeEngine) -> None:
    """Another was chosen while it trained, and the page was loaded again."""

    def opened(preset: str, **trained: Any) -> dict[str, Any]:
        engine.description_kept = validate({"steps": 40, **trained})
        answer = client.post("/network/open", json={"query": f"?preset={preset}&job={RUN}"}).json()
        assert answer["state"]["random_labels"] == trained.get("random_labels", 0.0) and answer["state"]["steps"] == 40
        assert answer["base"] == base_of(answer["state"]["preset"])
        return answer["state"]["preset"]

    assert opened("two-moons", random_labels=0.4) == "label-noise"
    assert opened("two-moons", inputs="badly scaled") == "badly-scaled"
    assert opened("label-noise", random_labels=0.4, learning_rate=0.5) == "label-noise"
    assert opened("label-noise", random_labels=0.2) == "label-noise", "that of no preset: one that was changed"
    assert opened("custom", random_labels=0.4) == "custom"


def test_a_link_to_a_run_that_is_gone_says_so_and_keeps_its_settings(client: TestClient) -> None:
    answer = client.post("/network/open", json={"query": "?job=long-ago&steps=60"}).json()
    assert answer["run"] is None and answer["state"]["steps"] == 60 and answer["state"]["job"] == ""
    assert "cannot be shown: there is no such job" in answer["notices"][0]


def test_opening_the_page_has_the_engine_ready_and_waits_for_nothing(client: TestClient, engine: FakeEngine) -> None:
    """Its answer is there while the engine is still being started, and where it cannot be."""
    begun, over = threading.Event(), threading.Event()

    async def prepare() -> None:
        begun.set()
        while not over.is_set():
            await asyncio.sleep(0.01)
        raise Unavailable("The engine does not answer.")

    engine.prepare = prepare  # type: ignore[method-assign]
    with client:
        assert client.post("/network/open", json={"query": ""}).status_code == 200
        assert begun.wait(120)
        over.set()
        assert client.post("/network/open", json={"query": ""}).status_code == 200


def test_start_change_and_steer(client: TestClient, engine: FakeEngine) -> None:
    state = read_network_state({"steps": 60}).state
    answer = client.post("/network/start", json={"state": state, "replaces": RUN})
    assert answer.status_code == 200 and answer.json()["run"]["job"] == RUN
    assert engine.asked[0] == ("stop", RUN, MINE)
    assert engine.asked[1][:2] == ("submit", MINE) and engine.asked[1][2]["steps"] == 60
    assert client.post("/network/change", json={"job": RUN, "settings": {"radius": 0.2}}).status_code == 200
    assert engine.asked[-1] == ("change", RUN, MINE, {"radius": 0.2})
    for act in ("pause", "resume", "stop"):
        assert client.post("/network/act", json={"job": RUN, "act": act}).status_code == 200


def test_only_runs_are_steered(client: TestClient, engine: FakeEngine) -> None:
    """What several people share would be paused for all of them, and could be continued by one."""
    engine.kind = "statements"
    for act in ("pause", "resume", "stop"):
        answer = client.post("/network/act", json={"job": RUN, "act": act})
        assert answer.status_code == 409 and "no training run" in answer.json()["problems"][0]
    assert engine.asked == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("start", {"state": {"steps": "many"}}),
        ("start", {"state": [1]}),
        ("start", {}),
        ("start", {"state": {"methods": "all"}}),
        ("start", {"state": {}, "replaces": [1]}),
        ("act", {"job": RUN, "act": "close"}),
        ("act", {"job": RUN, "act": ["stop"]}),
        ("act", {"job": {"a": 1}, "act": "stop"}),
        ("change", {"job": RUN, "settings": 3}),
        ("run", {"job": "x" * 65}),
        ("run", {"job": None}),
        ("open", {"query": 5}),
        ("open", [1]),
    ],
)
def test_what_is_asked_wrongly_gets_sentences(client: TestClient, path: str, body: Any) -> None:
    answer = client.post(f"/network/{path}", content=json.dumps(body))
    assert answer.status_code == 422 and all(text.endswith(".") for text in answer.json()["problems"])


@pytest.mark.parametrize("x", [None, [0], [1, 0], [0, 1e9], ["a", "b"], [0, None], [True, False], "01"])
def test_a_wrong_piece_of_the_plane_gets_a_sentence(client: TestClient, x: Any) -> None:
    answer = client.post("/network/ground", json={"job": RUN, "x": x, "y": [0, 1]})
    assert answer.status_code == 422 and "x must be two numbers" in answer.json()["problems"][0]


def test_all_who_watch_a_run_share_one_surface(client: TestClient, engine: FakeEngine) -> None:
    for visitor in ("m", "n", "o"):
        client.cookies.set(VISITOR_COOKIE, visitor * 22)
        answer = client.post("/network/ground", json={"job": RUN, "x": [0, 2], "y": [0, 2]})
        assert answer.status_code == 200
    submitted = [wish for wish in engine.asked if wish[0] == "submit"]
    assert len(submitted) == 1 and submitted[0][1] == f"landscape of {RUN}", "it counts as the run's, not a visitor's"


@pytest.mark.parametrize(
    ("refusal", "status", "sentence"),
    [
        (Refused("the queue is full (64 jobs wait): try again in a few minutes"), 409, "The queue is full"),
        (UnknownJob("there is no such job"), 404, "There is no such job."),
        (Unavailable("The engine does not answer."), 503, "The engine does not answer."),
    ],
)
def test_what_the_engine_says_is_passed_on(
    client: TestClient, engine: FakeEngine, refusal: Exception, status: int, sentence: str
) -> None:
    engine.refusal = refusal
    answer = client.post("/network/start", json={"state": {}})
    assert answer.status_code == status and answer.json()["problems"][0].startswith(sentence)


# Who asks


def test_the_first_answer_gives_a_random_id_and_later_ones_leave_it(client: TestClient) -> None:
    client.cookies.clear()
    first = client.post("/network/open", json={"query": ""})
    given = first.headers["set-cookie"]
    assert FORM.match(first.cookies[VISITOR_COOKIE])
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in given.split(";")}
    assert "set-cookie" not in client.post("/network/open", json={"query": ""}).headers
    client.cookies.clear()
    assert client.post("/network/open", json={"query": ""}).cookies[VISITOR_COOKIE] != first.cookies[VISITOR_COOKIE]


@pytest.mark.parametrize("cookie", ["", "short", "x" * 23, "a b" + "x" * 19, "é" * 11])
def test_without_an_id_of_ours_nothing_is_started(client: TestClient, engine: FakeEngine, cookie: str) -> None:
    client.cookies.clear()
    header = f"{VISITOR_COOKIE}={cookie}".encode()
    answer = client.post("/network/start", json={"state": {}}, headers={b"cookie": header})
    assert answer.status_code == 422 and "visitor cookie" in answer.json()["problems"][0] and not engine.asked


# The stream


@pytest.mark.parametrize(
    ("query", "wish"),
    [
        ({"job": "j", "from": "7"}, ("j", 7)),
        ({"job": "j"}, ("j", 0)),
        ({"job": "j", "from": "9" * 16}, ("j", 2**53)),
        ({"job": "j", "from": "9" * 5000}, None),
        ({"job": "j", "from": "-1"}, None),
        ({"job": "j", "from": "٣"}, None),
        ({"job": "", "from": "0"}, None),
        ({"job": "a/b"}, None),
        ({}, None),
    ],
)
def test_the_address_of_a_stream_is_checked(query: dict[str, str], wish: Any) -> None:
    assert asked(query) == wish


def test_an_entry_is_sent_with_its_data_unread() -> None:
    text = message(Entry(5, "progress", 2.5, b'{"rows":[1]}'))
    assert json.loads(text) == {"number": 5, "kind": "progress", "time": 2.5, "data": {"rows": [1]}}


def received(client: TestClient, address: str, origin: str = "http://testserver") -> list[dict[str, Any]]:
    found = []
    with client.websocket_connect(address, headers={"origin": origin}) as socket:
        while not found or found[-1]["kind"] != "end":
            found.append(socket.receive_json())
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 1000
    return found


def test_a_stream_begins_where_it_was_left_and_says_its_end(client: TestClient) -> None:
    whole = received(client, f"/network/follow?job={RUN}")
    assert [entry.get("number") for entry in whole] == [1, 2, 3, None]
    assert whole[-1]["data"]["reason"] == "over"
    assert received(client, f"/network/follow?job={RUN}&from=2") == whole[2:]


def test_a_stream_of_nothing_says_why(client: TestClient, engine: FakeEngine) -> None:
    (end,) = received(client, "/network/follow?job=long-ago")
    assert end["data"]["reason"] == "unknown" and end["data"]["sentence"].startswith("There is no such job")
    engine.refusal = Unavailable("The engine does not answer.")
    (end,) = received(client, f"/network/follow?job={RUN}")
    assert end["data"] == {"reason": "unavailable", "sentence": "The engine does not answer."}


def test_a_stream_of_no_job_is_not_opened(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/network/follow"):
        pass
    assert closed.value.code == 1008


def test_who_speaks_on_a_stream_is_shown_out(client: TestClient, engine: FakeEngine) -> None:
    async def never(job: str, number: int):
        await asyncio.sleep(100)
        yield None

    engine.follow = never  # type: ignore[method-assign]
    address = f"/network/follow?job={RUN}"
    with client.websocket_connect(address, headers={"origin": "http://testserver"}) as socket:
        socket.send_text("x" * 100_000)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 1008


def test_a_silent_stream_has_a_heart(client: TestClient, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """And none after its last message: a beat that was due with the end once came behind it."""
    over = threading.Event()

    async def silent(job: str, number: int):
        while not over.is_set():
            await asyncio.sleep(0)
        return
        yield

    engine.follow = silent  # type: ignore[method-assign]
    monkeypatch.setattr(follow, "HEARTBEAT", 0.0)
    beat = {"kind": "heartbeat"}
    address = f"/network/follow?job={RUN}"
    with client.websocket_connect(address, headers={"origin": "http://testserver"}) as socket:
        assert [socket.receive_json() for _ in range(3)] == [beat] * 3
        over.set()
        while (last := socket.receive_json()) == beat:
            pass
        assert last["kind"] == "end" and last["data"]["reason"] == "over"
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 1000


def test_the_page_is_there(call) -> None:
    assert call("GET", "/network").status_code == 200


def test_the_web_process_imports_no_training() -> None:
    """What trains, measures and draws surfaces is imported by workers, and torch with it, which takes as long as all
    the rest of a start; here are the tables of names alone. The way to the engine, with dask, comes with the first run,
    and scipy's functions with what is computed by them. Dash would import IPython where that is installed."""
    script = (
        "import sys; from app.__main__ import leave_out_ipython; leave_out_ipython()\n"
        "from app.server import build; build(); from app.jobs.kinds import validated\n"
        "from app.network.kinds import KINDS; validated({'kind': 'train'}, KINDS)\n"
        "print(sorted({'torch', 'dask', 'IPython.core', 'scipy.special', 'optimizers.training', 'geometry.slices',"
        " 'app.network.training.session', 'app.network.training.problem',"
        " 'app.network.training.user_model_loader'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout.strip().splitlines()[-1] == "[]"
