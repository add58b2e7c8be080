"""A network of 11 million parameters on the page's engine: its first row, its memory, a first slice, stopping.

Two methods, a worker of two threads that is warm, the engine's own limits. The network is brought with --objective, as
an operator does it. Memory is the most that the worker's process has ever held. Run by `make bench`; writes
tests/benchmarks/results/large.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.jobs import Engine, Refused
from app.network.controls import description_of, read_network_state
from app.network.kinds import KINDS
from tests.benchmarks.report import RESULTS, Report, draw_table
from tests.benchmarks.running import working

ALLOWED = {"first row": 10.0, "memory": 3.0, "first picture": 15.0}
"""Seconds, GB, seconds."""
MINE = "tests.benchmarks.large_network:make"
SLICE = {"slice_kind": "random", "slice_points": 41}
VISITOR = "bench"


@dataclass(frozen=True)
class Size:
    """The run, and pairs of methods."""

    run: dict[str, Any]
    pairs: tuple[tuple[str, str], ...]


OWN = {"network": "own", "data": "own", "batch_size": 16, "refresh_size": 16, "evaluations": 1, "snapshots": 1}
FULL = Size({**OWN, "steps": 2}, (("SGDM", "SAM"),))
SMALLEST = Size(
    {"network": "mlp", "data": "two-moons", "steps": 4, "batch_size": 16, "refresh_size": 16, "snapshots": 2},
    (("SGDM", "SAM"),),
)


@dataclass
class Seen:
    """By what came, (seconds since it was asked for, seconds of the processor of all processes of the engine); the
    standard error of the first picture; seconds from a stop to the end."""

    first: dict[str, tuple[float, float]] = field(default_factory=dict)
    error: float | None = None
    stop: float = 0.0

    def tell(self, name: str) -> str:
        """When it came."""
        return "{:.1f} s ({:.1f} s)".format(*self.first[name])


async def follow(engine: Engine, job: str, stop_at: str = "") -> Seen:
    """Follow a job to its end; stop it when a row of this kind has come."""
    began, spent, seen, stopped = time.monotonic(), held_below(PROCESSOR), Seen(), 0.0
    async for entry in engine.follow(job):
        now = time.monotonic()
        for name in kinds_of(entry):
            seen.first.setdefault(name, (now - began, held_below(PROCESSOR) - spent))
        for row in entry.data["rows"] if entry.kind == "progress" else []:
            if "picture" in row and seen.error is None:
                seen.error = row["picture"].get("sampled", {}).get("standard_error", 0.0)
        if entry.kind == "state" and entry.data["state"] == "failed":
            raise RuntimeError(entry.data["sentence"])
        if stop_at in seen.first and not stopped:
            stopped = now
            with contextlib.suppress(Refused):  # a small one may have ended meanwhile
                await engine.stop(job, VISITOR)
    seen.stop = time.monotonic() - stopped if stopped else 0.0
    return seen


def kinds_of(entry: Any) -> list[str]:
    """What an entry brings: "row", "step" for one after the first step, and the names of rows of a slice."""
    if entry.kind != "progress":
        return [entry.kind]
    found = []
    for row in entry.data["rows"]:
        found += ["row", *(["step"] if row["position"] > 0 else [])] if "methods" in row else list(row)
    return found


def most_memory(status: dict[str, str], _stat: list[str]) -> float:
    """GB, the most that a process has held."""
    return int(status.get("VmHWM", "0 kB").split()[0]) / 1e6


def processor_seconds(_status: dict[str, str], stat: list[str]) -> float:
    """Seconds of the processor of a process."""
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


MEMORY, PROCESSOR = (most_memory, max), (processor_seconds, sum)


def held_below(what: tuple[Callable[..., float], Callable[..., float]]) -> float:
    """The largest, or the sum, of what the processes below this one tell."""
    parents, told = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line)
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        pid = int(folder.name)
        parents[pid], told[pid] = int(status["PPid"]), what[0](status, stat)

    def below(pid: int) -> bool:
        while pid in parents:
            pid = parents[pid]
            if pid == os.getpid():
                return True
        return False

    return what[1]([value for pid, value in told.items() if below(pid)])


async def measure(engine: Engine, size: Size, methods: Sequence[str]) -> list[str]:
    """A row of the table."""

    async def start(**wish: Any) -> str:
        state = read_network_state({**size.run, "methods": list(methods), **wish}).state
        return await engine.submit(
            VISITOR, {**description_of(state), "steps": size.run["steps"]}
        )  # fewer than the page has

    await follow(engine, await start(network="mlp", data="two-moons", steps=2))
    run = await start()
    trained = await follow(engine, run)
    early = await follow(engine, await start(), stop_at="row")
    stopped = await follow(engine, await start(), stop_at="step")
    drawn = await follow(engine, await engine.submit(VISITOR, {"kind": "slice", "run": run, **SLICE}), "picture")
    memory = held_below(MEMORY)
    return [
        ", ".join(methods),
        trained.tell("row"),
        trained.tell("step"),
        f"{memory:.2f} GB",
        drawn.tell("picture"),
        f"{drawn.error:.2g}",
        f"{early.stop:.1f} s",
        f"{stopped.stop:.1f} s",
        f"{drawn.stop:.1f} s",
    ]


HEAD = (
    "methods",
    "first row",
    "first step",
    "memory",
    "first picture of a slice",
    "its standard error",
    "a training stops before its first step in",
    "after it in",
    "a slice stops in",
)


def main(arguments: Sequence[str] | None = None, engine: Engine | None = None) -> None:
    """Measure and write the table."""
    report = Report(__doc__, arguments, packages=("torch", "distributed"))
    size = SMALLEST if report.smallest else FULL
    if not report.smallest:
        os.environ["POTHOLE_OBJECTIVE"] = MINE
    rows = []
    for methods in size.pairs:
        with working(engine, nice=0, threads=2, kinds=KINDS) as used:
            rows.append(asyncio.run(measure(used, size, methods)))
    about = (
        "ResNet-18, 11,173,066 parameters, pictures of 32 × 32, batches of 16. Asked for: the first row within "
        f"{ALLOWED['first row']:g} s, at most {ALLOWED['memory']:g} GB, and the first picture of a slice (41 × 41 "
        f"points, the first over 64 of 2000 examples) within {ALLOWED['first picture']:g} s. In brackets seconds of "
        "the processor, which tell more where the machine does other work, too."
    )
    report.write(
        RESULTS / "large.md", "A network of 11 million parameters on the page", [about, "", *draw_table(HEAD, rows)]
    )


if __name__ == "__main__":
    main()
