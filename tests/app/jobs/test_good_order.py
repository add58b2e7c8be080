"""What ends in good order: nothing is told as a loss, nothing counts as one, and no process ends with an abort."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import websockets
from distributed import Scheduler, Worker
from distributed.comm import CommClosedError

from app.jobs import Engine, EngineSettings
from app.jobs.hub import Entry
from app.jobs.worker_side import JobRunner
from tests.app.jobs.engine_jobs import KINDS
from tests.app.jobs.engine_parts import Gates, Part, children, until
from tests.server import ROOT, Server, free_port

pytestmark = pytest.mark.slow

WITHIN = 300.0
RUN = {"steps": 100_000, "data": "two-moons", "network": "mlp", "methods": ["SGDM"], "batch_size": 32}


def reached(position: int) -> Callable[[Entry], bool]:
    return lambda entry: entry.kind == "progress" and entry.data["rows"][-1]["position"] >= position


def sentences(entries: list[Entry]) -> str:
    return " ".join(entry.data.get("sentence", "") for entry in entries)


def check_whole(entries: list[Entry], steps: int) -> None:
    """Every step once and in order, as in an undisturbed run."""
    rows = [row for entry in entries if entry.kind == "progress" for row in entry.data["rows"]]
    assert [(row["position"], row["x"]) for row in rows] == [(t, float(t)) for t in range(1, steps + 1)]


def test_a_scheduler_that_is_ended_and_back_says_so_and_not_that_a_worker_was_lost(tmp_path: Path) -> None:
    """SIGTERM more often than a job may lose its worker, with a job that waits beside the one that runs."""
    gates = Gates(tmp_path)
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    scheduler_line = ("scheduler", "--port", str(port), "--state", str(tmp_path / "state"))
    parts = [Part(*scheduler_line, POTHOLE_RESTARTS="0"), Part("worker", address)]
    settings = EngineSettings(kinds=KINDS, checkpoint_seconds=0.01, scheduler=address, restarts=0)  # at every step
    engine = Engine(settings)

    async def go() -> None:
        runs = await engine.submit("a", {"kind": "count", "steps": 80, "pause": 0.02, "gates": gates.at(5, 30, 60)})
        waits = await engine.submit("b", {"kind": "count", "steps": 3})
        seen = await until(engine.follow(runs), reached(5))
        for waits_at, goes_to in ((5, 30), (30, 60)):
            await asyncio.to_thread(parts[0].end, signal.SIGTERM)
            parts[0] = await asyncio.to_thread(Part, *scheduler_line)
            gates.open(waits_at)
            seen += await until(engine.follow(runs, seen[-1].number), reached(goes_to))
        gates.open(60)
        seen += [entry async for entry in engine.follow(runs, seen[-1].number)]
        check_whole(seen, 80)
        assert sentences(seen).count("The engine was restarted after step") == 2
        assert "goes on from step" in sentences(seen)
        waited = [entry async for entry in engine.follow(waits)]
        check_whole(waited, 3)
        assert sentences(waited).count("The engine was restarted; the run has kept its place.") == 2
        for told in (sentences(seen), sentences(waited)):
            assert "killed or lost" not in told and "silent" not in told and "given up" not in told

    try:
        asyncio.run(asyncio.wait_for(go(), WITHIN))
    finally:
        engine.close()
        for part in parts:
            part.end()


def test_a_worker_that_is_ended_gives_its_job_back(tmp_path: Path) -> None:
    """The signal reaches all processes of the worker, as Ctrl+C in a terminal and a service manager send it."""
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    parts = [Part("scheduler", "--port", str(port), "--state", "none"), Part("worker", address)]
    engine = Engine(EngineSettings(kinds=KINDS, checkpoint_seconds=1000, scheduler=address, restarts=0))

    async def go(sign: signal.Signals) -> None:
        folder = tmp_path / sign.name
        folder.mkdir()
        gates = Gates(folder)
        job = await engine.submit("a", {"kind": "count", "steps": 40, "gates": gates.at(10)})
        seen = await until(engine.follow(job), reached(10))
        await asyncio.to_thread(parts[1].end, sign)
        gates.open(10)
        parts[1] = await asyncio.to_thread(Part, "worker", address)
        seen += [entry async for entry in engine.follow(job, seen[-1].number)]
        check_whole(seen, 40)
        assert "Its worker was shut down; it goes on with the next one." in sentences(seen)
        assert "killed or lost" not in sentences(seen)
        resumed = [entry.data for entry in seen if entry.kind == "state" and entry.data["state"] == "running"][-1]
        assert resumed["sentence"] != "Started.", "it has left a checkpoint, though none was due"

    try:
        for sign in (signal.SIGTERM, signal.SIGINT):
            asyncio.run(asyncio.wait_for(go(sign), WITHIN))
    finally:
        engine.close()
        for part in parts:
            part.end()


async def followed(url: str, job: str, enough: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """The stream's messages up to the first for which `enough` holds."""
    seen: list[dict[str, Any]] = []
    address = f"{url.replace('http', 'ws')}/network/follow?job={job}&from=0"
    async with websockets.connect(address, origin=url, max_size=None) as socket:
        async for text in socket:
            one = json.loads(text)
            if one["kind"] != "heartbeat":
                seen.append(one)
                if enough(one):
                    return seen
    raise AssertionError(f"the stream ended before: {seen[-3:]}")


