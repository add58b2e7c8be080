"""The job kind "train": one network, several methods, the same initial weights, mini-batches and noise.

Its rows: {"position": steps done, "methods": {name: {loss, evaluations, products, seconds, …}}}. `loss` is the mini-
batch's, `seconds` the method's own training time. At some of the steps also train_loss, train_accuracy, test_loss and
test_accuracy, in inference mode; with a plane `at`, the coordinates of θ in it, and `off`, the distance from it.
Results: "weights/<step>" and "weights/final", packed {name: {"position": θ, "buffers": …}}, and "plane" (see
`problem.read_weights` and `read_plane`). A notice at the start says the device, the parameters and the examples.
"""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import numpy as np
import torch

from app.jobs.context import JobContext
from app.jobs.kinds import Description
from app.jobs.packing import pack, unpack
from app.network.training.problem import device_in_words, make_problem
from app.network.training.settings import METHOD_NAMES
from geometry.batches import class_scores
from geometry.networks import NetworkLoss
from geometry.plane import Plane
from geometry.slices.directions import slice_plane
from optimizers import ASAM, FSAM, FisherSAM, Method
from optimizers.methods import network_methods
from optimizers.rule import State, at_rest
from optimizers.training import StepRefused, Training, train

EVALUATED = 1000
"""Examples of either half that losses and accuracies are measured on."""
ROWS = 2000
"""A run has at most so many rows: a row for every step up to there, then for every second, third, …"""
FIRST_STEPS = 60
"""Steps of the run of SGDM whose principal components make a plane of kind "first steps"."""
TRAINED_WITH = ("batch_size", "refresh_size", "learning_rate", "radius", "momentum", "weight_decay")


def run(description: Description, job: JobContext) -> None:
    """Train, from the last checkpoint if there is one."""
    torch.set_num_threads(job.threads)
    trained = TrainedMethods(description, job.worker)
    words = device_in_words(trained.device, job.threads)
    sizes = {"parameters": trained.objective.dimension, "examples": len(trained.data.targets)}
    job.note(f"Trains on {words}.", position=job.checkpoint_position, device=words, **sizes)
    progress = Progress(trained, description, job)
    steps = job.total = description["steps"]
    progress.begin()
    for t in range(job.checkpoint_position, steps):
        if job.wants_checkpoint():
            job.keep_checkpoint(t, progress.packed())
        progress.take_up(job.settings(t))
        progress.step(t)
    job.keep_result("weights/final", trained.packed_weights(), step=steps)


