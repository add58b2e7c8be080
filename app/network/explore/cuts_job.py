"""The job kind "cuts": lines through every method's solution, and how sharp each is relative to its weights.

Description: {"run": id of a training job, **controls}, see CUTS_CONTROLS. Its rows, in this order:
  {"about": {…}}      methods, the points t, examples
  {"cut": {…}}        of a method, both losses as means over the directions so far (float32); the first direction of
                      all methods comes first
  {"solution": {…}}   of a method: both losses, how far the first rises to the ends of its cuts, ‖θ‖, the largest
                      eigenvalue of H, and that and the trace of SHS with the size S of the weights (see
                      geometry.curvature.RelativeLoss); or a sentence why there are none
  {"done": {…}}       seconds, a sentence
Result: "cuts", a packed tree of all of it. A stop is taken up between two lines and two products.
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
from app.network.explore.interruptible import Watched
from app.network.explore.run_record import Data, RunRecord, Spot, fetch_run
from geometry.curvature import RelativeLoss, hessian_trace, top_eigenvalues
from geometry.slices import evaluate_slice, slice_plane

HALVES = ("train", "test")
TOLERANCE = 1e-3
"""Of an eigenvalue's residual, in parts of it."""


def run(description: Description, job: JobContext) -> None:
    """Cut, measure and report."""
    job.settings(0)
    began = time.perf_counter()
    record = fetch_run(description["run"], job)
    spots = {name: record.kept([record.steps[-1]], job)[record.steps[-1]][name] for name in record.methods}
    if record.shared(record.steps[-1]):
        raise ValueError("the run has kept no weights yet but the first: ask again after its next snapshot")
    fine = {name: spot for name, spot in spots.items() if spot.finite}
    span, count = description["cuts_span"], description["cuts_directions"]
    t = np.linspace(-span, span, description["cuts_points"])
    job.total = count * len(fine) + len(spots) + 1
    first = next(iter(spots.values()))
    train = record.objective(_data("train", description), first)
    job.report(
        0,
        about={
            "methods": record.methods,
            "step": record.steps[-1],
            "t": encode(t),
            "directions": count,
            "examples": train.examples,
            "of_examples": record.objective(Data("train"), first).examples,
        },
    )
    done, sums = 0, {name: np.zeros((2, t.size)) for name in fine}
    for k in range(count):
        for name, spot in fine.items():
            sums[name] += _lines(record, spot, t, k, description, job)
            done += 1
            means = sums[name] / (k + 1)
            cut = {half: encode(mean) for half, mean in zip(HALVES, means, strict=True)}
            job.report(done, cut={"method": name, "directions": k + 1, **cut})
    rows = []
    for name, spot in spots.items():
        ends = (sums[name][0, 0] + sums[name][0, -1]) / (2 * count) if name in sums else np.nan
        rows.append(_measure(record, name, spot, float(ends), description, job))
        done += 1
        job.report(done, solution=rows[-1])
    kept = {name: {half: both[i] / count for i, half in enumerate(HALVES)} for name, both in sums.items()}
    said = {"seconds": time.perf_counter() - began, "sentence": sentence(rows, span)}
    job.keep_result("cuts", pack({"asked": description, "t": t, "cuts": kept, "solutions": rows, "said": said}))
    job.report(job.total, done=said)


def _data(half: str, asked: Description) -> Data:
    return Data(half, asked["cuts_sample"], asked["cuts_seed"])


def _lines(record: RunRecord, spot: Spot, t: np.ndarray, k: int, asked: Description, job: JobContext) -> np.ndarray:
    """Both losses along the k-th direction, (2, points)."""
    found = []
    for half in HALVES:
        job.settings(0)
        objective = record.objective(_data(half, asked), spot)
        plane = slice_plane(objective, spot.position, "random", "filter", asked["cuts_seed"] + k, axes=1)
        found.append(evaluate_slice(objective, plane, t))
    return np.stack(found)


def _measure(
    record: RunRecord, name: str, spot: Spot, ends: float, asked: Description, job: JobContext
) -> dict[str, Any]:
    """The numbers of one solution, or a sentence why there are none; `ends`: the mean training loss at the ends of its
    cuts."""
    if not spot.finite:
        return {"method": name, "problem": "the weights are not finite"}
    try:
        return {"method": name, **_numbers(record, spot, ends, asked, job)}
    except (ArithmeticError, ValueError) as error:  # where it has diverged
        return {"method": name, "problem": str(error)}


def _numbers(record: RunRecord, spot: Spot, ends: float, asked: Description, job: JobContext) -> dict[str, Any]:
    """They; ValueError with a sentence where one of them is not defined."""
    train, test = (record.objective(_data(half, asked), spot) for half in HALVES)
    theta, seed = spot.position, asked["cuts_seed"]
    with torch.no_grad():
        losses = [float(objective.loss(theta)) for objective in (train, test)]
    if not np.isfinite([*losses, ends]).all():
        raise ValueError("the loss on its cuts is no finite number")
    watched = Watched(train, job)
    relative = RelativeLoss(watched, theta)
    plain = top_eigenvalues(watched, theta, tolerance=TOLERANCE, seed=seed)
    top = top_eigenvalues(relative, relative.origin, tolerance=TOLERANCE, seed=seed)
    trace = hessian_trace(relative, relative.origin, asked["cuts_probes"], seed=seed)
    return {
        "train_loss": losses[0],
        "test_loss": losses[1],
        "rise": ends - losses[0],
        "length": float(torch.linalg.vector_norm(theta.double())),
        "eigenvalue": float(plain.values[0]),
        "relative_eigenvalue": float(top.values[0]),
        "converged": bool(plain.converged[0] and top.converged[0]),
        "relative_trace": trace.value,
        "relative_trace_error": trace.standard_error,
        "products": plain.products + top.products + trace.probes,
    }


def sentence(rows: list[dict[str, Any]], span: float) -> str:
    """The orders of width and of test loss, and whether they are one; and what the curvature at the points says."""
    fine = [row for row in rows if "problem" not in row]
    if len(fine) < 2:
        return "There are no two solutions with finite weights to compare."

    def order(key: str) -> list[str]:
        return [row["method"] for row in sorted(fine, key=lambda row: row[key])]

    wide, test = order("rise"), order("test_loss")
    return (
        f"From wide to narrow, by how far the training loss rises to t = ±{span:g}: {', '.join(wide)}. From low to "
        f"high test loss: {', '.join(test)}: {'the same order' if wide == test else 'another order'}. The curvature at "
        f"the solutions themselves, which also says how low the training loss is there, puts them from flat to sharp "
        f"as {', '.join(order('relative_trace'))} relative to the weights, and by the largest eigenvalue as "
        f"{', '.join(order('eigenvalue'))}."
    )
