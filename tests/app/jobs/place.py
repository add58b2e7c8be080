"""A registry on a clock that the test moves, with short ways to say what the tests say often."""

from __future__ import annotations

import json
from typing import Any

from app.jobs.registry import JobRegistry
from app.jobs.settings import EngineSettings
from tests.app.jobs.engine_jobs import KINDS
from tests.app.jobs.restarts import Clock


class Place:
    """A registry on such a clock, with short ways to say what the tests say often."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.settings = EngineSettings(kinds=KINDS, **settings)
        self.registry = JobRegistry(self.settings, self.clock, self.clock)
        self.count = 0

    def submit(self, visitor: str, address: str = "", resumable: bool = True, lane: str = "long", **more: Any) -> str:
        """A job of a visitor, who has an address of his own where none is given."""
        self.count += 1
        name = f"{visitor}{self.count}"
        return self.registry.submit(name, visitor, address or visitor, "count", "a job", lane, resumable, {}, **more)

    def take(self, worker: str = "w") -> str | None:
        assignment = self.registry.take(worker, "long")
        return assignment["job"] if assignment else None

    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds
        self.registry.tick()

    def state(self, job: str) -> str:
        return self.registry.jobs[job].state

    def said(self, job: str) -> str:
        return " ".join(json.loads(e.raw).get("sentence", "") for e in self.registry.jobs[job].feed.after(0))
