"""What streaming costs: lag of 20 updates a second, training time, and the page's answers while a job trains.

Run by `make bench`; writes tests/benchmarks/results/streaming.md.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from distributed import Client, LocalCluster, get_worker

from app.jobs import Engine
from tests.benchmarks.report import RESULTS, Report, draw_table, in_milliseconds
from tests.benchmarks.running import serving, working
from tests.benchmarks.streaming_jobs import KINDS
from tests.load.followers import follow_for, start_training, stop_training, wait_for_step
from tests.server import Server

RATE = 20
"""Updates a second."""
PER_SECOND = 10
"""Requests a second to the page."""


@dataclass(frozen=True)
class Size:
    """Updates of a feed, followers of one in a crowd, steps, turns and settings of a training that is streamed and not,
    requests to the page; whether dask's own worker is a process, as the engine's is, or a thread."""

    updates: int
    followers: int
    steps: int
    turns: int
    settings: dict[str, Any]
    requests: int
    processes: bool


FULL = Size(200, 100, 240, 12, {"data": "digits"}, 100, True)
LEAST = {"data": "two-moons", "methods": ["SGDM", "LLQR"], "batch_size": 16, "refresh_size": 16}
SMALLEST = Size(3, 2, 2, 1, LEAST, 2, False)


async def measure_lags(engine: Engine, updates: int, followers: int) -> list[float]:
    """Seconds from a row's making to its arrival, at every follower."""
    job = await engine.submit("bench", {"kind": "stamps", "count": updates, "rate": RATE})

    async def one() -> list[float]:
        found = []
        async for entry in engine.follow(job):
            now = time.time()
            if entry.kind == "progress":
                found += [now - row["made"] for row in entry.data["rows"]]
        return found

    return [lag for found in await asyncio.gather(*(one() for _ in range(followers))) for lag in found]


def log_stamps(count: int, rate: float) -> None:
    """dask's own events, for comparison."""
    worker, due = get_worker(), time.perf_counter()
    for _ in range(count):
        due += 1.0 / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        worker.log_event("stamps", {"made": time.time()})


async def measure_event_lags(updates: int, processes: bool) -> list[float]:
    """Seconds from `worker.log_event` to the handler of `client.subscribe_topic`."""
    found: list[float] = []
    one = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    async with (
        LocalCluster(**one, processes=processes, asynchronous=True) as cluster,
        Client(cluster, asynchronous=True) as client,
    ):
        client.subscribe_topic("stamps", lambda event: found.append(time.time() - event[1]["made"]))
        await client.submit(log_stamps, updates, RATE)
        async with asyncio.timeout(60):
            while len(found) < updates:
                await asyncio.sleep(0.05)
    return found


async def time_training(engine: Engine, size: Size) -> dict[str, list[tuple[float, float]]]:
    """ "silent" and "streamed" → (wall s, CPU s) of each turn, while one follower listens."""
    description: dict[str, Any] = {
        **{"kind": "compare", "network": "mlp", "steps": size.steps, "turns": size.turns, "plane": {"seed": 0}},
        **{"evaluations": 0, "snapshots": 0, **size.settings},
    }
    job = await engine.submit("bench", description)
    async for entry in engine.follow(job):
        if entry.kind == "state" and entry.data["state"] == "failed":
            raise RuntimeError(entry.data["sentence"])
    return json.loads(await engine.result(job, "times"))


