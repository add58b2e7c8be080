"""The job kind "statements": every method from every seed, one after the other, and after each seed what they say.

Its rows: {"position": steps done, of all methods and seeds together}; with "waiting" where it gives way to a training
or to what has been asked for; at the end of a seed with "found", the verdicts so far (see messages). Its checkpoint
holds every trial that has come to its end, and is kept at the end too: a job that is told to go on "after" another of
the same settings begins with what that one has.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import torch

from app.jobs.context import JobContext
from app.jobs.kinds import Description
from app.jobs.packing import pack, unpack
from app.network.statements.judge import judge, summarise
from app.network.statements.statement import STATEMENTS, USUAL, trials_of
from app.network.statements.trial import Trial, train_one
from app.network.training.first_fit import fit, steps_of
from app.network.training.problem import make_problem
from app.network.training.session import TrainingSession

ROW_SECONDS = 0.25
"""Between two rows that say how far it is."""
OWN = ("kind", "preset", "seed", "seeds", "after")
"""What two jobs may differ in whose trials are the same."""


def run(description: Description, job: JobContext) -> None:
    """Train and judge, from the last checkpoint or from where an earlier job was."""
    torch.set_num_threads(job.threads)
    steps = description["steps"]
    seeds = range(description["seed"], description["seed"] + description["seeds"])
    names, first = trials_of(description["preset"]), steps_of(description)
    job.total = len(seeds) * (first + len(names) * steps)
    trials = _known(description, job)
    position = 0
    for index, seed in enumerate(seeds):
        own = trials.setdefault(seed, {})
        missing = [name for name in names if name not in own]
        sessions = _sessions(description, seed, missing, _Pace(job, trials, position))
        position += first
        for name in names:
            if name in missing:
                session = sessions[name.endswith(USUAL)]
                own[name] = train_one(session, name.removesuffix(USUAL), steps, _Pace(job, trials, position))
            position += steps
        whole = {one: trials[one] for one in seeds[: index + 1]}
        job.report(position, found=find(description["preset"], whole))
    job.keep_checkpoint(position, _packed(trials))


def find(preset: str, trials: dict[int, dict[str, Trial]]) -> dict[str, Any]:
    """What whole seeds say of a preset's statements."""
    judged = [judge(statement, trials) for statement in STATEMENTS[preset]]
    return {
        "seeds": list(trials),
        "claims": [{**asdict(claim), "pairs": pairs} for claim, pairs in judged],
        "methods": summarise(trials, trials_of(preset)),
    }


class _Pace:
    """Called before each step of a trial that begins at a position: keeps checkpoints, gives way, tells how far."""

    def __init__(self, job: JobContext, trials: dict[int, dict[str, Trial]], position: int) -> None:
        self.job, self.trials, self.position = job, trials, position
        self.told = time.monotonic()

    def __call__(self, step: int) -> None:
        job, at = self.job, self.position + step
        if job.wants_checkpoint():
            job.keep_checkpoint(self.position, _packed(self.trials))
        if job.gives_way():
            job.report(at, waiting=True)
        job.give_way(self.position)  # here a stop takes effect
        if time.monotonic() - self.told > ROW_SECONDS:
            self.told = time.monotonic()
            job.report(at)


def _sessions(description: Description, seed: int, names: list[str], pace: _Pace) -> dict[bool, TrainingSession]:
    """What trains these names from a seed: False, as described; True, from usual first weights."""
    made: dict[bool, TrainingSession] = {}
    for usual in (False, True):
        methods = [name.removesuffix(USUAL) for name in names if name.endswith(USUAL) == usual]
        if methods:
            told = {**description, "seed": seed, "methods": methods}
            found = make_problem(told, pace.job.worker)
            made[usual] = TrainingSession(told, found=found if usual else fit(found, pace))
    return made


def _packed(trials: dict[int, dict[str, Trial]]) -> bytes:
    return pack({str(seed): own for seed, own in trials.items()})


def _known(description: Description, job: JobContext) -> dict[int, dict[str, Trial]]:
    """The trials of this job's checkpoint, or else of the job that it goes on after, where that is still known."""
    kept = job.checkpoint
    if kept is None and description["after"]:
        try:
            if _same(job.describe(description["after"]), description):
                kept = job.fetch(description["after"], "checkpoint")
        except ValueError:  # it has been forgotten, or was stopped before its first trial had ended
            pass
    return {} if kept is None else {int(seed): own for seed, own in unpack(kept).items()}


def _same(one: Description, other: Description) -> bool:
    """Whether two jobs train the same, apart from how many seeds."""
    return all(one.get(key) == other.get(key) for key in {*one, *other} - {*OWN})
