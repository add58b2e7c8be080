"""The engine with real worker processes: feeds, reconnects, changes, pauses, killed workers, lost schedulers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import dask
import pytest

from app.jobs import Engine, EngineSettings, Refused, UnknownJob
from app.jobs.hub import Entry
from tests.app.jobs.engine_jobs import KINDS
from tests.app.jobs.engine_parts import Gates, Part, progress, reached, rows, states, until
from tests.server import free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
WITHIN = 300.0
"""Seconds within which anything here must happen, on a machine that is busy with something else."""


def settings(**given: Any) -> EngineSettings:
    return EngineSettings(kinds=KINDS, checkpoint_seconds=0.1, **given)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """One engine with one worker process for all tests of this file."""
    # dask's patience with a lost worker, here shorter than any restart: the engine's own has to hold.
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "1ms"}):
        shared = Engine(settings(jobs_per_visitor=12, queue_length=12))
        yield shared
        shared.close()


@pytest.fixture
def gates(tmp_path: Path) -> Gates:
    return Gates(tmp_path)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Each test has an event loop of its own, as each web process has."""
    return asyncio.run(asyncio.wait_for(work, WITHIN))


async def everything(engine: Engine, job: str, after: int = 0) -> list[Entry]:
    return [entry async for entry in engine.follow(job, after)]


def sentences(entries: list[Entry]) -> str:
    return " ".join(entry.data.get("sentence", "") for entry in entries)


def check_whole_curve(entries: list[Entry], steps: int) -> None:
    """Every step once, in order, and the numbers of the entries without a gap."""
    assert [row["position"] for row in rows(entries)] == list(range(1, steps + 1))
    numbers = [entry.number for entry in entries if entry.kind != "connection"]
    assert numbers == list(range(1, len(numbers) + 1))


def test_nothing_is_started_before_it_is_needed() -> None:
    idle = Engine(settings())

    async def ask() -> None:
        assert (await idle.state())["state"] == "not started"
        with pytest.raises(UnknownJob):
            await idle.summary("no-such-job")
        with pytest.raises(UnknownJob):
            await everything(idle, "no-such-job")
        with pytest.raises(Refused):
            await idle.submit("somebody", {"kind": "no such kind"})

    run(ask())
    idle.close()
    assert idle._thread is None


def test_submit_and_follow(engine: Engine) -> None:
    async def go() -> None:
        job = await engine.submit("a", {"kind": "count", "steps": 200})
        entries = await everything(engine, job)
        assert states(entries) == ["queued", "running", "finished"]
        check_whole_curve(entries, 200)
        assert rows(entries)[-1]["x"] == 200.0
        assert json.loads(await engine.result(job, "end")) == {"x": 200.0}
        with pytest.raises(Refused, match="nothing named 'weights'"):
            await engine.result(job, "weights")
        summary = await engine.summary(job)
        assert (summary["state"], summary["position"], summary["total"]) == ("finished", 200, 200)
        assert summary["label"] == "count to 200"

    run(go())


def test_progress_says_how_much_time_is_left(engine: Engine) -> None:
    async def go() -> None:
        job = await engine.submit("a", {"kind": "count", "steps": 100_000, "pause": 0.01})
        feed = engine.follow(job)
        seen = await until(feed, lambda entry: progress(entry) and entry.data["seconds_left"])
        # 100000 steps of at least 10 ms each: not less than 1000 s, however busy the machine.
        assert seen[-1].data["seconds_left"] > 900
        await engine.stop(job, "a")
        assert (await until(feed, lambda entry: entry.kind == "state"))[-1].data[
            "sentence"
        ] == "It was stopped by hand."

    run(go())


def test_a_browser_that_reconnects_goes_on_from_its_last_number(engine: Engine, gates: Gates) -> None:
    async def go() -> None:
        job = await engine.submit("a", {"kind": "count", "steps": 60, "gates": gates.at(10, 20, 30)})
        seen: list[Entry] = []
        for step in (10, 20, 30):
            seen += await until(engine.follow(job, seen[-1].number if seen else 0), reached(step))
            gates.open(step)
        seen += await everything(engine, job, seen[-1].number)
        check_whole_curve(seen, 60)
        assert await everything(engine, job, seen[-1].number) == []

    run(go())


