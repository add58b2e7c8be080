"""The server that the browser tests start: a start that fails says why, at once, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.server import Server

pytestmark = pytest.mark.slow


def test_failed_start_tells_the_program_s_own_words() -> None:
    with pytest.raises(RuntimeError, match="--no-such-option"):
        Server("--no-such-option")


def crowd(server: Server) -> None:
    """So many at once that processes beside the server are started for them."""

    async def go() -> None:
        async with httpx.AsyncClient(base_url=server.url, timeout=300) as client:

            async def ask(number: int) -> int:
                cookies = {"Cookie": f"pothole_visitor={number:022d}"}
                return (await client.post("/toy/compute", json={"steps": 300 + number}, headers=cookies)).status_code

            assert set(await asyncio.gather(*map(ask, range(60)))) == {200}

    asyncio.run(go())


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_end_leaves_nothing_behind(
    start_server: Callable[..., Server], tmp_path: Path, sign: signal.Signals
) -> None:
    """No folder of matplotlib's, whose process is killed; no semaphores, of which Python's tracker would tell."""
    server = start_server(TMPDIR=str(tmp_path), HOME="/dev/null", MPLCONFIGDIR="")
    crowd(server)
    assert httpx.post(f"{server.url}/export/toy", json={"format": "png"}, timeout=300).status_code == 200
    assert list(tmp_path.glob("*/matplotlib-*"))
    beside = psutil.Process(server.process.pid).children(recursive=True)
    assert beside
    server.process.send_signal(sign)
    assert server.process.wait(300) == 0
    psutil.wait_procs(beside, 300)
    assert not any(process.is_running() for process in beside)
    assert not list(tmp_path.iterdir())
    assert not server.tracebacks() and "leaked" not in server.log(), server.log()


def test_a_server_that_is_killed_has_its_folders_removed_by_its_processes(
    start_server: Callable[..., Server], tmp_path: Path
) -> None:
    server = start_server(TMPDIR=str(tmp_path))
    assert httpx.post(f"{server.url}/export/toy", json={"format": "png"}, timeout=300).status_code == 200
    assert list(tmp_path.iterdir())
    beside = psutil.Process(server.process.pid).children(recursive=True)
    server.process.kill()
    server.process.wait(300)
    psutil.wait_procs(beside, 300)
    assert not list(tmp_path.iterdir())


def test_refused_websockets_are_no_errors_and_an_ended_server_leaves_no_log() -> None:
    server = Server(POTHOLE_PASSWORD="swordfish", POTHOLE_LOG_LEVEL="info")
    assert server.exit_code is None
    assert f":{server.port}/" in server.log()
    try:
        refuse_websockets(server)
    finally:
        server.stop()
        server.stop()
    assert server.exit_code is not None
    lines = [line for line in server.log().splitlines() if "event=websocket" in line]
    assert [line.partition("status=")[2].split()[0] for line in lines] == ["401", "403", "403", "403"]
    assert "level=error" not in server.log() and not server.tracebacks(), server.log()
    log = server._log
    del server
    gc.collect()
    assert not log.exists()


def refuse_websockets(server: Server) -> None:
    about = {"Authorization": "Basic YTpzd29yZGZpc2g="}

    async def refused(path: str, **headers: str) -> int:
        address = f"ws://127.0.0.1:{server.port}{path}"
        with pytest.raises(InvalidStatus) as found:
            async with connect(address, proxy=None, additional_headers=headers, open_timeout=60):
                pass
        return found.value.response.status_code

    assert asyncio.run(refused("/network/follow")) == 401
    assert asyncio.run(refused("/network/follow", **about, Origin="https://evil.example")) == 403
    assert asyncio.run(refused("/network/follow", **about)) == 403
    assert asyncio.run(refused("/no/such/socket", **about)) == 403
