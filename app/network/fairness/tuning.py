"""Tuning with equal effort: as many settings for each method, and of these ever fewer for ever longer.

Successive halving (Jamieson and Talwalkar, arXiv 1502.07943), here by thirds: all settings make a ninth of the steps,
the best third of them a third, the best third of these all. What a method tunes, and in which range, its parts say
(`Method.tunables`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from optimizers.capabilities import Tunable

PART = 3
"""One in so many goes on, with so many times the steps."""
ROUNDS = 3

Score = tuple[float, float] | None
"""(what is tuned for, made so that less is better; training loss, which decides between equals); None: it stopped."""


def settings_of(tunables: Sequence[Tunable], effort: int) -> list[dict[str, float]]:
    """A grid of at most `effort` points in equal ratios, each setting's range cut about as finely as the others'."""
    counts = [1] * len(tunables)
    widths = [math.log(one.maximum / one.minimum) for one in tunables]
    while True:
        coarsest = max(range(len(counts)), key=lambda k: widths[k] / counts[k])
        finer = [count + (k == coarsest) for k, count in enumerate(counts)]
        if math.prod(finer) > effort:
            break
        counts = finer
    values = [one.values(count).tolist() for one, count in zip(tunables, counts, strict=True)]
    names = [one.name for one in tunables]
    return [dict(zip(names, point, strict=True)) for point in itertools.product(*values)]


def rounds_of(effort: int, steps: int) -> list[tuple[int, int]]:
    """[(settings, steps of each)] of the rounds."""
    return [(math.ceil(effort / PART**k), max(1, steps // PART ** (ROUNDS - 1 - k))) for k in range(ROUNDS)]


def best_of(scores: Mapping[int, Score], count: int) -> list[int]:
    """The best `count` settings of those that came to their end, best first; the first of equals."""
    fine = [(score, index) for index, score in scores.items() if score is not None]
    return [index for _, index in sorted(fine)[:count]]
