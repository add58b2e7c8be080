"""What a walk really asks of the ground: the readable rule, step by step, on a surface that counts its calls."""

from __future__ import annotations

import numpy as np

from app.toy.costs import PRODUCT
from geometry.objective import Linearisation
from optimizers.rule import Settings, begin, descent_step, refresh_if_due
from optimizers.run import STAYING


class CountingSurface:
    """A surface that says how often it was asked for a gradient (1 each) and a curvature product (PRODUCT each)."""

    def __init__(self, surface):
        self.surface, self.layout, self.dimension = surface, surface.layout, surface.dimension
        self.evaluations = 0

    def gradient(self, theta):
        self.evaluations += 1
        return self.surface.gradient(theta)

    def curvature_product(self, theta, d, metric="newton"):
        self.evaluations += PRODUCT
        return self.surface.curvature_product(theta, d, metric)

    def linearise(self, theta, metric="newton"):
        """Counts what is asked as above; the surface works its Hessian out once, not once for each product."""
        at = self.surface.linearise(theta, metric)
        self.evaluations += 1

        def product(d):
            self.evaluations += PRODUCT
            return at.product(d)

        return Linearisation(at.gradient, product)


def evaluations_to_arrival(surface, method, starts, steps, learning_rate, radius, momentum=0.9):
    """For each start (R, D): gradient evaluations until it comes into the flat basin to stay; None where it does not.

    All walk in step, so one call is one evaluation of each. The start of U is not counted, as everywhere: it is made
    before the counting begins.
    """
    counted = CountingSurface(surface)
    state = begin(surface, method, np.asarray(starts, dtype=float))
    settings = Settings(learning_rate, radius, momentum)
    found, centre, radius = [None] * len(starts), np.asarray(surface.flat_basin.centre), surface.flat_basin.radius
    late = [False] * len(starts)
    with np.errstate(all="ignore"):
        for step in range(steps + 1):
            for index, distance in enumerate(np.linalg.norm(state.position - centre, axis=-1)):
                if not distance <= STAYING * radius:
                    found[index] = None
                elif distance < radius:
                    found[index] = counted.evaluations if found[index] is None else found[index]
                    late[index] |= step > steps - max(1, steps // 4)
            if step == steps:
                return [cost if inside else None for cost, inside in zip(found, late, strict=True)]
            state, _ = refresh_if_due(counted, method, state)
            state, _ = descent_step(counted, method, settings, state)


def evaluations_of_steps(surface, method, steps):
    """Gradient evaluations before each of the first so many steps, and after them (steps + 1)."""
    counted = CountingSurface(surface)
    state = begin(surface, method, np.asarray(surface.default_start, dtype=float)[None])
    found = [0]
    for _ in range(steps):
        state, _ = refresh_if_due(counted, method, state)
        state, _ = descent_step(counted, method, Settings(1e-4, 0.1, 0.9), state)
        found.append(counted.evaluations)
    return found
