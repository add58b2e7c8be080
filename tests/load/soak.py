"""`make soak`: mixed use for twenty minutes, and whether the memory of the web process and of its worker grows.

Drags, page loads, instruments, claims, exports, trainings that are followed, explored and forgotten, and requests that
are refused, all at a pace that a small machine bears. Bounds are set low (table below), so that every cache and every
list of jobs is full long before the warm-up ends: what grows after that is a leak. Ends with 1 where the last quarter
of the time holds 5 % more than the first after the warm-up.

Run by `make soak` (MINUTES=2 for fewer); writes tests/load/results/soak.md.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import random
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.benchmarks.report import Report, draw_table
from tests.benchmarks.running import serving
from tests.load.browsers import browse, preset_states
from tests.load.followers import follow
from tests.server import Server

RESULT = Path(__file__).parent / "results" / "soak.md"
WARM_UP = 0.3
"""Part of the time that is not judged."""
MOST_GROWTH = 0.05
BOUNDS = {
    "POTHOLE_CACHE_BYTES": "12000000",
    "POTHOLE_JOBS_KEPT": "8",
    "POTHOLE_KEPT_SECONDS": "60",
    "POTHOLE_WORKERS": "1",
    "POTHOLE_LOG_LEVEL": "warning",
}
TRAINING = {
    "data": "two-moons",
    "network": "mlp",
    "methods": ["SGDM", "LLQR+SAM"],
    "batch_size": 32,
    "refresh_size": 32,
}
REFUSED: tuple[tuple[str, bytes], ...] = (
    ("/toy/compute", b"{"),
    ("/toy/open", b'{"query": "radius=%s"}' % (b"9" * 3000)),
    ("/network/start", b'{"state": {"steps": "many"}}'),
    ("/network/run", b'{"job": "no-such-job"}'),
    ("/_dash-update-component", b"[]"),
)


@dataclass(frozen=True)
class Size:
    """Minutes, most turns of each visitor, part of the pauses between them, seconds of a stretch of dragging and
    between two samples of the memory, steps of a training."""

    minutes: float
    turns: float
    pace: float
    stretch: float
    sample: float
    steps: int


FULL, SMALLEST = Size(20.0, math.inf, 1.0, 20.0, 5.0, 150), Size(3.0, 1, 0.0, 0.3, 0.5, 12)


@dataclass
class Soak:
    """One soak: what was asked, what went wrong, and the memory over time."""

    server: Server
    size: Size
    end: float
    did: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    samples: list[tuple[float, float, float]] = field(default_factory=list)
    """(seconds since the start, resident MB of the web process, of its worker process)."""

    async def again(self, what: str, pause: float, act: Callable[[httpx.AsyncClient, int], Awaitable[None]]) -> None:
        """Do something over and over, as one visitor with her own cookies, until the end."""
        async with httpx.AsyncClient(base_url=self.server.url, timeout=120) as client:
            await client.post("/network/open", json={"query": ""})
            for turn in itertools.count():
                if self.is_over(turn):
                    return
                try:
                    await act(client, turn)
                    self.did[what] += 1
                except (httpx.HTTPError, OSError, TimeoutError, AssertionError) as error:
                    self.wrong[f"{what}: {type(error).__name__} {str(error)[:80]}"] += 1
                await asyncio.sleep(pause * self.size.pace)

    async def drags(self) -> None:
        """Three browsers drag a slider at four requests a second, in stretches, each on a fresh connection."""
        states = await preset_states(self.server.port)
        for turn in itertools.count():
            if self.is_over(turn):
                return
            now = time.monotonic()
            seconds = min(self.size.stretch, self.end - now)
            told = await asyncio.gather(
                *(browse(self.server.port, 3 * turn + k, states, now, seconds, 4.0, 0, 10.0) for k in range(3))
            )
            self.did["drags"] += sum(len(one.latencies) for one in told)
            for one in told:
                self.wrong.update(f"drags: {status}" for status in one.wrong)

    def is_over(self, turn: int) -> bool:
        """Whether a visitor has done all her turns, or has no more time."""
        return turn >= self.size.turns or time.monotonic() >= self.end

    async def watch(self) -> None:
        """Sample the memory until this is cancelled."""
        began = time.monotonic()
        while True:
            self.sample(began)
            await asyncio.sleep(self.size.sample)

    def sample(self, began: float) -> None:
        """Note the memory that is held now."""
        web = psutil.Process(self.server.process.pid)
        workers = [child for child in web.children() if "spawn_main" in " ".join(child.cmdline())]
        held = sum(child.memory_info().rss for child in workers)
        self.samples.append((time.monotonic() - began, web.memory_info().rss / 1e6, held / 1e6))


async def load_page(client: httpx.AsyncClient, turn: int) -> None:
    """A page with all that it names."""
    page = await client.get(("/", "/instruments", "/network")[turn % 3])
    assert page.status_code == 200, page.status_code
    for address in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        assert (await client.get(address)).status_code == 200, address


async def use_instruments(client: httpx.AsyncClient, turn: int) -> None:
    """Other settings each time: nothing is answered from the cache."""
    state = {"steps": 60, "resolution": "12", "runs": "3", "stride": 4, "radius": 0.05 + 0.001 * (turn % 500)}
    for name in ("phase", "race"):
        answer = await client.post(f"/instruments/{name}", json=state)
        assert answer.status_code == 200, f"{name} {answer.status_code} {answer.text[:60]}"


async def check_claims(client: httpx.AsyncClient, turn: int) -> None:
    """The statements of a figure at settings of one's own."""
    answer = await client.post(
        "/toy/claims", json={"preset": "figure-2", "steps": 80, "radius": 0.1 + 0.002 * (turn % 200)}
    )
    assert answer.status_code == 200, answer.status_code


