"""How long the steps of a run still take, from what those before them took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from optimizers import Method

REMEMBERED = 30
"""The price of a step is a mean over about so many of its like: a machine may become busy, or quiet."""


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
        self._prices: dict[tuple[str, bool], tuple[int, float]] = {}
        self._steps = steps

    def add(self, name: str, index: int, seconds: float) -> None:
        """Count the step after `index` steps of a method."""
        kind = (name, self._due[name][index])
        count, price = self._prices.get(kind, (0, 0.0))
        weight = min(max(count, 1), REMEMBERED)
        self._prices[kind] = (count + 1, price + (seconds - price) / weight)

    def left(self, done: int, names: Any) -> float | None:
        """Seconds of the steps of these methods after `done`; None where one of them has not made two of a kind yet, as
        the first is no measure."""
        total = 0.0
        for name in names:
            learned = self._ahead[name][done]
            made = max(self._prices.get((name, kind), (0, 0.0))[0] for kind in (False, True))
            if made < 2 and done < self._steps:
                return None
            for kind, count in ((False, self._steps - done - learned), (True, learned)):
                _, price = self._prices.get((name, kind)) or self._prices.get((name, not kind)) or (0, 0.0)
                total += count * price
        return total

    def packed(self) -> list[list[Any]]:
        """For a checkpoint."""
        return [[name, learns, count, price] for (name, learns), (count, price) in self._prices.items()]

    def restore(self, packed: list[list[Any]]) -> None:
        """Take up the prices of an earlier attempt."""
        self._prices = {(name, learns): (count, price) for name, learns, count, price in packed}
