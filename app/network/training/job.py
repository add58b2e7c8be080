"""The job kind "train": one network, several methods, the same initial weights, mini-batches and noise.

Its rows: {"position": steps done, "methods": {name: {loss, evaluations, products, seconds, …}}}. `loss` is the mini-
batch's, `seconds` the method's own training time. At some of the steps also train_loss, train_accuracy, test_loss and
test_accuracy, in inference mode, over all examples or over some and then with `sampled`, their numbers and standard
errors, and of a method that learns U what it does to a gradient (see u_readings.read_u); with a plane `at`, the
coordinates of θ in it, and `off`, the distance from it. When these are measured depends on the time they take (see
readings); nothing else does.
A run with a bad start has steps before its first (see first_fit).
Results: "weights/<step>" and "weights/final", packed {name: {"position": θ, "buffers": …, "stopped": whether it has}},
and "plane" (see `problem.read_weights` and `read_plane`). A notice at the start says the device, the parameters and the
examples.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from app.jobs.context import JobContext
from app.jobs.kinds import Description
from app.jobs.packing import Tree, pack, unpack
from app.network.training.budget import Budget, training_here
from app.network.training.devices import device_in_words, peak_in_words, reset_peak
from app.network.training.first_fit import begin, packed_start
from app.network.training.pace import Pace
from app.network.training.problem import DRAWS, make_problem
from app.network.training.readings import Readings, every
from app.network.training.room import fit_room
from app.network.training.session import TrainingSession
from app.network.training.settings import NUMBERS
from optimizers.training import StepRefused

ROWS = 2000
"""A run has at most so many rows: a row for every step up to there, then for every second, third, …"""


def run(description: Description, job: JobContext) -> None:
    """Train, from the last checkpoint if there is one."""
    budget = Budget(description.get("watching", NUMBERS["watching"].default))
    found = begin(make_problem(description, job.worker), job)
    description, dropped = fit_room(description, found.objective, job.room)
    for sentence in dropped:
        job.note(sentence, position=0, not_kept="weights")

    def pause() -> None:
        """What a plane is chosen for is as at the beginning of this attempt: here a stop takes effect."""
        at = job.checkpoint_position
        if job.wants_checkpoint():
            job.keep_checkpoint(at, (at and job.checkpoint) or pack(packed_start(found)))
        job.settings(at)

    with training_here(budget):
        _train(TrainingSession(description, job.worker, found, pause), description, job, budget)


def _train(session: TrainingSession, description: Description, job: JobContext, budget: Budget) -> None:
    words = device_in_words(session.device, job.threads)
    reset_peak(session.device)
    if session.objective.random:
        job.note(DRAWS, position=job.checkpoint_position)
    sizes = {"parameters": session.objective.dimension, "examples": session.objective.examples}
    job.note(f"Trains on {words}.", position=job.checkpoint_position, device=words, **sizes)
    progress = Progress(session, description, job, budget)
    job.foresee(None)  # before its first steps, a plane is chosen and code is compiled
    steps = job.total = description["steps"]
    progress.begin()
    for t in range(job.checkpoint_position, steps):
        if job.wants_checkpoint():
            job.keep_checkpoint(t, progress.packed())
        progress.take_up(job.settings(t))
        progress.step(t)
    job.keep_result("weights/final", session.packed_weights(progress.stopped), step=steps)
    job.keep_checkpoint(steps, b"")  # there is nothing left to go on with
    if peak := peak_in_words(session.device):
        job.note(peak, position=steps)


class Progress:
    """The growing record of a run: costs, stopped methods, rows, and what they say of the time that is left."""

    def __init__(
        self,
        session: TrainingSession,
        description: Description,
        job: JobContext,
        budget: Budget | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.session, self.job, self.steps = session, job, description["steps"]
        self.budget, self.clock = budget or Budget(1.0), clock
        self.readings = Readings(session, description, self.budget)
        self.pace = Pace(session.methods, self.steps)
        self.row_every = -(-self.steps // ROWS)
        self.snapshot_every = description.get("snapshot_every", every(self.steps, description["snapshots"]))
        self.settings: Description = {}
        names = session.training.names
        self.seconds = dict.fromkeys(names, 0.0)
        self.counts = {name: [0, 0] for name in names}
        self.before = {name: [0, 0] for name in names}
        self.stopped: dict[str, str] = {}
        self.stepped = 0.0  # seconds of this attempt

    def begin(self) -> None:
        """Say what the run starts from, or take up where it was."""
        with self.budget.watching():
            kept = unpack(self.job.checkpoint) if self.job.checkpoint else {}
            if "states" in kept:
                self._take_up_checkpoint(kept)
            else:  # there are no steps yet
                self.report(0, {})  # before a plane is chosen: there is something to see at once
            self._keep_pictures()
        self.budget.begin()
        self.readings.skip(max(0, self.job.shown))

    def _keep_pictures(self) -> None:
        """Choose the plane, and say what the pictures of it and of the data need."""
        plane = self.session.plane
        if plane is not None:
            facts = {"labels": plane.labels, "plane_kind": plane.kind, "extent": self.session.extent}
            self.job.keep_result("plane", self.session.packed_plane(), **facts)
        if self.session.boundary is not None:
            self.job.keep_result("boundary", b"", **self.session.boundary.facts())

    def _take_up_checkpoint(self, kept: Tree) -> None:
        self.session.restore(kept["states"])
        self.seconds, self.before, self.stopped = kept["seconds"], kept["counts"], kept["stopped"]
        self.counts = {name: list(counts) for name, counts in self.before.items()}
        self.settings = kept["settings"]
        self.pace.restore(kept.get("pace", []))  # a checkpoint of an earlier version has none
        self.session.training.change(**self.settings)

    def packed(self) -> bytes:
        """The checkpoint."""
        return pack(
            {
                "states": self.session.states(),
                "seconds": self.seconds,
                "counts": self.counts,
                "stopped": self.stopped,
                "settings": self.settings,
                "pace": self.pace.packed(),
                **packed_start(self.session.found),
            }
        )

    def take_up(self, settings: Description) -> None:
        """Make a change of settings; methods that stopped try again."""
        if settings != self.settings:
            self.settings = dict(settings)
            self.session.training.change(**settings)
            self.stopped.clear()

    def step(self, t: int) -> None:
        """One step of every method that has not stopped, and what there is to say about it."""
        losses: dict[str, float] = {}
        for name in self.session.training.names:
            if name in self.stopped:
                continue
            began = self.clock()
            try:
                with self.budget.stepping():
                    report = self.session.training.advance(name)
            except StepRefused as error:
                self.stopped[name] = str(error)
                self.job.note(str(error), position=t, method=name)
                continue
            took = self.clock() - began
            self.seconds[name] += took
            self.stepped += took
            self.pace.add(name, t, took)
            losses[name] = report.loss
            cost = (report.gradient_evaluations, report.curvature_products)
            self.counts[name] = [old + new for old, new in zip(self.before[name], cost, strict=True)]
        done = t + 1
        self.budget.reach(done / self.steps)
        with self.budget.watching():
            self.report(done, losses)
            if self.snapshot_every and done % self.snapshot_every == 0 and done < self.steps:
                self.job.keep_result(f"weights/{done}", self.session.packed_weights(self.stopped), step=done)
        self.job.foresee(self.seconds_left(done))

    def report(self, done: int, losses: dict[str, float]) -> None:
        """The row after `done` steps, if there is one. A rerun does not measure again what has been shown."""
        if done <= self.job.shown:
            return
        measured = self.readings.take(done, self.stopped)
        if not measured and done % self.row_every and done != self.steps:
            return
        rows = {}
        for name in self.session.training.names:
            row: dict[str, Any] = {"loss": losses.get(name), "seconds": round(self.seconds[name], 6)}
            row["evaluations"], row["products"] = self.counts[name]
            if name in self.stopped:
                row["stopped"] = True
            rows[name] = row | self.session.place(name, done) | measured.get(name, {})
        self.job.report(done, methods=rows)

    def seconds_left(self, done: int) -> float | None:
        """Seconds until the end, with what will be measured on the way; None where nothing can be said yet."""
        steps = self.pace.left(done, [name for name in self.session.training.names if name not in self.stopped])
        if steps is None:
            return None
        # The budget counts seconds of the processor, of which it has more or less than the clock tells.
        busy = self.stepped / self.budget.stepped if self.budget.stepped else 1.0
        measured = self.readings.foresee(done, self.budget.earned(self.budget.stepped + steps / busy))
        return steps + busy * measured
