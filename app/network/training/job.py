"""The job kind "train": one network, several methods, the same initial weights, mini-batches and noise.

Its rows: {"position": steps done, "methods": {name: {loss, evaluations, products, seconds, …}}}. `loss` is the mini-
batch's, `seconds` the method's own training time. At some of the steps also train_loss, train_accuracy, test_loss and
test_accuracy, in inference mode, and of a method that learns U what it does to a gradient (see u_readings.read_u);
with a plane `at`, the coordinates of θ in it, and `off`, the distance from it.
Results: "weights/<step>" and "weights/final", packed {name: {"position": θ, "buffers": …}}, and "plane" (see
`problem.read_weights` and `read_plane`). A notice at the start says the device, the parameters and the examples.
"""

from __future__ import annotations

import time
from typing import Any

import torch

from app.jobs.context import JobContext
from app.jobs.kinds import Description
from app.jobs.packing import pack, unpack
from app.network.training.devices import device_in_words, peak_in_words, reset_peak
from app.network.training.session import TrainingSession
from optimizers.training import StepRefused

ROWS = 2000
"""A run has at most so many rows: a row for every step up to there, then for every second, third, …"""


def run(description: Description, job: JobContext) -> None:
    """Train, from the last checkpoint if there is one."""
    torch.set_num_threads(job.threads)
    session = TrainingSession(description, job.worker)
    words = device_in_words(session.device, job.threads)
    reset_peak(session.device)
    if session.objective.random:
        job.note(
            "This network draws random numbers in inference mode, too; losses, slices and curvature meet the same ones "
            "at every point.",
            position=job.checkpoint_position,
        )
    sizes = {"parameters": session.objective.dimension, "examples": session.objective.examples}
    job.note(f"Trains on {words}.", position=job.checkpoint_position, device=words, **sizes)
    progress = Progress(session, description, job)
    steps = job.total = description["steps"]
    progress.begin()
    for t in range(job.checkpoint_position, steps):
        if job.wants_checkpoint():
            job.keep_checkpoint(t, progress.packed())
        progress.take_up(job.settings(t))
        progress.step(t)
    job.keep_result("weights/final", session.packed_weights(), step=steps)
    if peak := peak_in_words(session.device):
        job.note(peak, position=steps)


STEEPNESSES = 3
"""So many times in a run the steepness of the inner problem is measured: it costs a part of a refresh each time."""


class Progress:
    """The growing record of a run: costs, stopped methods, rows."""

    def __init__(self, session: TrainingSession, description: Description, job: JobContext) -> None:
        self.session, self.job, self.steps = session, job, description["steps"]
        self.row_every = -(-self.steps // ROWS)
        self.evaluate_every = _every(self.steps, description["evaluations"])
        self.snapshot_every = _every(self.steps, description["snapshots"])
        self.steep_every = self.evaluate_every * max(1, description["evaluations"] // STEEPNESSES)
        self.settings: dict[str, Any] = {}
        names = session.training.names
        self.seconds = dict.fromkeys(names, 0.0)
        self.counts = {name: [0, 0] for name in names}
        self.before = {name: [0, 0] for name in names}
        self.stopped: dict[str, str] = {}

    def begin(self) -> None:
        """Say what the run starts from, or take up where it was."""
        if self.job.checkpoint is None:
            if self.session.plane is not None:
                plane = self.session.plane
                facts = {"labels": plane.labels, "plane_kind": plane.kind, "extent": self.session.extent}
                self.job.keep_result("plane", self.session.packed_plane(), **facts)
            if self.session.boundary is not None:
                self.job.keep_result("boundary", b"", **self.session.boundary.facts())
            self.report(0, {})
            return
        kept = unpack(self.job.checkpoint)
        self.session.restore(kept["states"])
        self.seconds, self.before, self.stopped = kept["seconds"], kept["counts"], kept["stopped"]
        self.counts = {name: list(counts) for name, counts in self.before.items()}
        self.settings = kept["settings"]
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
            }
        )

    def take_up(self, settings: dict[str, Any]) -> None:
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
            began = time.perf_counter()
            try:
                report = self.session.training.advance(name)
            except StepRefused as error:
                self.stopped[name] = str(error)
                self.job.note(str(error), position=t, method=name)
                continue
            self.seconds[name] += time.perf_counter() - began
            losses[name] = report.loss
            cost = (report.gradient_evaluations, report.curvature_products)
            self.counts[name] = [old + new for old, new in zip(self.before[name], cost, strict=True)]
        done = t + 1
        if done % self.row_every == 0 or done == self.steps or self._evaluated(done):
            self.report(done, losses)
        if self.snapshot_every and done % self.snapshot_every == 0 and done < self.steps:
            self.job.keep_result(f"weights/{done}", self.session.packed_weights(), step=done)

    def report(self, done: int, losses: dict[str, float]) -> None:
        """The row after `done` steps. A rerun does not measure again what has been shown."""
        if done <= self.job.shown:
            return
        rows = {}
        for name in self.session.training.names:
            row: dict[str, Any] = {"loss": losses.get(name), "seconds": round(self.seconds[name], 6)}
            row["evaluations"], row["products"] = self.counts[name]
            if name in self.stopped:
                row["stopped"] = True
            row.update(self.session.place(name))
            if self._evaluated(done):
                row.update(self.session.evaluate(name))
                row.update(self._read_u(name, done))
                if self.session.boundary is not None:
                    row["boundary"] = self.session.boundary.read(self.session.training.state(name))
            rows[name] = row
        self.job.report(done, methods=rows)

    def _read_u(self, name: str, done: int) -> dict[str, float]:
        """Of a method that goes on; before the first step there is nothing to say of its U."""
        if name in self.stopped or not done:
            return {}
        first, last = done == self.evaluate_every, done == self.steps
        return self.session.read_u(name, first or last or done % self.steep_every == 0)

    def _evaluated(self, done: int) -> bool:
        return bool(self.evaluate_every) and (done % self.evaluate_every == 0 or done == self.steps)


def _every(steps: int, times: int) -> int:
    """Steps between two of so many times; 0 for never."""
    return max(1, steps // times) if times else 0