def test_a_server_with_a_state_folder_goes_on_with_its_run(tmp_path: Path) -> None:
    """Ctrl+C, and then SIGTERM, to all of it while a run computes: the next server tells a restart and no loss."""
    server = Server(POTHOLE_STATE_DIR=str(tmp_path), POTHOLE_RESTARTS="0")
    try:
        with httpx.Client(base_url=server.url, timeout=300) as client:
            client.post("/network/open", json={"query": ""})
            job = client.post("/network/start", json={"state": RUN}).json()["run"]["job"]
        asyncio.run(asyncio.wait_for(followed(server.url, job, lambda one: one["kind"] == "progress"), WITHIN))
        for restarts, sign in enumerate((signal.SIGINT, signal.SIGTERM), start=1):
            server.stop(within=60, sign=sign)
            assert "terminate called" not in server.log() and server.tracebacks() == 0, server.log()
            server = Server(on_port=server.port, POTHOLE_STATE_DIR=str(tmp_path), POTHOLE_RESTARTS="0")
            notices: list[int] = []

            def runs_again(one: dict[str, Any], notices: list[int] = notices, restarts: int = restarts) -> bool:
                if one["kind"] == "notice" and one["data"].get("restarted"):
                    notices.append(one["number"])
                return len(notices) == restarts and one["kind"] == "progress"

            seen = asyncio.run(asyncio.wait_for(followed(server.url, job, runs_again), WITHIN))
            told = " ".join(one["data"].get("sentence", "") for one in seen)
            assert told.count("The engine was restarted after step") == restarts
            assert "killed or lost" not in told and "given up" not in told
    finally:
        server.stop()


SLOWLY = """
import sys, time
from multiprocessing import util

start = util.spawnv_passfds

def start_slowly(*arguments):
    process = start(*arguments)
    time.sleep(1)
    return process

util.spawnv_passfds = start_slowly
from app.processes import main
main(sys.argv[1:])
"""
"""A worker that learns of the process that it has started a second after all others do."""


