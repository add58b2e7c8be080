"""A phase diagram of all four methods: time to the first picture and to the whole, against one run after the other.

Run by `make bench`; writes tests/benchmarks/results/sweeps.md.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geometry.surface import Surface
from geometry.surfaces import AnnularWell, StiffValley
from optimizers import METHODS, simulate
from optimizers.sweeps import Axis, refined_sweep
from tests.benchmarks.report import RESULTS, Report, draw_table


@dataclass(frozen=True)
class Size:
    """Points along each axis, steps of a walk, seeds of each point, points that are simulated one by one."""

    points: int
    steps: int
    seeds: int
    sample: int


FULL, SMALLEST = Size(48, 400, 5, 60), Size(4, 5, 2, 2)


def measure(surface: Surface, size: Size) -> tuple[float, float, float]:
    """(first picture of all methods, complete diagram, the same runs one point after the other, estimated) in s."""
    rates = Axis("learning_rate", np.geomspace(1e-3, 0.1, size.points))
    radii = Axis("radius", np.geomspace(0.02, 1.0, size.points))
    start, seeds = surface.default_start, np.arange(size.seeds)
    begin = time.perf_counter()
    pictures = [
        refined_sweep(surface, name, rates, radii, start, seeds, size.steps, noise_variance=1e-9) for name in METHODS
    ]
    for picture in pictures:
        next(picture)
    first = time.perf_counter() - begin
    for picture in pictures:
        *_, last = picture
        assert last.complete
    complete = time.perf_counter() - begin
    begin = time.perf_counter()
    for i in range(size.sample):
        rate, radius = rates.values[i % size.points], radii.values[(7 * i) % size.points]
        for name in METHODS:
            simulate(surface, name, start, size.steps, rate, radius, 0.9, 1e-9, i % size.seeds, "summary")
    single = (time.perf_counter() - begin) / size.sample * size.points**2 * size.seeds
    return first, complete, single


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the table."""
    report = Report(__doc__, arguments, packages=("numpy", "numba"))
    size = SMALLEST if report.smallest else FULL
    for name in METHODS:
        simulate(AnnularWell(), name, steps=2)
    rows = []
    for surface in (AnnularWell(), StiffValley()):
        first, complete, single = measure(surface, size)
        rows.append((surface.title, f"{first:.2f}", f"{complete:.2f}", f"{single:.0f}", f"{single / complete:.1f}"))
    points, runs = f"{size.points} × {size.points} points", len(METHODS) * size.points**2 * size.seeds
    title = f"Phase diagrams: {points}, {len(METHODS)} methods, {size.steps} steps, {size.seeds} seeds ({runs} runs)"
    about = (
        f"Two threads. One by one: {size.sample} points simulated one after the other, scaled up to the whole diagram."
    )
    head = ("surface", "first picture, s", "complete, s", "one by one, s (estimated)", "ratio")
    report.write(RESULTS / "sweeps.md", title, [about, "", *draw_table(head, rows)])


if __name__ == "__main__":
    main()
