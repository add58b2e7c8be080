"""What jobs that look at a run stand on: its network, its data, its kept weights; with torch. Imported by workers only.

The last runs looked at stay in the worker process: the second slice of a run finds network, data and weights there.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

import numpy as np
import torch

from app.jobs.context import JobContext
from app.jobs.packing import unpack
from app.network.explore.choices import AUTO, BEGINNING, MEAN
from app.network.training.first_fit import START, steps_of
from app.network.training.problem import TrainingProblem, make_problem, read_weights
from geometry.networks import NetworkLoss
from geometry.slices.sampled import sampled_objective

RUNS = 2
"""Runs whose network and data stay in memory."""
KEPT_BYTES = 256_000_000
"""Bytes of one run's kept weights that stay in memory."""
ASKED_BYTES = 4_000_000
"""Bytes of kept weights that one question asks for: a scheduler embedded in a web process is held up no longer."""
TOGETHER = 2048
"""Examples that are in memory at once."""
FIRST, PREFIX, FINAL = 0, "weights/", "weights/final"


@dataclass(frozen=True, eq=False)
class Spot:
    """A point of a run: weights θ (D,), the running statistics they are used with, the step, and whose and when.

    stopped: it is the last point of a method that has diverged. Its weights may well be finite.
    """

    position: torch.Tensor
    buffers: dict[str, torch.Tensor]
    step: int
    words: str
    stopped: bool = False

    @property
    def finite(self) -> bool:
        """Whether all weights are finite."""
        return bool(torch.isfinite(self.position).all())


@dataclass(frozen=True)
class Data:
    """Which examples a loss is over: a half, "all" or a number of them, and the seed that draws these."""

    half: str
    sample: str = "all"
    seed: int = 0


class RunRecord:
    """The loss of a run's network over either half of its data, and the weights kept on the way.

    `methods` are those trained, or the runs that were trained elsewhere. ValueError with a sentence where the run has
    not kept what is asked for.
    """

    def __init__(self, run: str, found: TrainingProblem) -> None:
        self.run, self.found = run, found
        self.methods: list[str] = list(found.description["methods"])
        self.total = int(found.description["steps"])
        words = "the bad start" if steps_of(found.description) else "the first weights"
        self.start = Spot(found.objective.initial, dict(found.objective.buffers), FIRST, words)
        self.steps: list[int] = []
        self.recorded = "recorded" in found.description
        """Whether it was trained elsewhere: then nothing says that all begin with the same weights."""
        self._sizes: dict[int, int] = {}
        self._paths: tuple[list[int], torch.Tensor] | None = None
        self._kept: OrderedDict[int, dict[str, Spot]] = OrderedDict()
        self._losses: dict[tuple[str, int, Data], float] = {}

    def refresh(self, results: dict[str, int]) -> None:
        """Take note of what has been kept by now, {name: bytes}: `steps` are those of all kept weights, the first among
        them."""
        named = {name.removeprefix(PREFIX): size for name, size in results.items() if name.startswith(PREFIX)}
        self._sizes = {int(part): size for part, size in named.items() if part.isdigit()}
        if FINAL in results:
            self._sizes[self.total] = results[FINAL]
        if self.recorded:  # what is kept are names of files
            self._sizes = dict.fromkeys(self._sizes, self._each)
        self.steps = sorted(self._sizes if self.recorded else {FIRST, *self._sizes})

    def shared(self, step: int) -> bool:
        """Whether all methods have the same weights at a step: the first ones of a training."""
        return step == FIRST and not self.recorded

    @property
    def _each(self) -> int:
        """Bytes of all methods' weights at one step."""
        return len(self.methods) * self.start.position.numel() * self.start.position.element_size()

    def objective(self, data: Data, spot: Spot) -> NetworkLoss:
        """The loss over these data, with the running statistics of a point."""
        found = self.found.over(data.half)
        if spot.buffers:
            found = self.found.at(found, spot.buffers)
        if data.sample != "all":
            found = sampled_objective(found, int(data.sample), data.seed)
        if found.examples > TOGETHER and not found.tied:
            found.chunk_size = TOGETHER  # a copy of the run's objective: nobody else sees it
        return found

    def kept(self, steps: list[int], job: JobContext) -> dict[int, dict[str, Spot]]:
        """All methods' weights at some of the kept steps."""
        missing = [step for step in steps if not self.shared(step) and step not in self._kept]
        for group in grouped(missing, self._sizes):
            job.settings(0)
            names = [FINAL if step == self.total else f"{PREFIX}{step}" for step in group]
            for step, packed in zip(group, job.fetch_all(self.run, names), strict=True):
                stopped = {name for name, tree in unpack(packed).items() if tree.get("stopped")}
                self._kept[step] = {
                    name: Spot(position, buffers, step, f"{name}, step {step}", name in stopped)
                    for name, (position, buffers) in read_weights(packed, self.found).items()
                }
        first = dict.fromkeys(self.methods, self.start)
        found = {step: first if self.shared(step) else self._kept[step] for step in steps}
        while len(self._kept) > 1 and len(self._kept) * self._each > KEPT_BYTES:
            self._kept.popitem(last=False)
        return found

    def going(self, job: JobContext) -> list[str]:
        """The methods that have not stopped by the last kept step, or all: what planes and frames are put around."""
        last = self.kept(self.steps[-1:], job)[self.steps[-1]]
        return [name for name in self.methods if not last[name].stopped] or self.methods

    def nearest(self, percent: float) -> int:
        """The kept step nearest to a part of the run."""
        return min(self.steps, key=lambda step: (abs(step - percent / 100 * self.total), -step))

    def spot(self, who: str, step: int, job: JobContext) -> Spot:
        """A method's weights at a kept step, the mean over those that go on and are finite, or the first ones."""
        if who == BEGINNING:
            if self.recorded:
                raise ValueError("where a run that was trained elsewhere began is not known: choose one of its moments")
            return self.start
        kept = self.kept([step], job)[step]
        if who != MEAN:
            self._has(who)
            if not kept[who].finite:
                raise ValueError(f"the weights of {who} at step {step} are not finite: choose an earlier moment")
            return kept[who]
        if self.shared(step):
            return self.start
        finite = [one for one in kept.values() if one.finite]
        finite = [one for one in finite if not one.stopped] or finite
        if not finite:
            raise ValueError(f"no method has finite weights at step {step}: choose an earlier moment")
        if len(finite) == 1:
            return finite[0]
        buffers = {name: _mean([one.buffers[name] for one in finite]) for name in finite[0].buffers}
        words = f"mean of {len(finite)} {'runs' if self.recorded else 'methods'}, step {step}"
        return Spot(_mean([one.position for one in finite]), buffers, step, words)

    def others(self, who: str, asked: tuple[str, ...]) -> list[str]:
        """The other solutions of a plane through several: those asked for, "auto" ones being the run's next methods."""
        free = [name for name in self.methods if name != who and name not in asked]
        chosen: list[str] = []
        for wish in asked:
            if wish == AUTO and not free:
                raise ValueError(
                    f"through {1 + len(asked)} solutions goes a plane only if the run has as many; "
                    f"it has {', '.join(self.methods)}"
                )
            name = free.pop(0) if wish == AUTO else wish
            self._has(name)
            if name in (who, *chosen):
                raise ValueError(f"the solutions must differ, and {name} is chosen twice")
            chosen.append(name)
        return chosen

    def paths(self, job: JobContext) -> torch.Tensor:
        """Every method's kept weights in the order of `steps`, (methods, kept steps, D).

        Read in groups into their place. Where they are small enough to stay in memory the kept weights are views of
        it: nothing is there twice.
        """
        if self._paths is not None and self._paths[0] == self.steps:
            return self._paths[1]
        start, whole = self.start.position, len(self.steps) * self._each
        found = start.new_empty((len(self.methods), len(self.steps), start.numel()))
        for group in grouped(self.steps, self._sizes):
            for step, spots in self.kept(group, job).items():
                place = self.steps.index(step)
                for row, name in enumerate(self.methods):
                    found[row, place] = spots[name].position
                if step in self._kept and whole <= KEPT_BYTES:
                    rows = dict(zip(self.methods, found[:, place], strict=True))
                    self._kept[step] = {name: replace(spot, position=rows[name]) for name, spot in spots.items()}
        self._paths = (list(self.steps), found) if whole <= KEPT_BYTES else None
        return found

    def true_losses(self, name: str, data: Data, job: JobContext) -> np.ndarray:
        """The loss at each of a method's kept weights with the statistics kept beside them, (kept steps,)."""
        losses = np.empty(len(self.steps))
        for index, step in enumerate(self.steps):
            key = ("" if self.shared(step) else name, step, data)
            if key not in self._losses:
                job.settings(0)
                one = self.kept([step], job)[step][name]
                with torch.no_grad():
                    self._losses[key] = float(self.objective(data, one).loss(one.position))
            losses[index] = self._losses[key]
        return losses

    def _has(self, name: str) -> None:
        if name not in self.methods:
            raise ValueError(f"{name} was not trained in this run; it has {', '.join(self.methods)}")


