"""The engine's processes end in the middle of runs: what followers see, and that nothing shown is lost.

Two engines stand for two web processes (each is what a web process has of the engine); scheduler and workers are
processes of their own, started by their command lines.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.jobs import Engine, EngineSettings
from app.jobs.hub import Entry
from tests.app.jobs.engine_jobs import KINDS
from tests.app.jobs.engine_parts import Gates, Part, until
from tests.server import free_port

WITHIN = 300.0


class Cluster:
    """A scheduler, two workers and two engines on free ports of this machine."""

    def __init__(self, state: Path) -> None:
        self.port, self.state = free_port(), state
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scheduler = self.start_scheduler()
        self.workers = [Part("worker", self.address, "--name", str(index)) for index in range(2)]

    def begin(self) -> None:
        """Two engines that have met nobody."""
        settings = EngineSettings(kinds=KINDS, checkpoint_seconds=0.1, scheduler=self.address)
        self.first, self.second = Engine(settings), Engine(settings)

    def close(self) -> None:
        """The engines' part."""
        for engine in (self.first, self.second):
            engine.close()

    def start_scheduler(self) -> Part:
        """At the same port and with the same folder each time."""
        return Part("scheduler", "--port", str(self.port), "--state", str(self.state))

    def end(self) -> None:
        """The scheduler and the workers."""
        for part in (*self.workers, self.scheduler):
            part.end()


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster") / "state")
    yield made
    made.end()


@pytest.fixture
def cluster(processes: Cluster) -> Iterator[Cluster]:
    """Two engines at the scheduler and the workers of all tests; the one that kills a worker comes last."""
    processes.begin()
    yield processes
    processes.close()


@pytest.fixture
def gates(tmp_path: Path) -> Gates:
    return Gates(tmp_path)


def run(work: Any) -> Any:
    return asyncio.run(asyncio.wait_for(work, WITHIN))


def reached(position: int) -> Callable[[Entry], bool]:
    return lambda entry: entry.kind == "progress" and entry.data["rows"][-1]["position"] >= position


def rows(entries: list[Entry]) -> list[dict[str, Any]]:
    return [row for entry in entries if entry.kind == "progress" for row in entry.data["rows"]]


def said(entries: list[Entry]) -> str:
    return " ".join(entry.data.get("sentence", "") for entry in entries)


def check_whole(entries: list[Entry], steps: int) -> None:
    """Every step once and in order, each with the value of an undisturbed run; the entries' numbers without a gap."""
    assert [(row["position"], row["x"]) for row in rows(entries)] == [(t, float(t)) for t in range(1, steps + 1)]
    numbers = [entry.number for entry in entries if entry.kind != "connection"]
    assert numbers == list(range(1, len(numbers) + 1))


def test_scheduler_killed_and_back_and_nothing_shown_is_lost(cluster: Cluster, gates: Gates) -> None:
    """SIGKILL in the middle of a run with a finished, a paused and a queued job beside it."""

    async def go() -> None:
        first, second = cluster.first, cluster.second
        done = await first.submit("a", {"kind": "count", "steps": 30})
        whole = [entry async for entry in first.follow(done)]
        paused = await first.submit("a", {"kind": "count", "steps": 80, "gates": gates.at(5)})
        before_pause = await until(second.follow(paused), reached(5))
        await first.pause(paused, "a")
        await until(second.follow(paused), lambda e: e.kind == "state" and e.data["state"] == "paused")
        gates.open(5)
        running = await first.submit("b", {"kind": "count", "steps": 300, "pause": 0.005, "gates": gates.at(30, 200)})
        feed, other = first.follow(running), second.follow(running)
        seen, seen_there = await asyncio.gather(until(feed, reached(30)), until(other, reached(30)))

        await asyncio.to_thread(cluster.scheduler.end, signal.SIGKILL)
        gates.open(30)  # what is computed while there is no scheduler is not lost either
        # Both are to have met the loss: a scheduler that is back before a question has been given up was never away.
        gone = lambda entry: entry.kind == "connection"  # noqa: E731
        lost, lost_there = await asyncio.gather(until(feed, gone), until(other, gone))
        assert "does not answer. Trying again." in said(lost)
        cluster.scheduler = await asyncio.to_thread(cluster.start_scheduler)
        gates.open(200)

        seen += lost + [entry async for entry in feed]
        seen_there += lost_there + [entry async for entry in other]
        for entries in (seen, seen_there):
            check_whole(entries, 300)
            assert "The engine answers again." in said(entries)
            assert "The engine was restarted after step" in said(entries) and "goes on from step" in said(entries)
        again = [(e.number, e.kind, e.time, e.raw) async for e in second.follow(done)]
        assert again == [(e.number, e.kind, e.time, e.raw) for e in whole]
        assert await second.result(done, "end") == b'{"x": 30.0}'
        assert (await second.summary(paused))["state"] == "paused"
        await second.resume(paused, "a")
        rest = [entry async for entry in second.follow(paused, before_pause[-1].number)]
        check_whole(before_pause + rest, 80)

    run(go())


def test_scheduler_stopped_in_good_order_while_a_job_waits(cluster: Cluster, gates: Gates) -> None:
    """SIGTERM, as a deployment does it: queued jobs are there afterwards, in their order, and are run."""

    async def go() -> None:
        counting = {"kind": "count", "steps": 60, "gates": gates.at(3)}
        names = [await cluster.first.submit("abc"[i % 3], counting) for i in range(5)]
        await until(cluster.first.follow(names[0]), reached(3))
        await asyncio.to_thread(cluster.scheduler.end, signal.SIGTERM)
        gates.open(3)
        cluster.scheduler = await asyncio.to_thread(cluster.start_scheduler)
        for name in names:
            check_whole([entry async for entry in cluster.second.follow(name)], 60)

    run(go())


def test_worker_killed_and_web_process_gone_in_one_run(cluster: Cluster, gates: Gates) -> None:
    """The run that A started and B follows goes on without A, and without the worker that it ran on."""

    async def go() -> None:
        job = await cluster.first.submit("a", {"kind": "count", "steps": 200, "pause": 0.005, "gates": gates.at(60)})
        feed = cluster.second.follow(job)
        seen = await until(feed, reached(60))
        await asyncio.to_thread(cluster.first.close)
        os.kill(rows(seen)[-1]["pid"], signal.SIGKILL)
        gates.open(60)
        seen += [entry async for entry in feed]
        check_whole(seen, 200)
        assert len({row["pid"] for row in rows(seen)}) == 2
        assert "was killed or lost after step" in said(seen)

    run(go())
