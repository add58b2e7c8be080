"""Where a Gaussian well on the side of a parabola has its bottom and its barrier."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from geometry.objective import Array

REACH = 8.0
"""How far from the well's centre its wall is sought, in widths: E < 2e-14 beyond."""
POINTS = 1501
"""Points of the scans that bracket the roots, at most a two-hundredth of a width apart."""


@dataclass(frozen=True)
class WellProfile:
    """f(r) = ½ h r² − D exp(−(r − p)²/(2w²)) for r ≥ 0: bottom p_w < p and barrier, the two roots of f′.

    curvature h and depth D as in the surfaces, width w and position p (lengths). A well that is too shallow for the
    bowl's slope has no bottom: f′ > 0 throughout, and both roots are not-a-number. A well so wide that it reaches the
    bowl's bottom has no barrier: then only the barrier is not-a-number.
    """

    curvature: float
    depth: float
    width: float
    position: float

    def slope(self, r: Array) -> Array:
        """f′(r) = h r + (D (r − p)/w²) E."""
        x = r - self.position
        return self.curvature * r + self.depth * x / self.width**2 * np.exp(-(x**2) / (2 * self.width**2))

    def roots(self) -> tuple[float, float]:
        """(bottom, barrier): f′ = 0 with f″ > 0 and with f″ < 0, by bracketing and bisection."""
        p, w = self.position, self.width
        # the wall is steepest where f'' = 0 and rising, between one and √3 widths before the well's centre
        wall = np.linspace(max(0.0, p - math.sqrt(3) * w), max(0.0, p - w), POINTS)
        slope = self.slope(wall)
        steepest = float(wall[np.argmin(slope)])
        if slope.min() >= 0:
            return math.nan, math.nan
        bottom = self.root(steepest, p)
        before = np.linspace(max(0.0, p - REACH * w), steepest, POINTS)
        uphill = before[self.slope(before) > 0]
        if len(uphill) == 0:
            return bottom, math.nan
        return bottom, self.root(steepest, float(uphill[-1]))

    def root(self, below: float, above: float) -> float:
        """r between two places with f′ < 0 and f′ ≥ 0, to the last digit: importing scipy's root finders would take a
        server a fifth of its start."""
        while (middle := 0.5 * (below + above)) not in (below, above):
            if self.slope(middle) < 0:
                below = middle
            else:
                above = middle
        return above
