"""What it costs to arrive, in any unit: so much for each step and so much for each refresh of U before the arrival.

A cost rises with the step, and so does the number of refreshes. So over several runs

    median cost = price of a step · median arrival + price of a refresh · median of the refreshes before arrival

holds exactly, and two numbers for each cell serve every unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.drawing.encoding import finite
from app.toy.compute import configured
from app.toy.costs import counted, counting_told
from app.toy.measured_cost import cost_request, measuring_told, seconds
from app.toy.messages import Price
from app.toy.request import ToyRequest
from optimizers import Method
from optimizers.capabilities import Schedule
from optimizers.sweeps import Sweep, with_learning


def prices(method: Method) -> Price:
    """A method's prices in gradient evaluations; see app.toy.costs."""
    cost = counted(method)
    return {"step": cost["step"], "refresh": cost["refresh"]}


@dataclass(frozen=True)
class Unit:
    """What a comparison counts in: its name in the controls table, and each method's prices (none for steps)."""

    name: str
    prices: Mapping[str, Price]

    def of(self, name: str) -> Price:
        """The prices of a method."""
        return self.prices[name] if self.prices else {"step": 1, "refresh": 0}

    def cost(self, name: str, steps: Any, refreshes: Any) -> Any:
        """What so many steps with so many refreshes cost a method."""
        price = self.of(name)
        return price["step"] * steps + price["refresh"] * refreshes

    def of_steps(self, name: str, steps: int, when: Schedule) -> float:
        """What the first so many steps cost a method that refreshes U by this schedule."""
        return float(self.cost(name, steps, when.before(steps)))

    def told(self) -> str:
        """How gradient evaluations are counted, or how seconds were measured, in words."""
        return (counting_told if self.name == "evaluations" else measuring_told)(self.prices)

    def said(self, value: float) -> str:
        """A median cost in words, where the unit has been named."""
        if self.name == "steps":
            return f"median step {value:g}"
        return f"median {value:g}" if self.name == "evaluations" else f"median {value:.3g} s"


STEPS = Unit("steps", {})


def unit_of(name: str, request: ToyRequest) -> Unit:
    """The unit with its prices at a request's setting; seconds are measured on this server where they are not known."""
    if name == "steps":
        return STEPS
    if name == "evaluations":
        return Unit(name, {method: prices(configured(method, request)) for method in request.methods})
    return Unit(name, seconds(cost_request(request)))


def median_refreshes(pair: np.ndarray, when: Schedule) -> np.ndarray:
    """Median number of refreshes before arrival (…), from the two middle arrivals (2, …); not-a-number if none."""
    known = np.isfinite(pair)
    return np.where(known, when.before(np.where(known, pair, 0)), np.nan).mean(axis=0)


def with_axes(method: Method, found: Sweep) -> Method:
    """The method of a map's cells: its preconditioner's settings that are an axis as arrays over the map (m, n)."""
    return with_learning(method, {found.x.name: found.x.values[None, :], found.y.name: found.y.values[:, None]})


def arrivals_told(pair: np.ndarray, method: Method) -> dict[str, list[list[float | None]]]:
    """{"median", "refreshes"} of a map (m, n) from its two middle arrivals (2, m, n); None where no run arrived."""
    told = {"median": pair.mean(axis=0), "refreshes": median_refreshes(pair, method.preconditioner.schedule)}
    return {key: [[finite(v) for v in row] for row in rows] for key, rows in told.items()}
