"""Many who follow one job in one web process: nothing of one is in what another receives.

The engine is the real one, over a registry in this process in place of a scheduler: there is no worker, and a run goes
on when the test says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Coroutine, Iterator
from typing import Any

import pytest

from app.jobs import Engine, EngineSettings, Refused, Unavailable, UnknownJob
from app.jobs import hub as hub_module
from app.jobs.hub import Entry
from app.jobs.registry import JobRegistry
from app.jobs.scheduler_side import RegistryPlugin
from tests.app.jobs.engine_jobs import KINDS

WITHIN = 300.0
LARGEST = 2**53


class Scheduler(RegistryPlugin):
    """The scheduler's side without dask, asked by calls on the engine's own loop; `gone` as if it did not answer."""

    def __init__(self, settings: EngineSettings) -> None:
        super().__init__(settings)
        self.registry, self.store = JobRegistry(settings), None
        self.gone = False
        self.registry.changed = self._wake_followers

    async def ask(self, action: str, _seconds: float = 30.0, **message: Any) -> Any:
        if self.gone:
            raise Unavailable("The engine does not answer.")
        answer = await self.answer(action, message)
        assert answer is not None
        if "refused" in answer:
            raise (UnknownJob if answer["unknown"] else Refused)(answer["refused"])
        return answer["value"]

    async def close(self) -> None:
        """Nothing has been opened."""


class Lab:
    """An engine over such a scheduler, and a run that goes on when it is told to."""

    def __init__(self) -> None:
        settings = EngineSettings(kinds=KINDS)
        self.engine = Engine(settings)
        self.scheduler = Scheduler(settings)
        self.engine._connection = self.scheduler  # type: ignore[assignment]
        self.position = 0

    async def begin(self) -> str:
        job = await self.engine.submit("a", {"kind": "count", "steps": 100_000})
        self.do("take", "w", "long")
        return job

    def do(self, action: str, *arguments: Any, **named: Any) -> Any:
        """Call the registry, on the engine's loop as everything else."""

        async def call() -> Any:
            return getattr(self.scheduler.registry, action)(*arguments, **named)

        return asyncio.run_coroutine_threadsafe(call(), self.engine._started()).result(WITHIN)

    def go_on(self, job: str, rows: int = 1, bytes_each: int = 0) -> None:
        """So many more entries of one row each."""
        for _ in range(rows):
            self.position += 1
            row = {"position": self.position, "filler": "x" * bytes_each}
            raw = json.dumps({"rows": [row]}).encode()
            self.do("report", job, 1, [("progress", raw)], position=self.position)

    def end(self, job: str) -> None:
        self.do("finish", job, 1, "finish", "Finished.")


@pytest.fixture
def lab() -> Iterator[Lab]:
    made = Lab()
    yield made
    made.engine.close()


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, WITHIN))


async def rest(feed: AsyncGenerator[Entry, None]) -> list[Entry]:
    return [entry async for entry in feed]


def numbers(entries: list[Entry]) -> list[int]:
    return [entry.number for entry in entries if entry.kind != "connection"]


@pytest.mark.parametrize("first", [LARGEST, 2**62, 0, 3])
def test_the_first_to_follow_decides_for_nobody(lab: Lab, first: int) -> None:
    """`from=9007199254740992`, first in a web process, has silenced a run for everyone there."""

    async def go() -> None:
        job = await lab.begin()
        lab.go_on(job, 5)
        stranger = lab.engine.follow(job, first)
        waiting = asyncio.create_task(rest(stranger))
        feed = lab.engine.follow(job)
        seen = [await anext(feed) for _ in range(7)]
        lab.go_on(job, 100)
        lab.end(job)
        seen += await rest(feed)
        last = lab.do("last_number", job)
        assert numbers(seen) == list(range(1, last + 1)) and last == 108
        assert numbers(await waiting) == list(range(min(first, 7) + 1, last + 1)), "and it is told what comes"

    run(go())


