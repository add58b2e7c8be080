"""The job "statements" at its smallest, stopped and resumed; and the addresses at which it is asked for."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from fastapi import FastAPI

from app.jobs import Refused
from app.jobs.kinds import validated
from app.jobs.packing import unpack
from app.network import shared_job
from app.network.controls import read_network_state
from app.network.kinds import KINDS
from app.network.presets import CUSTOM, PRESETS
from app.network.statements import routes
from app.network.statements.job import run
from app.network.statements.messages import StatementsRow
from app.network.statements.routes import statements_of
from app.network.statements.statement import COMPARED, STATEMENTS, USUAL, trials_of
from app.network.training import first_fit
from app.web.http import add_refusals
from app.web.visitor import VISITOR_COOKIE
from tests.app.network import attempts
from tests.project.contract import differ

with warnings.catch_warnings():
    # It would rather have another client than the pinned one, which does all that is asked of it here.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

pytestmark = pytest.mark.slow

STEPS = 20
SMALL = {"preset": "two-moons", "steps": STEPS, "batch_size": 32, "refresh_size": 32, "refresh_every": 4}
MINE, OTHERS = "m" * 22, "o" * 22


def described(seeds: int = 2, after: str = "", **more: Any) -> dict[str, Any]:
    state = read_network_state({**SMALL, "statements_seeds": seeds, **more}).state
    return validated({**statements_of(state), "after": after}, KINDS)[1]


class Attempt(attempts.Attempt):
    work = staticmethod(run)

    @property
    def found(self) -> list[dict[str, Any]]:
        return [row["found"] for row in self.rows if "found" in row]


def without_seconds(checkpoint: bytes) -> Any:
    return {
        seed: {name: {key: value for key, value in trial.items() if key != "seconds"} for name, trial in own.items()}
        for seed, own in unpack(checkpoint).items()
    }


@pytest.fixture(scope="module")
def whole() -> Attempt:
    return Attempt(described())


def test_each_seed_brings_verdicts(whole: Attempt) -> None:
    assert [fault for row in whole.rows for fault in differ(row, StatementsRow)] == []
    assert [one["seeds"] for one in whole.found] == [[0], [0, 1]]
    assert whole.rows[-1]["position"] == whole.total == 2 * len(COMPARED) * STEPS
    first, last = whole.found
    assert [one["statement"] for one in last["claims"]] == [one.text for one in STATEMENTS["two-moons"]]
    assert {one["verdict"] for one in first["claims"]} == {"cannot be told"}, "one seed tells nothing"
    assert all(len(pairs["values"]) == 2 for one in last["claims"] for pairs in one["pairs"])
    assert [row["method"] for row in last["methods"]] == list(COMPARED)
    for row in last["methods"]:
        mean, error = row["test_accuracy"]
        assert 0 < mean < 1 and error >= 0 and row["seconds"][0] > 0
    trials = unpack(whole.checkpoint)
    assert set(trials) == {"0", "1"} and trials["0"]["SGDM"]["steps"] == list(range(STEPS + 1))
    assert trials["0"]["SAM"]["evaluations"][-1] == 2 * STEPS, "two gradients a step"
    assert trials["0"]["SGDM"]["train_loss"][0] == trials["0"]["LLQR"]["train_loss"][0], "the same first weights"
    assert trials["0"]["SGDM"]["train_loss"][0] != trials["1"]["SGDM"]["train_loss"][0]


def test_a_bad_start_is_compared_with_the_usual_one_from_the_same_seed(monkeypatch) -> None:
    fits: list[int] = []
    make = first_fit.fit_random_labels
    monkeypatch.setattr(first_fit, "fit_random_labels", lambda *a: (fits.append(a[-1]), make(*a))[1])
    found = Attempt(described(preset="bad-start", data="two-moons", bad_start=100))
    names = trials_of("bad-start")
    assert set(names) == {*COMPARED, "SGDM" + USUAL, "LLQR+SAM" + USUAL}
    assert fits == [0, 1] and found.total == found.rows[-1]["position"] == 2 * (100 + len(names) * STEPS)
    assert [fault for row in found.rows for fault in differ(row, StatementsRow)] == []
    assert [row["method"] for row in found.found[-1]["methods"]] == list(names)
    for own in unpack(found.checkpoint).values():
        begun = {name: trial["train_loss"][0] for name, trial in own.items()}
        assert len({begun[name] for name in COMPARED}) == 1, "one fit for all methods"
        assert begun["SGDM" + USUAL] == begun["LLQR+SAM" + USUAL] != begun["SGDM"]
    usual = Attempt(described(preset="bad-start", data="two-moons", bad_start=0))
    for seed, own in unpack(usual.checkpoint).items():
        assert own["SGDM"]["train_loss"] == unpack(found.checkpoint)[seed]["SGDM" + USUAL]["train_loss"]


@pytest.mark.parametrize("leave_at", [3, 2 * STEPS + 3, 6 * STEPS])
def test_a_stopped_job_goes_on_where_it_was(whole: Attempt, leave_at: int) -> None:
    stopped = Attempt(described(), leave_at=leave_at)
    assert stopped.left and stopped.steps == leave_at
    ended = sum(len(own) for own in unpack(stopped.checkpoint).values())
    assert ended == (leave_at - 1) // STEPS
    again = Attempt(described(), stopped.checkpoint)
    assert again.steps == (2 * len(COMPARED) - ended) * STEPS, "no trial that had ended is made again"
    assert without_seconds(again.checkpoint) == without_seconds(whole.checkpoint)


def test_more_seeds_go_on_from_those_that_are_known(whole: Attempt) -> None:
    earlier = {"description": {"kind": "statements", **described()}, "result": whole.checkpoint}
    more = Attempt(described(3, after="j"), earlier=earlier)
    assert more.steps == len(COMPARED) * STEPS
    assert [one["seeds"] for one in more.found] == [[0], [0, 1], [0, 1, 2]]
    other = {**earlier, "description": {**earlier["description"], "radius": 0.9}}
    assert Attempt(described(after="j"), earlier=other).steps == whole.steps, "other settings, other trials"
    assert Attempt(described(after="j")).steps == whole.steps, "and so where the earlier job is forgotten"


def test_a_method_that_diverges_is_told_and_ends_nothing_else() -> None:
    """At such a rate none comes to its end; the job does, and says so."""
    wild = Attempt({**described(inputs="badly scaled", steps=40), "learning_rate": 10.0, "momentum": 0.999})
    assert not wild.left and wild.rows[-1]["position"] == wild.total
    found = wild.found[-1]
    assert [row["stopped"] for row in found["methods"]] == [2, 2, 2, 2]
    assert {one["verdict"] for one in found["claims"]} == {"cannot be told"}
    assert all("no seed with a value" in one["counts"] for one in found["claims"])
    assert all(own["stopped"] for trials in unpack(wild.checkpoint).values() for own in trials.values())


@pytest.mark.parametrize("preset", [*PRESETS, CUSTOM])
def test_a_preset_s_statements_are_a_job_that_the_engine_takes(preset: str) -> None:
    state = read_network_state({"preset": preset, "methods": ["SAM"], "statements_seeds": 64}).state
    description = validated({**statements_of(state), "after": ""}, KINDS)[1]
    assert (description["preset"], description["seeds"], description["methods"]) == (preset, 64, list(COMPARED))
    assert (
        {name: description[name] for name in PRESETS[preset].values if name != "evaluations"}
        == {name: value for name, value in PRESETS[preset].values.items() if name != "evaluations"}
        if preset in PRESETS
        else True
    )


def test_how_a_run_is_watched_is_nothing_to_its_statements() -> None:
    """They are not trained anew for it."""
    watched = {"evaluations": 7, "watching": 0.05, "snapshots": 3, "plane": "random", "normalisation": "layer"}
    assert described(**watched) == described()
    assert described(radius=0.9) != described()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"preset": "none"}, "preset must be one of"),
        ({"preset": []}, "preset must be one of"),
        ({"seeds": 1}, "seeds must be a whole number from 2 to 64"),
        ({"seeds": None}, "seeds must be"),
        ({"after": 3}, "after must be"),
        ({"after": "x" * 200}, "after must be"),
        ({"learning_rate": -1}, "learning_rate must be"),
        ({"more": 1}, "unknown setting"),
    ],
)
def test_what_is_no_job_is_refused_with_a_sentence(changed: dict[str, Any], sentence: str) -> None:
    good = {**statements_of(read_network_state(SMALL).state), "after": ""}
    with pytest.raises(Refused, match=sentence):
        validated({**good, **changed}, KINDS)


# The addresses


class FakeEngine:
    """An engine that checks descriptions as the real one does; its jobs run until they are stopped by their owner."""

    def __init__(self) -> None:
        self.jobs: dict[str, tuple[str, dict[str, Any]]] = {}
        self.stopped: list[str] = []

    async def submit(self, visitor: str, description: dict[str, Any], address: str = "") -> str:
        job = f"job-{len(self.jobs)}"
        self.jobs[job] = (visitor, validated(description, KINDS)[1])
        return job

    async def stop(self, job: str, visitor: str) -> None:
        if self.jobs[job][0] != visitor:
            raise Refused("only who started a job can stop or change it")
        self.stopped.append(job)

    async def hand_over(self, job: str, visitor: str, heir: str) -> None:
        assert self.jobs[job][0] == visitor
        self.jobs[job] = (heir, self.jobs[job][1])

    async def summary(self, job: str, visitor: str = "") -> dict[str, Any]:
        return {"state": "running"}  # as it is told until a stopping job has left its worker


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    fake = FakeEngine()
    monkeypatch.setattr(routes, "default_engine", lambda: fake)
    shared_job._jobs.clear()
    shared_job._given_up.clear()
    shared_job._askers.clear()
    return fake


@pytest.fixture
def server(engine: FakeEngine) -> FastAPI:
    made = FastAPI()
    add_refusals(made)
    routes.add_statements_routes(made)
    return made


def ask(server: FastAPI, visitor: str, **more: Any) -> Any:
    # One event loop for all of a test's requests, as a web process has.
    with TestClient(server, cookies={VISITOR_COOKIE: visitor}) as client:
        return client.post("/network/statements", json={"state": SMALL, **more})


def test_a_hall_that_asks_for_the_same_has_one_job(server: FastAPI, engine: FakeEngine) -> None:
    jobs = {ask(server, visitor).json()["job"] for visitor in (MINE, OTHERS, OTHERS)}
    assert jobs == {"job-0"} and engine.jobs["job-0"][0] == MINE
    assert ask(server, OTHERS, state={**SMALL, "statements_seeds": 9}).json()["job"] == "job-1"


def test_only_its_owner_stops_it_and_the_next_goes_on_from_it(server: FastAPI, engine: FakeEngine) -> None:
    assert ask(server, MINE).json()["job"] == "job-0"
    with TestClient(server, cookies={VISITOR_COOKIE: OTHERS}) as client:
        assert client.post("/network/statements/stop", json={"job": "job-0"}).json() == {}
    assert engine.stopped == []
    with TestClient(server, cookies={VISITOR_COOKIE: MINE}) as client:
        assert client.post("/network/statements/stop", json={"job": "job-0"}).json() == {}
    assert engine.stopped == ["job-0"]
    assert ask(server, OTHERS).json()["job"] == "job-1", "a job that is about to leave is nobody's answer"
    assert engine.jobs["job-1"][1]["after"] == "job-0"
    assert ask(server, MINE, after="job-7").json()["job"] == "job-1"


def test_what_others_have_asked_for_too_outlives_its_owner_and_ends_with_the_last(
    server: FastAPI, engine: FakeEngine
) -> None:
    """One who cancels, or asks for something else, takes nothing from the others' panels."""
    third = "t" * 22
    for visitor in (MINE, OTHERS, third, OTHERS):
        assert ask(server, visitor).json()["job"] == "job-0"

    def stop(visitor: str) -> None:
        with TestClient(server, cookies={VISITOR_COOKIE: visitor}) as client:
            assert client.post("/network/statements/stop", json={"job": "job-0"}).json() == {}

    other = ask(server, MINE, state={**SMALL, "radius": 0.5}, replaces="job-0")
    assert other.json()["job"] == "job-1"
    assert engine.stopped == [] and engine.jobs["job-0"][0] == OTHERS
    stop(MINE)
    assert engine.stopped == [], "it has been given up already, and is somebody else’s"
    stop(third)
    assert engine.stopped == [] and engine.jobs["job-0"][0] == OTHERS
    stop(OTHERS)
    assert engine.stopped == ["job-0"]


