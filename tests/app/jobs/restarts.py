"""A registry and its store over a folder, as the scheduler process puts them together, to be killed and begun anew."""

from __future__ import annotations

import json
import weakref
from pathlib import Path
from typing import Any

from app.jobs.job import Job
from app.jobs.journal import Numbers
from app.jobs.registry import JobRegistry
from app.jobs.settings import EngineSettings
from app.jobs.store import JobStore


class Clock:
    """Seconds that pass when told to."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Scheduler:
    """A registry and its store over a folder, as the scheduler process puts them together."""

    def __init__(self, folder: Path, clock: Clock | None = None, **limits: Any) -> None:
        self.clock = clock or Clock()
        self.registry = JobRegistry(EngineSettings(**limits), self.clock, self.clock)
        self.store = JobStore(folder, self.clock)
        weakref.finalize(self, self.store.close)
        self.registry.restore(self.store.read(self.registry.settings.feed_bytes, self.clock))

    def submit(self, name: str, visitor: str = "a") -> Job:
        self.clock.now += 1
        self.registry.submit(name, visitor, visitor, "count", "a job", "long", True, {"steps": 5})
        return self.kept(name)

    def kept(self, name: str) -> Job:
        job = self.registry.jobs[name]
        self.store.keep(job)
        return job

    def report(self, name: str, position: int, **more: Any) -> Job:
        rows = json.dumps({"rows": [{"position": position}]}).encode()
        attempt = self.registry.jobs[name].attempt
        self.registry.report(name, attempt, [("progress", rows)], position=position, total=5, **more)
        return self.kept(name)

    def killed(self) -> None:
        """Its end without any word: only the lock goes with the process."""
        self.store.close()


def same(job: Job, other: Job) -> None:
    assert all(getattr(job, name) == getattr(other, name) for name in Numbers.model_fields)
    assert job.feed.after(0) == other.feed.after(0) and job.feed.shape == other.feed.shape
    assert (job.checkpoint, job.results) == (other.checkpoint, other.results)


def said(job: Job) -> str:
    return " ".join(json.loads(entry.raw).get("sentence", "") for entry in job.feed.after(0))
