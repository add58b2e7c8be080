"""The job kind "recorded": runs that were trained elsewhere, shown as a training that has ended. Nothing is trained.

Rows as those of "train", one for each step at which a run has a checkpoint: where each run is on the plane of the
principal components of all of them, its losses and accuracies, measured here, and the loss that a recorder has kept
beside the weights. A run without a checkpoint of its own at a step is where its last one before it was (before its
first, there). What it spent is not known. Results: "plane", and "weights/<step>" and "weights/final", which name the
files: the weights stay where they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from app.jobs.context import JobContext
from app.jobs.kinds import Description
from app.jobs.packing import pack
from app.network.training.devices import device_in_words
from app.network.training.measure import has_examples, measure, seconds_over
from app.network.training.problem import DRAWS, make_problem
from app.network.training.recorded_runs import folder_of
from app.network.training.session import packed_plane
from geometry.networks import NetworkLoss
from geometry.plane import Plane
from geometry.recording import Checkpoint, list_checkpoints, read_point, spread
from geometry.recording.path import read_numbers
from geometry.slices import slice_plane

MOST = 200
"""Steps that are shown."""
EVALUATED, FEWEST = 1000, 64
"""Examples of either half that losses and accuracies are measured on: how many there are is the operator's affair."""
MEASURED_SECONDS = 20.0
"""What all that is measured may take; where it would take longer it is over fewer examples, FEWEST at least."""
BYTES = 2_000_000_000
"""What the paths may take in memory."""
Halves = dict[str, tuple[NetworkLoss, int]]
""""train" and "test": the loss that is measured, and how many examples the half has."""


@dataclass(frozen=True, eq=False)
class Point:
    """A checkpoint of a run: its step, its place in the paths, its file, its buffers, the numbers kept with them."""

    step: int
    theta: Tensor
    file: Path
    buffers: dict[str, Tensor]
    numbers: dict[str, float]


