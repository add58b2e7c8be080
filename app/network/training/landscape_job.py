"""The job kind "landscape": the loss on a piece of a training run's own plane, coarse at once and finer as it goes.

Its rows: {"position": points evaluated, "losses": the picture (m, n) as float32 in base64, "stride", "x", "y",
"examples", "labels", "batch_statistics"}; the last is exact on its grid, over the first EXAMPLES examples of the
training half. It is the surface under the live paths, made while the run goes on. Batch normalisation takes mean and
variance from these examples at every point, as training does from each mini-batch: running statistics belong to the
weights that gathered them, and here there are none for any point but the first.
"""

from __future__ import annotations

import time

import numpy as np
import torch

from app.encoding import encode
from app.jobs.context import JobContext
from app.jobs.kinds import Description
from app.network.training.problem import make_problem, read_plane
from geometry.slices.progressive import progressive_slice

POINTS = 41
"""Points of either axis."""
EXAMPLES = 256
PIECE_SECONDS = 0.1
"""After so long at most it looks whether a slice or a measurement has been asked for, which goes first."""
PICTURE_SECONDS = 0.25
"""Between two pictures of one level."""


def run(description: Description, job: JobContext) -> None:
    """Evaluate, and report every picture on the way."""
    torch.set_num_threads(job.threads)
    job.give_way(0)
    packed = job.fetch(description["run"], "plane")
    found = make_problem(job.describe(description["run"]), job.worker)
    plane = read_plane(packed, found)
    x, y = (np.linspace(description[axis][0], description[axis][1], POINTS) for axis in ("x", "y"))
    job.total = POINTS * POINTS
    examples = min(EXAMPLES, found.objective.examples)
    objective = found.over("train", examples).with_batch_statistics()
    stride, shown = 0, 0.0
    for picture in progressive_slice(objective, plane, x, y, interval=PIECE_SECONDS):
        job.give_way(0)  # here a stop takes effect
        done, now = int(picture.evaluated.sum()), time.perf_counter()
        if picture.stride == stride and now - shown < PICTURE_SECONDS and done < job.total:
            continue
        stride, shown = picture.stride, now
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
