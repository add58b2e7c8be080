"""The job "fairness" at its smallest, stopped and resumed; what it is asked for with, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from app.jobs import Refused
from app.jobs.kinds import validated
from app.jobs.packing import unpack
from app.network.controls import read_network_state
from app.network.fairness import job
from app.network.fairness.job import APART, run
from app.network.fairness.messages import TuningRow
from app.network.fairness.routes import fairness_of
from app.network.fairness.tuning import rounds_of
from app.network.kinds import KINDS
from app.network.training.problem import make_problem
from app.network.training.session import TrainingSession
from tests.app.network import attempts
from tests.project.contract import differ

pytestmark = pytest.mark.slow

STEPS = 20
SMALL = {"preset": "two-moons", "steps": STEPS, "batch_size": 32, "methods": ["SGDM", "SAM"], "fairness_effort": "18"}
ROUNDS = rounds_of(18, STEPS)
TUNING = sum(count * steps for count, steps in ROUNDS)


def described(seeds: int = 2, after: str = "", **more: Any) -> dict[str, Any]:
    state = read_network_state({**SMALL, "fairness_seeds": seeds, **more}).state
    return validated({**fairness_of(state), "after": after}, KINDS)[1]


class Attempt(attempts.Attempt):
    work = staticmethod(run)

    @property
    def tuned(self) -> list[list[dict[str, Any]]]:
        return [row["tuned"] for row in self.rows if "tuned" in row]

    @property
    def judged(self) -> list[dict[str, Any]]:
        return [row["judged"] for row in self.rows if "judged" in row]


def without_seconds(checkpoint: bytes) -> Any:
    kept = unpack(checkpoint)
    judged = {
        seed: {name: {key: value for key, value in trial.items() if key != "seconds"} for name, trial in own.items()}
        for seed, own in kept["judged"].items()
    }
    return {"tried": kept["tried"], "judged": judged, "spent": {name: one[0] for name, one in kept["spent"].items()}}


@pytest.fixture(scope="module")
def whole() -> Attempt:
    return Attempt(described())


def test_all_are_tuned_with_the_same_effort_and_then_judged(whole: Attempt) -> None:
    assert [fault for row in whole.rows for fault in differ(row, TuningRow)] == []
    assert whole.rows[-1]["position"] == whole.total == 2 * (TUNING + 2 * STEPS)
    assert len(whole.tuned) == 2 * len(ROUNDS) and [one["seeds"] for one in whole.judged] == [[0], [0, 1]]
    early, late = whole.tuned[0], whole.tuned[-1]
    assert early[0]["best"] is not None and early[1]["best"] is None, "the first picture comes after one method's round"
    for one in late:
        assert len(one["rates"]) == len(one["values"]) == 18 and one["steps"] == ROUNDS[0][1]
        assert one["best"] is not None
    assert late[0]["radii"] == [] and len(set(late[1]["radii"])) == 3
    assert late[1]["evaluations"] > 1.5 * late[0]["evaluations"] > STEPS, "two gradients a step"
    kept = unpack(whole.checkpoint)
    for name in ("SGDM", "SAM"):
        counts = [len(scores) for scores in kept["tried"][name]]
        assert counts == [count for count, _ in ROUNDS]
    judged = whole.judged[-1]
    assert [len(claims) for claims in judged["claims"].values()] == [2, 2, 2]
    assert [one["method"] for one in judged["curves"]] == ["SGDM", "SAM"]
    assert judged["methods"][0]["test_accuracy"][0] == pytest.approx(judged["curves"][0]["mean"][-1], abs=0.2)


def test_the_best_setting_is_the_one_that_is_judged(whole: Attempt) -> None:
    """Trained again here, with nothing of the job but the session: the same curve; and tuning saw another seed."""
    best = whole.tuned[-1][1]
    told = described()
    setting = {"learning_rate": best["rates"][best["best"]], "radius": best["radii"][best["best"]]}

    def accuracy(seed: int, steps: int, **more: Any) -> float:
        mine = {**told, **setting, **more, "seed": seed, "methods": ["SAM"]}
        session = TrainingSession(mine, found=make_problem(mine))
        for _ in range(steps):
            session.training.advance("SAM")
        return float(session.evaluate("SAM")["test_accuracy"])

    trials = unpack(whole.checkpoint)["judged"]
    assert trials["1"]["SAM"]["test_accuracy"][-1] == pytest.approx(accuracy(1, STEPS), abs=1e-6)
    scores = unpack(whole.checkpoint)["tried"]["SAM"][-1]
    assert -scores[str(best["best"])][0] == pytest.approx(accuracy(APART, STEPS), abs=1e-6)
    assert min(scores.values())[0] == scores[str(best["best"])][0]
    third = {"learning_rate": best["rates"][7], "radius": best["radii"][7]}
    assert best["values"][7] == pytest.approx(accuracy(APART, ROUNDS[0][1], **third), abs=1e-6)


@pytest.mark.parametrize("leave_at", [5, 2 * 18 + 7, 2 * TUNING + STEPS + 2])
def test_a_stopped_job_goes_on_where_it_was(whole: Attempt, leave_at: int) -> None:
    stopped = Attempt(described(), leave_at=leave_at)
    assert stopped.left and stopped.steps == leave_at
    again = Attempt(described(), stopped.checkpoint)
    assert again.steps + stopped.steps - whole.steps < STEPS + 1, "at most the trial that was cut off is made twice"
    assert without_seconds(again.checkpoint) == without_seconds(whole.checkpoint)


def test_more_seeds_and_another_learning_rate_on_the_page_tune_nothing_anew(whole: Attempt) -> None:
    earlier = {"description": {"kind": "fairness", **described()}, "result": whole.checkpoint}
    more = Attempt(described(3, after="j", learning_rate=0.7, radius=1.0), earlier=earlier)
    assert more.steps == 2 * STEPS and [one["seeds"] for one in more.judged] == [[0], [0, 1], [0, 1, 2]]
    assert described(learning_rate=0.7, evaluations=3, watching=0.5) == described()
    other = {**earlier, "description": {**earlier["description"], "goal": "test_loss"}}
    assert Attempt(described(after="j"), earlier=other).steps == whole.steps


def test_methods_that_come_to_no_end_are_told_and_the_job_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """At such rates SGDM stops at once; with one method left there is nothing to compare."""
    real = job.settings_of

    def wild(tunables: Any, effort: int) -> list[dict[str, float]]:
        return [{"learning_rate": 1e30}] * effort if len(tunables) == 1 else real(tunables, effort)

    monkeypatch.setattr(job, "settings_of", wild)
    found = Attempt(described())
    assert not found.left and found.rows[-1]["position"] == found.total and found.judged == []
    stopped, fine = found.tuned[-1]
    assert stopped["best"] is None and stopped["values"] == [None] * 18 and fine["best"] is not None


def test_a_bad_start_is_made_once_for_each_seed() -> None:
    started = Attempt({**described(), "bad_start": 4, "steps": 3})
    planned = 2 * (sum(count * steps for count, steps in rounds_of(18, 3)) + 2 * 3) + 3 * 4
    assert started.rows[-1]["position"] == started.total == planned
    assert started.judged


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"goal": "beauty"}, "goal must be one of test_accuracy"),
        ({"effort": 18}, "effort must be one of 18"),
        ({"seeds": 1}, "seeds must be a whole number from 2 to 32"),
        ({"after": None}, "after must be"),
        ({"methods": ["SAM"]}, "a fair comparison needs two methods"),
        ({"methods": []}, "methods must be a list"),
        ({"more": 1}, "unknown setting"),
    ],
)
def test_what_is_no_job_is_refused_with_a_sentence(changed: dict[str, Any], sentence: str) -> None:
    good = {**fairness_of(read_network_state(SMALL).state), "after": ""}
    with pytest.raises(Refused, match=sentence):
        validated({**good, **changed}, KINDS)
