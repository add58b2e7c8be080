"""The start of an engine of this process's own: one that fails, and one whose first question is given up."""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import sys
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import resource_tracker
from typing import Any, TypeVar

import pytest

from app.jobs import EngineSettings, Unavailable
from app.jobs.connection import Connection

pytestmark = pytest.mark.slow
T = TypeVar("T")


@pytest.fixture
def no_worker_starts() -> Iterator[None]:
    """The command that a new process is started with ends at once, as on a machine that has no room for it."""
    resource_tracker.ensure_running()  # it is started by the same command
    ends_at_once = shutil.which("false")
    assert ends_at_once
    multiprocessing.set_executable(ends_at_once)
    yield
    multiprocessing.set_executable(sys.executable)


def run(work: Coroutine[Any, Any, T]) -> T:
    """In a thread of its own, as an engine has one: what it starts hears neither SIGINT nor SIGTERM from then on."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@pytest.mark.usefixtures("no_worker_starts")
def test_an_engine_that_does_not_start_is_told_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async def ask_twice() -> None:
        connection = Connection(EngineSettings(workers=1))
        for _ in range(2):
            with pytest.raises(Unavailable, match="The engine does not answer"):
                await connection.ask("state")
        await connection.close()

    run(ask_twice())
    told = [record.getMessage() for record in caplog.records if record.name == "pothole.engine"]
    assert len(told) == 2 and all(text.startswith("the engine does not start: ") for text in told), told


def test_who_gives_up_leaves_the_start_to_the_next() -> None:
    """A start that was cancelled left a worker process that nobody knew of."""

    async def give_up_and_ask() -> int:
        connection = Connection(EngineSettings(workers=1))
        first = asyncio.create_task(connection.ask("state"))
        before = set(multiprocessing.active_children())
        while set(multiprocessing.active_children()) == before:
            await asyncio.sleep(0.01)
        first.cancel()
        told = await connection.ask("state")
        await connection.close()
        assert first.cancelled() and set(multiprocessing.active_children()) == before
        return len(told["workers"])

    assert run(give_up_and_ask()) == 1
