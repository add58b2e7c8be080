"""One server for all fuzzing, with small limits on what a valid request may start, and the addresses that it has."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fuzz import wishes
from tests.fuzz.jobs import Asking, followed
from tests.fuzz.wire import Line, request, resident
from tests.server import Server

GROWTH = 400_000_000
"""Bytes that the server may have grown by after everything: caches, compiled code, the engine; nothing endless."""
LIMITS = {
    "POTHOLE_REQUESTS_PER_SECOND": "100000",
    "POTHOLE_REQUEST_BURST": "100000",
    "POTHOLE_CACHE_BYTES": "20000000",
    "POTHOLE_HEAD_SECONDS": "2",
    "POTHOLE_BODY_SECONDS": "2",
    "POTHOLE_SOCKETS_PER_CLIENT": "20",
    "POTHOLE_LOG_LEVEL": "warning",
    "POTHOLE_JOBS_PER_VISITOR": "6",  # a whole wish for each address asks for as many at once
    "POTHOLE_QUEUE_LENGTH": "4",
    "POTHOLE_EXPORT_PIXELS": "2000000",
    "POTHOLE_LONGEST_SECONDS": "90",
}


@pytest.fixture(scope="session")
def fuzzed(start_server: Callable[..., Server]) -> Iterator[Server]:
    """The server. At the end it must live, have printed no traceback, answer, and hold no more memory than allowed."""
    server = start_server(**LIMITS)
    line = Line(server.port)
    for preset in ("figure-2", "figure-3", "stiff-valley"):
        assert line.ask(request("POST", "/toy/compute", f'{{"preset": "{preset}"}}'.encode())).status == 200
    before = resident(server.process.pid)
    yield server
    assert server.exit_code is None, server.log()
    assert line.ask(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 200
    line.close()
    grown = resident(server.process.pid) - before
    server.stop()
    assert not server.tracebacks(), server.log()[-6000:]
    assert grown < GROWTH, f"the server grew by {grown / 1e6:.0f} MB"


@pytest.fixture(scope="session")
def finished_run(fuzzed: Server) -> str:
    """A training that has been run to its end and looked at in every way, so that there is something to ask about."""
    line = Line(fuzzed.port)

    def post(path: str, wish: dict[str, Any]) -> dict[str, Any]:
        answer = line.ask(request("POST", path, json.dumps(wish).encode()))
        assert answer.status == 200, f"{path}: {answer.status} {answer.body[:500]!r}"
        return json.loads(answer.body)

    post("/network/open", {"query": ""})
    run = post("/network/start", {"state": wishes.read_network_state(wishes.RUN).state})["run"]["job"]
    assert followed(fuzzed.port, run) == "finished"
    wishes.JOBS[:] = [run]
    for kind in wishes.SMALL:
        job = post("/network/explore", {**wishes.explored(random.Random(0), run, kind), "replaces": ""})["job"]
        assert followed(fuzzed.port, job) == "finished"
        wishes.EXPLORED[kind] = job
    line.close()
    return run


@pytest.fixture
def line(fuzzed: Server) -> Iterator[Asking]:
    """A connection. What it has asked to be compared is stopped: where the number of steps was spoilt it trains for
    minutes, and no test looks at it."""
    opened = Asking(fuzzed.port)
    yield opened
    opened.stop_compared()
    opened.close()


@pytest.fixture
def rng() -> random.Random:
    """The same cases in every run, unless FUZZ_SEED says otherwise."""
    return random.Random(int(os.environ.get("FUZZ_SEED", "0")))
