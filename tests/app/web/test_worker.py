"""One thread for what comes one at a time: turns by address, room for everybody, nothing for those who have left."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from app.web.worker import Busy, Worker


class Desk:
    """A worker whose thread stops in its first call until it is let go on."""

    def __init__(self, most: int = 6) -> None:
        self.worker = Worker("desk", most, "Too many.")
        self.begun, self.go_on, self.done = threading.Event(), threading.Event(), []
        self.asked: list[asyncio.Task] = []

    def work(self, name: str) -> str:
        self.begun.set()
        assert self.go_on.wait(60)
        self.done.append(name)
        return name

    async def ask(self, address: str, browser: str = "", name: str = "", gone: Any = None) -> asyncio.Task:
        call = self.worker.run((address, browser), self.work, name or address, gone=gone)
        self.asked.append(asyncio.create_task(call))
        for _ in range(3):
            await asyncio.sleep(0)
        return self.asked[-1]


def test_another_address_comes_next_however_many_wait_of_one() -> None:
    """The attack: one address's animations held the line of exports for 26 s, and another visitor got 429."""

    async def go() -> None:
        desk = Desk()
        flood = [await desk.ask("flood", f"made up {number}") for number in range(7)]
        await asyncio.to_thread(desk.begun.wait, 60)
        home = await desk.ask("home")
        assert not home.done()
        desk.go_on.set()
        assert await home == "home"
        told = await asyncio.gather(*flood, return_exceptions=True)
        assert desk.done[:3] == ["flood", "flood", "home"] or desk.done[:2] == ["flood", "home"]
        assert [type(one) for one in told].count(Busy) == 1, "the last of the largest share made room"
        assert desk.worker.waiting == 0

    asyncio.run(go())


def test_whoever_has_the_largest_share_is_refused_himself() -> None:
    async def go() -> None:
        desk = Desk(most=2)
        for _ in range(3):
            await desk.ask("flood")
        refused = await desk.ask("flood")
        with pytest.raises(Busy, match=r"Too many\."):
            await refused
        assert refused.exception().status == 429
        desk.go_on.set()
        assert await asyncio.gather(*desk.asked[:3]) == ["flood"] * 3

    asyncio.run(go())


def test_nothing_is_made_for_one_who_has_left() -> None:
    async def go() -> None:
        async def gone() -> bool:
            return True

        desk = Desk()
        await desk.ask("a")
        left, stays = await desk.ask("b", name="left", gone=gone), await desk.ask("c")
        cancelled = await desk.ask("d")
        cancelled.cancel()
        desk.go_on.set()
        assert await stays == "c"
        with pytest.raises(Busy):
            await left
        assert desk.done == ["a", "c"]

    asyncio.run(go())


def test_what_goes_wrong_is_told_to_who_asked_and_the_next_is_done() -> None:
    async def go() -> None:
        worker = Worker("desk", 3)
        with pytest.raises(ZeroDivisionError):
            await worker.run(("a", ""), lambda: 1 / 0)
        assert await worker.run(("a", ""), int, "7") == 7

    asyncio.run(go())
