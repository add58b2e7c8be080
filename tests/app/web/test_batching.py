"""What waits together is computed together, equal things once, bad ones spoil nobody's answer, bounds hold."""

from __future__ import annotations

import asyncio
import threading

import pytest

from app.web.batching import Batcher
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


def batcher(kitchen, cache_bytes=1000, batch=4, **settings):
    return Batcher("test", kitchen, AnswerCache(cache_bytes), batch=batch, settings=WebSettings(**settings))


async def turns() -> None:
    """Turns of the loop, not seconds: what needs no thread's answer has gone on, however busy the machine is."""
    for _ in range(50):
        await asyncio.sleep(0)


async def ask(desk, items, visitor=("a", "")):
    """Tasks that have all reached the desk."""
    tasks = [asyncio.create_task(desk.answer(item, visitor)) for item in items]
    await turns()
    return tasks


def test_the_first_goes_alone_and_the_others_together():
    async def go():
        kitchen = Kitchen()
        desk = batcher(kitchen)
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
        desk = batcher(kitchen)
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
        desk = batcher(kitchen)
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
        desk = batcher(kitchen, waiting=5, waiting_per_visitor=3)
        tasks = await ask(desk, [0])
        tasks += await ask(desk, [1, 2, 3])
        with pytest.raises(Busy):
            await desk.answer(4, ("a", ""))
        tasks += await ask(desk, [4, 5], ("b", ""))
        tasks += await ask(desk, [6], ("c", ""))  # whoever has most makes room: 3 is not computed
        with pytest.raises(Busy):
            await desk.answer(7, ("a", ""))
        tasks += await ask(desk, [4], ("c", ""))  # an equal one takes no room
        assert desk.refused == 3
        kitchen.door.set()
        with pytest.raises(Busy):
            await tasks.pop(3)
        assert await asyncio.gather(*tasks) == [b"0", b"2", b"4", b"8", b"10", b"12", b"8"]

    asyncio.run(go())


def test_one_who_stops_waiting_takes_the_answer_from_nobody():
    async def go():
        kitchen = Kitchen()
        desk = batcher(kitchen)
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
        desk = batcher(kitchen, batch=1)
        tasks = await ask(desk, [1])
        tasks += [asyncio.create_task(desk.answer(item, ("a", ""), gone)) for item, gone in ((2, left), (3, stays))]
        tasks += [asyncio.create_task(desk.answer(4, ("a", ""), gone)) for gone in (left, stays)]
        await turns()
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
        desk = Batcher("test", kitchen, AnswerCache(0), batch=10, weight=float, heaviest=10.0, settings=WebSettings())
        tasks = await ask(desk, [1])
        tasks += await ask(desk, [6, 5, 4, 20, 3])
        kitchen.door.set()
        await asyncio.gather(*tasks)
        assert kitchen.batches == [[1], [6, 5], [4, 20], [3]]

    asyncio.run(go())


def counted(item: str, log: list[str]):
    """A computation of as many steps as the item's number says."""
    for _ in range(int(item[1:])):
        log.append(item)
        yield None
    log.append(item)
    yield item.encode()


def in_turns(log: list[str]) -> Batcher:
    return Batcher("steps", list, AnswerCache(0), in_steps=lambda item: counted(item, log))


def test_a_long_computation_in_steps_lets_others_have_their_turn():
    """The attack: one phase diagram of 48 × 48 × 10 runs held the thread for 37 s."""
    log: list[str] = []

    async def go():
        desk = in_turns(log)
        long = asyncio.create_task(desk.answer("a500", ("flood", "")))
        while len(log) < 3:
            await asyncio.sleep(0.001)
        before = len(log)
        assert await desk.answer("b0", ("home", "")) == b"b0"
        assert log.index("b0") <= before + 3 and not long.done()
        assert await long == b"a500"
        assert len(log) == 502

    asyncio.run(go())


def test_one_visitor_s_long_computations_come_one_after_the_other():
    log: list[str] = []

    async def go():
        desk = in_turns(log)
        assert await asyncio.gather(desk.answer("a3", ("a", "")), desk.answer("b2", ("a", ""))) == [b"a3", b"b2"]
        assert log == ["a3"] * 4 + ["b2"] * 3

    asyncio.run(go())


def test_a_long_computation_that_nobody_waits_for_is_given_up():
    log: list[str] = []

    async def go():
        now = [0.0]
        desk = Batcher("steps", list, AnswerCache(0), in_steps=lambda item: counted(item, log), clock=lambda: now[0])

        async def gone() -> bool:
            return len(log) > 5

        asked = asyncio.create_task(desk.answer("a100000", ("a", ""), gone))
        while len(log) < 5:
            await asyncio.sleep(0.001)
        now[0] = 1.0
        with pytest.raises(Busy):
            await asked
        assert desk.left == 1 and len(log) < 100_000

    asyncio.run(go())


def test_what_goes_wrong_in_a_step_is_told_to_who_asked():
    def broken(item):
        yield None
        raise ZeroDivisionError

    async def go():
        desk = Batcher("steps", list, AnswerCache(0), in_steps=broken)
        with pytest.raises(ZeroDivisionError):
            await desk.answer("a", ("a", ""))
        assert not desk._wishes

    asyncio.run(go())


def test_a_full_queue_has_room_for_another_address():
    """Made-up names of one address once filled it for everybody."""

    async def go():
        door = threading.Event()

        def slow(items):
            assert door.wait(60)
            return [str(item).encode() for item in items]

        desk = Batcher("full", slow, AnswerCache(0), settings=WebSettings(waiting=3))
        flood = [asyncio.create_task(desk.answer(number, ("flood", str(number)))) for number in range(4)]
        await turns()
        flood += [asyncio.create_task(desk.answer(99, ("flood", "more")))]
        home = asyncio.create_task(desk.answer("home", ("home", "")))
        await turns()
        door.set()
        assert await home == b"home"
        told = await asyncio.gather(*flood, return_exceptions=True)
        assert [type(one) for one in told].count(Busy) == 2 == desk.refused

    asyncio.run(go())
