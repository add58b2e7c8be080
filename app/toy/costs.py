"""What a step costs in gradient evaluations, counted.

A method's cost is told by four numbers: so much for each step, so much for each refresh of U, and the steps at which
refreshes come: the first and then every k. So the browser knows the cost of every step without an array of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.toy.messages import CountedCost, Price
from optimizers import Method

PRODUCT = 2
"""Gradient evaluations that a curvature product counts as: on a network it is one pass forward and back more than a
gradient (Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6, 1994)."""


def counted(method: Method) -> CountedCost:
    """The cost in gradient evaluations: {step, refresh, first, every}; a curvature product counts as PRODUCT.

    A probe that starts later than at step 0 is counted as if it had started there.
    """
    gradients, products = method.preconditioner.refresh_cost()
    step = int(method.gradient_evaluations(max(method.probe.schedule.first, 0)))
    when = method.preconditioner.schedule
    return {"step": step, "refresh": gradients + PRODUCT * products, "first": int(when.first), "every": int(when.every)}


def counting_told(prices: Mapping[str, Price]) -> str:
    """How gradient evaluations are counted, in words, from {"step", "refresh"} of each method."""
    each = []
    for name, price in prices.items():
        refresh = f" and {price['refresh']:g} for each refresh of U" if price["refresh"] else ""
        each.append(f"{name} {price['step']:g} a step{refresh}")
    return (
        f"{'; '.join(each)}. A curvature product counts as two gradients, about what it costs on a network. The warm "
        "start of U is not counted: it stands for what mini-batches teach."
    )
