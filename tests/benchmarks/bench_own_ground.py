"""A typed formula against the built-in surface that it spells, and what dug potholes cost. Processor time, in one run.

Run by `make bench`; writes tests/benchmarks/results/own_ground.md.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np

from geometry.surface import Surface, charted
from geometry.surfaces import Formula, Pit, Pitted, make_surface
from optimizers import METHODS, simulate
from tests.benchmarks.report import RESULTS, Report, draw_table, time_in_turns

SPELT = {
    "quadratic-bowl": "0.15*x^2 + 2*y^2",
    "himmelblau": "(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
    "annular-well": "0.15*(x^2 + y^2) - 3.5*exp(-(sqrt(x^2 + y^2) - 5)^2/0.125)",
    "beale": "(1.5 - x + x*y)^2 + (2.25 - x + x*y^2)^2 + (2.625 - x + x*y^3)^2",
    "ackley": "-20*exp(-0.2*sqrt(0.5*(x^2 + y^2))) - exp(0.5*(cos(2*pi*x) + cos(2*pi*y))) + 20 + e",
}
RATE, RADIUS = 1e-4, 0.05
BUILT_IN, TYPED, ONE, EIGHT = "built in", "typed", "built in, 1 pothole", "built in, 8 potholes"


def grounds(key: str) -> dict[str, Surface]:
    """The surface in its forms."""
    surface = make_surface(key)
    pits = tuple(Pit(0.3 * k, 0.2 * k, 1.0, 0.3) for k in range(8))
    return {BUILT_IN: surface, TYPED: Formula(SPELT[key]), ONE: Pitted(surface, pits[:1]), EIGHT: Pitted(surface, pits)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the tables."""
    report = Report(__doc__, arguments, packages=("numpy", "numba"))
    points, steps, rounds = (200, 12, 1) if report.smallest else (40_000, 600, 12)
    where = np.random.default_rng(0).uniform(-2, 2, (points, 2))

    def evaluate(surface: Surface) -> Callable[[], object]:
        return lambda: charted(surface, where)

    def walk(surface: Surface) -> Callable[[], object]:
        return lambda: [simulate(surface, name, (1.1, 0.7), steps, RATE, RADIUS) for name in METHODS]

    lines = []
    for what, make in (
        (f"L and its derivatives at {points} points", evaluate),
        (f"a walk of the four methods, {steps} steps", walk),
    ):
        rows = []
        for key in SPELT:
            calls = {name: make(surface) for name, surface in grounds(key).items()}
            for call in calls.values():
                call()  # compiled, and U's first form kept
            times = time_in_turns(calls, rounds, time.process_time)
            ms = {name: 1e3 * statistics.median(found) for name, found in times.items()}
            base = max(ms[BUILT_IN], 1e-9)
            rows.append((key, f"{base:.2f}", *(f"{ms[name] / base:.2f}" for name in (TYPED, ONE, EIGHT))))
        head = ("surface", f"{BUILT_IN}, ms", *(f"{name} ÷ that" for name in (TYPED, ONE, EIGHT)))
        lines += ["", f"## {what[:1].upper()}{what[1:]}", "", *draw_table(head, rows)]
    about = f"{rounds} rounds in turns, medians without the first, of processor time. No formula is compiled."
    report.write(RESULTS / "own_ground.md", "Own ground: what a formula and potholes cost", [about, *lines])


if __name__ == "__main__":
    main()
