"""A small finished training run, and jobs that look at it, in this process: no scheduler, the same job code."""

from __future__ import annotations

import json
from typing import Any

from app.jobs.context import JobContext
from app.jobs.errors import UnknownJob
from app.jobs.kinds import load_kind, load_run, validated
from app.network.explore.messages import BetweenRow, CurvatureRow, CutsRow, PotholesRow, RescalingRow, SliceRow
from app.network.kinds import KINDS
from app.network.messages import GroundRow
from tests.optimizers.small_training import one_thread
from tests.project.contract import differ

SMALL = {
    "network": "mlp",
    "data": "two-moons",
    "steps": 24,
    "batch_size": 32,
    "refresh_size": 32,
    "refresh_every": 6,
    "evaluations": 0,
    "snapshots": 4,
    "plane": None,
}
RUN = "run"
ROWS = {"slice": SliceRow, "curvature": CurvatureRow, "landscape": GroundRow} | {
    "between": BetweenRow,
    "rescaling": RescalingRow,
    "cuts": CutsRow,
    "potholes": PotholesRow,
}
"""What a job's rows have to hold, and nothing else."""


class Run:
    """A training job that has kept its weights; `ask` answers as the scheduler would. Two that are looked at in turns
    have to have two names: jobs keep a run in memory by its name."""

    name = RUN

    def __init__(self, **description: Any) -> None:
        kind, self.description = validated({"kind": "train", **SMALL, **description}, KINDS)
        context = context_of(None)
        with one_thread():
            load_run(kind)(self.description, context)
        self.results: dict[str, bytes] = context.news()["results"]

    def ask(self, action: str, message: dict[str, Any]) -> Any:
        """The answers to what jobs ask about other jobs."""
        if message["job"] != self.name:
            raise UnknownJob("there is no such job: it has ended a while ago, or the engine was restarted")
        if action == "summary":
            return {"results": {name: len(data) for name, data in self.results.items()}}
        if action == "results":
            return [self.results[name] for name in message["names"]]
        return {"kind": "train", **self.description} if action == "description" else self.results[message["name"]]

    def look(self, kind: str, stop_after: int | None = None, **settings: Any) -> Look:
        """Run a job about this run to its end, or stop it after so many questions whether to go on."""
        return Look(self, {"kind": kind, "run": self.name, **settings}, stop_after)


class Look:
    """What one such job has reported and kept."""

    def __init__(self, run: Run, description: dict[str, Any], stop_after: int | None) -> None:
        kind, cleaned = validated(description, KINDS)
        assert kind is load_kind(description["kind"], KINDS)
        context = context_of(run.ask)
        context.set_resumable(kind.resumable)
        asked, self.questions = context.settings, 0

        def settings(position: int) -> dict[str, Any]:
            self.questions += 1
            if stop_after is not None and self.questions > stop_after:
                context.instruct({"leave": True, "settings": {}, "version": 0})
            return asked(position)

        context.settings = settings  # type: ignore[method-assign]
        with one_thread():
            try:
                load_run(kind)(cleaned, context)
            finally:
                news = context.news()
                self.results: dict[str, bytes] = news.get("results", {})
                self.rows = [
                    row for name, raw in news["entries"] if name == "progress" for row in json.loads(raw)["rows"]
                ]
                assert not [fault for row in self.rows for fault in differ(row, ROWS[description["kind"]])]

    def all(self, key: str) -> list[Any]:
        """The values under a key of the rows that have it."""
        return [row[key] for row in self.rows if key in row]

    def last(self, key: str) -> Any:
        """The last of them."""
        return self.all(key)[-1]


def context_of(ask: Any) -> JobContext:
    """A context as a worker makes it for a first attempt."""
    assignment = {
        "job": "look",
        "attempt": 1,
        "checkpoint": None,
        "checkpoint_position": 0,
        "position": -1,
        "applied": [],
        "settings": {},
        "version": 0,
        "noted": -1,
        "results": [],
        "kept_bytes": 10**9,
    }
    return JobContext(assignment, threads=1, checkpoint_seconds=1e9, worker=0, ask=ask)
