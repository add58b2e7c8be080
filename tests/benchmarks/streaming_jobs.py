"""Job kinds for the benchmark of streaming: stamps of time, and training with and without reports."""

from __future__ import annotations

import json
import time
from typing import Any

from app.jobs.context import JobContext
from app.jobs.kinds import Description, JobKind
from app.network.training.job import Progress
from app.network.training.settings import validate


def stamps(description: Description, job: JobContext) -> None:
    """A row with the time it was made at, `rate` times a second."""
    job.total = description["count"]
    due = time.perf_counter()
    for t in range(description["count"]):
        due += 1.0 / description["rate"]
        time.sleep(max(0.0, due - time.perf_counter()))
        job.report(t + 1, made=time.time())


def compare(description: Description, job: JobContext) -> None:
    """The same training, streamed and silent, in turns; wall seconds and seconds of this process's CPU for each."""
    import torch

    from app.network.training.train_ground import Ground

    torch.set_num_threads(job.threads)
    streamed, silent = Ground(description, job.worker), Ground(description, job.worker)
    progress = Progress(streamed, description, job)
    progress.begin()
    step, found = 0, []
    rounds, steps = 12, description["steps"] // 12
    for turn in range(rounds):
        order = ("streamed", "silent") if turn % 2 else ("silent", "streamed")
        for which in order:
            wall, cpu = time.perf_counter(), time.process_time()
            for t in range(step, step + steps):
                if which == "streamed":
                    if job.wants_checkpoint():
                        job.keep_checkpoint(t, progress.packed())
                    progress.take_up(job.settings(t))
                    progress.step(t)
                else:
                    for name in silent.training.names:
                        silent.training.advance(name)
            found.append((which, time.perf_counter() - wall, time.process_time() - cpu))
        step += steps
    job.keep_result("times", json.dumps(found).encode())


def _stamps(description: Description) -> dict[str, Any]:
    return {"count": int(description["count"]), "rate": float(description["rate"])}


STAMPS = JobKind("stamps", _stamps, stamps, resumable=False)
COMPARE = JobKind("compare", validate, compare, resumable=False)
KINDS = {
    "train": "app.network.training.job:TRAIN",
    "stamps": "tests.benchmarks.streaming_jobs:STAMPS",
    "compare": "tests.benchmarks.streaming_jobs:COMPARE",
}
