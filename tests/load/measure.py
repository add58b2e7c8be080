"""A lecture hall at the lab, measured. Run by `make load`; writes tests/load/results/load.md.

Starts the servers itself, on free ports: a hundred browsers drag sliders (requests in batches, and one by one, in the
same run), a hundred follow a training run, a hundred open the page. The client is one process on the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.benchmarks.report import Report, draw_table
from tests.benchmarks.running import serving
from tests.load.browsers import GRACE, Told, crowd, preset_states
from tests.load.followers import follow_run
from tests.load.opening import everybody
from tests.server import Server

RESULT = Path(__file__).resolve().parent / "results" / "load.md"


@dataclass(frozen=True)
class Size:
    """Browsers, requests a second of each, seconds of a drag and before it, of following."""

    browsers: int
    rate: float
    seconds: float
    warm_up: float
    following: float


FULL, SMALLEST = Size(100, 5.0, 60.0, 2.0, 20.0), Size(2, 5.0, 0.4, 0.2, 0.5)
SLIDERS_HEAD = (
    *("server", "requests", "late", "errors", "p50 ms", "p95 ms", "p99 ms", "clients' medians ms (slowest/fastest)"),
    *("server, of one core", "each, ms", "client, of one core"),
)
OPENING_HEAD = (
    *("", "browsers", "errors", "MB each", "p50 s", "p95 s", "slowest s"),
    *("server, of one core", "client, of one core"),
)
FOLLOWING_HEAD = (
    *("followers", "errors", "updates a second", "gaps", "lag p50 ms", "p95", "p99"),
    *("server, of one core", "client, of one core"),
)
SLIDERS_TOLD = f"""\
Each browser drags a slider of its own presets (600 or 1500 steps of four methods) from a start of its own, so that no
two ask for the same. A latency counts from the moment at which the request was meant to be sent; what has no answer
{GRACE:g} s after the end is late and counts with what it had waited by then. "Each" is the server's processor time for
one answer."""
OPENING_TOLD = """\
Each browser, with an empty cache and six connections, asks for the page, all files that it names (compressed), the
layout, and the first picture with its surface; seconds until all of it is there."""
FOLLOWING_TOLD = """\
Websockets of the network page on a real training run (digits, all four methods) in the embedded worker, which uses the
same machine. The lag is from an entry's making in the scheduler to its arrival; a gap is a number that was left out."""


@dataclass
class Used:
    """Processor seconds of a server and of this client over some wall seconds."""

    server: float = 0.0
    client: float = 0.0
    wall: float = field(default=1e-9)

    @property
    def shares(self) -> tuple[str, str]:
        """Of one core: the server, the client."""
        return f"{self.server / self.wall:.0%}", f"{self.client / self.wall:.0%}"


@contextlib.contextmanager
def metering(server: Server) -> Iterator[Used]:
    """What is used until the end of the block."""
    used, before, own, start = Used(), cpu_of(server.process.pid), time.process_time(), time.monotonic()
    yield used
    used.wall = time.monotonic() - start
    used.server, used.client = cpu_of(server.process.pid) - before, time.process_time() - own


def cpu_of(session: int) -> float:
    """Seconds of processor time that a server has used, with the processes that it has started and that still run."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parts = path.read_text().rpartition(")")[2].split()
            if int(parts[3]) == session:
                ticks += int(parts[11]) + int(parts[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def precedence(pid: int) -> None:
    """Let a process (and its session) go before others on this machine: on a shared one nothing else could be measured.
    Needs Linux' scheduling by sessions and the right; without them nothing happens."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text("-10", encoding="ascii")


def measure_sliders(given: Server | None, what: str, size: Size, first: bool, **environment: str) -> tuple[str, ...]:
    """The row of a server of its own under a crowd that drags sliders."""
    with serving(given, **environment) as server:
        if first:
            precedence(server.process.pid)
        states = asyncio.run(preset_states(server.port))
        asyncio.run(crowd(server.port, size.browsers, size.warm_up, size.rate / 2, states))
        with metering(server) as used:
            told = asyncio.run(crowd(server.port, size.browsers, size.seconds, size.rate, states))
    return describe_sliders(what, told, used)


