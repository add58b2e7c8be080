"""Processes beside the web process that compute batches while many people wait.

With a hall of people, answering requests and computing their answers take turns on one core, while the other idles. So
where a crowd waits, whole batches go to other processes. A single person never starts them, and what they compute is
the same to the last bit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from app.web.process_pool import ProcessPool

Compute = Callable[[Sequence[Any]], Sequence[bytes]]
Answer = bytes | BaseException
CROWD = 12
"""Things that wait together, from which on processes are worth their start of a few seconds and their memory."""


def each_answer(compute_many: Compute, items: Sequence[Any]) -> list[Answer]:
    """The items' answers, or what went wrong with each. One bad item must not spoil the others'."""
    try:
        return list(compute_many(items))
    except Exception as error:  # noqa: BLE001 - handed to whoever asked
        if len(items) == 1:
            return [error]
    return [each_answer(compute_many, [item])[0] for item in items]


class BatchProcesses:
    """Compute with `compute_many`, a function that its module names, in `count` processes of their own.

    warm: items that are computed first, so that imports and compilations are over before anybody waits for them.
    `free` counts the processes without work: acquire it before `answers`, and release it after.
    """

    def __init__(
        self, compute_many: Compute, warm: Callable[[], Sequence[Any]], count: int = 2, name: str = "paths"
    ) -> None:
        self.free = asyncio.Semaphore(count)
        self.pool = ProcessPool(name, count, first=lambda: (each_answer, compute_many, warm()))
        self._compute_many = compute_many

    @property
    def ready(self) -> bool:
        """Whether they can compute now."""
        return self.pool.ready

    def want(self) -> None:
        """Start them, unless they run, have died a moment ago, or there is no second core; returns at once."""
        self.pool.want()

    async def answers(self, items: Sequence[Any]) -> list[Answer] | None:
        """The items' answers, or None where a process has died: they are to be computed elsewhere."""
        if not self.ready:
            return None
        try:
            return await asyncio.wrap_future(self.pool.submit(each_answer, self._compute_many, list(items)))
        except Exception as error:  # noqa: BLE001 - whatever it was, these items still want their answers
            self.pool.gone(error)
            return None

    def close(self) -> None:
        """End them, whatever they do."""
        self.pool.kill()
