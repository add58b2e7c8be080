"""One job as the scheduler knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from app.jobs.feed import Feed

WAITING, ENDED = ("queued", "paused"), ("finished", "stopped", "failed")
STATES = ("queued", "running", "paused", *ENDED)


@dataclass
class Job:
    """State of a job. Times are seconds of the registry's steady clock, except `submitted`."""

    id: str
    visitor: str
    kind: str
    lane: str
    label: str
    resumable: bool
    description: dict[str, Any]
    feed: Feed
    submitted: float
    followed: float
    state: str = "queued"
    sentence: str = ""
    wish: str = ""
    """What its owner or a rule asks of the running job: "", "pause", "stop", "make way"."""
    wish_since: float = 0.0
    wish_sentence: str = ""
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
    settings: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    applied: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """(step, settings) of every change the run has made and reported, so that a rerun makes it at the same step."""
    checkpoint: bytes | None = None
    checkpoint_position: int = 0
    results: dict[str, bytes] = field(default_factory=dict)

    @property
    def unfinished(self) -> bool:
        """Whether it still has something to do."""
        return self.state not in ENDED

    @property
    def steps_done(self) -> int:
        """Steps that the feed shows."""
        return max(0, self.position)

    @property
    def kept_bytes(self) -> int:
        """Size of its checkpoint and results."""
        return len(self.checkpoint or b"") + sum(map(len, self.results.values()))

    def say(self, kind: str, **values: Any) -> None:
        """Add an entry of the registry's own to the feed."""
        self.feed.append(kind, orjson.dumps(values))

    def enter(self, state: str, sentence: str = "") -> None:
        """Change the state, with an entry in the feed."""
        self.state, self.sentence, self.wish, self.wish_sentence = state, sentence, "", ""
        self.say("state", state=state, sentence=sentence, position=self.steps_done)

    def running_seconds(self, now: float) -> float:
        """Seconds on a worker, all attempts together."""
        return self.ran + (now - self.began if self.state == "running" else 0.0)

    def summary(self, now: float, ahead: int | None) -> dict[str, Any]:
        """What a page shows of it; `ahead` is the number of jobs that start before it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "label": self.label,
            "state": self.state,
            "sentence": self.sentence,
            "asked": self.wish,
            "position": self.steps_done,
            "total": self.total,
            "seconds_left": self.seconds_left if self.state == "running" else None,
            "seconds_running": self.running_seconds(now),
            "ahead": ahead,
            "attempt": self.attempt,
            "submitted": self.submitted,
            "last_number": self.feed.last,
            "settings": dict(self.settings),
            "results": {name: len(data) for name, data in self.results.items()},
            "resumable": self.resumable,
        }
