"""A 48 × 48 phase diagram of all four methods, 400 steps, 5 seeds: time to the first picture and to the whole.

Run by `make bench`; writes tests/benchmarks/results/sweeps.md.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from geometry.surface import Surface
from geometry.surfaces import AnnularWell, StiffValley
from optimizers import METHODS, simulate
from optimizers.sweeps import Axis, refined_sweep

RESULT = Path(__file__).parent / "results" / "sweeps.md"
POINTS, STEPS, SEEDS = 48, 400, 5
FOUR = ("SGDM", "SAM", "LLQR", "LLQR+SAM")
RATES = Axis("learning_rate", np.geomspace(1e-3, 0.1, POINTS))
RADII = Axis("radius", np.geomspace(0.02, 1.0, POINTS))


def measure(surface: Surface) -> tuple[float, float, float]:
    """(first picture of all methods, complete diagram, the same runs one point after the other, estimated) in s."""
    begin = time.perf_counter()
    pictures = [
        refined_sweep(surface, name, RATES, RADII, surface.default_start, np.arange(SEEDS), STEPS, noise_variance=1e-9)
        for name in FOUR
    ]
    for picture in pictures:
        next(picture)
    first = time.perf_counter() - begin
    for picture in pictures:
        *_, last = picture
        assert last.complete
    complete = time.perf_counter() - begin
    begin = time.perf_counter()
    sample = 60
    for i in range(sample):
        rate, radius = RATES.values[i % POINTS], RADII.values[(7 * i) % POINTS]
        for name in FOUR:
            simulate(surface, name, surface.default_start, STEPS, rate, radius, 0.9, 1e-9, i % SEEDS, "summary")
    single = (time.perf_counter() - begin) / sample * POINTS * POINTS * SEEDS
    return first, complete, single


def main() -> None:
    """Measure and write the table."""
    for name in METHODS:
        simulate(AnnularWell(), name, steps=2)
    lines = [
        "# Phase diagrams: 48 × 48 points, four methods, 400 steps, 5 seeds (46 080 runs)",
        "",
        "Written by `make bench` (tests/benchmarks/bench_sweeps.py), two threads. One by one: 60 points simulated one",
        "after the other, scaled up to the whole diagram.",
        "",
        "| surface | first picture, s | complete, s | one by one, s (estimated) | ratio |",
        "| --- | --- | --- | --- | --- |",
    ]
    for surface in (AnnularWell(), StiffValley()):
        first, complete, single = measure(surface)
        lines.append(f"| {surface.title} | {first:.2f} | {complete:.2f} | {single:.0f} | {single / complete:.1f} |")
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(RESULT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
