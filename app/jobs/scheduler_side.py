"""The part of the engine in the scheduler process: the registry behind one handler, with waiting done on its loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from distributed import Scheduler
from distributed.core import Status
from distributed.diagnostics.plugin import SchedulerPlugin

from app.jobs.errors import Refused, UnknownJob
from app.jobs.registry import JobRegistry
from app.jobs.settings import EngineSettings
from app.jobs.store import JobStore
from app.jobs.versions import tell_difference

logger = logging.getLogger("pothole.scheduler")
HANDLER = "pothole"
CHANGING = ("submit", "stop", "hand_over", "pause", "resume", "change", "report", "finish")
PLAIN = (*CHANGING, "summary", "description", "result", "results")
LONGEST_WAIT = 20.0
TICK = 0.5


class RegistryPlugin(SchedulerPlugin):
    """Answers `pothole(action=…, message={…})` with {"value": …} or {"refused": sentence, "unknown": bool}."""

    name = "pothole-registry"
    idempotent = True

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self._closed = False
        self._followers: dict[str, set[asyncio.Future]] = defaultdict(set)
        self._hungry: dict[str, list[asyncio.Future]] = defaultdict(list)
        self._others: dict[str, str] = {}

    async def start(self, scheduler: Scheduler) -> None:
        """Put the handler on the scheduler."""
        self.scheduler = scheduler
        self.registry = JobRegistry(self.settings)
        self.store = self._opened_store()
        self.registry.changed = self._wake_followers
        self.registry.waiting = self._wake_worker
        scheduler.handlers[HANDLER] = self.answer
        self._ticking = asyncio.create_task(self._tick(), name="pothole-tick")

    async def before_close(self) -> None:
        """Keep all as it is now, let another process have the folder, and answer nothing from here on.

        Called before anything else is closed, the workers among it: what ends in good order has lost no job.
        """
        if self._closed:
            return
        self._closed = True
        self._ticking.cancel()
        self._keep()
        if self.store is not None:
            self.store.close()
            self.store = None
        for job in list(self._followers):
            self._wake_followers(job)
        for waiting in self._hungry.values():
            for future in waiting:
                _release(future)

    def remove_worker(self, scheduler: Scheduler, worker: str, *, stimulus_id: str, **kwargs: Any) -> None:
        """Give a lost worker's jobs to the next one."""
        self._others.pop(worker, None)
        if not self._closed:
            self.registry.worker_gone(worker)
            self._keep()

    def _opened_store(self) -> JobStore | None:
        """The store in the folder that this process's environment names, its jobs taken up; None without one."""
        folder = EngineSettings.from_environment().state_folder
        if not folder:
            return None
        try:
            store = JobStore(Path(folder), time.monotonic)
            self.registry.restore(store.read(self.settings.feed_bytes, time.time))
        except OSError as error:
            logger.error("jobs are not kept across restarts: %s", error)
            return None
        return store

    def _keep(self, job: str | None = None) -> None:
        """Bring the disk up to date: with one job, or with all. Nobody is told of a change before this."""
        if self.store is None:
            return
        if job is None:
            self.store.forget_all_but(self.registry.jobs)
        for each in [job] if job is not None else list(self.registry.jobs):
            known = self.registry.jobs.get(each)
            if known is not None:
                before = known.feed.last
                self.store.keep(known)
                if known.feed.last != before:  # the store has said something
                    self._wake_followers(each)

    async def answer(self, action: str, message: dict[str, Any]) -> dict[str, Any] | None:
        """The handler. None where the scheduler is being closed: as if there were no registry."""
        if self._closed:
            return None
        try:
            value = await self._value(action, message)
        except Refused as error:
            said, unknown = str(error), isinstance(error, UnknownJob)
            if unknown and self.store is not None and self.store.has_set_aside(str(message["job"])):
                said = "what was kept of this job on the disk is damaged; it has been set aside"
            return {"refused": said, "unknown": unknown}
        return {"value": value}

    async def _value(self, action: str, message: dict[str, Any]) -> Any:
        if action in PLAIN:
            try:
                return getattr(self.registry, action)(**message)
            finally:
                if action in CHANGING:
                    self._keep(message["job"])
        if action == "follow":
            return await self._follow(**message)
        if action == "take":
            return await self._take(**message)
        if action == "state":
            workers = [
                {"name": str(w.name), "address": w.address}
                for w in self.scheduler.workers.values()
                if w.address not in self._others
            ]
            disk = {"kept_on_disk": self.store is not None, "set_aside": len(self.store.set_aside) if self.store else 0}
            return {**self.registry.state(), "workers": workers, "refused": list(self._others.values()), **disk}
        raise Refused(f"there is no action {action!r}")

    async def _follow(self, job: str, after: int | None, wait: float) -> dict[str, Any]:
        """Entries above a number, as soon as there are any, or none after `wait` seconds.

        No number can be above the feed's last, and None stands for that: who asks for what has not been yet is told
        what comes next, and "after" says what that is.
        """
        last = self.registry.last_number(job)
        after = last if after is None else min(after, last)
        deadline = asyncio.get_running_loop().time() + min(wait, LONGEST_WAIT)
        while True:
            entries, over = self.registry.entries(job, after)
            left = deadline - asyncio.get_running_loop().time()
            if entries or over or left <= 0 or self._closed:
                return {"after": after, "entries": [tuple(entry) for entry in entries], "over": over}
            await self._wait(self._followers[job], left)
            if not self._followers[job]:
                del self._followers[job]

    async def _wait(self, group: set[asyncio.Future], seconds: float) -> None:
        future: asyncio.Future = asyncio.get_running_loop().create_future()
        group.add(future)
        try:
            await asyncio.wait([future], timeout=seconds)
        finally:
            group.discard(future)

    async def _take(
        self, worker: str, lane: str, wait: float, versions: dict[str, str] | None = None
    ) -> dict[str, Any] | None:
        """The next job, as soon as there is one, or None after `wait` seconds. Refused, with a sentence, for a worker
        of other versions."""
        difference = tell_difference(versions)
        if difference:
            if worker not in self._others:
                logger.warning("a worker at %s is refused: %s", worker, difference)
            self._others[worker] = difference
            raise Refused(difference)
        if not self._serves(worker):
            await asyncio.sleep(min(wait, 0.2))
            return None
        assignment = self.registry.take(worker, lane)
        if assignment is None:
            future: asyncio.Future = asyncio.get_running_loop().create_future()
            self._hungry[lane].append(future)
            try:
                await asyncio.wait([future], timeout=min(wait, LONGEST_WAIT))
            finally:
                if future in self._hungry[lane]:
                    self._hungry[lane].remove(future)
            if self._serves(worker) and not self._closed:
                assignment = self.registry.take(worker, lane)
        if assignment is not None:
            self._keep(assignment["job"])
        return assignment

    def _serves(self, worker: str) -> bool:
        """Whether the worker is there, and not about to end."""
        known = self.scheduler.workers.get(worker)
        return known is not None and known.status == Status.running

    def _wake_followers(self, job: str) -> None:
        for future in self._followers.get(job, ()):
            _release(future)

    def _wake_worker(self, lane: str) -> None:
        """Wake all that wait for a job of the lane: one of them may have died in the meantime."""
        for future in self._hungry[lane]:
            _release(future)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            try:
                self.registry.tick()
                self._keep()
            except Exception:
                logger.exception("the registry’s clock failed once")


def _release(future: asyncio.Future) -> None:
    if not future.done():
        future.set_result(None)
