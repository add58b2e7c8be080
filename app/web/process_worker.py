"""A process beside the web process for long work that comes one at a time, such as making files.

What is computed there does not take turns with answering requests. Where no process is to be had, the calling thread
does the work itself: slower for the others, but it is done.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from typing import Any

from app.state.schema import BadRequest
from app.web.process_pool import STARTS_AGAIN_AFTER, ProcessPool

STARTS_WITHIN = 60.0
"""Seconds within which the process is there, on a machine that may be busy; else the thread does the work."""
TRIES = 2
"""Processes that may die of one piece of work. The thread does not try it after them: it could end the web process."""


NICE = 5
"""Where cores are short, answers to a drag go before files, and files before trainings."""


class Ended(BadRequest):
    """The process died of the work, in every try."""

    status = 503


class ProcessWorker:
    """Calls functions in a process of its own, started with the first call, for a thread that waits for each.

    seconds: how long a call may take; then its process is ended, and `too_long` is what is said. died: what is said of
    one that no process has survived.
    """

    def __init__(self, name: str, seconds: float, too_long: str, died: str) -> None:
        # Even on one core: the system shares it more fairly between processes than one interpreter between threads.
        self.pool = ProcessPool(name, 1, cores=1, first=lambda: (_step_back,))
        self._seconds, self._too_long, self._died = seconds, too_long, died
        self._closed = 0

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The function's value or what it raises. BadRequest where it took too long; Ended where it kills processes.

        The function is one that its module names, and arguments and value can be pickled.
        """
        closed = self._closed
        for _ in range(TRIES):
            if not self.pool.want():
                return function(*arguments)
            if self.pool.warm(STARTS_WITHIN):
                try:
                    return self._value(self.pool.submit(function, *arguments))
                except BrokenExecutor as error:
                    self.pool.gone(error, rest=0.0)
            elif self._closed == closed:
                self.pool.kill(rest=STARTS_AGAIN_AFTER)
                return function(*arguments)
            if self._closed != closed:
                break  # it was ended with the server, and is not to start again
        raise Ended(self._died)

    def close(self) -> None:
        """End the process, whatever it does."""
        self._closed += 1
        self.pool.kill()

    def _value(self, work: Future[Any]) -> Any:
        try:
            return work.result(self._seconds)
        except TimeoutError:
            if work.done():
                return work.result()  # the function's own TimeoutError, or it has come at the last moment
            self.pool.kill()
            raise BadRequest(self._too_long) from None


def _step_back() -> None:
    """In the process: take less of the cores where others want them."""
    if hasattr(os, "nice"):
        os.nice(NICE)
