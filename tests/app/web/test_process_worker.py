"""The process beside the web process that makes files: what it gives, and what becomes of a call when it dies."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from app.state.schema import BadRequest
from app.web import process_pool
from app.web.process_worker import NICE, Ended, ProcessWorker
from tests.app.web.side_calls import LONG, die, interrupts, refuse, sleep, too_slow, wait_in, who
from tests.app.web.test_batch_processes import gone

pytestmark = pytest.mark.slow


def test_a_pool_that_does_not_run_says_so():
    pool = process_pool.ProcessPool("tests", 1)
    with pytest.raises(BrokenExecutor, match="there are no side processes for tests"):
        pool.submit(who)


@pytest.fixture
def worker() -> Iterator[ProcessWorker]:
    made = ProcessWorker("test", LONG, "Too long.", "It died.")
    yield made
    made.close()


def first_in(folder: Path) -> int:
    """The process that waits in a folder."""
    end = time.monotonic() + LONG
    while not (found := [int(path.name) for path in folder.iterdir()]):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found[0]


def test_one_process_for_all_calls_started_with_the_first(worker: ProcessWorker) -> None:
    assert not worker.pool.pids
    pids = {worker.call(who) for _ in range(3)}
    assert pids == set(worker.pool.pids) and os.getpid() not in pids
    assert worker.call(interrupts), "Ctrl+C is the web process's affair"
    assert worker.call(os.nice, 0) == min(os.nice(0) + NICE, 19)


def test_what_a_function_raises_arrives_as_it_was(worker: ProcessWorker) -> None:
    with pytest.raises(BadRequest) as caught:
        worker.call(refuse)
    assert caught.value.problems == ("This is wrong.", "So is that.") and caught.value.status == 422
    with pytest.raises(TimeoutError, match="of its own"):
        worker.call(too_slow)
    assert worker.pool.pids, "neither is a reason to end the process"


def test_one_that_dies_in_the_middle_is_followed_by_another_that_begins_again(
    worker: ProcessWorker, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(1) as thread:
        call = thread.submit(worker.call, wait_in, str(tmp_path))
        pid = first_in(tmp_path)
        os.kill(pid, signal.SIGKILL)
        assert call.result(LONG) not in (pid, os.getpid())
    assert gone(pid)


def test_work_that_kills_processes_is_a_sentence_and_the_next_is_done(worker: ProcessWorker) -> None:
    with pytest.raises(Ended, match=r"It died\.") as caught:
        worker.call(die)
    assert caught.value.status == 503
    assert worker.call(who) in worker.pool.pids


def test_what_takes_too_long_is_ended(worker: ProcessWorker) -> None:
    pid = worker.call(who)
    hasty = ProcessWorker("test", 0.3, "Too long.", "It died.")
    hasty.pool = worker.pool
    with pytest.raises(BadRequest, match=r"Too long\."):
        hasty.call(sleep)
    assert gone(pid) and not worker.pool.pids
    assert worker.call(who) != pid


def test_closing_ends_the_process_in_the_middle_and_starts_none(worker: ProcessWorker, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as thread:
        call = thread.submit(worker.call, wait_in, str(tmp_path))
        pid = first_in(tmp_path)
        worker.close()
        with pytest.raises(Ended):
            call.result(LONG)
    assert gone(pid) and not worker.pool.pids and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("error", [OSError("no semaphores here"), ImportError("no synchronize")])
def test_where_none_can_be_started_the_thread_does_the_work(
    worker: ProcessWorker, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    asked = []

    def refused(*_: object, **__: object) -> None:
        asked.append(threading.current_thread())
        raise error

    monkeypatch.setattr(process_pool, "ProcessPoolExecutor", refused)
    assert [worker.call(who) for _ in range(3)] == [os.getpid()] * 3
    assert len(asked) == 1, "it is not tried again with every call"


def test_where_the_started_one_is_of_no_use_the_thread_does_the_work(worker: ProcessWorker) -> None:
    worker.pool = process_pool.ProcessPool("test", 1, cores=1, first=lambda: (refuse,))
    assert worker.call(who) == os.getpid()
    assert not worker.pool.pids
