"""A statement of the paper and what the records say about it, by the usual intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from app.components.claim import FAILS, HOLDS, OPEN
from app.components.interval import LEVEL, interval
from app.state.numbers_as_text import number

MISSING = "not computed yet"
VERDICTS = (HOLDS, FAILS, OPEN, MISSING)


@dataclass(frozen=True)
class Statement:
    """statement: the sentence that is judged;  verdict: one of VERDICTS;  counts: the numbers it rests on;  detail: how
    they were computed."""

    statement: str
    verdict: str
    counts: str
    detail: str


@dataclass(frozen=True)
class Mean:
    """The mean of some numbers, its standard error and its interval (`interval`)."""

    values: tuple[float, ...]
    mean: float = field(init=False)
    error: float = field(init=False)
    low: float = field(init=False)
    high: float = field(init=False)

    def __post_init__(self) -> None:
        for name, value in zip(("mean", "error", "low", "high"), interval(np.array(self.values)), strict=True):
            object.__setattr__(self, name, value)

    def told(self, unit: str = "", digits: int = 3) -> str:
        """“−1.2 % [−2.1, −0.3]”."""
        between = f" [{number(self.low, digits)}, {number(self.high, digits)}]" if len(self.values) > 1 else ""
        return f"{number(self.mean, digits)}{unit}{between}"


def missing(statement: str, detail: str = "") -> Statement:
    """One that has no records yet."""
    return Statement(statement, MISSING, "", detail)


def compare(statement: str, ours: dict[int, float], theirs: dict[int, float], unit: str, detail: str) -> Statement:
    """That ours is lower: by the mean of the paired differences ours − theirs over the seeds that both have.

    It holds where the whole interval lies below 0, does not where it lies above, and cannot be told in between.
    """
    seeds = sorted(ours.keys() & theirs.keys())
    if len(seeds) < 2:
        return missing(statement, "Two seeds of both are needed." if seeds else "")
    difference = Mean(tuple(ours[seed] - theirs[seed] for seed in seeds))
    verdict = HOLDS if difference.high < 0 else FAILS if difference.low > 0 else OPEN
    means = (Mean(tuple(one[seed] for seed in seeds)).mean for one in (ours, theirs))
    counts = " against ".join(f"{number(mean, 3)}{unit}" for mean in means)
    return Statement(statement, verdict, f"{counts}; difference {difference.told(unit)}, {len(seeds)} seeds", detail)


def share(statement: str, wins: Sequence[bool], counts: str, detail: str) -> Statement:
    """That it is so more often than not: by the interval of Clopper and Pearson for the share of wins."""
    n, k = len(wins), sum(wins)
    if n < 2:
        return missing(statement)
    from scipy.special import betaincinv

    rest = (1 - LEVEL) / 2
    low = float(betaincinv(k, n - k + 1, rest)) if k else 0.0
    high = float(betaincinv(k + 1, n - k, 1 - rest)) if k < n else 1.0
    verdict = HOLDS if low > 0.5 else FAILS if high < 0.5 else OPEN
    told = f"in {k} of {n} runs (share [{number(low, 2)}, {number(high, 2)}])"
    return Statement(statement, verdict, f"{told}; {counts}" if counts else told, detail)


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> tuple[float, float, float]:
    """(a, its standard error, c) of seconds ≈ c · size^a: the line of least squares through the logarithms.

    The error is that of the slope, 0 for two points.
    """
    x, y = [math.log(size) for size in sizes], [math.log(value) for value in seconds]
    n = len(x)
    middle_x, middle_y = math.fsum(x) / n, math.fsum(y) / n
    wide = math.fsum((one - middle_x) ** 2 for one in x)
    slope = math.fsum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True)) / wide
    left = math.fsum((b - middle_y - slope * (a - middle_x)) ** 2 for a, b in zip(x, y, strict=True))
    error = math.sqrt(left / (n - 2) / wide) if n > 2 else 0.0
    return slope, error, math.exp(middle_y - slope * middle_x)
