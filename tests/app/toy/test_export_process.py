"""Files are made in a process beside the server: byte for byte those of the thread, and none is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.instruments.export import files as instrument_files
from app.network.export.files import _run_file
from app.network.export.record import Record
from app.network.export.request import read_network_export
from app.toy.export.controls import read_export
from app.toy.export.files import MAKERS, make_file
from app.web.exports import IN_THE_THREAD, Exports
from app.web.process_worker import ProcessWorker
from app.web.settings import WebSettings
from tests.app.web.test_batch_processes import gone
from tests.server import Server

pytestmark = pytest.mark.slow

QUICK = {"preset": "figure-2", "steps": 60, "step": 30, "frames": 10, "gif_width": 240, "width": 320}
SLOW = {"preset": "figure-2", "format": "gif", "picture": "all", "frames": 60, "gif_width": 480}
WITHIN = 300.0
RECORD = Record(
    "j",
    {"network": "mlp", "data": "two-moons", "seed": 0, "methods": ["SGDM", "LLQR+SAM"], "steps": 40},
    "finished",
    [
        {"position": k, "methods": {m: {"evaluations": k, "train_loss": 1 / (k + 1)} for m in ("SGDM", "LLQR+SAM")}}
        for k in range(40)
    ],
)


@pytest.fixture(scope="module")
def worker() -> Iterator[ProcessWorker]:
    made = ProcessWorker("test", WITHIN, "Too long.", "It died.")
    yield made
    made.close()


@pytest.mark.parametrize("kind", MAKERS)
def test_the_process_makes_the_very_file_that_the_thread_makes(worker: ProcessWorker, kind: str) -> None:
    wish = read_export({**QUICK, "radius": 99, "format": kind})
    beside = worker.call(make_file, wish)
    assert beside == make_file(wish)
    assert beside.notices and len(beside.content) > 500


@pytest.mark.parametrize("kind", [key for key, _ in instrument_files.FORMAT.options])
def test_and_so_it_is_with_an_instrument(worker: ProcessWorker, kind: str) -> None:
    wish = instrument_files.read_export({"instrument": "fairness", "steps": 40, "runs": "1", "format": kind})
    assert worker.call(instrument_files.make_file, wish) == instrument_files.make_file(wish)


@pytest.mark.parametrize("kind", ["csv", "npz", "png", "svg"])
def test_and_with_a_training_run(worker: ProcessWorker, kind: str) -> None:
    wish = read_network_export({"job": "j", "what": "curves", "format": kind, "width": 320})
    assert worker.call(_run_file, RECORD, wish, None) == _run_file(RECORD, wish, None)


async def nobody_leaves() -> bool:
    return False


def test_the_setting_that_forbids_processes_is_obeyed() -> None:
    async def pid(settings: WebSettings) -> int:
        exports = Exports(settings)
        try:
            return await exports.run(("a", ""), nobody_leaves, os.getpid)
        finally:
            exports.close()

    assert asyncio.run(pid(WebSettings(side_processes=0))) == os.getpid()
    assert asyncio.run(pid(WebSettings(side_processes=1))) != os.getpid()


def post(server: Server, wish: dict[str, Any], path: str = "/export/toy") -> bytes:
    request = urllib.request.Request(f"{server.url}{path}", json.dumps(wish).encode())
    with urllib.request.urlopen(request, timeout=WITHIN) as answer:
        return answer.read()


def metrics(server: Server) -> dict[tuple[str, str], float]:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=WITHIN) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {(s.name, s.labels.get("work", "")): s.value for family in families for s in family.samples}


def children(server: Server) -> set[int]:
    return {child.pid for child in psutil.Process(server.process.pid).children(recursive=True)}


def maker_of(server: Server) -> int:
    """The process that makes files, once it is in the middle of one: it has loaded what draws."""
    end = time.monotonic() + WITHIN
    while True:
        assert time.monotonic() < end, "no process makes this file"
        for pid in children(server):
            try:
                process = psutil.Process(pid)
                if "spawn_main" in " ".join(process.cmdline()) and "matplotlib" in maps_of(process):
                    return pid
            except psutil.Error:
                continue
        time.sleep(0.05)


def maps_of(process: psutil.Process) -> str:
    """The libraries that it has loaded."""
    return " ".join(part.path for part in process.memory_maps())


def until_gone(pids: set[int]) -> None:
    end = time.monotonic() + WITHIN
    while not all(map(gone, pids)):
        assert time.monotonic() < end, "a process is left behind"
        time.sleep(0.05)


@pytest.fixture
def own_server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


def in_flight(server: Server, thread: ThreadPoolExecutor) -> tuple[Future[bytes], int]:
    """(a long export under way, the process that makes it)."""
    answer = thread.submit(post, server, SLOW)
    pid = maker_of(server)
    assert not answer.done()
    return answer, pid


def test_a_file_comes_though_its_process_is_killed_and_a_server_that_ends_leaves_none(own_server: Server) -> None:
    before = metrics(own_server)
    assert before["pothole_side_processes", "export"] == 0, "nobody has exported anything"
    assert post(own_server, {**QUICK, "format": "py"}) and not children(own_server), "a script is a few lines of text"
    with ThreadPoolExecutor(1) as thread:
        answer, pid = in_flight(own_server, thread)
        during = metrics(own_server)
        assert (
            during["pothole_side_processes", "export"] == 1
            and during["pothole_side_process_deaths_total", "export"] == 0
        )
        os.kill(pid, signal.SIGKILL)
        content = answer.result(WITHIN)
    assert content == make_file(read_export(SLOW)).content
    after = metrics(own_server)
    assert after["pothole_side_processes", "export"] == 1 and after["pothole_side_process_deaths_total", "export"] == 1
    with pytest.raises(urllib.error.HTTPError) as refused:
        post(own_server, {**SLOW, "format": "nothing"})
    refused.value.close()
    assert refused.value.code == 422
    left = children(own_server)
    assert left and pid not in left
    own_server.process.send_signal(signal.SIGTERM)
    own_server.process.wait(WITHIN)
    until_gone(left)
    assert not own_server.tracebacks(), own_server.log()


def test_a_server_that_is_killed_takes_the_process_with_it(own_server: Server) -> None:
    with ThreadPoolExecutor(1) as thread:
        answer, _ = in_flight(own_server, thread)
        left = children(own_server)
        own_server.process.kill()
        until_gone(left)
        assert isinstance(answer.exception(WITHIN), OSError)


def test_what_runs_in_the_thread_is_a_format() -> None:
    assert set(IN_THE_THREAD) < set(MAKERS)
