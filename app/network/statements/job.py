"""The job kind "statements": every method from every seed, one after the other, and after each seed what they say.

Its rows: {"position": steps done, of all methods and seeds together}; with "waiting" where it gives way to a training
or to what has been asked for; at the end of a seed with "found", the verdicts so far (see messages). Its checkpoint
holds every trial that has come to its end, and is kept at the end too: a job that is told to go on "after" another of
the same settings begins with what that one has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.jobs.context import JobContext
from app.jobs.kinds import Description
from app.jobs.packing import pack, unpack
from app.network.resumed import Pace, find_checkpoint
from app.network.statements.judge import judge, summarise, tell
from app.network.statements.statement import STATEMENTS, USUAL, trials_of
from app.network.statements.trial import Trial, train_one
from app.network.training.first_fit import fit, steps_of
from app.network.training.problem import make_problem
from app.network.training.session import TrainingSession

OWN = ("kind", "preset", "seed", "seeds", "after")
"""What two jobs may differ in whose trials are the same."""


def run(description: Description, job: JobContext) -> None:
    """Train and judge, from the last checkpoint or from where an earlier job was."""
    steps = description["steps"]
    seeds = range(description["seed"], description["seed"] + description["seeds"])
    names, first = trials_of(description["preset"]), steps_of(description)
    job.total = len(seeds) * (first + len(names) * steps)
    trials = _known(description, job)
    position = 0
    for index, seed in enumerate(seeds):
        own = trials.setdefault(seed, {})
        missing = [name for name in names if name not in own]
        pace = Pace(job, lambda: _packed(trials), position)
        sessions = make_sessions(description, seed, missing, pace, job.worker)
        position += first
        for name in names:
            if name in missing:
                session = sessions[name.endswith(USUAL)]
                own[name] = train_one(
                    session, name.removesuffix(USUAL), steps, Pace(job, lambda: _packed(trials), position)
                )
            position += steps
        whole = {one: trials[one] for one in seeds[: index + 1]}
        job.report(position, found=find(description["preset"], whole))
    job.keep_checkpoint(position, _packed(trials))


def find(preset: str, trials: dict[int, dict[str, Trial]]) -> dict[str, Any]:
    """What whole seeds say of a preset's statements."""
    return {
        "seeds": list(trials),
        "claims": [tell(*judge(statement, trials)) for statement in STATEMENTS[preset]],
        "methods": summarise(trials, trials_of(preset)),
    }


def make_sessions(
    description: Description, seed: int, names: list[str], pause: Callable[[int], None], worker: int = 0
) -> dict[bool, TrainingSession]:
    """What trains these names from a seed: False, as described; True, from usual first weights.

    `pause` is called before each step of a first fit.
    """
    made: dict[bool, TrainingSession] = {}
    for usual in (False, True):
        methods = [name.removesuffix(USUAL) for name in names if name.endswith(USUAL) == usual]
        if methods:
            told = {**description, "seed": seed, "methods": methods}
            found = make_problem(told, worker)
            made[usual] = TrainingSession(told, found=found if usual else fit(found, pause))
    return made


def _packed(trials: dict[int, dict[str, Trial]]) -> bytes:
    return pack({str(seed): own for seed, own in trials.items()})


def _known(description: Description, job: JobContext) -> dict[int, dict[str, Trial]]:
    kept = find_checkpoint(description, job, OWN)
    return {} if kept is None else {int(seed): own for seed, own in unpack(kept).items()}