def test_one_that_follows_from_far_ahead_after_the_end_is_told_the_end(lab: Lab) -> None:
    async def go() -> None:
        job = await lab.begin()
        lab.end(job)
        assert await rest(lab.engine.follow(job, LARGEST)) == []

    run(go())


def test_a_slow_one_holds_nobody_up_and_misses_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """More goes by than is held for it: it asks for the rest by itself when it comes to it."""
    monkeypatch.setattr(hub_module, "MAXIMUM_BUFFERED", 20_000)

    async def go() -> None:
        job = await lab.begin()
        slow, quick = lab.engine.follow(job), lab.engine.follow(job)
        seen_slowly, seen = [await anext(slow)], [await anext(quick)]
        follower = lab.engine._hubs[job]._followers[0]
        for _ in range(10):
            lab.go_on(job, 10, bytes_each=1000)
            while seen[-1].number < lab.do("last_number", job):
                seen.append(await anext(quick))
            assert sum(len(entry.raw) for batch in follower._batches for entry in batch.entries) <= 22_000
        lab.end(job)
        seen += await rest(quick)
        seen_slowly += await rest(slow)
        assert numbers(seen) == numbers(seen_slowly) == list(range(1, lab.do("last_number", job) + 1))

    run(go())


def test_one_that_leaves_at_once_leaves_nothing_behind(lab: Lab) -> None:
    """Cancelled before or after it has come: the last one out ends the hub, and no other is touched."""

    async def go() -> None:
        job = await lab.begin()
        stays = lab.engine.follow(job)
        await anext(stays)
        for turns in range(6):
            task = asyncio.create_task(rest(lab.engine.follow(job)))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        lab.do("summary", job)  # whatever was on its way to the engine's loop has come
        assert len(lab.engine._hubs[job]._followers) == 1
        lab.go_on(job, 3)
        assert [(await anext(stays)).kind for _ in range(4)] == ["state", "progress", "progress", "progress"]
        await stays.aclose()
        lab.do("summary", job)
        assert not lab.engine._hubs

    run(go())


def test_a_loop_that_was_closed_under_its_follower_ends_its_hub(lab: Lab) -> None:
    async def begin() -> str:
        job = await lab.begin()
        feeds.append(lab.engine.follow(job))
        await anext(feeds[0])
        return job

    feeds: list[AsyncGenerator[Entry, None]] = []
    loop = asyncio.new_event_loop()
    job = loop.run_until_complete(begin())
    loop.close()
    lab.go_on(job)
    lab.go_on(job)
    assert job not in lab.engine._hubs


def test_a_job_that_is_not_known_is_said_to_each_who_asks_and_changes_nothing(lab: Lab) -> None:
    async def go() -> None:
        job = await lab.begin()
        for _ in range(3):
            with pytest.raises(UnknownJob):
                await anext(lab.engine.follow("no-such-job", LARGEST))
        assert (await anext(lab.engine.follow(job))).number == 1

    run(go())


def test_who_comes_while_the_scheduler_is_away_gets_all_when_it_is_back(lab: Lab) -> None:
    async def go() -> None:
        job = await lab.begin()
        lab.go_on(job, 4)
        lab.scheduler.gone = True
        feed = lab.engine.follow(job)
        assert (await anext(feed)).data["state"] == "lost"
        other = lab.engine.follow(job, 2)
        waiting = asyncio.create_task(rest(other))
        lab.scheduler.gone = False
        lab.go_on(job, 2)
        lab.end(job)
        seen = await rest(feed)
        assert "back" in [entry.data.get("state") for entry in seen if entry.kind == "connection"]
        assert numbers(seen) == list(range(1, 10)) and numbers(await waiting) == list(range(3, 10))

    run(go())


def test_whoever_follows_an_engine_that_is_closed_is_told(lab: Lab) -> None:
    async def go() -> None:
        job = await lab.begin()
        feed = lab.engine.follow(job)
        await anext(feed)
        await asyncio.to_thread(lab.engine.close)
        with pytest.raises(Unavailable, match="has been closed"):
            await rest(feed)

    run(go())
