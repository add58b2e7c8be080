"""What waits together is computed together, equal things once, bad ones spoil nobody's answer, bounds hold."""

from __future__ import annotations

import asyncio
import threading

import pytest

from app.web.batching import Coalescer
from app.web.cache import AnswerCache
from app.web.settings import WebSettings
from app.web.worker import Busy


class Kitchen:
    """compute_many for tests: doubles numbers, waits at its door, remembers what it was given."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.door = threading.Event()

    def __call__(self, items):
        self.batches.append(list(items))
        assert self.door.wait(60)
        if 13 in items:
            raise ValueError("thirteen")
        return [b"%d" % (2 * item) for item in items]


def coalescer(kitchen, cache_bytes=1000, batch=4, **settings):
    return Coalescer("test", kitchen, AnswerCache(cache_bytes), batch=batch, settings=WebSettings(**settings))


async def ask(desk, items, visitor=("a", "")):
    """Tasks that have all reached the desk."""
    tasks = [asyncio.create_task(desk.answer(item, visitor)) for item in items]
    await asyncio.sleep(0.02)
    return tasks


def test_the_first_goes_alone_and_the_others_together():
    async def go():
        kitchen = Kitchen()
        desk = coalescer(kitchen)
        tasks = await ask(desk, [1])
        tasks += await ask(desk, [2, 3, 4, 5, 6])
        assert desk.waiting == 5
        kitchen.door.set()
        assert await asyncio.gather(*tasks) == [b"2", b"4", b"6", b"8", b"10", b"12"]
        assert kitchen.batches == [[1], [2, 3, 4, 5], [6]]
        assert dict(desk.batch_sizes) == {1: 2, 4: 1}
        assert (desk.waiting, desk.computed) == (0, 6)

    asyncio.run(go())


def test_equal_ones_are_computed_once():
    async def go():
        kitchen = Kitchen()
        desk = coalescer(kitchen)
        tasks = await ask(desk, [1, 1, 2, 1, 2])
        kitchen.door.set()
        assert await asyncio.gather(*tasks) == [b"2", b"2", b"4", b"2", b"4"]
        assert await desk.answer(2, ("b", "")) == b"4"
        assert sorted(item for batch in kitchen.batches for item in batch) == [1, 2]
        assert (desk.computed, desk.joined, desk.cache.hits) == (2, 3, 1)

    asyncio.run(go())


def test_a_bad_one_spoils_no_other():
    async def go():
        kitchen = Kitchen()
        desk = coalescer(kitchen)
        tasks = await ask(desk, [1])
        tasks += await ask(desk, [2, 13, 3])
        kitchen.door.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert answers[0] == b"2" and answers[1] == b"4" and answers[3] == b"6"
        assert isinstance(answers[2], ValueError)
        with pytest.raises(ValueError, match="thirteen"):
            await desk.answer(13, ("a", ""))
        assert await desk.answer(5, ("a", "")) == b"10"

    asyncio.run(go())


def test_bounds_in_all_and_of_one_visitor():
    async def go():
        kitchen = Kitchen()
        desk = coalescer(kitchen, waiting=5, waiting_per_visitor=3)
        tasks = await ask(desk, [0])
        tasks += await ask(desk, [1, 2, 3])
        with pytest.raises(Busy):
            await desk.answer(4, ("a", ""))
        tasks += await ask(desk, [4, 5], ("b", ""))
        with pytest.raises(Busy):
            await desk.answer(6, ("c", ""))
        tasks += await ask(desk, [4], ("c", ""))  # an equal one takes no room
        assert desk.refused == 2
        kitchen.door.set()
        assert await asyncio.gather(*tasks) == [b"0", b"2", b"4", b"6", b"8", b"10", b"8"]

    asyncio.run(go())


def test_one_who_stops_waiting_takes_the_answer_from_nobody():
    async def go():
        kitchen = Kitchen()
        desk = coalescer(kitchen)
        first, second = await ask(desk, [7, 7])
        first.cancel()
        kitchen.door.set()
        assert await second == b"14"
        assert first.cancelled() or first.cancelling()

    asyncio.run(go())


def test_nothing_is_computed_for_those_who_have_left(monkeypatch):
    monkeypatch.setattr("app.web.batching.LONG_WAIT_SECONDS", 0.0)

    async def left():
        return True

    async def stays():
        return False

    async def go():
        kitchen = Kitchen()
        desk = coalescer(kitchen, batch=1)
        tasks = await ask(desk, [1])
        tasks += [asyncio.create_task(desk.answer(item, ("a", ""), gone)) for item, gone in ((2, left), (3, stays))]
        tasks += [asyncio.create_task(desk.answer(4, ("a", ""), gone)) for gone in (left, stays)]
        await asyncio.sleep(0.02)
        kitchen.door.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(answers[1], Busy)
        assert answers[2:] == [b"6", b"8", b"8"]
        assert kitchen.batches == [[1], [3], [4]]
        assert desk.left == 1

    asyncio.run(go())


def test_heavy_items_close_a_batch():
    async def go():
        kitchen = Kitchen()
        desk = Coalescer("test", kitchen, AnswerCache(0), batch=10, weight=float, heaviest=10.0, settings=WebSettings())
        tasks = await ask(desk, [1])
        tasks += await ask(desk, [6, 5, 4, 20, 3])
        kitchen.door.set()
        await asyncio.gather(*tasks)
        assert kitchen.batches == [[1], [6, 5], [4, 20], [3]]

    asyncio.run(go())
