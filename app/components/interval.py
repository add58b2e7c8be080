"""Student's interval of a mean, by which pages judge."""

from __future__ import annotations

import math

import numpy as np

LEVEL = 0.95
ROUNDING = 1e-12
"""Of a mean: standard errors below are none."""


def interval(values: np.ndarray) -> tuple[float, float, float, float]:
    """(mean m, standard error s, low, high) of n numbers: s = √(Σ(x − m)²/(n(n − 1))), and m ± t s with Student's t for
    n − 1 degrees of freedom, at LEVEL; not-a-number where there are too few for it."""
    from scipy.special import stdtrit  # a third of a second that a start does without

    n = len(values)
    mean = float(values.mean()) if n else math.nan
    if n < 2:
        return mean, math.nan, math.nan, math.nan
    error = float(values.std(ddof=1)) / math.sqrt(n)
    if error < ROUNDING * abs(mean):
        error = 0.0  # equal means of accuracies differ in their last digit
    reach = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * error
    return mean, error, mean - reach, mean + reach
