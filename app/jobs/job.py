"""One job as the scheduler knows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.jobs.feed import Feed
from app.jobs.kinds import Description
from app.jobs.states import ENDED, ON_WORKER, State


@dataclass(eq=False)
class Job:
    """State of a job. Times are seconds of the registry's steady clock, except `submitted`."""

    id: str
    visitor: str
    address: str
    """The network address that it was asked for from: who may steer it is the visitor's affair alone."""
    kind: str
    lane: str
    label: str
    resumable: bool
    description: Description
    feed: Feed
    submitted: float
    """Seconds since 1970, to be shown; a clock that is set moves no order, which is what `place` is for."""
    followed: float
    size: float = 1.0
    """How much work it is, beside others of its label: what one of them took says what the next will take."""
    watched: bool = False
    """Whether it is for somebody who looks on, and is paused where nobody does."""
    place: int = 0
    """Its number among all jobs, in the order in which they came."""
    state: State = State.QUEUED
    sentence: str = ""
    reason: str = ""
    """Why it is to leave its worker, in its owner's words or a rule's; asked of it at `asked`."""
    asked: float = 0.0
    worker: str = ""
    attempt: int = 0
    lost: int = 0
    """Lost workers since the last checkpoint."""
    urgent: bool = False
    """Whether it has lost its place on a worker through no fault of its own, and goes first."""
    heard: float = 0.0
    began: float = 0.0
    ran: float = 0.0
    ended: float = 0.0
    position: int = -1
    """The step of the last row in the feed, −1 before the first."""
    noted: int = -1
    """The last step that the job has noted anything about."""
    total: int = 0
    seconds_left: float | None = None
    settings: Description = field(default_factory=dict)
    version: int = 0
    applied: list[tuple[int, Description]] = field(default_factory=list)
    """(step, settings) of every change the run has made and reported, so that a rerun makes it at the same step."""
    checkpoint: bytes | None = None
    checkpoint_position: int = 0
    results: dict[str, bytes] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    """What was too large to be kept, by name: it is said once."""

    @property
    def unfinished(self) -> bool:
        """Whether it still has something to do."""
        return self.state not in ENDED

    @property
    def on_worker(self) -> bool:
        """Whether a worker has it."""
        return self.state in ON_WORKER

    @property
    def steps_done(self) -> int:
        """Steps that the feed shows."""
        return max(0, self.position)

    @property
    def continues(self) -> str:
        """Where its next attempt begins, in words."""
        return f"goes on from step {self.checkpoint_position}" if self.checkpoint else "starts again"

    @property
    def kept_bytes(self) -> int:
        """Size of its checkpoint and results."""
        return len(self.checkpoint or b"") + sum(map(len, self.results.values()))

    def beside(self, name: str) -> tuple[int, int]:
        """(Bytes that count with what is kept under a name, bytes that are kept under it): of the checkpoint, or of a
        result."""
        if name == "checkpoint":
            return 0, len(self.checkpoint or b"")
        old = len(self.results.get(name, b""))
        return sum(map(len, self.results.values())) - old, old

    def refuse(self, name: str, size: int, limit: str) -> None:
        """Say that something is too large to be kept; once, as a checkpoint comes every few seconds."""
        if name not in self.refused:
            self.refused.add(name)
            self.say("notice", sentence=f"The {name} ({size} bytes) is too large to be kept: {limit}.", not_kept=name)

    def say(self, kind: str, **values: Any) -> None:
        """Add an entry of the registry's own to the feed."""
        self.feed.append(kind, orjson.dumps(values))

    def running_seconds(self, now: float) -> float:
        """Seconds on a worker, all attempts together."""
        return self.ran + (now - self.began if self.on_worker else 0.0)

    def unwatched(self, now: float, seconds: float) -> bool:
        """Whether it is there to be watched, and nobody has followed it for so long; 0 is never."""
        return self.watched and 0 < seconds < now - self.followed

    def turn_left(self, now: float, whole: float) -> float:
        """Seconds until it has been on its worker for a whole turn."""
        return max(0.0, whole - (now - self.began)) if self.on_worker else whole

    def foresee_left(self, now: float, ended: Iterable[Job]) -> float | None:
        """Seconds until its end: what it says itself once it has begun, before that what those of its label took."""
        if self.seconds_left is not None:
            return max(0.0, self.seconds_left - (now - self.heard if self.on_worker else 0.0))
        like = [other for other in ended if other.label == self.label]
        size = sum(other.size for other in like)
        return sum(other.ran for other in like) * self.size / size if size else None

    def summary(self, now: float, ahead: int | None, wait: dict[str, Any] | None = None) -> dict[str, Any]:
        """What a page shows of it; `ahead` is the number of jobs that start before it, `wait` for how long it waits."""
        return {
            "id": self.id,
            "kind": self.kind,
            "label": self.label,
            "state": self.state.shown.value,
            "sentence": self.sentence,
            "position": self.steps_done,
            "total": self.total,
            "seconds_left": self.seconds_left if self.on_worker else None,
            "seconds_running": self.running_seconds(now),
            "ahead": ahead,
            "wait": wait,
            "attempt": self.attempt,
            "submitted": self.submitted,
            "last_number": self.feed.last,
            "settings": dict(self.settings),
            "results": {name: len(data) for name, data in self.results.items()},
            "resumable": self.resumable,
        }