def time_answers(port: int, count: int) -> list[float]:
    """Seconds that the page takes for a toy run with new settings, asked `PER_SECOND` times a second."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def post(address: str, body: dict[str, Any]) -> bytes:
        connection.request("POST", address, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{address} answers {answer.status}: {text[:200]!r}")
        return text

    state = json.loads(post("/toy/open", {"query": ""}))["state"]
    post("/toy/compute", state)
    found = []
    due = time.perf_counter()
    for index in range(count):
        due += 1.0 / PER_SECOND
        time.sleep(max(0.0, due - time.perf_counter()))
        began = time.perf_counter()
        # Another seed each time: nothing is answered from what is kept.
        post("/toy/compute", {**state, "seed": time.time_ns() % 10**6 + index})
        found.append(time.perf_counter() - began)
    connection.close()
    return found


async def time_busy_answers(port: int, count: int) -> list[float]:
    """The same while a job trains in the embedded engine and is followed."""
    job = await start_training(port)
    try:
        number = await wait_for_step(port, job, 120.0)
        watching = asyncio.create_task(follow_for(port, job, number, 3600.0))
        found = await asyncio.to_thread(time_answers, port, count)
        watching.cancel()
        return found
    finally:
        await stop_training(port, job)


def describe_lags(name: str, lags: list[float], followers: int, updates: int) -> tuple[str, ...]:
    """One row of the table, from seconds."""
    arrived = len(lags) / followers / (updates / RATE)
    return name, f"{arrived:.1f}", *in_milliseconds(lags)


def main(arguments: Sequence[str] | None = None, server: Server | None = None, engine: Engine | None = None) -> None:
    """Measure and write the tables."""
    report = Report(__doc__, arguments, packages=("distributed", "torch"))
    size = SMALLEST if report.smallest else FULL
    lags = []
    with working(engine, kinds=KINDS, jobs_per_visitor=20) as used:
        for followers in (1, size.followers):
            found = asyncio.run(measure_lags(used, size.updates, followers))
            name = f"the engine's feed, followers: {followers}"
            lags.append(describe_lags(name, found, followers, size.updates))
        times = asyncio.run(time_training(used, size))
    found = asyncio.run(measure_event_lags(size.updates, size.processes))
    lags.append(describe_lags("dask's own events (log_event, subscribe_topic), followers: 1", found, 1, size.updates))
    with serving(server) as page:
        idle = time_answers(page.port, size.requests)
        busy = asyncio.run(time_busy_answers(page.port, size.requests))
    wall, cpu = ({which: [turn[index] for turn in times[which]] for which in times} for index in (0, 1))
    costs = [
        (w, f"{statistics.median(wall[w]):.3f}", f"{statistics.median(cpu[w]):.3f}") for w in ("silent", "streamed")
    ]
    answers = [describe_answers("idle", idle), describe_answers(f"training, followed at {RATE}/s", busy)]
    lines = [
        f"Lag from a row's making in the worker process to its arrival in the web process, {size.updates} rows at "
        f"{RATE}/s:",
        "",
        *draw_table(("way", "rows/s", "median ms", "p95 ms"), lags),
        "",
        "Four methods on the MLP (digits, batches of 64), a plane, checkpoints and a row for every step, followed; and "
        f"the same steps silently in the same process, in {size.turns} turns each:",
        "",
        *draw_table(("training", "wall s per turn, median", "CPU s per turn, median"), costs),
        "",
        f"Overhead of streaming: {percent_more(wall)} of wall time, {percent_more(cpu)} of CPU time (of the whole "
        "worker process, its event loop included).",
        "",
        f"Answers of the page (toy lab, new settings in each of {size.requests} requests, {PER_SECOND}/s) from the "
        "process that holds the embedded engine:",
        "",
        *draw_table(("engine", "median ms", "p95 ms", "slowest ms"), answers),
    ]
    report.write(RESULTS / "streaming.md", "Streaming: lag, overhead, and the page while a job trains", lines)


def percent_more(times: dict[str, list[float]]) -> str:
    """How much more the streamed turns take than the silent ones, by the median of the ratios."""
    ratios = [b / a for a, b in zip(times["silent"], times["streamed"], strict=True)]
    return f"{100 * (statistics.median(ratios) - 1):+.1f} %"


def describe_answers(name: str, found: list[float]) -> tuple[str, ...]:
    """A row of the page's answers."""
    return name, *in_milliseconds(found), f"{1e3 * max(found):.1f}"


if __name__ == "__main__":
    main()