def test_many_followers_and_a_slow_one_each_get_all(engine: Engine) -> None:
    async def slowly(job: str) -> list[Entry]:
        entries = []
        async for entry in engine.follow(job):
            entries.append(entry)
            await asyncio.sleep(0.05)
        return entries

    async def go() -> None:
        job = await engine.submit("a", {"kind": "count", "steps": 50, "pause": 0.02})
        feeds = await asyncio.gather(*(everything(engine, job) for _ in range(20)), slowly(job))
        for entries in feeds:
            check_whole_curve(entries, 50)

    run(go())


def test_a_change_is_made_at_one_step_and_marked(engine: Engine, gates: Gates) -> None:
    async def go() -> None:
        job = await engine.submit("a", {"kind": "count", "steps": 40, "gates": gates.at(20)})
        feed = engine.follow(job)
        seen = await until(feed, reached(20))
        await engine.change(job, "a", {"rate": 10.0})
        seen += await until(feed, lambda entry: entry.kind == "change")
        gates.open(20)
        seen += [entry async for entry in feed]
        check_whole_curve(seen, 40)
        (change,) = [entry for entry in seen if entry.kind == "change"]
        assert change.data["settings"] == {"rate": 10.0}
        at = change.data["position"]
        assert at == 20
        assert [row["rate"] for row in rows(seen)] == [1.0] * at + [10.0] * (40 - at)
        before = [row["position"] for row in rows(seen[: seen.index(change)])]
        assert before[-1] == at, "the mark stands in the feed between the rows that it lies between"
        with pytest.raises(Refused, match="has ended"):
            await engine.change(job, "a", {"rate": 1.0})
        with pytest.raises(Refused, match="rate must be a number"):
            await engine.change(job, "a", {"rate": "fast"})
        with pytest.raises(Refused, match="at least one setting"):
            await engine.change(job, "a", {})

    run(go())


def test_pause_and_resume_leave_no_trace_in_the_curve(engine: Engine, gates: Gates) -> None:
    async def go() -> None:
        job = await engine.submit("a", {"kind": "count", "steps": 60, "gates": gates.at(20)})
        feed = engine.follow(job)
        seen = await until(feed, reached(20))
        await engine.pause(job, "a")
        seen += await until(feed, lambda entry: entry.kind == "state")
        assert states(seen)[-1] == "paused"
        other = await engine.submit("b", {"kind": "count", "steps": 3})
        assert states(await everything(engine, other))[-1] == "finished", "a paused job holds no worker"
        gates.open(20)
        await engine.resume(job, "a")
        seen += [entry async for entry in feed]
        check_whole_curve(seen, 60)
        assert [row["x"] for row in rows(seen)] == [float(t) for t in range(1, 61)]
        short = await engine.submit("a", {"kind": "short", "steps": 100_000, "pause": 0.01})
        with pytest.raises(Refused, match="cannot be paused"):
            await engine.pause(short, "a")
        await engine.stop(short, "a")

    run(go())


def test_a_killed_worker_leaves_no_gap_and_is_told(engine: Engine, gates: Gates) -> None:
    """SIGKILL in the middle, with changes of settings before it: the curve is the one an undisturbed run has."""

    async def go() -> None:
        job = await engine.submit("a", {"kind": "count", "steps": 120, "pause": 0.005, "gates": gates.at(5, 80)})
        feed = engine.follow(job)
        seen = await until(feed, reached(5))
        await engine.change(job, "a", {"rate": 10.0})
        seen += await until(feed, lambda entry: entry.kind == "change")
        gates.open(5)
        seen += await until(feed, reached(80))
        os.kill(rows(seen)[-1]["pid"], signal.SIGKILL)
        gates.open(80)
        seen += [entry async for entry in feed]
        check_whole_curve(seen, 120)
        assert len({row["pid"] for row in rows(seen)}) == 2
        assert "was killed or lost after step" in sentences(seen)
        assert "goes on from step" in sentences(seen)
        assert states(seen) == ["queued", "running", "queued", "running", "finished"]
        (change,) = [entry.data for entry in seen if entry.kind == "change"]
        x, expected = 0.0, []
        for t in range(120):
            x += 10.0 if t >= change["position"] else 1.0
            expected.append(x)
        assert [row["x"] for row in rows(seen)] == expected
        assert (await engine.summary(job))["attempt"] == 2

    run(go())


