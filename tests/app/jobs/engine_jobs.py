"""Small job kinds for the tests of the engine: pure Python, importable by a worker process."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import dask

from app.jobs.context import JobContext
from app.jobs.kinds import Description, JobKind


def validate(description: Description) -> Description:
    """{"steps": whole number, "pause": seconds a step takes, "rate": start value, "gates": {step: file}}."""
    steps = description.get("steps", 10)
    if not isinstance(steps, int) or not 1 <= steps <= 10**6:
        raise ValueError(f"steps must be a whole number from 1 to 1000000, not {steps!r}")
    cleaned = {"steps": steps, "pause": float(description.get("pause", 0.0)), "rate": float(description.get("rate", 1))}
    return cleaned | ({"gates": description["gates"]} if "gates" in description else {})


def change(settings: Description) -> Description:
    """Only the rate can be changed."""
    if set(settings) != {"rate"} or not isinstance(settings["rate"], (int, float)):
        raise ValueError("rate must be a number")
    return {"rate": float(settings["rate"])}


def count(description: Description, job: JobContext) -> None:
    """x ← x + rate, one step after another: the end depends on the step at which every change was made.

    After as many steps as a gate says it waits until the gate's file is there. So a test that kills or changes
    something under a running job knows that it runs, however long others keep the test or the job from their work.
    """
    x = json.loads(job.checkpoint)["x"] if job.checkpoint else 0.0
    job.total = description["steps"]
    gates = {int(step): Path(file) for step, file in description.get("gates", {}).items()}

    for t in range(job.checkpoint_position, description["steps"]):
        while t in gates and not gates[t].exists():
            if (
                job._leave
            ):  # it can be stopped, paused and changed here as at every step; otherwise nothing is kept here
                job.keep_checkpoint(t, json.dumps({"x": x}).encode())
            job.settings(t)
            time.sleep(0.01)
        if job.wants_checkpoint():
            job.keep_checkpoint(t, json.dumps({"x": x}).encode())
        rate = {**description, **job.settings(t)}["rate"]
        x += rate
        time.sleep(description["pause"])
        job.report(t + 1, x=x, rate=rate, pid=os.getpid())
    job.keep_result("end", json.dumps({"x": x}).encode())


def decorate(description: Description, job: JobContext) -> None:
    """Counts, and gives way before every step to work that was asked for."""
    job.total = description["steps"]
    for t in range(description["steps"]):
        job.give_way(t)
        time.sleep(description["pause"])
        job.report(t + 1, beside=job.gives_way())


def background(description: Description, job: JobContext) -> None:
    """Counts, keeps checkpoints, and gives way before every step to what goes before it."""
    job.total = description["steps"]
    for t in range(job.checkpoint_position, description["steps"]):
        if job.wants_checkpoint():
            job.keep_checkpoint(t, b"here")
        job.give_way(t)
        time.sleep(description["pause"])
        job.report(t + 1, beside=job.gives_way())


def modules(description: Description, job: JobContext) -> None:
    """Says which modules its process has imported, and how it is set up."""
    job.keep_result("modules", json.dumps(sorted(sys.modules)).encode())
    values: dict[str, Any] = {"nice": os.nice(0), "threads": os.environ.get("OMP_NUM_THREADS")}
    values["profiled"] = dask.config.get("distributed.worker.profile.enabled")
    job.keep_result("process", json.dumps(values).encode())


def reader(description: Description, job: JobContext) -> None:
    """Keeps what another job is and has kept."""
    told = job.describe(description["run"])
    job.keep_result("told", json.dumps(told).encode())
    job.keep_result("copy", job.fetch(description["run"], description["name"]))


def wrong(description: Description, job: JobContext) -> None:
    """Fails."""
    raise KeyError("a secret of the program")


def computing(description: Description, job: JobContext) -> None:
    """Is inside torch's own code, threads and all, whenever its process ends."""
    import torch

    job.report(1, x=1.0)
    while True:
        torch.ones(1500, 1500) @ torch.ones(1500, 1500)


def deaf(description: Description, job: JobContext) -> None:
    """Does not ask for its settings, so it cannot be stopped kindly."""
    job.report(1, x=1.0)
    time.sleep(1000)


HERE = "tests.app.jobs.engine_jobs"
COUNT = JobKind("count", validate, f"{HERE}:count", change, label=lambda d: f"count to {d['steps']}")
SHORT = JobKind("short", validate, f"{HERE}:count", change, lane="short", resumable=False)
DECORATE = JobKind("decorate", validate, f"{HERE}:decorate", lane="decoration", resumable=False)
BACKGROUND = JobKind("background", validate, f"{HERE}:background", lane="background")
MODULES = JobKind("modules", lambda _: {}, f"{HERE}:modules")
READER = JobKind("reader", lambda d: d, f"{HERE}:reader", lane="short", resumable=False)
WRONG = JobKind("wrong", lambda _: {}, f"{HERE}:wrong")
COMPUTING = JobKind("computing", lambda _: {}, f"{HERE}:computing")
DEAF = JobKind("deaf", lambda _: {}, f"{HERE}:deaf")
NEEDY = JobKind("needy", lambda _: {}, "wsgiref.validate:validator")
JOBS = {
    kind.name: kind for kind in (COUNT, SHORT, DECORATE, BACKGROUND, MODULES, READER, WRONG, COMPUTING, DEAF, NEEDY)
}
KINDS = dict.fromkeys((name for name in JOBS if name != "needy"), HERE)
