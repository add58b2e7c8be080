"""The job kind "landscape": the loss on a piece of a training run's own plane, coarse at once and finer as it goes.

Its rows: {"position": points evaluated, "losses": the picture (m, n) as float32 in base64, "stride", "x", "y",
"examples", "labels", "batch_statistics"}; the last is exact on its grid, over the first EXAMPLES examples of the
training half, or fewer of a network that is slow. It is the surface under the live paths, made while the run goes on,
and within its budget where that run, or another, trains in this process. Batch normalisation takes mean and
variance from these examples at every point, as training does from each mini-batch: running statistics belong to the
weights that gathered them, and here there are none for any point but the first.
"""

from __future__ import annotations

import math
import time

import numpy as np

from app.drawing.encoding import encode
from app.jobs.context import JobContext
from app.jobs.kinds import Description
from app.network.training.budget import budget_here
from app.network.training.measure import seconds_over
from app.network.training.problem import make_problem, read_plane
from geometry.networks import NetworkLoss
from geometry.slices.progressive import progressive_slice

POINTS = 41
"""Points of either axis."""
EXAMPLES, FEWEST = 256, 32
SURFACE_SECONDS = 10.0
"""What a whole surface may take; where it would take longer there are fewer examples, FEWEST at least."""
PIECE_SECONDS = 0.1
"""After so long at most it looks whether a slice or a measurement has been asked for, which goes first."""
PICTURE_SECONDS = 0.25
"""Between two pictures of one level."""


def run(description: Description, job: JobContext) -> None:
    """Evaluate, and report every picture on the way."""
    wait_for_turn(job)
    packed = job.fetch(description["run"], "plane")
    found = make_problem(job.describe(description["run"]), job.worker)
    plane = read_plane(packed, found)
    x, y = (np.linspace(description[axis][0], description[axis][1], POINTS) for axis in ("x", "y"))
    job.total = POINTS * POINTS
    examples = choose_examples(found.objective)
    objective = found.over("train", examples).with_batch_statistics()
    stride, shown, paid = 0, 0.0, time.thread_time()

    def pay() -> None:
        nonlocal paid
        budget, now = budget_here(), time.thread_time()
        if budget is not None:
            budget.draw(now - paid)
        wait_for_turn(job)
        paid = time.thread_time()

    for picture in progressive_slice(objective, plane, x, y, interval=PIECE_SECONDS, between=pay):
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


def wait_for_turn(job: JobContext) -> None:
    """Wait while others go first, or a run that trains here has not earned what more of the surface takes. A stop takes
    effect here."""

    def held() -> bool:
        budget = budget_here()
        return budget is not None and not budget.lets_draw

    job.give_way(0, held)


def choose_examples(objective: NetworkLoss) -> int:
    """As many examples as a whole surface can be drawn over in its time, a power of two times FEWEST."""
    if objective.data.whole:
        return objective.examples
    paid = SURFACE_SECONDS / (seconds_over(objective, FEWEST) * POINTS * POINTS)
    return min(EXAMPLES, objective.examples, FEWEST * 2 ** int(math.log2(max(1.0, paid))))