def test_ten_jobs_are_served_in_turn_and_the_eleventh_visitor_waits(engine: Engine) -> None:
    async def go() -> None:
        first = await engine.submit("x", {"kind": "count", "steps": 100_000, "pause": 0.01})
        await until(engine.follow(first), progress)
        jobs = {}
        for visitor in "aaaaaabbcc":
            jobs[await engine.submit(visitor, {"kind": "count", "steps": 1}, f"address of {visitor}")] = visitor
        for visitor in "yz":
            await engine.submit(visitor, {"kind": "count", "steps": 1}, f"address of {visitor}")
        with pytest.raises(Refused, match="queue is full"):
            await engine.submit("w", {"kind": "count", "steps": 1}, "address of w")
        assert (await engine.state())["waiting"] == 12
        await engine.stop(first, "x")
        feeds = await asyncio.gather(*(everything(engine, job) for job in jobs))
        began = {
            job: next(e.time for e in entries if e.kind == "state" and e.data["state"] == "running")
            for job, entries in zip(jobs, feeds, strict=True)
        }
        order = "".join(jobs[job] for job in sorted(began, key=began.__getitem__))
        assert {*order[:3]} == set("abc") and order.endswith("aaaa")

    run(go())


def test_a_failed_job_says_so_without_the_programs_secrets(engine: Engine) -> None:
    async def go() -> None:
        job = await engine.submit("a", {"kind": "wrong"})
        entries = await everything(engine, job)
        assert states(entries)[-1] == "failed"
        assert "KeyError" in sentences(entries) and "secret" not in sentences(entries)

    run(go())


def test_a_worker_imports_nothing_of_the_page_and_steps_back(engine: Engine) -> None:
    async def go() -> None:
        job = await engine.submit("a", {"kind": "modules"})
        await everything(engine, job)
        modules = set(json.loads(await engine.result(job, "modules")))
        assert "app.jobs.worker_side" in modules
        page = {name for name in modules if name.split(".")[0] in ("dash", "plotly", "fastapi", "uvicorn")}
        page |= {name for name in modules if name.startswith("app.") and not name.startswith("app.jobs")} - {
            "app.state",
            "app.state.environment",
            "app.state.markdown",
        }
        assert not page, f"a worker process has imported {sorted(page)}"
        process = json.loads(await engine.result(job, "process"))
        assert process["nice"] >= 10 and process["threads"] == str(engine.settings.worker_threads)
        assert process["profiled"] is False, "dask notes what every thread does, for pages that nobody sees"

    run(go())


@pytest.mark.parametrize("number", [-1, 1.5, "3", None, True])
def test_a_bad_number_is_refused(engine: Engine, number: Any) -> None:
    with pytest.raises(Refused, match="from_number must be a whole number"):
        run(everything(engine, "some-job", number))


@pytest.mark.parametrize("name", ["", "x" * 101, None, 3, {"a": 1}])
def test_a_bad_id_is_refused(engine: Engine, name: Any) -> None:
    with pytest.raises(Refused, match="text of 1 to 100 characters"):
        run(engine.summary(name))
    with pytest.raises(Refused, match="text of 1 to 100 characters"):
        run(engine.submit(name, {"kind": "count"}))


