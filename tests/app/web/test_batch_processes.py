"""The process beside the web process: the same answers, none lost when it dies, and no process left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.toy.batch import compute_many
from app.toy.request import ToyRequest, read_request
from app.web import process_pool
from app.web.batch_processes import CROWD, BatchProcesses, each_answer
from app.web.batching import Batcher
from app.web.cache import AnswerCache

pytestmark = pytest.mark.slow

REQUEST, _ = read_request({"preset": "figure-2", "steps": 60})
MANY = [replace(REQUEST, learning_rate=0.01 + 1e-4 * k) for k in range(3 * CROWD)]
ROOT = Path(__file__).resolve().parents[3]


def warm() -> list[ToyRequest]:
    return [REQUEST]


async def until(holds, seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "what the test waits for did not come"
        await asyncio.sleep(0.05)


@pytest.fixture
def aside(monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchProcesses]:
    monkeypatch.setattr(process_pool, "available_cores", lambda: 2)
    process = BatchProcesses(compute_many, warm, 2)
    yield process
    process.close()


def child_of(aside: BatchProcesses) -> int:
    return aside.pool.pids[0]


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def test_its_answers_are_those_of_the_thread_and_none_is_lost_when_it_dies(aside: BatchProcesses) -> None:
    expected = each_answer(compute_many, MANY)

    async def go() -> None:
        assert await aside.answers(MANY) is None, "it has not been wanted yet"
        aside.want()
        await until(lambda: aside.ready)
        halves = await asyncio.gather(aside.answers(MANY[:9]), aside.answers(MANY[9:]))
        assert [*halves[0], *halves[1]] == expected
        desk = Batcher("side", compute_many, AnswerCache(1), batch=64, aside=aside)
        for pid in aside.pool.pids:  # of one alone the other might not hear before it has answered
            os.kill(pid, signal.SIGKILL)
        found = await asyncio.gather(*(desk.answer(one, ("a", str(k))) for k, one in enumerate(MANY)))
        assert found == expected
        assert not aside.ready
        aside.want()  # not at once again
        assert not aside.pool.pids

    asyncio.run(go())


def test_two_batches_that_are_out_when_it_dies_are_both_answered(aside: BatchProcesses) -> None:
    long = [replace(one, steps=3000, learning_rate=1e-3 * (k + 1)) for k, one in enumerate(MANY)]
    expected = each_answer(compute_many, long)

    async def go() -> None:
        aside.want()
        await until(lambda: aside.ready)
        desk = Batcher("side", compute_many, AnswerCache(1), batch=len(long) // 2, aside=aside)
        asked = [asyncio.create_task(desk.answer(one, ("a", str(k)))) for k, one in enumerate(long)]
        for _ in range(1000):  # turns of the loop, not seconds: whoever sleeps here may find both answered
            await asyncio.sleep(0)
            if len(desk._under_way) == 2:
                break
        assert len(desk._under_way) == 2
        os.kill(child_of(aside), signal.SIGKILL)
        assert await asyncio.wait_for(asyncio.gather(*asked), 120) == expected

    asyncio.run(go())


def test_a_crowd_starts_it_and_one_person_does_not(aside: BatchProcesses) -> None:
    async def go() -> None:
        desk = Batcher("side", compute_many, AnswerCache(1), batch=64, aside=aside)
        for one in MANY[:5]:
            await desk.answer(one, ("a", "alone"))
        assert not aside.pool.pids
        await asyncio.gather(*(desk.answer(one, ("a", str(k))) for k, one in enumerate(MANY)))
        await until(lambda: aside.ready)

    asyncio.run(go())


def test_one_core_has_none(aside: BatchProcesses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_pool, "available_cores", lambda: 1)
    aside.want()
    assert not aside.pool.pids


def test_where_none_can_be_started_the_thread_goes_on(aside: BatchProcesses, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError("no semaphores here")

    monkeypatch.setattr(process_pool, "ProcessPoolExecutor", refused)

    async def go() -> None:
        desk = Batcher("side", compute_many, AnswerCache(1), batch=64, aside=aside)
        found = await asyncio.gather(*(desk.answer(one, ("a", str(k))) for k, one in enumerate(MANY)))
        assert found == each_answer(compute_many, MANY)
        assert not aside.ready

    asyncio.run(go())


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks processes up in /proc")
def test_it_ends_with_the_web_process_however_that_ends() -> None:
    script = (
        "import os, signal, time\n"
        "from tests.app.web.test_batch_processes import BatchProcesses, compute_many, process_pool, warm\n"
        "if __name__ == '__main__':\n"
        "    process_pool.available_cores = lambda: 2\n"
        "    aside = BatchProcesses(compute_many, warm)\n"
        "    aside.want()\n"
        "    while not aside.ready: time.sleep(0.05)\n"
        "    print(*aside.pool.pids, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    pids = [int(word) for word in done.stdout.split()]
    assert done.returncode == -signal.SIGKILL and len(pids) == 2
    end = time.monotonic() + 120
    while not all(map(gone, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    assert all(map(gone, pids))
