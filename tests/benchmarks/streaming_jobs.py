"""Job kinds for the benchmark of streaming: stamps of time, and training with and without reports."""

from __future__ import annotations

import json
import time
from typing import Any

from app.jobs.context import JobContext
from app.jobs.kinds import Description, JobKind
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
    import torch  # here, as the web process reads this file, too

    from app.network.training.job import Progress
    from app.network.training.session import TrainingSession

    torch.set_num_threads(job.threads)
    streamed, silent = TrainingSession(description, job.worker), TrainingSession(description, job.worker)
    progress = Progress(streamed, description, job)
    progress.begin()
    found: dict[str, list[tuple[float, float]]] = {"silent": [], "streamed": []}
    steps = description["steps"] // description["turns"]
    for turn in range(description["turns"]):
        for which in sorted(found, reverse=bool(turn % 2)):
            wall, cpu = time.perf_counter(), time.process_time()
            for t in range(turn * steps, (turn + 1) * steps):
                if which == "streamed":
                    if job.wants_checkpoint():
                        job.keep_checkpoint(t, progress.packed())
                    progress.take_up(job.settings(t))
                    progress.step(t)
                else:
                    for name in silent.training.names:
                        silent.training.advance(name)
            found[which].append((time.perf_counter() - wall, time.process_time() - cpu))
    job.keep_result("times", json.dumps(found).encode())


def _comparison(description: Description) -> dict[str, Any]:
    turns = int(description.pop("turns"))
    return {**validate(description), "turns": turns}


def _stamps(description: Description) -> dict[str, Any]:
    return {"count": int(description["count"]), "rate": float(description["rate"])}


HERE = "tests.benchmarks.streaming_jobs"
JOBS = {
    "stamps": JobKind("stamps", _stamps, f"{HERE}:stamps", resumable=False),
    "compare": JobKind("compare", _comparison, f"{HERE}:compare", resumable=False),
}
KINDS = {"train": "app.network.kinds", **dict.fromkeys(JOBS, HERE)}