def run(description: Description, job: JobContext) -> None:
    """Read, find the plane, measure and report. It keeps no checkpoint: a rerun reports only what is missing."""
    found = make_problem(description, job.worker)
    job.total = description["steps"]
    folders = {name: list_checkpoints(folder_of(name)) for name in description["methods"]}
    # A folder that is still written may have gone on, or have lost its last file to a limit, since the lab was started.
    present = {one.step for folder in folders.values() for one in folder.checkpoints}
    known = sorted({step for step in present if step < job.total} | {job.total})
    each = len(folders) * found.objective.initial.numel() * found.objective.initial.element_size()
    steps = spread(known, max(2, min(MOST, BYTES // each)))
    words = device_in_words(found.device, job.threads)
    sizes = {"parameters": found.objective.dimension, "examples": found.objective.examples}
    job.note(f"Measures on {words}.", position=0, device=words, **sizes)
    said = [DRAWS] * found.objective.random + _notices(folders, known, steps, job.total)
    for number, sentence in enumerate(said, 1):
        job.note(sentence, position=number)
    together = found.objective.initial.new_empty((len(folders), len(steps), found.objective.dimension))
    damaged: list[str] = []
    paths = {
        name: _read(folder.checkpoints, steps, found.objective, rows, job, damaged)
        for (name, folder), rows in zip(folders.items(), together, strict=True)
    }
    if damaged:
        more = f" So it is with {len(damaged) - 1} more." if len(damaged) > 1 else ""
        job.note(f"Not shown: {damaged[0]}.{more}", position=MOST // 2)
    for index, step in enumerate(steps):
        final = step == steps[-1]
        files = {
            name: {"run": name, "file": str(path[index].file.relative_to(folders[name].path))}
            for name, path in paths.items()
        }
        job.keep_result("weights/final" if final else f"weights/{step}", pack(files), step=step)
    plane = _plane(found.objective, together, job)
    points = len({point.file for path in paths.values() for point in path})
    examples = _affordable(found.objective, 2 * points)
    halves = {half: (found.over(half, examples), found.over(half).examples) for half in ("train", "test")}
    for index, step in enumerate(steps):
        job.settings(0)  # here a stop takes effect
        if step > job.shown:
            # Once for each checkpoint: at the first step shown that is not before its own.
            new = range(steps[index - 1] + 1 if index else 0, step + 1)
            values = {name: _row(path[index], path[index].step in new, plane, halves) for name, path in paths.items()}
            job.report(step, methods=values)


def _notices(folders: dict[str, Any], known: list[int], steps: list[int], total: int) -> list[str]:
    """What is to be known of the folders, in sentences."""
    nameless = [f"{name}/{file}" for name, folder in folders.items() for file in folder.left_out]
    said = [f"Not shown, as the name tells no step as the others’ do: {', '.join(nameless[:5])}."] if nameless else []
    if len(steps) < len(known):
        said.append(f"Of {len(known)} steps with checkpoints {len(steps)} are shown, evenly spaced.")
    newer = sum(one.step > total for folder in folders.values() for one in folder.checkpoints)
    if newer:
        come = "1 checkpoint has" if newer == 1 else f"{newer} checkpoints have"
        said.append(f"{come} come since the lab was started: start it anew to see more.")
    said.append("The split into training and test examples is the lab’s own: the run may have seen all of them.")
    return said


def _read(
    checkpoints: tuple[Checkpoint, ...],
    steps: list[int],
    objective: NetworkLoss,
    rows: Tensor,
    job: JobContext,
    damaged: list[str],
) -> list[Point]:
    """A run at every step: θ into `rows` (steps, D). A file that cannot be read counts as not there, and is told in
    `damaged`; ValueError where none can."""
    path: list[Point] = []
    readable = list(checkpoints)
    for index, step in enumerate(steps):
        point = None
        while point is None:
            job.settings(0)
            one = ([each for each in readable if each.step <= step] or readable)[-1 if readable[0].step <= step else 0]
            if path and path[-1].file == one.path:
                rows[index], point = rows[index - 1], path[-1]
                continue
            try:
                rows[index], buffers = read_point(one.path, objective)
            except ValueError as error:
                readable.remove(one)
                if not readable:
                    raise
                damaged.append(str(error))
                continue
            point = Point(one.step, rows[index], one.path, buffers, read_numbers(one.path))
        path.append(point)
    return path


def _plane(objective: NetworkLoss, together: Tensor, job: JobContext) -> Plane | None:
    """The principal components of all paths, through the last weights of the first run."""
    try:
        plane = slice_plane(objective, together[0, -1].clone(), "pca", trajectories=together)
    except ValueError as error:
        sentence = f"No picture of the paths is drawn: {error}."
        job.note(sentence, position=len(together[0]) + MOST)
        return None
    places = plane.project(together).reshape(-1, 2)
    places = places[torch.isfinite(places).all(-1)]
    extent = [corner.tolist() for corner in (places.amin(0), places.amax(0))]
    job.keep_result("plane", packed_plane(plane), labels=plane.labels, plane_kind=plane.kind, extent=extent)
    return plane


def _affordable(objective: NetworkLoss, times: int) -> int:
    """As many examples as the loss over them can be measured on so many times."""
    if not has_examples(objective):
        return EVALUATED
    paid = FEWEST * MEASURED_SECONDS / (seconds_over(objective, FEWEST) * times)
    return int(min(EVALUATED, max(FEWEST, paid)))


def _row(point: Point, measured: bool, plane: Plane | None, halves: Halves) -> dict[str, Any]:
    """What is told of a run at a step."""
    row: dict[str, Any] = {"loss": None, "seconds": None, "evaluations": None, "products": None}
    if plane is not None:
        at = plane.project(point.theta)
        row |= {"at": at.tolist(), "off": float(torch.linalg.vector_norm(point.theta - plane.lift(at)))}
    if measured:
        row["loss"] = point.numbers.get("loss")
        sampled: dict[str, Any] = {}
        for half, (objective, of) in halves.items():
            here = objective.with_buffers(point.buffers) if point.buffers else objective
            values = measure(half, here, point.theta, of)
            sampled |= values.pop("sampled", {})
            row |= values
        if sampled:
            row["sampled"] = sampled
    return row