def test_two_web_processes_a_scheduler_and_two_workers(gates: Gates) -> None:
    """Separate processes: any web process follows any job; a web process may go; a scheduler that goes is told."""
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    parts = [Part("scheduler", "--port", str(port), "--state", "none")]
    assert parts[0].line == f"Scheduler at {address}\n"
    parts += [Part("worker", address, "--name", str(index)) for index in range(2)]
    first, second = (Engine(settings(scheduler=address)) for _ in range(2))

    async def both_workers() -> None:
        job = await first.submit("a", {"kind": "count", "steps": 100_000, "pause": 0.01})
        other = await first.submit("a", {"kind": "count", "steps": 200, "pause": 0.01})
        here, there = await asyncio.gather(until(first.follow(job), progress), until(second.follow(job), progress))
        assert rows(here)[0] == rows(there)[0]
        seen = await everything(second, other)
        check_whole_curve(seen, 200)
        assert rows(seen)[0]["pid"] != rows(here)[0]["pid"], "the two jobs ran at once, on two workers"
        assert len((await second.state())["workers"]) == 2
        with pytest.raises(Refused, match="only who started"):
            await second.stop(job, "b")
        await second.hand_over(job, "a", "b")
        with pytest.raises(Refused, match="only who started"):
            await first.stop(job, "a")
        await first.stop(job, "b")

    async def web_process_goes() -> None:
        job = await first.submit("a", {"kind": "count", "steps": 100, "gates": gates.at(20)})
        seen = await until(first.follow(job), reached(20))
        await asyncio.to_thread(first.close)
        gates.open(20)
        seen += await everything(second, job, seen[-1].number)
        check_whole_curve(seen, 100)

    async def scheduler_goes() -> None:
        job = await second.submit("a", {"kind": "count", "steps": 100_000, "pause": 0.01})
        feed = second.follow(job)
        await until(feed, progress)
        parts[0].end(signal.SIGKILL)
        lost = await until(feed, lambda entry: entry.kind == "connection")
        assert "does not answer. Trying again." in sentences(lost)
        assert (await second.state())["state"] == "unavailable"
        parts[0] = await asyncio.to_thread(Part, "scheduler", "--port", str(port), "--state", "none")
        with pytest.raises(UnknownJob, match="the engine was restarted"):
            await until(feed, lambda _: False)
        job = await second.submit("a", {"kind": "count", "steps": 20})
        check_whole_curve(await everything(second, job), 20)

    try:
        for work in (both_workers, web_process_goes, scheduler_goes):
            run(work())
    finally:
        for each in (first, second):
            each.close()
        for part in parts:
            part.end()


def test_a_job_that_cannot_be_stopped_kindly_ends_with_its_worker() -> None:
    own = Engine(settings(unresponsive_seconds=0.5))

    async def go() -> None:
        job = await own.submit("a", {"kind": "deaf"})
        feed = own.follow(job)
        await until(feed, progress)
        await own.stop(job, "a")
        assert "its worker process was ended" in sentences(await until(feed, lambda entry: entry.kind == "state"))
        job = await own.submit("a", {"kind": "count", "steps": 5})
        check_whole_curve(await everything(own, job), 5)

    try:
        run(go())
    finally:
        own.close()


def test_a_job_reads_what_another_job_is_and_has_kept(engine: Engine) -> None:
    async def scenario() -> tuple[dict[str, Any], bytes, str, str]:
        first = await engine.submit("a", {"kind": "count", "steps": 3})
        await everything(engine, first)
        second = await engine.submit("b", {"kind": "reader", "run": first, "name": "end"})
        await everything(engine, second)
        told, copy = json.loads(await engine.result(second, "told")), await engine.result(second, "copy")
        said = [
            sentences(await everything(engine, await engine.submit("b", {"kind": "reader", "run": run, "name": name})))
            for run, name in ((first, "nothing"), ("no such job", "end"))
        ]
        assert (await engine.summary(first, "a"))["owner"] and not (await engine.summary(first, "b"))["owner"]
        assert await engine.description(first) == told
        return told, copy, *said

    told, copy, nothing, unknown = run(scenario())
    assert told == {"kind": "count", "steps": 3, "pause": 0.0, "rate": 1.0} and json.loads(copy) == {"x": 3.0}
    assert "has kept nothing named 'nothing'" in nothing and "no such job" in unknown
