"""How long the steps of a run still take, from what those before them took."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from statistics import median
from typing import Any

import numpy as np

from optimizers import Method

REMEMBERED = 30
"""The price of a step is the median of so many of its like, the last ones: a machine may become busy, or quiet, and one
that held up a step by chance says nothing of the others."""


class Pace:
    """Prices of the steps of each method, in seconds: of a plain one, and of one before which U is learned anew.

    The first of a kind is forgotten when there is a second: it has paid for what is compiled or loaded once.
    """

    def __init__(self, methods: Mapping[str, Method], steps: int) -> None:
        indices = np.arange(steps)
        due = {name: np.broadcast_to(m.preconditioner.schedule.due(indices), steps) for name, m in methods.items()}
        self._due = {name: found.tolist() for name, found in due.items()}
        self._ahead = {name: [*found[::-1].cumsum()[::-1].tolist(), 0] for name, found in due.items()}
        """After so many steps, how many of those that come learn U."""
        self._seconds: dict[tuple[str, bool], deque[float]] = {}
        """Of the last steps of a kind."""
        self._made: dict[tuple[str, bool], int] = {}
        self._steps = steps

    def add(self, name: str, index: int, seconds: float) -> None:
        """Count the step after `index` steps of a method."""
        kind = (name, self._due[name][index])
        self._made[kind] = self._made.get(kind, 0) + 1
        known = self._seconds.setdefault(kind, deque(maxlen=REMEMBERED))
        if self._made[kind] == 2:
            known.clear()
        known.append(seconds)

    def left(self, done: int, names: Any) -> float | None:
        """Seconds of the steps of these methods after `done`; None where one of them has not made two of a kind yet, as
        the first is no measure."""
        total = 0.0
        for name in names:
            learned = self._ahead[name][done]
            made = max(self._made.get((name, kind), 0) for kind in (False, True))
            if made < 2 and done < self._steps:
                return None
            for kind, count in ((False, self._steps - done - learned), (True, learned)):
                like = self._seconds.get((name, kind)) or self._seconds.get((name, not kind))
                total += count * median(like) if like else 0.0
        return total

    def packed(self) -> list[list[Any]]:
        """For a checkpoint."""
        return [[*kind, self._made[kind], list(known)] for kind, known in self._seconds.items()]

    def restore(self, packed: list[list[Any]]) -> None:
        """Take up the prices of an earlier attempt."""
        for name, learns, made, known in packed:
            if isinstance(known, list):  # a checkpoint of an earlier version has a mean, which is soon known anew
                self._made[name, learns], self._seconds[name, learns] = made, deque(known, REMEMBERED)
