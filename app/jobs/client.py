"""The web process's side of the engine. Its methods are awaited on any event loop and never block it."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import secrets
import threading
import time
from collections.abc import AsyncGenerator, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from app.jobs.errors import Refused, Unavailable, UnknownJob
from app.jobs.hub import GIVE_UP_SECONDS, Entry, Follower, JobHub
from app.jobs.kinds import Description, load_kind, validated
from app.jobs.settings import EngineSettings

if TYPE_CHECKING:
    from app.jobs.connection import Connection

T = TypeVar("T")
MAXIMUM_NAME = 100
SHUT_DOWN_SECONDS = 60.0


class Engine:
    """Submit jobs, follow their feeds, stop, pause and change them.

    All talk to the scheduler happens on an event loop in a thread of the engine's own, so neither a busy page nor a
    slow scheduler holds up the other. Nothing is started before the first job, or before `prepare`.

    Errors: Refused (a ValueError) with one sentence where a rule is broken, UnknownJob among them; Unavailable where
    the scheduler does not answer.
    """

    def __init__(self, settings: EngineSettings | None = None) -> None:
        self.settings = settings or EngineSettings.from_environment()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connection: Connection | None = None
        self._hubs: dict[str, JobHub] = {}
        self._guard = threading.Lock()
        self._closed = False

    async def submit(self, visitor: str, description: Description, address: str = "") -> str:
        """Put a job into the queue: {"kind": name, …}; returns its id, which nobody can guess. `address`: the network
        address that it is asked for from; the visitors behind one share what the queue has for it."""
        _check_name("visitor", visitor)
        kind, cleaned = await asyncio.to_thread(validated, description, self.settings.kinds)
        label = kind.label(cleaned) if kind.label else kind.name
        return await self._ask(
            "submit",
            job=secrets.token_urlsafe(12),
            visitor=visitor,
            address=address,
            kind=kind.name,
            label=label,
            lane=kind.lane,
            resumable=kind.resumable,
            size=kind.size(cleaned),
            watched=kind.watched,
            description=cleaned,
        )

    async def prepare(self) -> None:
        """Start the embedded engine if it has not been started: its workers then import what jobs need before the first
        one comes. Nothing where the scheduler is another process; Unavailable where it cannot be started."""
        if not self.settings.scheduler:
            await self._ask("state")

    async def follow(self, job: str, from_number: int = 0) -> AsyncGenerator[Entry, None]:
        """The job's entries with a number above `from_number`, each once and in order, until the job's last. A number
        that the feed has not reached counts as its last.

        While the scheduler does not answer, an entry of kind "connection" says so and another that it is back; then
        the feed goes on where it was, or UnknownJob is raised if the scheduler has lost the job.
        """
        _check_name("job", job)
        if not isinstance(from_number, int) or isinstance(from_number, bool) or from_number < 0:
            raise Refused(f"from_number must be a whole number of at least 0, not {from_number!r}")
        self._known_at_all()
        loop, follower = self._started(), Follower(asyncio.get_running_loop())
        # In turn, and without waiting for it: one that is closed at once leaves after it has come.
        loop.call_soon_threadsafe(self._attach, job, follower)
        last: int | None = None
        try:
            while True:
                batch = await follower.next()
                if last is None and batch.after is not None:
                    last = min(from_number, batch.after)
                while last is not None and batch.after is not None and last < batch.after:
                    # Handed on before this follower came, or while it was slow.
                    missed = await self._entries(job, last)
                    for entry in missed:
                        last = entry.number
                        yield entry
                    last = last if missed else batch.after
                for entry in batch.entries:
                    if entry.kind == "connection":
                        yield entry
                    elif last is not None and entry.number > last:
                        last = entry.number
                        yield entry
                if batch.error is not None:
                    raise batch.error
                if batch.over:
                    return
        finally:
            with contextlib.suppress(RuntimeError):  # the engine has been closed, and its loop
                loop.call_soon_threadsafe(_detach, follower)

    async def stop(self, job: str, visitor: str) -> None:
        """End the job; a running one keeps a last checkpoint first."""
        await self._ask("stop", job=job, visitor=visitor)

    async def hand_over(self, job: str, visitor: str, heir: str) -> None:
        """Make an unfinished job somebody else's, who may stop it from now on."""
        await self._ask("hand_over", job=job, visitor=visitor, heir=heir)

    async def pause(self, job: str, visitor: str) -> None:
        """Keep a checkpoint and give the worker to others."""
        await self._ask("pause", job=job, visitor=visitor)

    async def resume(self, job: str, visitor: str) -> None:
        """Continue a paused job."""
        await self._ask("resume", job=job, visitor=visitor)

    async def change(self, job: str, visitor: str, settings: Description) -> None:
        """Change settings while the job runs; the feed marks the step at which it took them up."""
        summary = await self.summary(job)
        kind = load_kind(summary["kind"], self.settings.kinds)
        if not isinstance(settings, dict) or not settings:
            raise Refused("settings must be an object with at least one setting")
        try:
            cleaned = kind.change(settings)
        except (ValueError, TypeError) as error:
            raise Refused(str(error)) from error
        await self._ask("change", job=job, visitor=visitor, settings=cleaned)

    async def summary(self, job: str, visitor: str = "") -> dict[str, Any]:
        """State, progress, seconds left, place in the queue, current settings, results and their sizes, and whether
        the job is this visitor's."""
        _check_name("job", job)
        self._known_at_all()
        return await self._ask("summary", job=job, visitor=visitor)

    async def description(self, job: str) -> Description:
        """The cleaned description of a job, with its kind."""
        _check_name("job", job)
        self._known_at_all()
        return await self._ask("description", job=job)

    async def result(self, job: str, name: str) -> bytes:
        """Bytes the job has kept under that name; "checkpoint" is its last checkpoint."""
        _check_name("job", job)
        self._known_at_all()
        return await self._ask("result", job=job, name=name)

    async def state(self) -> dict[str, Any]:
        """Counts of jobs and workers, for a health page. Starts nothing; raises nothing where nothing answers."""
        connection = self._connection
        base = {"embedded": not self.settings.scheduler, "scheduler": self.settings.scheduler, "problem": ""}
        if not self._may_have_jobs() or (connection is None and not self.settings.scheduler):
            return {**base, "state": "not started"}
        try:
            return {**base, "state": "running", **await self._ask("state")}
        except RuntimeError as error:
            return {**base, "state": "unavailable", "problem": str(error)}

    def close(self) -> None:
        """End the embedded cluster, if any, and the engine's thread. Blocks until that is done; safe to call twice."""
        with self._guard:
            self._closed = True
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._shut_down(), loop).result(SHUT_DOWN_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SHUT_DOWN_SECONDS)

    # Inside

    def _may_have_jobs(self) -> bool:
        """Whether there can be a job: an embedded engine that has not started has those that were kept on disk."""
        if self.settings.scheduler or self._connection is not None:
            return True
        return bool(self.settings.state_folder) and any(Path(self.settings.state_folder).glob("*/journal"))

    def _known_at_all(self) -> None:
        """An embedded engine that has not started knows no job: it is not started to say so."""
        if not self._may_have_jobs():
            raise UnknownJob("there is no such job: it has ended a while ago, or the engine was restarted")

    async def _ask(self, action: str, **message: Any) -> Any:
        return await self._on_loop(self._asked(action, message))

    async def _asked(self, action: str, message: dict[str, Any]) -> Any:
        return await self._connected().ask(action, **message)

    def _connected(self) -> Connection:
        if self._connection is None:
            from app.jobs.connection import Connection  # dask: a quarter of all that a start would import

            # Once more: dask has registered ends of its own meanwhile, and at exit the last comes first.
            atexit.register(self.close)
            self._connection = Connection(self.settings)
        return self._connection

    def _attach(self, job: str, follower: Follower) -> None:
        hub = self._hubs.get(job)
        if hub is None:
            hub = self._hubs[job] = JobHub(self._connected(), job, self._hub_ended)
        hub.add(follower)

    def _hub_ended(self, hub: JobHub) -> None:
        if self._hubs.get(hub.job) is hub:
            del self._hubs[hub.job]

    async def _entries(self, job: str, after: int) -> list[Entry]:
        """Entries above a number that are there already; a scheduler that does not answer is asked again for a while,
        which the hub tells meanwhile."""
        until = time.monotonic() + GIVE_UP_SECONDS
        while True:
            try:
                answer = await self._ask("follow", job=job, after=after, wait=0.0)
                return [Entry(*stored) for stored in answer["entries"]]
            except Unavailable:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(0.5)

    async def _on_loop(self, work: Coroutine[Any, Any, T]) -> T:
        """Await a coroutine on the engine's loop from the caller's."""
        try:
            loop = self._started()
        except RuntimeError:
            work.close()
            raise
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._guard:
            if self._closed:
                raise RuntimeError("the engine has been closed")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_serve, args=(self._loop,), name="engine", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            return self._loop

    async def _shut_down(self) -> None:
        for hub in list(self._hubs.values()):
            hub.close()
        if self._connection is not None:
            await self._connection.close()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


_default: Engine | None = None
_default_guard = threading.Lock()


def default_engine() -> Engine:
    """The one engine of this process, with the environment's settings. Making it starts nothing."""
    global _default
    with _default_guard:
        if _default is None:
            _default = Engine()
        return _default


def close_default_engine() -> None:
    """End the one engine of this process, if there is one; the next to ask for it gets a fresh one. Blocks."""
    global _default
    with _default_guard:
        engine, _default = _default, None
    if engine is not None:
        engine.close()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _detach(follower: Follower) -> None:
    if follower.hub is not None:
        follower.hub.remove(follower)


def _check_name(what: str, value: Any) -> None:
    if not isinstance(value, str) or not 0 < len(value) <= MAXIMUM_NAME:
        raise Refused(f"{what} must be a text of 1 to {MAXIMUM_NAME} characters")