async def export(client: httpx.AsyncClient, turn: int) -> None:
    """Every format in turn."""
    kind = ("png", "svg", "pdf", "csv", "gif", "py", "html", "json")[turn % 8]
    wish = {
        "steps": 60,
        "format": kind,
        "frames": 8,
        "gif_width": 240,
        "width": 320,
        "radius": 0.1 + 0.003 * (turn % 90),
    }
    answer = await client.post("/export/toy", json=wish)
    assert answer.status_code in (200, 422), f"{kind} {answer.status_code}"


async def be_refused(client: httpx.AsyncClient, turn: int) -> None:
    """What no page of ours sends."""
    path, body = REFUSED[turn % len(REFUSED)]
    answer = await client.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code < 500, f"{path} {answer.status_code}"


def trainer(port: int, steps: int, first: int) -> Callable[[httpx.AsyncClient, int], Awaitable[None]]:
    """Train, follow to the end, look at a slice of it; every third run is changed, every fourth stopped half-way. The
    count begins at `first`."""

    async def follow_to_end(job: str, act: Callable[[], Awaitable[Any]] | None) -> None:
        async with follow(port, job, 0) as socket, asyncio.timeout(240):
            async for text in socket:
                entry = json.loads(text)
                if entry["kind"] == "end":
                    assert entry["data"]["reason"] == "over", entry
                    return
                if (
                    act is not None
                    and entry["kind"] == "progress"
                    and entry["data"]["rows"][-1]["position"] > steps // 3
                ):
                    await act()
                    act = None

    async def train(client: httpx.AsyncClient, turn: int) -> None:
        turn += first
        answer = await client.post("/network/start", json={"state": {**TRAINING, "steps": steps, "seed": turn % 50}})
        assert answer.status_code == 200, answer.text[:80]
        job = answer.json()["run"]["job"]
        wish: dict[str, Any] = {"job": job, "settings": {"learning_rate": 0.02}}
        act = None
        if turn % 3 == 2:
            act = lambda: client.post("/network/change", json=wish)  # noqa: E731
        elif turn % 4 == 3:
            act = lambda: client.post("/network/act", json={"job": job, "act": "stop"})  # noqa: E731
        await follow_to_end(job, act)
        if turn % 4 == 0:
            answer = await client.post(
                "/network/explore", json={"kind": "slice", "run": job, "state": {"resolution": 11}}
            )
            if answer.status_code == 200:
                await follow_to_end(answer.json()["job"], None)

    return train


