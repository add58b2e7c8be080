"""What streaming costs: lag of 20 updates a second, training time, and the page's answers while a job trains.

Run by `make bench`; writes tests/benchmarks/results/streaming.md.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from distributed import Client, LocalCluster, get_worker

from app.jobs import Engine, EngineSettings
from tests.benchmarks.streaming_jobs import KINDS
from tests.server import free_port

RESULT = Path(__file__).parent / "results" / "streaming.md"
ROOT = Path(__file__).resolve().parent.parent.parent
UPDATES, RATE = 200, 20
TRAIN: dict[str, Any] = {
    "kind": "train", "network": "mlp", "data": "digits", "steps": 20_000, "evaluations": 0, "snapshots": 0,
    "plane": {"seed": 0},
}  # fmt: skip
REQUESTS, PER_SECOND = 200, 10


def lag_line(name: str, lags: list[float], every: int) -> str:
    """One row of the table, from seconds."""
    cuts = statistics.quantiles(lags, n=100)
    return f"| {name} | {every / (UPDATES / RATE):.1f} | {1e3 * cuts[49]:.1f} | {1e3 * cuts[94]:.1f} |"


async def lags(engine: Engine, followers: int) -> list[float]:
    """Seconds from a row's making to its arrival, at every follower."""
    job = await engine.submit("bench", {"kind": "stamps", "count": UPDATES, "rate": RATE})

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


async def event_lags() -> list[float]:
    """Seconds from `worker.log_event` to the handler of `client.subscribe_topic`."""
    found: list[float] = []
    async with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", asynchronous=True) as cluster,
        Client(cluster, asynchronous=True) as client,
    ):
        client.subscribe_topic("stamps", lambda event: found.append(time.time() - event[1]["made"]))
        await client.submit(log_stamps, UPDATES, RATE)
        await asyncio.sleep(0.5)
    return found


async def training_times(engine: Engine) -> list[tuple[str, float, float]]:
    """(streamed or silent, wall s, CPU s) of each block of steps, while one follower listens."""
    job = await engine.submit("bench", {**TRAIN, "kind": "compare", "steps": 240})
    async for entry in engine.follow(job):
        if entry.kind == "state" and entry.data["state"] == "failed":
            raise RuntimeError(entry.data["sentence"])
    return json.loads(await engine.result(job, "times"))


async def serve(port: int, busy: bool) -> None:
    """The page, and beside it in the same process the embedded engine with a training job that is followed."""
    import uvicorn

    from app.server import build

    server = uvicorn.Server(uvicorn.Config(build(), port=port, log_level="warning"))
    engine = Engine(EngineSettings(kinds=KINDS))

    async def follow() -> None:
        job = await engine.submit("bench", TRAIN)
        async for entry in engine.follow(job):
            if entry.kind == "progress":
                print("training", flush=True)

    work = [asyncio.create_task(server.serve())]
    if busy:
        work.append(asyncio.create_task(follow()))
    else:
        print("training", flush=True)
    await work[0]


def answers(port: int) -> list[float]:
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
    found = []
    due = time.perf_counter()
    for index in range(REQUESTS + 10):
        due += 1.0 / PER_SECOND
        time.sleep(max(0.0, due - time.perf_counter()))
        began = time.perf_counter()
        post("/toy/compute", {**state, "seed": index})
        found.append(time.perf_counter() - began)
    return found[10:]


def page_answers(busy: bool) -> list[float]:
    """`answers` of a page in a process of its own."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.bench_streaming", "serve", str(port), "busy" if busy else "idle"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        server.stdout.readline()
        # What is printed later must not fill the pipe.
        drain = subprocess.Popen(["cat"], stdin=server.stdout, stdout=subprocess.DEVNULL)
        time.sleep(5)
        return answers(port)
    finally:
        server.terminate()
        server.wait(30)
        drain.wait(30)


def main() -> None:
    """Measure and write the tables."""
    engine = Engine(EngineSettings(kinds=KINDS, jobs_per_visitor=20))
    rows = []
    for followers in (1, 100):
        found = asyncio.run(lags(engine, followers))
        name = "the engine's feed, one follower" if followers == 1 else f"the engine's feed, {followers} followers"
        rows.append(lag_line(name, found, len(found) // followers))
    found = asyncio.run(event_lags())
    rows.append(lag_line("dask's own events (log_event, subscribe_topic), one follower", found, len(found)))
    times = asyncio.run(training_times(engine))
    engine.close()
    wall, cpu = (
        {which: [row[index] for row in times if row[0] == which] for which in ("silent", "streamed")}
        for index in (1, 2)
    )
    idle, busy = page_answers(False), page_answers(True)
    lines = [
        "# Streaming: lag, overhead, and the page while a job trains", "",
        f"Written by `make bench` (tests/benchmarks/bench_streaming.py) on {os.cpu_count()} cores; load average before"
        f" the end: {os.getloadavg()[0]:.1f}.", "",
        f"Lag from a row's making in the worker process to its arrival in the web process, {UPDATES} rows at"
        f" {RATE}/s:", "",
        "| way | rows/s | median ms | p95 ms |", "| --- | --- | --- | --- |", *rows, "",
        "Four methods on the MLP (digits, batches of 64), a plane, checkpoints and a row for every step, followed; and",
        "the same steps silently in the same process, in 12 turns each:", "",
        "| training | wall s per turn, median | CPU s per turn, median |", "| --- | --- | --- |",
        *(f"| {w} | {statistics.median(wall[w]):.3f} | {statistics.median(cpu[w]):.3f} |" for w in wall), "",
        f"Overhead of streaming: {_percent(wall)} of wall time, {_percent(cpu)} of CPU time (of the whole worker"
        " process, its event loop included).", "",
        f"Answers of the page (toy lab, new settings in each of {REQUESTS} requests, {PER_SECOND}/s) from the process"
        " that holds the embedded engine:", "",
        "| engine | median ms | p95 ms | slowest ms |", "| --- | --- | --- | --- |",
        *(_page_line(name, found) for name, found in (("not started", idle), ("training, followed at 20/s", busy))),
        "",
    ]  # fmt: skip
    RESULT.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


def _percent(times: dict[str, list[float]]) -> str:
    ratios = [b / a for a, b in zip(times["silent"], times["streamed"], strict=True)]
    return f"{100 * (statistics.median(ratios) - 1):+.1f} %"


def _page_line(name: str, found: list[float]) -> str:
    cuts = statistics.quantiles(found, n=100)
    return f"| {name} | {1e3 * cuts[49]:.1f} | {1e3 * cuts[94]:.1f} | {1e3 * max(found):.1f} |"


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve(int(sys.argv[2]), sys.argv[3] == "busy"))
    else:
        main()
