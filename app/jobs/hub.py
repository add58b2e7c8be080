"""One question per job and web process, however many follow it here: the entries are handed on to all of them."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson

from app.jobs.connection import Connection
from app.jobs.errors import Refused, Unavailable, UnknownJob

POLL_SECONDS = 10.0
"""How long a question for entries may wait at the scheduler; the registry sees a follower at least so often."""
MAXIMUM_BUFFERED = 400
"""Entries that wait for a slow follower; beyond that it is sent back to ask for what it has missed."""
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


@dataclass(eq=False)
class Follower:
    """One iterator in some event loop. Its fields are touched on that loop alone, but for `live`."""

    loop: asyncio.AbstractEventLoop
    buffer: deque[Entry] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False
    missed: bool = False
    error: BaseException | None = None

    def receive(self, entries: list[Entry], over: bool, error: BaseException | None) -> None:
        """Take entries from the hub."""
        if len(self.buffer) + len(entries) > MAXIMUM_BUFFERED and self.buffer:
            self.missed = True
        if not self.missed:
            self.buffer.extend(entries)
        self.over, self.error = self.over or over, self.error or error
        self.wake.set()


class JobHub:
    """Follows one job on the engine's loop for as long as anyone here does."""

    def __init__(self, connection: Connection, job: str, after: int, ended: Callable[[JobHub], None]) -> None:
        self.job = job
        self.number = after
        self._connection = connection
        self._followers: list[Follower] = []
        self._ended = ended
        nobody = contextvars.Context()  # it outlives the request that began it
        self._pump = asyncio.create_task(self._run(), name=f"follow-{job}", context=nobody)

    def add(self, follower: Follower) -> int:
        """Hand on to a follower all entries above the returned number."""
        self._followers.append(follower)
        return self.number

    def remove(self, follower: Follower) -> None:
        """Stop handing on; the last one out ends the hub."""
        if follower in self._followers:
            self._followers.remove(follower)
        if not self._followers:
            self.close()

    def close(self) -> None:
        """Stop following."""
        self._pump.cancel()
        self._ended(self)

    async def _run(self) -> None:
        lost: float | None = None
        try:
            while True:
                try:
                    answer = await self._connection.ask(
                        "follow", POLL_SECONDS + 20.0, job=self.job, after=self.number, wait=POLL_SECONDS
                    )
                except Unavailable as error:
                    now = time.monotonic()
                    if lost is None:
                        lost = now
                        self._hand_on([self._connection_entry("lost", f"{error} Trying again.")])
                    elif now - lost > GIVE_UP_SECONDS:
                        raise
                    await asyncio.sleep(0.5)
                    continue
                if lost is not None:
                    lost = None
                    self._hand_on([self._connection_entry("back", "The engine answers again.")])
                entries = [Entry(*entry) for entry in answer["entries"]]
                if entries:
                    self.number = entries[-1].number
                if entries or answer["over"]:
                    self._hand_on(entries, answer["over"])
                if answer["over"]:
                    break
        except (Refused, UnknownJob, Unavailable) as error:
            self._hand_on([], True, error)
        self._ended(self)

    def _connection_entry(self, state: str, sentence: str) -> Entry:
        return Entry(self.number, "connection", time.time(), orjson.dumps({"state": state, "sentence": sentence}))

    def _hand_on(self, entries: list[Entry], over: bool = False, error: BaseException | None = None) -> None:
        """One call into each event loop, whatever the number of its followers."""
        loops: dict[asyncio.AbstractEventLoop, list[Follower]] = {}
        for follower in self._followers:
            loops.setdefault(follower.loop, []).append(follower)
        for loop, group in loops.items():
            try:
                loop.call_soon_threadsafe(_deliver, group, entries, over, error)
            except RuntimeError:  # that loop has been closed without its iterators
                for follower in group:
                    self._followers.remove(follower)


def _deliver(group: list[Follower], entries: list[Entry], over: bool, error: BaseException | None) -> None:
    for follower in group:
        follower.receive(entries, over, error)
