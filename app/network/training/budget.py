"""What watching a run may cost: a share of its time, for its measurements and the surface under its paths together.

A run that has spent S seconds in steps may have spent s/(1 − s)·S on watching, s the share: nothing is looked at before
the steps have earned it, apart from where the run begins, which is paid for over the whole run, and where it ends.

Both are seconds of a thread's processor: on a machine that does other things as well, neither steps nor measurements
are charged with the waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

SURFACE = 0.2
"""Part of what has been earned that is the surface's: it is never done, and would leave the curves nothing."""


class Budget:
    """Seconds earned by steps and spent on watching; a share of 1 has no bound. Used from several threads."""

    def __init__(self, share: float, clock: Callable[[], float] = time.thread_time) -> None:
        self.bounded = share < 1
        self._rate = share / (1 - share) if self.bounded else 0.0
        self.clock, self._lock = clock, Lock()
        self.stepped = self.spent = self.drawn = 0.0
        """Seconds of steps, of watching, and of these of the surface."""
        self.kept_back = 0.0
        """Of what has been earned, what the measurement at the end will need."""
        self._begun, self._part = 0.0, 0.0

    def earned(self, stepped: float | None = None) -> float:
        """What these seconds of steps pay for; without any, those made so far."""
        return self._rate * (self.stepped if stepped is None else stepped)

    @property
    def left(self) -> float:
        """Seconds that may be spent on measurements now; below 0 where they have cost more than was earned."""
        owed = self._begun * (1 - self._part)
        measured = self.spent - self.drawn - owed
        return (1 - SURFACE) * self.earned() - measured - self.kept_back if self.bounded else float("inf")

    @property
    def lets_draw(self) -> bool:
        """Whether the surface may go on."""
        return not self.bounded or self.drawn < SURFACE * self.earned()

    def begin(self) -> None:
        """What has been spent by now is paid off evenly until the end of the run."""
        self._begun = self.spent

    @contextmanager
    def stepping(self) -> Iterator[None]:
        """Count what is done within as a step of a method."""
        began = self.clock()
        try:
            yield
        finally:
            self.stepped += self.clock() - began

    def reach(self, part: float) -> None:
        """The run has come so far, a part of 1."""
        self._part = part

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count what is done within as watching."""
        began = self.clock()
        try:
            yield
        finally:
            self._spend(self.clock() - began)

    def draw(self, seconds: float) -> None:
        """Count seconds of the surface."""
        self._spend(seconds)
        self.drawn += seconds

    def _spend(self, seconds: float) -> None:
        with self._lock:
            self.spent += seconds


_running: list[Budget] = []


@contextmanager
def training_here(budget: Budget) -> Iterator[None]:
    """While a run trains in this process, what is drawn here is drawn within its budget."""
    _running.append(budget)
    try:
        yield
    finally:
        _running.remove(budget)


def budget_here() -> Budget | None:
    """The budget of the run that trains in this process; None where none does: nobody waits for what is drawn."""
    return _running[-1] if _running else None
