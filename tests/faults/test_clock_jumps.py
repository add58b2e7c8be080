"""The wall clock jumps under a running server: libfaketime, preloaded into its processes, reads from a file how far.

A laptop that wakes up, a clock that is set right: the steady clocks go on, and nothing but dates may change.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.load.followers import follow, start_training, stop_training
from tests.server import Server

pytestmark = pytest.mark.skipif(
    not os.environ.get("FAULTS"), reason="`make faults` runs it, test_job_store.py feigns jumps"
)

DAY = 86_400.0
JUMPS = (3 * DAY, -2 * DAY, 400 * DAY, 0.0)
WITHIN = 330.0
"""Seconds that the run may take to begin and be seen through all jumps, beside whatever else the machine does."""


class WallClock:
    """The wall clock of the processes that are started with `environment`."""

    def __init__(self, library: Path, file: Path) -> None:
        self._file = file
        self.jump_to(0)
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def jump_to(self, seconds: float) -> None:
        """So far from the true time, from the next look at it on."""
        beside = self._file.with_suffix(".next")
        beside.write_text(f"{seconds:+.0f}\n", encoding="ascii")
        beside.replace(self._file)


@pytest.fixture
def clock(tmp_path: Path) -> WallClock:
    package = find_spec("libfaketime")
    folder = Path(package.origin).parent if package and package.origin else Path("nowhere")
    library = folder / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
    if not library.exists():
        pytest.skip("no libfaketime is here, and `make faults` could not install it")
    return WallClock(library, tmp_path / "faketime")


@pytest.fixture
def server(clock: WallClock, tmp_path: Path) -> Iterator[Server]:
    started = Server(**{**clock.environment, "POTHOLE_STATE_DIR": str(tmp_path / "state")})
    yield started
    started.stop()


async def run_through_jumps(server: Server, clock: WallClock) -> list[dict[str, Any]]:
    """The entries of a training run under whose server the clock jumps as soon as the last jump is seen in an entry."""
    job = await start_training(server.port)
    jumps, here, entries = list(JUMPS), 0.0, []
    try:
        async with follow(server.port, job, 0) as socket, asyncio.timeout(WITHIN):
            async for text in socket:
                entry = json.loads(text)
                entries.append(entry)
                if entry["kind"] == "progress" and abs(entry["time"] - time.time() - here) < DAY / 2:
                    if not jumps:
                        return entries
                    here = jumps.pop(0)
                    clock.jump_to(here)
    finally:
        await stop_training(server.port, job)
    raise AssertionError(f"the stream ended: {entries[-1]}")


def test_a_run_its_followers_and_its_queue_do_not_notice(server: Server, clock: WallClock) -> None:
    entries = asyncio.run(run_through_jumps(server, clock))
    numbers = [entry["number"] for entry in entries if "number" in entry]
    assert numbers == list(range(1, len(numbers) + 1))
    positions = [row["position"] for entry in entries if entry["kind"] == "progress" for row in entry["data"]["rows"]]
    assert positions == sorted(set(positions)), "no step is told twice: no worker was taken for lost"
    sentences = [entry["data"]["sentence"] for entry in entries if entry["kind"] == "notice"]
    assert len(sentences) == 1 and sentences[0].startswith("Trains on the CPU"), sentences
    assert server.tracebacks() == 0, server.log()
