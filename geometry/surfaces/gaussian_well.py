"""Where a Gaussian well on the side of a parabola has its bottom and its barrier."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from geometry.objective import Array

REACH = 8.0
"""How far from the well's centre its wall is sought, in widths: E < 2e-14 beyond."""
POINTS = 1601
"""Points of the scan that brackets the roots: a hundredth of a width apart."""


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
        """(bottom, barrier): f′ = 0 with f″ > 0 and with f″ < 0, by bracketing and Brent's method."""
        r = np.linspace(max(0.0, self.position - REACH * self.width), self.position, POINTS)
        slope = self.slope(r)
        steepest = int(np.argmin(slope))
        if slope[steepest] >= 0:
            return math.nan, math.nan
        # f' rises from its lowest value to hp > 0 at the well's centre
        bottom = float(brentq(self.slope, r[steepest], self.position, xtol=1e-14))
        uphill = np.flatnonzero(slope[:steepest] > 0)
        if len(uphill) == 0:
            return bottom, math.nan
        return bottom, float(brentq(self.slope, r[uphill[-1]], r[steepest], xtol=1e-14))
