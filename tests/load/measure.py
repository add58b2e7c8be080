"""`python -m tests.load.measure`: a hundred browsers drag sliders, with and without coalescing, in one run.

Starts the server itself, on a free port. Writes tests/load/results/load.md.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.load.browsers import Told, crowd, preset_states
from tests.server import Server

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass
class Measured:
    """One crowd's numbers: milliseconds, shares of one core."""

    what: str
    asked: int
    answered: int
    wrong: int
    p50: float
    p95: float
    p99: float
    slowest: float
    fastest: float
    server_cpu: float
    client_cpu: float

    @property
    def row(self) -> str:
        spread = self.slowest / self.fastest
        return (
            f"| {self.what} | {self.asked} | {self.answered} | {self.wrong} | {self.p50:.0f} | {self.p95:.0f} | "
            f"{self.p99:.0f} | {self.fastest:.0f} … {self.slowest:.0f} ({spread:.1f}×) | {self.server_cpu:.0%} | "
            f"{self.client_cpu:.0%} |"
        )


HEAD = (
    "| server | requests | answered | errors | p50 ms | p95 ms | p99 ms | clients' medians ms (slowest/fastest) | "
    "server, of one core | client, of one core |\n|---|---|---|---|---|---|---|---|---|---|"
)


def cpu_of(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def summarised(what: str, told: list[Told], asked: int, server_cpu: float, client_cpu: float) -> Measured:
    """The numbers of all browsers together."""
    latencies = np.concatenate([browser.latencies for browser in told]) * 1e3
    medians = [float(np.median(browser.latencies)) * 1e3 for browser in told]
    wrong = sum(len(browser.wrong) for browser in told)
    p50, p95, p99 = np.percentile(latencies, [50, 95, 99])
    return Measured(
        what, asked, len(latencies), wrong, p50, p95, p99, max(medians), min(medians), server_cpu, client_cpu
    )


def measure(what: str, browsers: int, seconds: float, rate: float, **environment: str) -> Measured:
    """A server of its own under a crowd."""
    server = Server(**environment)
    try:
        states = asyncio.run(preset_states(server.port))
        asyncio.run(crowd(server.port, browsers, 2.0, rate / 2, states))  # warmed up
        before, own, start = cpu_of(server.process.pid), time.process_time(), time.monotonic()
        told = asyncio.run(crowd(server.port, browsers, seconds, rate, states))
        wall = time.monotonic() - start
        used, mine = (cpu_of(server.process.pid) - before) / wall, (time.process_time() - own) / wall
    finally:
        server.stop()
    assert not server.tracebacks(), server.log()
    return summarised(what, told, round(seconds * rate) * browsers, used, mine)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.load.measure", description=__doc__)
    parser.add_argument("--browsers", type=int, default=100)
    parser.add_argument("--rate", type=float, default=5.0, help="requests a second of each")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--only", choices=("coalesced", "one by one"))
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    print(HEAD, flush=True)
    for what, batch in (("coalesced", "32"), ("one by one", "1")):
        if options.only in (None, what):
            row = measure(what, options.browsers, options.seconds, options.rate, POTHOLE_BATCH=batch).row
            print(row, flush=True)


if __name__ == "__main__":
    main()