_RUNS: OrderedDict[tuple[str, int], RunRecord] = OrderedDict()
"""Only the thread of the lane "short" comes here, one job at a time."""


def fetch_run(run: str, job: JobContext) -> RunRecord:
    """The ground of a training job, kept in memory for the next look at it."""
    results = job.kept(run)
    ground = _RUNS.get((run, job.worker)) or RunRecord(run, _problem(run, results, job))
    _RUNS[run, job.worker] = ground
    _RUNS.move_to_end((run, job.worker))
    while len(_RUNS) > RUNS:
        _RUNS.popitem(last=False)
    ground.refresh(results)
    return ground


def _problem(run: str, results: dict[str, int], job: JobContext) -> TrainingProblem:
    """The problem of a run, with the weights that it begins from."""
    found = make_problem(job.describe(run), job.worker)
    if not steps_of(found.description):
        return found
    if START not in results:
        raise ValueError("the run is still being fitted to random labels: ask again when its steps have begun")
    (start,) = read_weights(job.fetch(run, START), found).values()
    return found.starting_at(*start)


def grouped(steps: list[int], sizes: dict[int, int]) -> list[list[int]]:
    """The steps in order, in groups whose weights are at most ASKED_BYTES together, or of one step."""
    groups: list[list[int]] = []
    held = 0
    for step in steps:
        size = sizes.get(step, ASKED_BYTES)
        if not groups or held + size > ASKED_BYTES:
            groups.append([])
            held = 0
        groups[-1].append(step)
        held += size
    return groups


def _mean(tensors: list[torch.Tensor]) -> torch.Tensor:
    if not tensors[0].is_floating_point():
        return tensors[0]
    return torch.stack(tensors).double().mean(0).to(tensors[0].dtype)