@pytest.mark.parametrize(
    ("program", "again"),
    [(("-m", "app.processes"), False), (("-m", "app.processes"), True), (("-c", SLOWLY), False)],
    ids=["for the first time", "once more", "slowly"],
)
def test_a_worker_that_is_ended_while_it_starts_waits_for_nobody(program: tuple[str, str], again: bool) -> None:
    """Its own process once outlived the one that watches over it, which then waited for it without end."""
    port = free_port()
    scheduler = Part("scheduler", "--port", str(port), "--state", "none")
    line = [sys.executable, *program, "worker", f"tcp://127.0.0.1:{port}"]
    worker = subprocess.Popen(line, cwd=ROOT, start_new_session=True, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    try:
        before = []
        if again:
            assert worker.stdout.readline().startswith("Worker of")
            before = children(worker.pid)
            before[0].kill()
        while not (own := [child for child in children(worker.pid) if child not in before]):
            time.sleep(0.01)
        own[0].suspend()  # it never comes to stand, and hears no signal but the one that none can ignore
        worker.terminate()
        assert worker.wait(WITHIN) == 0
        assert psutil.wait_procs(own, WITHIN)[1] == []
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        worker.stdout.close()
        scheduler.end()


def test_an_engine_that_is_closed_while_its_job_computes_ends_quietly() -> None:
    """A thread inside torch at the interpreter's end once ended the worker with "terminate called"."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.app.jobs.close_while_running"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=WITHIN,
    )
    assert done.stdout == "closed\n" and done.stderr == ""


def test_a_scheduler_that_does_not_answer_leaves_nothing_behind() -> None:
    """A client that was given up while it connected complained at its end, in the middle of something else."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        engine = Engine(EngineSettings(scheduler=f"tcp://127.0.0.1:{silent.getsockname()[1]}"))

        async def give_up() -> None:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(engine.summary("some-job"), 0.5)

        asyncio.run(give_up())
        engine.close()
    gc.collect()


@pytest.mark.parametrize("when", [0.0, 0.3, 1.0])
def test_an_engine_that_is_closed_while_it_starts_leaves_nothing_behind(when: float) -> None:
    """Whoever still asks does not start it anew. A cluster that is not closed warns, which is an error here."""

    async def scenario() -> None:
        engine = Engine(EngineSettings(kinds=KINDS))
        preparing = asyncio.create_task(engine.prepare())
        await asyncio.sleep(when)
        await asyncio.to_thread(engine.close)
        with contextlib.suppress(RuntimeError, asyncio.CancelledError):
            await preparing

    asyncio.run(scenario())
    gc.collect()
    assert not [child for child in multiprocessing.active_children() if "Dask" in child.name]


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_hears_nothing_of_its_group_from_its_first_moment(sign: signal.Signals) -> None:
    """One that died of it while the cluster was started was told as a fault, by both sides."""
    engine = Engine(EngineSettings(kinds=KINDS))
    others = children(os.getpid())  # of tests before this one

    async def scenario() -> list[psutil.Process]:
        preparing = asyncio.create_task(engine.prepare())
        while not (own := [child for child in children(os.getpid()) if child not in others]):
            await asyncio.sleep(0.001)
        own[0].send_signal(sign)
        await asyncio.wait_for(preparing, WITHIN)
        return own

    try:
        (worker,) = asyncio.run(scenario())
        assert worker.is_running()
    finally:
        engine.close()
    assert not worker.is_running()


@pytest.mark.parametrize("scheduler", ["tcp://127.0.0.1:1", ""], ids=["elsewhere", "the server's own"])
def test_a_worker_tells_a_lost_connection_in_a_line_and_a_fault_whole(
    scheduler: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A heartbeat that was under way when both ended printed dask's whole traceback. A server's own worker tells
    nothing of it: its scheduler is lost where the server ends."""
    monkeypatch.setattr(logging.getLogger("distributed.worker"), "filters", [])

    async def scenario() -> None:
        here = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
        async with Scheduler(port=0, **here) as there, Worker(there.address, nthreads=1, **here) as worker:
            await worker.plugin_add(JobRunner(EngineSettings(kinds=KINDS, scheduler=scheduler)))

            async def lose(**_: Any) -> None:
                raise CommClosedError("in a stream: closed")

            worker.scheduler.heartbeat_worker = lose
            await worker.heartbeat()

    asyncio.run(scenario())
    lost = [record for record in caplog.records if "during heartbeat" in record.getMessage()]
    assert [(record.levelname, record.exc_info) for record in lost] == ([("ERROR", None)] if scheduler else [])
    try:
        raise ValueError("a fault")
    except ValueError:
        logging.getLogger("distributed.worker").exception("a fault")
    assert caplog.records[-1].exc_info is not None


def test_a_server_that_is_interrupted_while_its_engine_starts_ends_quietly() -> None:
    """Ctrl+C reaches the whole group, the worker's process in the middle of its imports among it."""
    server = Server()
    try:
        with httpx.Client(base_url=server.url, timeout=WITHIN) as client:
            client.post("/network/open", json={"query": ""})
        # Past Python's own start: all of the worker's takes half a second of a processor.
        while not (own := children(server.process.pid)) or own[0].cpu_times().user < 0.1:
            time.sleep(0.01)
        server.stop(within=WITHIN, sign=signal.SIGINT)
        assert server.exit_code == 0 and server.tracebacks() == 0, server.log()
        assert not any(each.is_running() for each in own)
    finally:
        server.stop()
