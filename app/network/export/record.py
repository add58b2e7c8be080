"""A training run as the engine has it: description, rows, changes on the way, planes. Read without torch."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from app import __version__
from app.jobs import Engine, Refused, Unavailable
from app.jobs.kinds import Description
from app.jobs.packing import Tree, unpack
from app.network.controls import state_of
from app.network.kinds import RUNS
from app.network.messages import RunRow, SettingsChange

WITHIN = 30.0
"""Seconds for the next entry of those that there are. A machine that is slow is no reason to leave rows out."""


@dataclass(frozen=True)
class Record:
    """rows [{"position", "methods": {…}}], changes [{"position", "settings"}] in the order in which they were made."""

    job: str
    description: Description
    state: str
    rows: list[RunRow] = field(default_factory=list)
    changes: list[SettingsChange] = field(default_factory=list)
    results: tuple[str, ...] = ()
    not_kept: tuple[str, ...] = ()
    """Sentences about what was too large to be kept."""

    @property
    def methods(self) -> list[str]:
        """The methods trained."""
        return list(self.description["methods"])

    @property
    def going(self) -> list[str]:
        """The methods that have not stopped, or all: what pictures are framed around."""
        last = self.rows[-1]["methods"] if self.rows else {}
        stopped = {name for name, values in last.items() if values.get("stopped")}
        return [name for name in self.methods if name not in stopped] or self.methods

    @property
    def recorded(self) -> bool:
        """Whether it was trained elsewhere."""
        return "recorded" in self.description

    @property
    def steps(self) -> int:
        """Steps done."""
        return int(self.rows[-1]["position"]) if self.rows else 0

    @property
    def over(self) -> bool:
        """Whether it goes on no more."""
        return self.state in ("finished", "stopped", "failed")

    def settings(self) -> dict[str, Any]:
        """All that a file has to say of the run; plain values."""
        return {
            "made_by": f"Pothole lab {__version__}",
            **self.description,
            "changes": self.changes,
            "steps_done": self.steps,
            "state": self.state,
            "job": self.job,
            **({"not_kept": list(self.not_kept)} if self.not_kept else {}),
        }

    def file_state(self) -> dict[str, Any]:
        """What its files are named after."""
        state = state_of(self.description, {})
        return {"surface": f"{state['network']}-{state['data']}", "seed": state["seed"]}


async def record_of(engine: Engine, job: str) -> Record:
    """The record of a run as far as it has come. UnknownJob, Refused where the job is no training, Unavailable."""
    description = await engine.description(job)
    if description.pop("kind") not in RUNS:
        raise Refused("this job is no training run")
    summary = await engine.summary(job)
    rows: list[RunRow] = []
    changes: list[SettingsChange] = []
    not_kept: list[str] = []
    number, feed = 0, engine.follow(job)
    try:
        while number < summary["last_number"]:
            async with asyncio.timeout(WITHIN):
                entry = await anext(feed)
            number = entry.number
            if entry.kind == "progress":
                rows += entry.data["rows"]
            elif entry.kind == "change":
                changes.append({"position": entry.data["position"], "settings": entry.data["settings"]})
            elif entry.kind == "notice" and "not_kept" in entry.data:
                not_kept.append(entry.data["sentence"])
    except StopAsyncIteration:
        pass
    except TimeoutError:
        raise Unavailable("The engine does not answer: the run’s curves have not come whole. Try again.") from None
    finally:
        await feed.aclose()
    results = tuple(summary.get("results", ()))
    return Record(job, description, summary["state"], rows, changes, results, tuple(not_kept))


async def explored(engine: Engine, job: str, kind: str) -> tuple[Tree, Record]:
    """(what a job "slice", "curvature" or "potholes" has kept, the run that it looked at)."""
    description = await engine.description(job)
    if description.get("kind") != kind:
        raise Refused(f"this job is no {kind}")
    tree = unpack(await engine.result(job, kind))
    return tree, await record_of(engine, description["run"])
