"""The job kind "between": the loss on the way between the last weights of two methods, straight and on a curve.

Description: {"run": id of a training job, **controls}, see BETWEEN_CONTROLS. Its rows, in this order:
  {"about": {…}}      whose weights, their distance, the points t
  {"line": {…}}       the straight way: losses (float32), barrier, its standard error
  {"training": {…}}   how far the middle of the curve is trained, now and then
  {"line": {…}}       the way on the curve
  {"done": {…}}       seconds, a sentence
Result: "between", a packed tree of all of it. A stop is taken up between two points and between two steps.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch

from app.drawing.encoding import encode
from app.jobs.context import JobContext
from app.jobs.kinds import Description
from app.jobs.packing import pack
from app.network.explore.choices import AUTO
from app.network.explore.run_record import Data, RunRecord, Spot, fetch_run
from geometry.connectivity import Way, connecting, interpolate
from geometry.networks import NetworkLoss
from geometry.stateless import BatchNorm

INTERVAL = 0.3
"""Seconds between two rows of the curve's training."""
BATCH = 128
"""Examples of one of its steps; all of data that cannot be taken apart."""


def run(description: Description, job: JobContext) -> None:
    """Compute and report."""
    job.settings(0)
    began = time.perf_counter()
    record = fetch_run(description["run"], job)
    first, second = ends(record, description, job)
    whole = record.objective(Data("train"), first)
    objective = record.objective(Data("train", description["between_sample"], description["between_seed"]), first)
    points, curved = description["between_points"], description["between_way"] == "curve"
    normalised = any(isinstance(layer, BatchNorm) for layer in objective.architecture.modules())
    statistics = description["between_statistics"] if normalised else "kept"
    steps = description["between_steps"] if curved else 0
    job.total = points + (steps + points if curved else 0) + 1
    job.report(
        0,
        about={
            "first": first.words,
            "second": second.words,
            "distance": float(torch.linalg.vector_norm((first.position - second.position).double())),
            "t": encode(np.linspace(0.0, 1.0, points)),
            "examples": objective.examples,
            "of_examples": whole.examples,
            "statistics": statistics if normalised else None,
        },
    )
    a, b = first.position, second.position

    def measure(name: str, before: int, control: torch.Tensor | None) -> Way:
        found = interpolate(
            objective,
            a,
            b,
            points,
            control=control,
            statistics=statistics,
            watch=lambda index: job.settings(before + index),
        )
        job.report(before + points, line={"way": name, "losses": encode(found.losses), **barrier_of(found)})
        return found

    ways = {"straight": measure("straight", 0, None)}
    if curved:
        middle = train_curve(objective, a, b, description, points, job)
        ways["curve"] = measure("curve", points + steps, middle)
    said = {"seconds": time.perf_counter() - began, "sentence": sentence(first, second, ways)}
    kept = {name: {"t": way.t, "losses": way.losses, **barrier_of(way)} for name, way in ways.items()}
    job.keep_result("between", pack({"asked": description, "ways": kept, "said": said}))
    job.report(job.total, done=said)


def ends(record: RunRecord, description: Description, job: JobContext) -> tuple[Spot, Spot]:
    """The last kept weights of the two methods; ValueError with a sentence where the run has no two, or none yet."""
    if len(record.methods) < 2:
        raise ValueError(f"a way leads from one solution to another, and the run has only {record.methods[0]}")
    if record.shared(record.steps[-1]):
        raise ValueError(
            "the run has kept no weights yet but the first, which are the same for all methods: ask again after its "
            "next snapshot, or at its end"
        )
    asked = description["between_first"], description["between_second"]
    first = asked[0]
    if first == AUTO:
        first = next(name for name in record.methods if name != asked[1])
    (second,) = record.others(first, asked[1:])
    found = [record.spot(name, record.steps[-1], job) for name in (first, second)]
    return found[0], found[1]


def train_curve(
    objective: NetworkLoss, a: torch.Tensor, b: torch.Tensor, description: Description, before: int, job: JobContext
) -> torch.Tensor:
    """The middle point of the Bézier curve (D,), trained."""
    steps, size = description["between_steps"], None if objective.tied else BATCH
    training = connecting(objective, a, b, steps, size, description["between_rate"], seed=description["between_seed"])
    shown, losses, middle = time.perf_counter(), list[float](), a
    for step in training:
        job.settings(before + step.index)
        middle = step.control
        losses.append(step.loss)
        now = time.perf_counter()
        if now - shown > INTERVAL or step.index == steps:
            told = {"step": step.index, "steps": steps, "loss": float(np.mean(losses))}
            job.report(before + step.index, training=told)
            shown, losses = now, []
    return middle


def barrier_of(way: Way) -> dict[str, Any]:
    """The numbers of a way."""
    barrier, error = float(way.barrier), float(way.barrier_error)
    return {
        "barrier": barrier if np.isfinite(barrier) else None,
        "barrier_error": error if np.isfinite(error) else None,
        "highest": float(way.highest),
    }


def sentence(first: Spot, second: Spot, ways: dict[str, Way]) -> str:
    """What was found, in words."""
    parts = []
    for name, way in ways.items():
        on = "On the straight way" if name == "straight" else "On the trained curve"
        if not np.isfinite(way.barrier):
            found = f"the loss is no finite number at t = {way.highest:.2g}"
        elif way.barrier == 0:
            found = "no point lies above the line between the ends"
        else:
            error = "" if np.isnan(way.barrier_error) else f" ± {way.barrier_error:.1g}"
            found = f"the loss rises {way.barrier:.3g}{error} above the line between the ends, at t = {way.highest:.2g}"
        parts.append(f"{on} from {first.words} to {second.words} {found} ({way.examples} examples).")
    return " ".join(parts)
