"""Processes beside the web process that compute batches while many people wait.

One interpreter runs Python on one core at a time: with a hall of people, answering requests and computing their answers
take turns on it, while the other core idles. So where a crowd waits, whole batches go to other processes. A single
person never starts them, and what they compute is the same to the last bit.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

from app.engine.settings import available_cores

Compute = Callable[[Sequence[Any]], Sequence[bytes]]
Answer = bytes | BaseException
CROWD = 12
"""Things that wait together, from which on processes are worth their start of a few seconds and their memory."""
STARTS_AGAIN_AFTER = 30.0
"""Seconds after a death before they are started once more."""
logger = logging.getLogger("pothole.side")


def each_answer(compute_many: Compute, items: Sequence[Any]) -> list[Answer]:
    """The items' answers, or what went wrong with each. One bad item must not spoil the others'."""
    try:
        return list(compute_many(items))
    except Exception as error:  # noqa: BLE001 - handed to whoever asked
        if len(items) == 1:
            return [error]
    return [each_answer(compute_many, [item])[0] for item in items]


class SideProcesses:
    """Compute with `compute_many`, a function that its module names, in `count` processes of their own.

    warm: items that are computed first, so that imports and compilations are over before anybody waits for them.
    `free` counts the processes without work: acquire it before `answers`, and release it after.
    They end with the web process, however that ends.
    """

    def __init__(self, compute_many: Compute, warm: Callable[[], Sequence[Any]], count: int = 2) -> None:
        self.count = count
        self.free = asyncio.Semaphore(count)
        self._compute_many, self._warm = compute_many, warm
        self._pool: ProcessPoolExecutor | None = None
        self._ready = False
        self._not_before = 0.0

    @property
    def ready(self) -> bool:
        """Whether they can compute now."""
        return self._ready

    def want(self) -> None:
        """Start them, unless they run, have died a moment ago, or there is no second core; returns at once."""
        if self._pool is not None or available_cores() < 2 or time.monotonic() < self._not_before:
            return
        context = multiprocessing.get_context("spawn")
        first = (self._compute_many, self._warm())
        try:
            self._pool = ProcessPoolExecutor(self.count, context, initializer=_begin, initargs=first)
            # As many calls as processes, or not all would be started. A process takes calls only once it is warm.
            for _ in range(self.count):
                self._pool.submit(os.getpid).add_done_callback(self._warmed)
        except (OSError, ImportError, NotImplementedError, RuntimeError) as error:
            # No semaphores, no memory, no more processes: the thread goes on alone.
            logger.warning("no side processes: %s", error)
            self._drop()

    async def answers(self, items: Sequence[Any]) -> list[Answer] | None:
        """The items' answers, or None where a process has died: they are to be computed elsewhere."""
        pool = self._pool
        if pool is None or not self._ready:
            return None
        try:
            return await asyncio.wrap_future(pool.submit(each_answer, self._compute_many, list(items)))
        except Exception as error:  # noqa: BLE001 - whatever it was, these items still want their answers
            logger.warning("the side processes are gone: %s", error)
            self._drop()
            return None

    def close(self) -> None:
        """Let them end."""
        self._drop()

    def _warmed(self, done: Future[int]) -> None:
        if done.cancelled() or done.exception() is not None:
            self._drop()
        elif self._pool is not None:
            self._ready = True

    def _drop(self) -> None:
        pool, self._pool, self._ready = self._pool, None, False
        self._not_before = time.monotonic() + STARTS_AGAIN_AFTER
        if pool is not None:
            pool.shutdown(wait=False)  # without cancelling: another batch may be out, and would never be answered


def _begin(compute_many: Compute, items: Sequence[Any]) -> None:
    """In a process: Ctrl+C is the web process's affair, and with that one's end this one ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    each_answer(compute_many, items)


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(0)