async def mixed_use(server: Server, size: Size) -> Soak:
    """All of it at once."""
    soak = Soak(server, size, time.monotonic() + 60.0 * size.minutes)
    watching = asyncio.create_task(soak.watch())
    visitors = asyncio.gather(
        soak.drags(),
        soak.again("page loads", 5.0, load_page),
        soak.again("instruments", 4.0, use_instruments),
        soak.again("claims", 10.0, check_claims),
        soak.again("exports", 6.0, export),
        soak.again("refusals", 0.5, be_refused),
        *(soak.again("trainings", 1.0 + random.random(), trainer(server.port, size.steps, first)) for first in (0, 3)),
    )
    # Whoever waits for the end of a training waits no longer than this.
    await asyncio.wait([visitors], timeout=60.0 * size.minutes)
    for task in (visitors, watching):
        task.cancel()
    await asyncio.gather(visitors, watching, return_exceptions=True)
    return soak


def growth(values: list[float]) -> tuple[float, float, float]:
    """(median of the first quarter after the warm-up, of the last quarter, relative growth)."""
    judged = values[int(WARM_UP * len(values)) :]
    quarter = max(1, len(judged) // 4)
    first, last = statistics.median(judged[:quarter]), statistics.median(judged[-quarter:])
    return first, last, last / first - 1.0 if first else math.inf


def describe(soak: Soak, size: Size) -> tuple[list[str], bool]:
    """The tables and whether the memory is flat."""
    rows, flat = [], True
    for name, column in (("web process", 1), ("worker process", 2)):
        values = [sample[column] for sample in soak.samples]
        first, last, more = growth(values)
        flat &= more < MOST_GROWTH
        rows.append((name, f"{first:.0f}", f"{last:.0f}", f"{more:+.1%}", f"{max(values):.0f}"))
    step = max(1, len(soak.samples) // 12)
    course = [(f"{t / 60:.1f}", f"{web:.0f}", f"{worker:.0f}") for t, web, worker in soak.samples[::step]]
    bounds = ", ".join(f"{name}={value}" for name, value in BOUNDS.items())
    did = ", ".join(f"{count} {what}" for what, count in sorted(soak.did.items()))
    wrong = "; ".join(f"{what} (× {count})" for what, count in soak.wrong.most_common()) or "nothing"
    lines = [
        f"{size.minutes:g} minutes. Bounds for this run, so that all of them are reached during the warm-up: {bounds}. "
        "Resident memory in MB, medians of the first and the last quarter of the time after the warm-up "
        f"({WARM_UP:.0%}); less than {MOST_GROWTH:.0%} more is asked for.",
        "",
        *draw_table(("", "first quarter", "last quarter", "growth", "most"), rows),
        "",
        f"Done: {did}. Went wrong: {wrong}.",
        "",
        *draw_table(("minute", "web process", "worker process"), course),
    ]
    return lines, flat


def main(arguments: Sequence[str] | None = None, server: Server | None = None) -> None:
    """Soak, write, judge: the smallest form is too short for its memory to be judged."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=FULL.minutes)
    report = Report(__doc__, arguments, parser, packages=("psutil", "uvicorn"), command="make soak")
    size = SMALLEST if report.smallest else replace(FULL, minutes=report.options.minutes)
    with serving(server, **BOUNDS) as lab:
        soak = asyncio.run(mixed_use(lab, size))
    lines, flat = describe(soak, size)
    report.write(RESULT, "Soak: memory under mixed use", lines)
    if not flat and not report.smallest:
        sys.exit("the memory grows")
    if soak.wrong:
        sys.exit(f"not all was answered well: {dict(soak.wrong)}")


if __name__ == "__main__":
    main()
