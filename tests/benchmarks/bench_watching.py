"""What it costs to watch a training: its measurements, and the surface that is drawn under its paths.

A run is followed as the page follows it: from its feed, with a surface asked for under the paths whenever they leave
the piece that is shown. Run by `make bench`; writes tests/benchmarks/results/watching.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.jobs import Engine, Refused
from app.network.controls import description_of, read_network_state
from app.network.kinds import KINDS
from app.network.landscape import share_landscape
from tests.benchmarks.report import RESULTS, Report, draw_table
from tests.benchmarks.running import working

DIGITS = {"data": "digits", "steps": 60}
RUNS: dict[str, dict[str, Any]] = {
    "MLP": {"network": "mlp", **DIGITS, "steps": 300},
    "ConvNet": {"network": "convnet", **DIGITS},
    "ResNet-8": {"network": "resnet8", **DIGITS},
    "ViT": {"network": "vit", **DIGITS},
    "character transformer": {"network": "character-transformer", "data": "characters", "steps": 30},
}
SMALLEST = {"MLP": {**RUNS["MLP"], "steps": 20}}
METHODS = ["SGDM", "SAM"]
ASK_EVERY = 1.2
"""Seconds between two surfaces that a page asks for."""
AIR = 0.25
"""Of the paths' extent, around them."""
LOOKED_AT = 0.1
"""Part of a run after which what is said of the time left is compared with what came."""
QUIET_SECONDS = 1.0
"""A worker is given so long to import what it needs before anything is measured."""


@dataclass
class Watched:
    """What a page saw of a run; seconds since Start. first: the first row; end: of the run; steps: the methods' own
    seconds; drawn: surfaces asked for; rows: (when they came, steps done, seconds said to be left)."""

    first: float = 0.0
    end: float = 0.0
    steps: float = 0.0
    drawn: int = 0
    measured: int = 0
    rows: list[tuple[float, int, float | None]] = field(default_factory=list)

    @property
    def wall(self) -> float:
        """From the first row to the end."""
        return self.end - self.first

    def foreseen(self, steps: int) -> str:
        """What was said to be left after a tenth of the run, and what was."""
        for when, done, left in self.rows:
            if done >= LOOKED_AT * steps:
                said = "nothing" if left is None else f"{left:.1f}"
                return f"{said}, {self.end - when:.1f}"
        return ""


def piece_around(places: list[list[float]], now: list[list[float]] | None) -> list[list[float]]:
    """The piece of the plane that a page shows of these places, [[x₀, x₁], [y₀, y₁]]: a square, on a grid of its own
    size, that stays while it holds them."""
    low, high = ([end(place[axis] for place in places) for axis in (0, 1)] for end in (min, max))
    extent = max(high[0] - low[0], high[1] - low[1], 1e-4) * (1 + 2 * AIR)
    inside = now is not None and all(now[k][0] <= low[k] and high[k] <= now[k][1] for k in (0, 1))
    if now is not None and inside and extent >= (now[0][1] - now[0][0]) / 4:
        return now
    size = 2.0 ** math.ceil(math.log2(extent))
    middles = [round((low[axis] + high[axis]) / 2 / (size / 4)) * size / 4 for axis in (0, 1)]
    return [[middle - size / 2, middle + size / 2] for middle in middles]


async def watch(engine: Engine, wish: dict[str, Any], drawing: bool) -> Watched:
    """Start a run and follow it to its end, with the surface or without."""
    state = read_network_state({**wish, "methods": METHODS, "snapshots": 20}).state
    began, seen = time.monotonic(), Watched()
    job = await engine.submit("bench", description_of(state))
    places: list[list[float]] = []
    piece: list[list[float]] | None = None
    asked, drawn = -ASK_EVERY, None
    async for entry in engine.follow(job):
        now = time.monotonic() - began
        if entry.kind == "result":
            places += entry.data.get("extent", [])
        if entry.kind != "progress":
            continue
        seen.first = seen.first or now
        for row in entry.data["rows"]:
            places += [values["at"] for values in row["methods"].values() if "at" in values]
            seen.measured += any("train_loss" in values for values in row["methods"].values())
        last = entry.data["rows"][-1]
        seen.steps = sum(values["seconds"] for values in last["methods"].values())
        seen.rows.append((now, last["position"], entry.data["seconds_left"]))
        piece = piece_around(places, piece) if places else None
        if drawing and piece is not None and piece != drawn and now - asked >= ASK_EVERY:
            asked = now
            with contextlib.suppress(Refused):  # too many wait: a page, too, asks again later
                await share_landscape(engine, job, piece[0], piece[1])
                drawn, seen.drawn = piece, seen.drawn + 1
    seen.end = time.monotonic() - began
    return seen


def describe(name: str, wish: dict[str, Any], alone: Watched, seen: Watched) -> tuple[str, ...]:
    """A row of the table."""
    return (
        f"{name}, {wish['steps']} steps",
        f"{seen.first:.2f}",
        f"{seen.steps:.2f}",
        f"{seen.wall - seen.steps:.2f}",
        f"{seen.wall:.2f}",
        f"{seen.wall / seen.steps:.2f}",
        f"{seen.wall / alone.steps:.2f}",
        str(seen.measured),
        str(seen.drawn),
        seen.foreseen(wish["steps"]),
    )


async def measure(engine: Engine, name: str, wish: dict[str, Any]) -> tuple[str, ...]:
    """A run with a worker that is warm: once with nothing to watch, and once as a page watches it."""
    await watch(engine, {**wish, "steps": 20}, False)
    await asyncio.sleep(QUIET_SECONDS)
    alone = await watch(engine, {**wish, "evaluations": 0, "snapshots": 0}, False)
    return describe(name, wish, alone, await watch(engine, wish, True))


HEAD = (
    "run",
    "first row, s after Start",
    "steps, s",
    "watching, s",
    "wall from the first row, s",
    "wall ÷ steps",
    "wall ÷ steps of a run that nobody watches",
    "measurements",
    "surfaces",
    "left after a tenth, s: said, came",
)


def main(arguments: Sequence[str] | None = None, engine: Engine | None = None) -> None:
    """Measure and write the table."""
    report = Report(__doc__, arguments, packages=("torch", "distributed"))
    rows = []
    for name, wish in (SMALLEST if report.smallest else RUNS).items():
        with working(engine, nice=0, kinds=KINDS) as used:
            rows.append(asyncio.run(measure(used, name, wish)))
    lines = [f"{' and '.join(METHODS)}, a warm worker, a surface under the paths as a page asks for it.", ""]
    report.write(RESULTS / "watching.md", "What watching costs a training", [*lines, *draw_table(HEAD, rows)])


if __name__ == "__main__":
    main()
