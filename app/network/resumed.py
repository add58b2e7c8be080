"""What background jobs over many trials share: their pace, and going on from an earlier job's checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from app.jobs.context import JobContext
from app.jobs.kinds import Description

ROW_SECONDS = 0.25
"""Between two rows that say how far it is."""


class Pace:
    """Called before each step of a trial that begins at a position: keeps checkpoints, gives way, tells how far.

    packed: what a checkpoint holds, the trials that have come to their end.
    """

    def __init__(self, job: JobContext, packed: Callable[[], bytes], position: int) -> None:
        self.job, self.packed, self.position = job, packed, position
        self.told = time.monotonic()

    def __call__(self, step: int) -> None:
        job, at = self.job, self.position + step
        if job.wants_checkpoint():
            job.keep_checkpoint(self.position, self.packed())
        if job.gives_way():
            job.report(at, waiting=True)
        job.give_way(self.position)  # here a stop takes effect
        if time.monotonic() - self.told > ROW_SECONDS:
            self.told = time.monotonic()
            job.report(at)


def find_checkpoint(description: Description, job: JobContext, own: Collection[str]) -> bytes | None:
    """This job's checkpoint, or else that of the job that it goes on "after", where it is still known and asks for the
    same. own: the keys in which two jobs may differ whose trials are the same."""
    if job.checkpoint is not None or not description["after"]:
        return job.checkpoint
    try:
        earlier = job.describe(description["after"])
        same = all(earlier.get(key) == description.get(key) for key in {*earlier, *description} - {*own})
        return job.fetch(description["after"], "checkpoint") if same else None
    except ValueError:  # it has been forgotten, or was stopped before its first trial had ended
        return None
