"""One question per job and web process, however many follow it here: the entries are handed on to all of them.

A hub hands on what comes after the number that the feed had when it began, whoever follows from whichever number. Each
batch says which number it comes after; a follower that has not got as far asks for what lies between by itself. So
nothing of one follower, neither its number nor its slowness nor its end, is in what another receives.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from app.jobs.errors import Refused, Unavailable

if TYPE_CHECKING:
    from app.jobs.connection import Connection

POLL_SECONDS = 10.0
"""How long a question for entries may wait at the scheduler; the registry sees a follower at least so often."""
MAXIMUM_BUFFERED = 4_000_000
"""Bytes that wait for a slow follower; beyond that they are dropped, and it asks for them when it comes to it."""
GIVE_UP_SECONDS = 60.0
"""A scheduler that has not answered for so long ends the feeds that are followed here."""


@dataclass(frozen=True, eq=False)
class Entry:
    """One entry of a feed.

    number: 1, 2, 3, …; `follow(job, from_number=entry.number)` continues after it.
    kind: "state", "progress", "change", "notice" or "result" (see `data`), or "connection" for an entry of the web
    process's own, which repeats the last number: {"state": "lost" or "back", "sentence"}.
    time: seconds since 1970 at the scheduler. raw: the JSON text of `data`, ready to be sent on.
    """

    number: int
    kind: str
    time: float
    raw: bytes

    @cached_property
    def data(self) -> dict[str, Any]:
        """What the entry says: "state" {state, sentence, position}, "progress" {rows, total, seconds_left}, "change"
        {position, settings}, "notice" {sentence, …}, "result" {name, bytes, …}."""
        return orjson.loads(self.raw)


@dataclass(frozen=True)
class Batch:
    """What a hub hands on at once: the entries with numbers above `after`, which may be none. `after` is None before
    the hub has had its first answer. `over`: the job's last entry is among them or before; `error`: there is no more
    to come, for that reason."""

    after: int | None
    entries: tuple[Entry, ...] = ()
    over: bool = False
    error: Exception | None = None


@dataclass(eq=False)
class Follower:
    """One iterator in some event loop. Its batches are touched on that loop alone, `hub` on the engine's."""

    loop: asyncio.AbstractEventLoop
    hub: JobHub | None = None
    _batches: deque[Batch] = field(default_factory=deque)
    _bytes: int = 0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def receive(self, batch: Batch) -> None:
        """Take a batch from the hub."""
        self._bytes += sum(len(entry.raw) for entry in batch.entries)
        if self._bytes > MAXIMUM_BUFFERED and self._batches:
            reached = batch.entries[-1].number if batch.entries else batch.after
            self._batches.clear()
            self._bytes, batch = 0, Batch(reached, (), batch.over, batch.error)
        self._batches.append(batch)
        self._wake.set()

    async def next(self) -> Batch:
        """The next batch, as soon as there is one."""
        while not self._batches:
            self._wake.clear()
            await self._wake.wait()
        batch = self._batches.popleft()
        self._bytes -= sum(len(entry.raw) for entry in batch.entries)
        return batch


class JobHub:
    """Follows one job on the engine's loop for as long as anyone here does."""

    def __init__(self, connection: Connection, job: str, ended: Callable[[JobHub], None]) -> None:
        self.job = job
        self._connection = connection
        self._number: int | None = None
        self._followers: list[Follower] = []
        self._ended = ended
        nobody = contextvars.Context()  # it outlives the request that began it
        self._pump = asyncio.create_task(self._run(), name=f"follow-{job}", context=nobody)

    def add(self, follower: Follower) -> None:
        """Hand on to a follower what comes from now on."""
        follower.hub = self
        self._followers.append(follower)
        if self._number is not None:
            self._hand_on(Batch(self._number), [follower])

    def remove(self, follower: Follower) -> None:
        """Stop handing on; the last one out ends the hub."""
        if follower in self._followers:
            self._followers.remove(follower)
            if not self._followers:
                self.close()

    def close(self) -> None:
        """Stop following."""
        self._pump.cancel()
        self._hand_on(Batch(self._number, error=Unavailable("The engine has been closed.")))
        self._ended(self)

    async def _run(self) -> None:
        try:
            while not await self._ask_once():
                pass
        except (Refused, Unavailable) as error:
            self._hand_on(Batch(self._number, error=error))
        self._ended(self)

    async def _ask_once(self) -> bool:
        """Hand on what has come since; True at the job's end. Refused where it is not known (any more), Unavailable
        where the scheduler has not answered for long."""
        wait = 0.0 if self._number is None else POLL_SECONDS
        ask: dict[str, Any] = {"job": self.job, "after": self._number, "wait": wait}
        try:
            answer = await self._connection.ask("follow", POLL_SECONDS + 20.0, **ask)
        except Unavailable as error:
            self._say("lost", f"{error} Trying again.")
            lost = time.monotonic()
            while True:
                await asyncio.sleep(0.5)
                try:
                    answer = await self._connection.ask("follow", POLL_SECONDS + 20.0, **ask)
                    break
                except Unavailable:
                    if time.monotonic() - lost > GIVE_UP_SECONDS:
                        raise
            self._say("back", "The engine answers again.")
        entries = tuple(Entry(*entry) for entry in answer["entries"])
        # Handed on even where it is empty: a follower may be waiting to ask again for what it has missed.
        self._hand_on(Batch(answer["after"], entries, answer["over"]))
        self._number = entries[-1].number if entries else answer["after"]
        return answer["over"]

    def _say(self, state: str, sentence: str) -> None:
        raw = orjson.dumps({"state": state, "sentence": sentence})
        self._hand_on(Batch(self._number, (Entry(self._number or 0, "connection", time.time(), raw),)))

    def _hand_on(self, batch: Batch, to: list[Follower] | None = None) -> None:
        """One call into each event loop, whatever the number of its followers."""
        loops: dict[asyncio.AbstractEventLoop, list[Follower]] = {}
        for follower in self._followers if to is None else to:
            loops.setdefault(follower.loop, []).append(follower)
        for loop, group in loops.items():
            try:
                loop.call_soon_threadsafe(_deliver, group, batch)
            except RuntimeError:  # that loop has been closed without its iterators
                for follower in group:
                    self.remove(follower)


def _deliver(group: list[Follower], batch: Batch) -> None:
    for follower in group:
        follower.receive(batch)
