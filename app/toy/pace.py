"""How fast a run is played, for animations: the page's own paces (assets/core/pace.js), so that a GIF is slow where the
page is: in the first steps and before the first method arrives."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

SLOW = 6.0
"""Steps per second in a slow span."""
FIRST_STEPS, BEFORE_ESCAPE = 20, 24
DOUBLED = 8
"""Steps away from a slow span within which the speed doubles."""


def slow_spans(arrivals: Iterable[int]) -> list[tuple[int, int]]:
    """The spans of steps that are played slowly; arrivals: of each method, −1 where it does not arrive."""
    first = min((step for step in arrivals if step >= 0), default=None)
    return [(0, FIRST_STEPS), *([] if first is None else [(max(first - BEFORE_ESCAPE, 0), first)])]


def playing_times(steps: int, speed: float, slow: Iterable[tuple[int, int]]) -> np.ndarray:
    """Seconds (T+1) at which each step is shown, `speed` steps a second far from the slow spans."""
    at = np.arange(steps) + 0.5
    away = np.full(steps, np.inf)
    for start, end in slow:
        away = np.minimum(away, np.maximum(np.maximum(start - at, at - end), 0.0))
    rate = np.minimum(speed, SLOW * np.exp2(np.minimum(away, 1e3) / DOUBLED))
    return np.concatenate([[0.0], np.cumsum(1.0 / rate)])


def frames_of(times: np.ndarray, count: int) -> tuple[list[int], np.ndarray]:
    """(steps, parts): at most `count` different steps, evenly spread over the time of playing, the first and the last
    among them; and the part of that time until the next one is shown, that of the last an average one."""
    wanted = np.linspace(0.0, times[-1], count)
    steps = np.unique(np.abs(times[:, None] - wanted).argmin(axis=0))
    parts = np.diff(times[steps], append=times[-1] * (1 + 1 / (len(steps) - 1)))
    return steps.tolist(), parts / parts.sum()
