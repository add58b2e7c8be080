"""One attempt at a background job on its own, without an engine: what it reported, and its last checkpoint."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from app.jobs import Refused
from app.jobs.context import JobContext, LeaveJob


class Attempt:
    """An attempt at `work`, a job's run; it leaves before step `leave_at`. earlier: what is known of another job."""

    work: Callable[[dict[str, Any], JobContext], None]

    def __init__(
        self,
        description: dict[str, Any],
        checkpoint: bytes | None = None,
        leave_at: int | None = None,
        earlier: dict[str, Any] | None = None,
    ) -> None:
        assignment = {"job": "j", "attempt": 1, "checkpoint": checkpoint, "checkpoint_position": 0, "position": -1}
        assignment |= {"applied": [], "settings": {}, "version": 0, "noted": -1, "results": [], "kept_bytes": 10**9}
        context = JobContext(assignment, 1, 1e9, 0, lambda action, _: self._answer(earlier, action))
        self.steps = 0

        wanted = context.wants_checkpoint

        def count_step() -> bool:
            self.steps += 1
            if self.steps == leave_at:
                context.request_leave()
            return wanted()

        context.wants_checkpoint = count_step  # type: ignore[method-assign]
        self.left = False
        try:
            type(self).work(description, context)
        except LeaveJob:
            self.left = True
        news = context.news()
        self.rows = [row for kind, raw in news["entries"] if kind == "progress" for row in json.loads(raw)["rows"]]
        self.checkpoint: bytes = news["checkpoint"]
        self.total = news["total"]

    def _answer(self, earlier: dict[str, Any] | None, action: str) -> Any:
        if earlier is None:
            raise Refused("there is no such job")
        return earlier[action]
