"""What a step costs in gradient evaluations, counted.

A method's cost is told by four numbers: so much for each step, so much for each refresh of U, and the steps at which
refreshes come: the first and then every k. So the browser knows the cost of every step without an array of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimizers import LLQR, Method, NoProbe

PRODUCT = 2
"""Gradient evaluations that a curvature product counts as: on a network it is one pass forward and back more than a
gradient (Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6, 1994)."""


@dataclass(frozen=True)
class Schedule:
    """When U is refreshed: before step `first`, and every `every` steps from there. first −1: never.

    Both are numbers, or arrays that broadcast against the steps asked about.
    """

    first: Any
    every: Any

    def before(self, step: Any) -> Any:
        """Refreshes among the steps 0 … step − 1."""
        step = np.asarray(step)
        none = (np.asarray(self.first) < 0) | (step <= self.first)
        return np.where(none, 0, (step - 1 - self.first) // self.every + 1)[()]


def schedule_of(method: Method) -> Schedule:
    """The refreshes of a method, for each walker where its refresh interval is an array."""
    rule = method.preconditioner
    if not isinstance(rule, LLQR):
        return Schedule(-1, 1)
    every = rule.refresh_every if np.ndim(rule.refresh_every) else int(rule.refresh_every)
    return Schedule(0 if rule.warm_start_scale is None else every, every)


def counted(method: Method) -> dict[str, int]:
    """The cost in gradient evaluations: {step, refresh, first, every}; a curvature product counts as PRODUCT."""
    gradients, products = method.preconditioner.refresh_cost()
    when = schedule_of(method)
    each = 1 if isinstance(method.probe, NoProbe) else 2
    return {"step": each, "refresh": gradients + PRODUCT * products, "first": when.first, "every": when.every}


def counting_told(prices: Mapping[str, Mapping[str, float]]) -> str:
    """How gradient evaluations are counted, in words, from {"step", "refresh"} of each method."""
    each = []
    for name, price in prices.items():
        refresh = f" and {price['refresh']:g} for each refresh of U" if price["refresh"] else ""
        each.append(f"{name} {price['step']:g} a step{refresh}")
    return (
        f"{'; '.join(each)}. A curvature product counts as two gradients, about what it costs on a network. The warm "
        "start of U is not counted: it stands for what mini-batches teach."
    )
