"""The job kind "ground": the loss on a piece of a training run's own plane, coarse at once and finer as it goes.

Its rows: {"position": points evaluated, "losses": the picture (m, n) as float32 in base64, "stride", "x", "y",
"examples", "labels", "batch_statistics"}; the last is exact on its grid, over the first EXAMPLES examples of the
training half. It is the surface under the live paths, made while the run goes on. Batch normalisation takes mean and
variance from these examples at every point, as training does from each mini-batch: running statistics belong to the
weights that gathered them, and here there are none for any point but the first.
"""

from __future__ import annotations

import math
from typing import Any

from app.jobs.context import JobContext
from app.jobs.kinds import Description, JobKind, asked_run

POINTS = 41
"""Points of either axis."""
EXAMPLES = 256
LARGEST = 1e6


def validate(description: Description) -> Description:
    """{"run": id of a training job that has a plane, "x": [from, to], "y": [from, to]}; ValueError with a sentence."""
    unknown = sorted(set(description) - {"run", "x", "y"})
    if unknown:
        raise ValueError(f"unknown setting {unknown[0][:40]!r}; a ground has run, x, y")
    run = asked_run(description)
    return {"run": run, "x": _bounds("x", description.get("x")), "y": _bounds("y", description.get("y"))}


def _bounds(name: str, value: Any) -> list[float]:
    fine = isinstance(value, list) and len(value) == 2
    fine = fine and all(isinstance(end, int | float) and not isinstance(end, bool) for end in value)
    if not fine or not all(math.isfinite(end) and abs(end) <= LARGEST for end in value) or not value[0] < value[1]:
        raise ValueError(f"{name} must be two numbers, the smaller first, between −{LARGEST:g} and {LARGEST:g}")
    return [float(end) for end in value]


def run(description: Description, job: JobContext) -> None:
    """Evaluate, and report every picture on the way."""
    import numpy as np
    import torch

    from app.encoding import encode
    from app.network.training.problem import foundation, read_plane
    from geometry.slices.progressive import progressive_slice

    torch.set_num_threads(job.threads)
    packed = job.fetch(description["run"], "plane")
    found = foundation(job.told(description["run"]), job.worker)
    plane = read_plane(packed, found)
    x, y = (np.linspace(description[axis][0], description[axis][1], POINTS) for axis in ("x", "y"))
    job.total = POINTS * POINTS
    examples = min(EXAMPLES, found.objective.examples)
    objective = found.over("train", examples).with_batch_statistics()
    for picture in progressive_slice(objective, plane, x, y):
        job.settings(0)  # here a stop takes effect
        done = int(picture.evaluated.sum())
        job.report(
            done,
            losses=encode(picture.losses),
            stride=picture.stride,
            x=description["x"],
            y=description["y"],
            examples=examples,
            labels=list(plane.labels),
            batch_statistics=objective.batch_statistics,
        )


GROUND = JobKind(
    name="ground",
    validate=validate,
    run=run,
    lane="short",
    resumable=False,
    label=lambda d: f"ground of {d['run']}",
    needs=("app.network.training.problem", "geometry.slices.progressive"),
)
