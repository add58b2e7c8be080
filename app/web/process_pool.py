"""Processes beside the web process: started when they are wanted, told apart by what they work for, ended with it.

One interpreter runs Python on one core at a time: whatever is computed in the web process takes turns with answering
requests. Who uses such processes (app.web.batch_processes, app.web.process_worker) decides what goes to them and what
is done where they are not to be had.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from typing import Any

from app.jobs.settings import available_cores
from app.telemetry.metrics import SIDE_DEATHS, watch_processes

STARTS_AGAIN_AFTER = 30.0
"""Seconds after a death before they are started once more."""
logger = logging.getLogger("pothole.side")


class ProcessPool:
    """`count` processes that call functions which their modules name; none where there are fewer than `cores` cores.

    They have a folder of their own for temporary files, which goes with them: one that is killed removes nothing.

    name: what they work for, in the metrics. first: gives (function, *arguments), called in every process before it
    takes work, or nothing. They end with the web process, however that ends. Any thread may use it.
    """

    def __init__(
        self,
        name: str,
        count: int,
        *,
        cores: int = 2,
        first: Callable[[], Sequence[Any]] = lambda: (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.count = name, count
        self._cores, self._first, self._clock = cores, first, clock
        self._guard = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._warm: list[Future[int]] = []
        self._not_before = 0.0
        self._deaths = SIDE_DEATHS.labels(name)
        watch_processes(name, lambda: len(self.pids))

    @property
    def ready(self) -> bool:
        """Whether they can compute now."""
        return bool(self._warm) and all(map(_succeeded, self._warm))

    @property
    def pids(self) -> list[int]:
        """The processes that live now."""
        return [process.pid for process in _processes(self._pool) if process.pid is not None and process.is_alive()]

    def want(self) -> bool:
        """Start them, unless they run, have died a moment ago, or cores are too few; returns at once: whether they
        run or are about to."""
        with self._guard:
            if self._pool is not None:
                return True
            if available_cores() < self._cores or self._clock() < self._not_before:
                return False
            folder = _make_folder()
            try:
                begin = (folder, *self._first())
                pool = ProcessPoolExecutor(
                    self.count, multiprocessing.get_context("spawn"), initializer=_begin, initargs=begin
                )
                weakref.finalize(pool, _remove, folder)
                # As many calls as processes, or not all would be started. A process takes calls only once it is warm.
                warm = [pool.submit(os.getpid) for _ in range(self.count)]
            except (OSError, ImportError, NotImplementedError, RuntimeError) as error:
                # No semaphores, no memory, no more processes: the thread goes on alone.
                logger.warning("no side processes for %s: %s", self.name, error)
                self._not_before = self._clock() + STARTS_AGAIN_AFTER
                _remove(folder)
                return False
            self._pool, self._warm = pool, warm
        for one in warm:
            one.add_done_callback(lambda done: self._warmed(pool, done))
        return True

    def warm(self, within: float) -> bool:
        """Wait until they are ready; False where they are not within so many seconds, or cannot be started."""
        end = self._clock() + within
        try:
            for one in self._warm:
                one.result(max(end - self._clock(), 0.0))
        except Exception as error:  # noqa: BLE001 - whatever it was, the work is to be done elsewhere
            logger.warning("the side processes for %s do not start: %s", self.name, error or type(error).__name__)
            return False
        return self._pool is not None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """The call's value, to come. BrokenExecutor where there are no processes, or one has died."""
        pool = self._pool
        if pool is None:
            raise BrokenExecutor(f"there are no side processes for {self.name}")
        try:
            return pool.submit(function, *arguments)
        except RuntimeError as error:  # its end has been asked for meanwhile
            raise BrokenExecutor(str(error)) from error

    def gone(self, error: BaseException, *, rest: float | None = None) -> None:
        """One of them has died: the others end after their work, and new ones may start after `rest` seconds."""
        if self._pool is not None:
            logger.warning("the side processes for %s are gone: %s", self.name, error)
            self._deaths.inc()
        self.drop(rest)

    def drop(self, rest: float | None = None) -> None:
        """Let them end after their work; they start again when they are wanted `rest` seconds later."""
        with self._guard:
            pool, self._pool, self._warm = self._pool, None, []
            self._not_before = self._clock() + (STARTS_AGAIN_AFTER if rest is None else rest)
        if pool is not None:
            pool.shutdown(wait=False)  # without cancelling: another batch may be out, and would never be answered

    def kill(self, rest: float = 0.0) -> None:
        """End them in the middle of their work, and wait until they have ended."""
        pool = self._pool
        processes = _processes(pool)
        self.drop(rest)
        for process in processes:
            process.kill()
        for process in processes:
            process.join(5.0)

    def _warmed(self, pool: ProcessPoolExecutor, done: Future[int]) -> None:
        if not _succeeded(done) and self._pool is pool:
            self.drop()


def _succeeded(future: Future[Any]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _processes(pool: ProcessPoolExecutor | None) -> list[Any]:
    """A pool's processes: it has no public name for them before Python 3.14."""
    return list((getattr(pool, "_processes", None) or {}).values())


def _make_folder() -> str:
    """A new folder for temporary files; "" where there can be none."""
    try:
        return tempfile.mkdtemp(prefix="pothole-lab-")
    except OSError:
        return ""


def _remove(folder: str) -> None:
    if folder:
        shutil.rmtree(folder, ignore_errors=True)


def _begin(folder: str, *first: Any) -> None:
    """In a process: Ctrl+C is the web process's affair, and with that one's end this one ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if folder:
        tempfile.tempdir = os.environ["TMPDIR"] = folder
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent, folder), daemon=True).start()
    if first:
        function, *arguments = first
        function(*arguments)


def _end_with(parent: Any, folder: str) -> None:
    parent.join()
    _remove(folder)
    os._exit(0)