class Progress:
    """The growing record of a run: costs, stopped methods, rows."""

    def __init__(self, trained: Any, description: Description, job: JobContext) -> None:
        self.trained, self.job, self.steps = trained, job, description["steps"]
        self.row_every = -(-self.steps // ROWS)
        self.evaluate_every = _every(self.steps, description["evaluations"])
        self.snapshot_every = _every(self.steps, description["snapshots"])
        self.settings: dict[str, Any] = {}
        names = trained.training.names
        self.seconds = dict.fromkeys(names, 0.0)
        self.counts = {name: [0, 0] for name in names}
        self.before = {name: [0, 0] for name in names}
        self.stopped: dict[str, str] = {}

    def begin(self) -> None:
        """Say what the run starts from, or take up where it was."""
        if self.job.checkpoint is None:
            if self.trained.plane is not None:
                plane = self.trained.plane
                facts = {"labels": plane.labels, "plane_kind": plane.kind, "extent": self.trained.extent}
                self.job.keep_result("plane", self.trained.packed_plane(), **facts)
            self.report(0, {})
            return
        kept = unpack(self.job.checkpoint)
        self.trained.restore(kept["states"])
        self.seconds, self.before, self.stopped = kept["seconds"], kept["counts"], kept["stopped"]
        self.counts = {name: list(counts) for name, counts in self.before.items()}
        self.settings = kept["settings"]
        self.trained.training.change(**self.settings)

    def packed(self) -> bytes:
        """The checkpoint."""
        return pack(
            {
                "states": self.trained.states(),
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
            self.trained.training.change(**settings)
            self.stopped.clear()

    def step(self, t: int) -> None:
        """One step of every method that has not stopped, and what there is to say about it."""
        losses: dict[str, float] = {}
        for name in self.trained.training.names:
            if name in self.stopped:
                continue
            began = time.perf_counter()
            try:
                report = self.trained.training.advance(name)
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
            self.job.keep_result(f"weights/{done}", self.trained.packed_weights(), step=done)

    def report(self, done: int, losses: dict[str, float]) -> None:
        """The row after `done` steps. A rerun does not measure again what has been shown."""
        if done <= self.job.shown:
            return
        rows = {}
        for name in self.trained.training.names:
            row: dict[str, Any] = {"loss": losses.get(name), "seconds": round(self.seconds[name], 6)}
            row["evaluations"], row["products"] = self.counts[name]
            if name in self.stopped:
                row["stopped"] = True
            row.update(self.trained.place(name))
            if self._evaluated(done):
                row.update(self.trained.evaluate(name))
            rows[name] = row
        self.job.report(done, methods=rows)

    def _evaluated(self, done: int) -> bool:
        return bool(self.evaluate_every) and (done % self.evaluate_every == 0 or done == self.steps)


def _every(steps: int, times: int) -> int:
    """Steps between two of so many times; 0 for never."""
    return max(1, steps // times) if times else 0


def state_tree(state: Any) -> dict[str, Any]:
    """A state of the step as a tree for `pack`."""
    return {row.name: getattr(state, row.name) for row in dataclasses.fields(state)}


def training_methods(names: list[str], structure: str, **options: Any) -> dict[str, Method]:
    """The named methods with the settings of networks; `options` are those of LLQR (refresh_every, decay, damping)."""
    every = {
        **network_methods(structure, **options),
        "FSAM": Method(probe=FSAM()),
        "ASAM": Method(probe=ASAM()),
        "Fisher-SAM": Method(probe=FisherSAM()),
    }
    assert set(every) == set(METHOD_NAMES)
    return {name: every[name] for name in names}


def watched_plane(objective: NetworkLoss, description: Description) -> tuple[Plane, list[list[float]]] | None:
    """The plane through the initial weights that the description asks for, and opposite corners of the piece of it that
    the first steps are known to reach (none for random directions).

    Random directions are nearly orthogonal to any path: in D dimensions they show about 2/D of its movement. The
    principal components of a short run of SGDM, with the description's own settings, batches and noise, show most of
    how all methods begin; how much they show of the rest is what `off` tells in every row. Where that run spans no
    plane it is the random one, and its labels say so.
    """
    asked = description["plane"]
    if asked is None:
        return None
    at_random = slice_plane(objective, objective.initial, "random", asked["normalisation"], asked["seed"])
    if asked["kind"] == "random":
        return at_random, []
    steps = max(3, min(FIRST_STEPS, description["steps"]))
    settings = {name: description[name] for name in (*TRAINED_WITH, "noise_variance", "seed")}
    first = train(objective, {"SGDM": Method()}, steps, **settings, keep_every=1)["SGDM"]
    try:
        found = slice_plane(objective, objective.initial, "pca", trajectories=first.positions.to(objective.initial))
    except ValueError:  # SGDM stood still or diverged at once: its path spans no plane
        return at_random, []
    labels = tuple(f"{label} of SGDM's first {steps} steps" for label in found.labels)
    plane = Plane(found.origin, found.directions, "first steps", "none", None, labels)
    reached = plane.project(first.positions)
    return plane, [corner.tolist() for corner in (reached.amin(0), reached.amax(0))]


class TrainedMethods:
    """The network's loss over the data of a description, and the training of its methods."""

    def __init__(self, description: Description, worker: int = 0) -> None:
        found = make_problem(description, worker)
        self.device, self.objective, self.data = found.device, found.objective, found.data
        options = {name: description[name] for name in ("refresh_every", "decay", "damping")}
        self.training = Training(
            self.objective,
            training_methods(description["methods"], description["structure"], **options),
            noise_variance=description["noise_variance"],
            seed=description["seed"],
            **{name: description[name] for name in TRAINED_WITH},
        )
        self.halves = {half: found.over(half, EVALUATED) for half in ("train", "test")}
        watched = watched_plane(self.objective, description)
        self.plane = None if watched is None else watched[0]
        self.extent = [] if watched is None else watched[1]
        if self.plane is not None:
            # Every row asks for places: (dᵀd)⁻¹ dᵀ is made once.
            inverse = torch.as_tensor(np.linalg.inv(self.plane.gram), dtype=self.objective.dtype, device=self.device)
            self._projector = (inverse @ self.plane.directions).T

    def states(self) -> dict[str, Any]:
        """The states of all methods as a tree."""
        return {name: state_tree(self.training.state(name)) for name in self.training.names}

    def restore(self, states: dict[str, Any]) -> None:
        """Put every method at a state that `states` gave."""
        for name, tree in states.items():
            self.training.restore(name, State(**{key: self._tensors(value) for key, value in tree.items()}))

    def packed_weights(self) -> bytes:
        """The weights and running statistics of all methods."""
        states = {name: self.training.state(name) for name in self.training.names}
        return pack({name: {"position": s.position, "buffers": s.buffers or {}} for name, s in states.items()})

    def packed_plane(self) -> bytes:
        """The plane's origin (D,) and directions (2, D), and where they come from."""
        plane = self.plane
        assert plane is not None
        said = {"kind": plane.kind, "normalisation": plane.normalisation, "seed": plane.seed}
        return pack({"origin": plane.origin, "directions": plane.directions, "labels": list(plane.labels), **said})

    def place(self, name: str) -> dict[str, Any]:
        """{"at": coordinates in the plane, "off": Euclidean distance from it}, or nothing without a plane."""
        if self.plane is None:
            return {}
        moved = self.training.state(name).position - self.plane.origin
        at = moved @ self._projector
        off = torch.linalg.vector_norm(moved - at @ self.plane.directions)
        return {"at": at.tolist(), "off": float(off)}

    def evaluate(self, name: str) -> dict[str, float]:
        """Loss and accuracy of both halves at the method's weights, in inference mode."""
        state = self.training.state(name)
        found: dict[str, float] = {}
        for half, objective in self.halves.items():
            here: Any = at_rest(objective, state)
            with torch.no_grad():
                found[f"{half}_loss"] = float(here.loss(state.position))
                scores = class_scores(here.outputs(state.position), here.data.targets, ())
                found[f"{half}_accuracy"] = float((scores.argmax(-1) == here.data.targets).double().mean())
        return found

    def _tensors(self, tree: Any) -> Any:
        if isinstance(tree, np.ndarray):
            return torch.from_numpy(tree.copy()).to(self.device)
        if isinstance(tree, dict):
            return {key: self._tensors(value) for key, value in tree.items()}
        if isinstance(tree, list | tuple):
            return type(tree)(self._tensors(value) for value in tree)
        return tree