def test_a_job_that_the_engine_has_lost_is_begun_anew(
    server: FastAPI, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was restarted, or a submission was refused once: neither stands in the way of the next who asks."""
    summary, submit = engine.summary, engine.submit

    async def lost(job: str, visitor: str = "") -> dict[str, Any]:
        if job == "job-0":
            raise Refused("there is no such job")
        return await summary(job, visitor)

    async def full(visitor: str, description: dict[str, Any], address: str = "") -> str:
        raise Refused("too many jobs at once")

    assert ask(server, MINE).json()["job"] == "job-0"
    monkeypatch.setattr(engine, "summary", lost)
    monkeypatch.setattr(engine, "submit", full)
    refused = ask(server, MINE)
    assert refused.status_code == 409 and refused.json()["problems"] == ["Too many jobs at once."]
    monkeypatch.setattr(engine, "submit", submit)
    assert [ask(server, visitor).json()["job"] for visitor in (MINE, OTHERS)] == ["job-1", "job-1"]


def test_the_jobs_asked_for_last_are_shared_and_no_more(
    server: FastAPI, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_job, "KEPT", 2)
    wishes = [{**SMALL, "statements_seeds": seeds} for seeds in (2, 3, 2, 4, 2, 3)]
    jobs = [ask(server, MINE, state=wish).json()["job"] for wish in wishes]
    assert jobs == [f"job-{number}" for number in (0, 1, 0, 2, 0, 3)]
    assert set(shared_job._askers) == {"job-0", "job-3"}


def test_the_newest_request_ends_the_one_before(server: FastAPI, engine: FakeEngine) -> None:
    assert ask(server, MINE).json()["job"] == "job-0"
    other = ask(server, MINE, state={**SMALL, "radius": 0.5}, replaces="job-0", after="job-0")
    assert other.json()["job"] == "job-1" and engine.stopped == ["job-0"]
    assert engine.jobs["job-1"][1]["after"] == "job-0"


@pytest.mark.parametrize("body", [{}, {"state": 3}, {"state": {"steps": "many"}}, {"state": {}, "after": 7}])
def test_a_request_that_is_none_is_refused(server: FastAPI, body: dict[str, Any]) -> None:
    with TestClient(server, cookies={VISITOR_COOKIE: MINE}) as client:
        answer = client.post("/network/statements", json=body)
    assert answer.status_code == 422 and answer.json()["problems"]
