"""What a probe adds along potholes, with the learned U and without, on presets of the network page.

The page's own job after the page's own training, at the presets' settings. Run by `make bench`; writes
tests/benchmarks/results/potholes.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from app.network.controls import description_of, read_network_state
from app.network.explore.potholes_controls import POTHOLES_CONTROLS
from app.network.explore.potholes_job import BESIDE_SHARP, BROUGHT_OUT
from app.network.presets import PRESETS
from tests.app.network.exploring import Run
from tests.benchmarks.report import RESULTS, Report, draw_table

METHODS = ["LLQR", "LLQR+SAM"]
HEADS = (
    *("preset", "method", "seed", "potholes", "sharp on average", "random"),
    *("potholes ÷ sharp on average", "first order misses, %", "first statement", "second"),
)


@dataclass(frozen=True)
class Size:
    """The presets, seeds, and steps in place of a preset's own (0: its own)."""

    presets: tuple[str, ...]
    seeds: int
    steps: int


FULL, SMALLEST = Size(("badly-scaled", "deep-tanh"), 2, 0), Size(("label-noise",), 1, 20)


def look(preset: str, seed: int, size: Size) -> list[dict[str, Any]]:
    """What the job says of each method (see its messages), after one training."""
    steps = {"steps": size.steps} if size.steps else {}
    state = read_network_state({"preset": preset, "methods": METHODS, "seed": seed, **steps}).state
    described = {**description_of(state), "evaluations": 0, "plane": None}
    described.pop("kind")
    run = Run(**described)
    run.name = f"{preset} {seed}"
    asked: dict[str, Any] = {control.name: control.default for control in POTHOLES_CONTROLS}
    return run.look("potholes", **asked).all("measured")


def line(preset: str, seed: int, row: dict[str, Any]) -> tuple[object, ...]:
    """A line of the table."""

    def shown(pairs: dict[str, Any]) -> str:
        if pairs["mean"] is None or pairs["low"] is None:
            return "–"
        return f"{pairs['mean']:.2f} ({pairs['low']:.2f} to {pairs['high']:.2f})"

    out, beside = row["claims"]
    misses = 100 * row["groups"][0]["learned"]["first_order_error"]
    factors = (shown(group["factor"]) for group in row["groups"])
    told = (shown(beside["pairs"][0]), f"{misses:.0f}", out["verdict"], beside["verdict"])
    return (PRESETS[preset].title, row["method"], seed, *factors, *told)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the table."""
    torch.set_num_threads(1)
    report = Report(__doc__, arguments, packages=("numpy", "torch", "scikit-learn"))
    size = SMALLEST if report.smallest else FULL
    rows = [
        line(preset, seed, row)
        for preset in size.presets
        for seed in range(size.seeds)
        for row in look(preset, seed, size)
    ]
    lines = [
        "At the last weights of a run at the preset's settings: how many times what it adds without U a probe adds "
        "with it, along eight directions of each kind; a geometric mean over mini-batches without a common example "
        f"with its 95 % interval. First statement: “{BROUGHT_OUT}” Second: “{BESIDE_SHARP}”",
        "",
        *draw_table(HEADS, rows),
    ]
    report.write(RESULTS / "potholes.md", "Potholes", lines)


if __name__ == "__main__":
    main()
