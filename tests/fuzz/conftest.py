"""One server for all fuzzing, with small limits on what a valid request may start, and the addresses that it has."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator

import pytest

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
    "POTHOLE_JOBS_PER_VISITOR": "1",
    "POTHOLE_QUEUE_LENGTH": "2",
    "POTHOLE_LONGEST_SECONDS": "5",
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


@pytest.fixture
def line(fuzzed: Server) -> Iterator[Line]:
    """A connection."""
    opened = Line(fuzzed.port)
    yield opened
    opened.close()


@pytest.fixture
def rng() -> random.Random:
    """The same cases in every run, unless FUZZ_SEED says otherwise."""
    return random.Random(int(os.environ.get("FUZZ_SEED", "0")))
