"""What is measured of a run, and when: as often and as exactly as its budget pays for, the cheapest first.

Measurements are due so many times in a run. One that cannot be paid for yet is made at the first step that has earned
it, over as many examples as can be paid for; at the end, over all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from app.network.training.budget import SURFACE, Budget
from app.network.training.session import TrainingSession
from app.network.training.settings import Description

FEWEST = 64
"""Examples of either half in the smallest sample."""
FIRST = 256
"""The same before the first step, where all methods stand at one point and nothing has been earned yet."""
FIRST_SECONDS = 3.0
"""Where the other one would take longer, the smallest sample has to do."""
END_SECONDS = 0.2
"""So long the losses at the end may take where less than that has been earned: a short run of a small network ends
exactly."""
KEPT_BACK = 0.4
"""Part of what has been earned that is saved for the end at most."""
SELDOM = {"steepness": 3, "sharpness": 6}
"""So many times in a run the steepness of U's inner problem and the sharpness of the loss are measured."""
GUESSES = {"boundary": 1.0, "u": 2.0, "steepness": 40.0, "sharpness": 20.0}
"""What a reading costs while none has been made, in steps of the run."""


class Readings:
    """The measurements of one run."""

    def __init__(self, session: TrainingSession, description: Description, budget: Budget) -> None:
        self.session, self.budget, self._clock = session, budget, budget.clock
        self._steps, times = description["steps"], description["evaluations"]
        self.every = every(self._steps, times)
        self._due = self.every
        self._seldom = {reading: self.every * max(1, times // often) for reading, often in SELDOM.items()}
        self._seldom_due = dict(self._seldom)
        self._names = session.training.names
        most = max(session.examples)
        sizes = [FEWEST * 2**k for k in range(most.bit_length()) if FEWEST * 2**k < most] if session.samples else []
        self._sizes = [*sizes, most]
        self._costs: dict[int, float] = {}
        """Seconds that losses of all methods took, by the size of the sample."""
        self._prices: dict[str, float] = {}
        """Seconds that the other readings took of all methods."""

    def skip(self, done: int) -> None:
        """Begin after `done` steps: what was due up to there has been measured, or is not any more."""
        if self.every:
            self._due = self.every * (done // self.every + 1)
            if done:
                self._put_off(SELDOM, done)

    def take(self, done: int, stopped: Collection[str]) -> dict[str, dict[str, Any]]:
        """What is measured after `done` steps, by method; empty where nothing is."""
        if not self.every or 0 < done < min(self._due, self._steps):
            return {}
        if done == 0:
            return self._first()
        last = done == self._steps
        plan = self._plan(done, last)
        if plan is None:
            return {}
        size, others = plan
        self._due = self.every * (done // self.every + 1)
        if "steepness" in others:
            others -= {"u"}  # it is read together with it
        self._put_off(others & SELDOM.keys(), done)
        found = self._losses(size)
        for reading in sorted(others):
            self._read(reading, found, stopped)
        return found

    def _put_off(self, readings: Iterable[str], done: int) -> None:
        for reading in readings:
            self._seldom_due[reading] = self._seldom[reading] * (done // self._seldom[reading] + 1)

    def exact_cost(self) -> float:
        """Seconds that the measurement at the end takes, about; 0 while nothing is known of it."""
        return self._cost(self._sizes[-1]) if self.every else 0.0

    def wanted(self, done: int) -> float:
        """Seconds that all measurements after `done` steps would take if they were exact."""
        if not self.every:
            return 0.0
        left = self._steps - done
        others = sum(self._price(reading, done) for reading in self._others(done, False) if reading not in SELDOM)
        seldom = sum(left / steps * self._prices.get(reading, 0.0) for reading, steps in self._seldom.items())
        return left / self.every * (self.exact_cost() + others) + seldom

    def foresee(self, done: int, earned: float) -> float:
        """Seconds that measurements after `done` steps will take, where the whole run earns so many: what is saved for
        the end goes to the largest sample that it pays for, the rest to those on the way, where it pays for any."""
        wanted, budget = self.wanted(done), self.budget
        if not self.every or not budget.bounded:
            return wanted
        left = (1 - SURFACE) * earned - (budget.spent - budget.drawn)
        end = min(self.exact_cost(), KEPT_BACK * earned)
        on_the_way = left - end if left - end >= self._cost(self._sizes[0]) else 0.0
        last = max((cost for cost in map(self._cost, self._sizes) if cost <= max(end, left - on_the_way)), default=0.0)
        return min(wanted, on_the_way + last)

    def _first(self) -> dict[str, dict[str, Any]]:
        """All methods stand at the same weights: measured once."""
        name, *_ = self._names
        size = next((size for size in self._sizes if size >= FIRST), self._sizes[-1])
        if not self.budget.bounded:
            size = self._sizes[-1]
        # The first pays for what is loaded once: prices are the next one's.
        for each in (self._sizes[0], size) if self.budget.bounded and size > self._sizes[0] else (size,):
            began = self._clock()
            values = self.session.evaluate(name, self._size(each))
            took = self._clock() - began
            if took * size / each > FIRST_SECONDS:
                break
        self._costs[each] = took * len(self._names)
        found = {name: dict(values) for name in self._names}
        if self.session.boundary is not None:
            self._read("boundary", found, ())
        if not self.budget.bounded:
            began = self._clock()
            sharpness = self.session.read_sharpness(name)
            self._prices["sharpness"] = (self._clock() - began) * len(self._names)
            found = {name: values | sharpness for name, values in found.items()}
        return found

    def _plan(self, done: int, last: bool) -> tuple[int, set[str]] | None:
        """The size of the sample, and what else is read; None where not even the smallest sample can be paid for."""
        exact, budget = self.exact_cost(), self.budget
        part = done / self._steps
        saved_for_end = min(exact * part, KEPT_BACK * budget.earned())
        budget.kept_back = 0.0 if last else saved_for_end
        left, fewest = budget.left, self._sizes[0]
        prices = {"losses": self._cost(fewest)} | {each: self._price(each, done) for each in self._others(done, last)}
        chosen: set[str] = set()
        # The dearest may take half of what there is: losses are measured over many examples all the same.
        for reading in sorted(prices, key=prices.__getitem__):
            saved = exact if last and reading in SELDOM else prices[reading] if reading == "sharpness" else 0.0
            if prices[reading] <= left - saved or (last and reading not in SELDOM):
                chosen.add(reading)
                left -= prices[reading]
        if "losses" not in chosen:
            return None
        spare = max(left + self._cost(fewest), max(saved_for_end, END_SECONDS - budget.earned()) if last else 0.0)
        sizes = self._sizes if self._costs or last or not budget.bounded else []
        fitting = [size for size in sizes if self._cost(size) <= spare]
        return max(fitting, default=fewest), chosen - {"losses"}

    def _others(self, done: int, last: bool) -> list[str]:
        """What there is to be read beside the losses."""
        due = {reading for reading, at in self._seldom_due.items() if last or done >= at}
        found = ["boundary"] if self.session.boundary is not None else []
        if any(method.learns for method in self.session.methods.values()):
            found += ["u", "steepness"] if "steepness" in due else ["u"]
        return [*found, "sharpness"] if "sharpness" in due else found

    def _price(self, reading: str, done: int) -> float:
        """Seconds of a reading for all methods."""
        return self._prices.get(reading, GUESSES[reading] * self.budget.stepped / max(1, done))

    def _cost(self, size: int) -> float:
        """Seconds of the losses of all methods over so many examples of either half."""
        if size in self._costs or not self._costs:
            return self._costs.get(size, 0.0)
        nearest = min(self._costs, key=lambda known: abs(known - size))
        return self._costs[nearest] * self._counted(size) / self._counted(nearest)

    def _counted(self, size: int) -> int:
        return sum(min(size, examples) for examples in self.session.examples)

    def _size(self, size: int) -> int | None:
        return None if size >= self._sizes[-1] else size

    def _losses(self, size: int) -> dict[str, dict[str, Any]]:
        began = self._clock()
        found = {name: self.session.evaluate(name, self._size(size)) for name in self._names}
        self._costs[size] = self._clock() - began
        return found

    def _read(self, reading: str, found: dict[str, dict[str, Any]], stopped: Collection[str]) -> None:
        """Put a reading into the values of each method; of a U only where its method goes on."""
        began, session = self._clock(), self.session
        for name, values in found.items():
            if reading == "boundary" and session.boundary is not None:
                values["boundary"] = session.boundary.read(session.training.state(name))
            elif reading == "sharpness" and name not in stopped:
                values |= session.read_sharpness(name)
            elif reading != "boundary" and name not in stopped:
                values |= session.read_u(name, reading == "steepness")
        self._prices[reading] = self._clock() - began


def every(steps: int, times: int) -> int:
    """Steps between two of so many times; 0 for never."""
    return max(1, steps // times) if times else 0
