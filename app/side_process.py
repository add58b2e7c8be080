"""A process beside the web process that computes batches while many people wait.

One interpreter runs Python on one core at a time: with a hall of people, answering requests and computing their answers
take turns on it, while the other core idles. So where a crowd waits, whole batches go to a second process. A single
person never starts it, and what it computes is the same to the last bit.
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
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from app.engine.settings import available_cores

Compute = Callable[[Sequence[Any]], Sequence[bytes]]
Answer = bytes | BaseException
CROWD = 12
"""Things that wait together, from which on the process is worth its start of a few seconds and its memory."""
STARTS_AGAIN_AFTER = 30.0
"""Seconds after its death before it is started once more."""
logger = logging.getLogger("pothole.side")


def each_answer(compute_many: Compute, items: Sequence[Any]) -> list[Answer]:
    """The items' answers, or what went wrong with each. One bad item must not spoil the others'."""
    try:
        return list(compute_many(items))
    except Exception as error:  # noqa: BLE001 - handed to whoever asked
        if len(items) == 1:
            return [error]
    return [each_answer(compute_many, [item])[0] for item in items]


class SideProcess:
    """Computes with `compute_many`, a function that its module names, in a process of its own.

    warm: items that it computes first, so that imports and compilations are over before anybody waits for it.
    It ends with the web process, however that ends.
    """

    def __init__(self, compute_many: Compute, warm: Callable[[], Sequence[Any]]) -> None:
        self._compute_many, self._warm = compute_many, warm
        self._pool: ProcessPoolExecutor | None = None
        self._ready = False
        self._not_before = 0.0

    @property
    def ready(self) -> bool:
        """Whether it can compute now."""
        return self._ready

    def want(self) -> None:
        """Start it, unless it runs, has died a moment ago, or there is no second core; returns at once."""
        if self._pool is not None or available_cores() < 2 or time.monotonic() < self._not_before:
            return
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(max_workers=1, mp_context=context, initializer=_begin)
        self._pool.submit(each_answer, self._compute_many, self._warm()).add_done_callback(self._warmed)

    async def answers(self, items: Sequence[Any]) -> list[Answer] | None:
        """The items' answers, or None where the process has died: they are to be computed elsewhere."""
        pool = self._pool
        if pool is None or not self._ready:
            return None
        try:
            return await asyncio.wrap_future(pool.submit(each_answer, self._compute_many, list(items)))
        except (BrokenProcessPool, RuntimeError) as error:
            logger.warning("the side process is gone: %s", error)
            self._drop()
            return None

    def close(self) -> None:
        """Let it end."""
        self._drop()

    def _warmed(self, done: Future[list[Answer]]) -> None:
        if done.cancelled() or done.exception() is not None:
            self._drop()
        else:
            self._ready = True

    def _drop(self) -> None:
        pool, self._pool, self._ready = self._pool, None, False
        self._not_before = time.monotonic() + STARTS_AGAIN_AFTER
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)


def _begin() -> None:
    """In the process: Ctrl+C is the web process's affair, and with that one's end this one ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(0)