def describe_sliders(what: str, told: list[Told], used: Used) -> tuple[str, ...]:
    """The numbers of all browsers together."""
    latencies = np.concatenate([browser.latencies for browser in told]) * 1e3
    medians = [float(np.median(browser.latencies)) * 1e3 for browser in told]
    wrong, late = sum(len(browser.wrong) for browser in told), sum(browser.late for browser in told)
    percentiles = (f"{value:.0f}" for value in np.percentile(latencies, [50, 95, 99]))
    spread = f"{min(medians):.0f} … {max(medians):.0f} ({max(medians) / min(medians):.1f}×)"
    each = 1e3 * used.server / max(1, len(latencies) - late)
    server, client = used.shares
    return what, f"{len(latencies)}", f"{late}", f"{wrong}", *percentiles, spread, server, f"{each:.2f}", client


def measure_opening(given: Server | None, size: Size, first: bool) -> list[tuple[str, ...]]:
    """Rows of the page's opening: first by everybody at once on a fresh server, then again."""
    rows = []
    with serving(given) as server:
        if first:
            precedence(server.process.pid)
        for what in ("the first time", "again"):
            with metering(server) as used:
                told = asyncio.run(everybody(server.port, size.browsers))
            seconds = np.array([browser.seconds for browser in told])
            wrong = sum(len(browser.wrong) for browser in told)
            times = (f"{value:.2f}" for value in (*np.percentile(seconds, [50, 95]), seconds.max()))
            mb = f"{told[0].size / 1e6:.1f}"
            rows.append((what, f"{size.browsers}", f"{wrong}", mb, *times, *used.shares))
    return rows


def measure_following(given: Server | None, size: Size, first: bool) -> tuple[str, ...]:
    """The row of the followers of one training run."""
    with serving(given) as server:
        if first:
            precedence(server.process.pid)
        with metering(server) as used:
            told = asyncio.run(follow_run(server.port, size.browsers, size.following))
    lags = np.concatenate([browser.lags for browser in told]) * 1e3
    rates = [len(browser.numbers) / size.following for browser in told]
    gaps = sum(b - a > 1 for browser in told for a, b in itertools.pairwise(browser.numbers))
    wrong = sum(bool(browser.wrong) for browser in told)
    percentiles = (f"{value:.0f}" for value in np.percentile(lags, [50, 95, 99]))
    updates = f"{min(rates):.1f} … {max(rates):.1f}"
    return f"{size.browsers}", f"{wrong}", updates, f"{gaps}", *percentiles, *used.shares


def main(arguments: Sequence[str] | None = None, server: Server | None = None) -> None:
    """Measure and write the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", action="store_true", help="go before others on a shared machine")
    report = Report(
        __doc__, arguments, parser, packages=("numpy", "numba", "uvicorn", "websockets"), command="make load"
    )
    size, first = SMALLEST if report.smallest else FULL, report.options.first
    if first:
        precedence(os.getpid())
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, most), most))
    sliders = [
        measure_sliders(server, what, size, first, POTHOLE_BATCH=batch)
        for what, batch in (("batches", "64"), ("one by one", "1"))
    ]
    opening = measure_opening(server, size, first)
    followed = measure_following(server, size, first)
    lines = [
        *(["Server and client had precedence over what else ran.", ""] if first else []),
        f"## Sliders: {size.browsers} browsers × {size.rate:g} requests a second for {size.seconds:g} s",
        "",
        SLIDERS_TOLD,
        "",
        *draw_table(SLIDERS_HEAD, sliders),
        "",
        "## Opening the toy lab, everybody in the same moment",
        "",
        OPENING_TOLD,
        "",
        *draw_table(OPENING_HEAD, opening),
        "",
        "## Following one training run",
        "",
        FOLLOWING_TOLD,
        "",
        *draw_table(FOLLOWING_HEAD, [followed]),
    ]
    report.write(RESULT, "A lecture hall at once", lines)


if __name__ == "__main__":
    main()
