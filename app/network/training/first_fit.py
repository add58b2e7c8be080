"""What comes before the first step of a run with a bad start: the fit to random labels from whose weights it begins.

    found = begin(make_problem(description, job.worker), job)      # in a training job
    found = fit(make_problem(description), lambda done: None)      # the same weights elsewhere

The steps are told as a phase of the job, can be left at any of them and taken up again, and are never made twice: the
weights stay in the job's checkpoints, and as the result START for whatever looks at the run.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import torch

from app.jobs.context import JobContext
from app.jobs.kinds import Description
from app.jobs.packing import Tree, pack, unpack
from app.network.training.problem import TrainingProblem
from app.network.training.session import read_state, state_tree
from optimizers.bad_start import METHOD, fit_random_labels
from optimizers.rule import State
from optimizers.training import StepRefused, Training

START = "weights/start"
"""Result of a training job: packed {METHOD: {"position": θ, "buffers": …}}."""
WORDS = "First fitted to random labels"
TOLD_EVERY = 1.0
"""Seconds between two entries of the feed about the phase."""
LAST = 50
"""Of the mini-batches' losses so many, the last, are what the fit is said to have come to."""


def steps_of(description: Description) -> int:
    """Steps of the first fit; 0 in a description that wants none, or was made before there was one."""
    return int(description.get("bad_start", 0))


def begin(found: TrainingProblem, job: JobContext) -> TrainingProblem:
    """The problem with the weights that its run is to begin from. ValueError with a sentence where they diverge."""
    steps = steps_of(found.description)
    if not steps:
        return found
    kept = unpack(job.checkpoint) if job.checkpoint else {}
    if "start" in kept:
        return _at(found, kept["start"])
    training = _training(found)
    if "first_fit" in kept:
        training.restore(METHOD, read_state(kept["first_fit"], found.device))
    told, began, first = -np.inf, time.monotonic(), training.state(METHOD).index

    def pause(done: int) -> None:
        nonlocal told
        if job.wants_checkpoint():
            job.keep_checkpoint(0, pack({"first_fit": state_tree(training.state(METHOD))}))
        job.settings(0)  # here a stop takes effect
        now = time.monotonic()
        if now - told >= TOLD_EVERY:
            left = (steps - done) * (now - began) / (done - first) if done > first else None
            job.tell_phase(WORDS, done, steps, left)
            told = now

    state, loss = _fit(training, steps, pause)
    start = {"position": state.position, "buffers": state.buffers or {}}
    job.keep_result(START, pack({METHOD: start}))  # first: a worker may be lost between the two
    job.keep_checkpoint(0, pack({"start": start}))
    assert found.data is not None
    before, after = (float(torch.linalg.vector_norm(theta)) for theta in (found.objective.initial, state.position))
    job.note(
        f"All begin from weights that were fitted to random labels in {steps} steps: mini-batch loss {loss:.2g} (of "
        f"guesses {math.log(found.data.classes):.2g}), ‖θ‖ from {before:.3g} to {after:.3g}.",
        position=0,
    )
    return found.starting_at(state.position, state.buffers or {})


def fit(found: TrainingProblem, pause: Callable[[int], None]) -> TrainingProblem:
    """The problem with these weights; `pause` is called before each step with how many are done."""
    steps = steps_of(found.description)
    if not steps:
        return found
    state, _ = _fit(_training(found), steps, pause)
    return found.starting_at(state.position, state.buffers or {})


def packed_start(found: TrainingProblem) -> Tree:
    """The first weights of a problem for a checkpoint of its run; empty where they are the drawn ones."""
    if not steps_of(found.description):
        return {}
    return {"start": {"position": found.objective.initial, "buffers": found.objective.buffers}}


def _training(found: TrainingProblem) -> Training:
    told = found.description
    assert found.data is not None  # checked with the description: see user_models.check_altered
    return fit_random_labels(found.objective, found.data, told["bad_start_rate"], told["seed"])


def _fit(training: Training, steps: int, pause: Callable[[int], None]) -> tuple[State, float]:
    """The state after the last step, and the mean of the last mini-batches' losses."""
    losses: list[float] = []
    for done in range(training.state(METHOD).index, steps):
        pause(done)
        try:
            losses.append(training.advance(METHOD).loss)
        except StepRefused as error:
            raise ValueError(
                f"the fit to random labels diverged after {done} of {steps} steps: choose a smaller learning rate for "
                "it, or no bad start"
            ) from error
    return training.state(METHOD), float(np.mean(losses[-LAST:])) if losses else float("nan")


def _at(found: TrainingProblem, tree: Tree) -> TrainingProblem:
    position, buffers = (
        torch.from_numpy(tree["position"].copy()).to(found.device),
        {name: torch.from_numpy(value.copy()).to(found.device) for name, value in tree["buffers"].items()},
    )
    return found.starting_at(position, buffers)
