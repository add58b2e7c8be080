"""`python -m tests.load.measure`: a lecture hall at the lab, measured; writes tests/load/results/load.md.

Starts the servers itself, on free ports: a hundred browsers drag sliders (requests in batches, and one by one, in the
same run), a hundred follow a training run, a hundred open the page. The client is one process on the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import platform
import resource
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.load.browsers import GRACE, Told, crowd, preset_states
from tests.load.followers import following
from tests.load.opening import everybody
from tests.server import Server

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass
class Measured:
    """One crowd's numbers: milliseconds, shares of one core."""

    what: str
    asked: int
    late: int
    wrong: int
    p50: float
    p95: float
    p99: float
    slowest: float
    fastest: float
    server_cpu: float
    each: float
    client_cpu: float

    @property
    def row(self) -> str:
        spread = self.slowest / self.fastest
        return (
            f"| {self.what} | {self.asked} | {self.late} | {self.wrong} | {self.p50:.0f} | {self.p95:.0f} | "
            f"{self.p99:.0f} | {self.fastest:.0f} … {self.slowest:.0f} ({spread:.1f}×) | {self.server_cpu:.0%} | "
            f"{self.each:.2f} | {self.client_cpu:.0%} |"
        )


SLIDERS_TOLD = f"""\
Each browser drags a slider of its own presets (600 or 1500 steps of four methods) from a start of its own, so that no
two ask for the same. A latency counts from the moment at which the request was meant to be sent; what has no answer
{GRACE:g} s after the end is late and counts with what it had waited by then. "Each" is the server's processor time for
one answer."""
OPENING_TOLD = """\
Each browser, with an empty cache and six connections, asks for the page, all files that it names (compressed), the
layout, and the first picture with its surface; seconds until all of it is there."""
OPENING_HEAD = """\
| | browsers | errors | MB each | p50 s | p95 s | slowest s | server, of one core | client, of one core |
|---|---|---|---|---|---|---|---|---|"""
FOLLOWING_TOLD = """\
Websockets of the network page on a real training run (digits, all four methods) in the embedded worker, which uses the
same machine. The lag is from an entry's making in the scheduler to its arrival; a gap is a number that was left out."""
FOLLOWING_HEAD = """\
| followers | errors | updates a second | gaps | lag p50 ms | p95 | p99 | server, of one core | client, of one core |
|---|---|---|---|---|---|---|---|---|"""
HEAD = (
    "| server | requests | late | errors | p50 ms | p95 ms | p99 ms | clients' medians ms (slowest/fastest) | "
    "server, of one core | each, ms | client, of one core |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def cpu_of(session: int) -> float:
    """Seconds of processor time that a server has used, with the processes that it has started and that still run."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parts = path.read_text().rpartition(")")[2].split()
            if int(parts[3]) == session:
                ticks += int(parts[11]) + int(parts[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def summarised(what: str, told: list[Told], wall: float, server: float, client: float) -> Measured:
    """The numbers of all browsers together."""
    latencies = np.concatenate([browser.latencies for browser in told]) * 1e3
    medians = [float(np.median(browser.latencies)) * 1e3 for browser in told]
    wrong = sum(len(browser.wrong) for browser in told)
    p50, p95, p99 = np.percentile(latencies, [50, 95, 99])
    late = sum(browser.late for browser in told)
    each = 1e3 * server / max(1, len(latencies) - late)
    return Measured(
        what, len(latencies), late, wrong, p50, p95, p99, max(medians), min(medians), server / wall, each, client / wall
    )


def precedence(pid: int) -> None:
    """Let a process (and its session) go before others on this machine: on a shared one nothing else could be measured.
    Needs Linux' scheduling by sessions and the right; without them nothing happens."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text("-10", encoding="ascii")


def measure(what: str, browsers: int, seconds: float, rate: float, first: bool, **environment: str) -> Measured:
    """A server of its own under a crowd."""
    server = Server(**environment)
    try:
        if first:
            precedence(server.process.pid)
        states = asyncio.run(preset_states(server.port))
        asyncio.run(crowd(server.port, browsers, 2.0, rate / 2, states))  # warmed up
        before, own, start = cpu_of(server.process.pid), time.process_time(), time.monotonic()
        told = asyncio.run(crowd(server.port, browsers, seconds, rate, states))
        wall = time.monotonic() - start
        used, mine = cpu_of(server.process.pid) - before, time.process_time() - own
    finally:
        server.stop()
    assert not server.tracebacks(), server.log()
    return summarised(what, told, wall, used, mine)


def opened(browsers: int, first: bool) -> list[str]:
    """Rows of the page's opening: first by everybody at once on a fresh server, then again."""
    server, rows = Server(), []
    if first:
        precedence(server.process.pid)
    try:
        for what in ("the first time", "again"):
            before, own, start = cpu_of(server.process.pid), time.process_time(), time.monotonic()
            told = asyncio.run(everybody(server.port, browsers))
            wall = time.monotonic() - start
            used, mine = cpu_of(server.process.pid) - before, time.process_time() - own
            seconds = np.array([browser.seconds for browser in told])
            wrong = sum(len(browser.wrong) for browser in told)
            p50, p95 = np.percentile(seconds, [50, 95])
            size = told[0].size / 1e6
            rows.append(
                f"| {what} | {browsers} | {wrong} | {size:.1f} | {p50:.2f} | {p95:.2f} | {seconds.max():.2f} | "
                f"{used / wall:.0%} | {mine / wall:.0%} |"
            )
    finally:
        server.stop()
    assert not server.tracebacks(), server.log()
    return rows


def followed(followers: int, seconds: float, first: bool) -> str:
    """The row of the followers of one training run."""
    server = Server()
    if first:
        precedence(server.process.pid)
    try:
        before, own, start = cpu_of(server.process.pid), time.process_time(), time.monotonic()
        told = asyncio.run(following(server.port, followers, seconds))
        wall = time.monotonic() - start
        used, mine = cpu_of(server.process.pid) - before, time.process_time() - own
    finally:
        server.stop()
    assert not server.tracebacks(), server.log()
    lags = np.concatenate([browser.lags for browser in told]) * 1e3
    rates = [len(browser.numbers) / seconds for browser in told]
    gaps = sum(b - a > 1 for browser in told for a, b in itertools.pairwise(browser.numbers))
    wrong = sum(bool(browser.wrong) for browser in told)
    p50, p95, p99 = np.percentile(lags, [50, 95, 99])
    return (
        f"| {followers} | {wrong} | {min(rates):.1f} … {max(rates):.1f} | {gaps} | {p50:.0f} | {p95:.0f} | {p99:.0f} | "
        f"{used / wall:.0%} | {mine / wall:.0%} |"
    )


def machine(first: bool) -> str:
    """What it ran on, and how busy that was with other things."""
    load = os.getloadavg()
    cores = len(os.sched_getaffinity(0))
    before_others = ", server and client with precedence over what else ran" if first else ""
    return f"{cores} cores, Python {platform.python_version()}; load average before: {load[0]:.1f}{before_others}."


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.load.measure", description=__doc__)
    parser.add_argument("--browsers", type=int, default=100)
    parser.add_argument("--rate", type=float, default=5.0, help="requests a second of each")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--write", action="store_true", help="write the tables into tests/load/results/load.md")
    parser.add_argument("--first", action="store_true", help="go before others on a shared machine")
    options = parser.parse_args()
    if options.first:
        precedence(os.getpid())
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, most), most))
    parts = [f"# A lecture hall at once\n\n{__doc__.split(chr(10), 2)[2].strip()}\n\n{machine(options.first)}\n"]

    def say(text: str) -> None:
        parts.append(text)
        print(text, flush=True)

    each = f"{options.browsers} browsers × {options.rate:g} requests a second for {options.seconds:g} s"
    say(f"## Sliders: {each}\n\n{SLIDERS_TOLD}\n\n{HEAD}")
    for what, batch in (("batches", "64"), ("one by one", "1")):
        say(measure(what, options.browsers, options.seconds, options.rate, options.first, POTHOLE_BATCH=batch).row)
    say(f"\n## Opening the toy lab, everybody in the same moment\n\n{OPENING_TOLD}\n\n{OPENING_HEAD}")
    for row in opened(options.browsers, options.first):
        say(row)
    say(f"\n## Following one training run\n\n{FOLLOWING_TOLD}\n\n{FOLLOWING_HEAD}")
    say(followed(options.browsers, min(options.seconds, 20.0), options.first))
    if options.write:
        RESULTS.mkdir(exist_ok=True)
        text = (
            "\n".join(parts)
            .replace("\n\n\n", "\n\n")
            .replace(f"{machine(options.first)}\n##", f"{machine(options.first)}\n\n##")
        )
        (RESULTS / "load.md").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
