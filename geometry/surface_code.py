"""What a surface's class and its compiled kernel share. Nothing that compiles is imported here: half a second of a
processor, which a process that trains networks has no use for."""

from __future__ import annotations

from enum import IntEnum

CENTRE = 1e-50
"""So near to its centre a ring is its bowl: the well's slope there, 4e-85 by default, would give 4e-85/r."""


class SurfaceCode(IntEnum):
    """Which formula a kernel computes; a surface without one has NONE."""

    NONE = -1
    ANNULAR_WELL = 0
    STIFF_VALLEY = 1
    TWO_SCALE = 2
    QUADRATIC_BOWL = 3
    ROSENBROCK = 4
    HIMMELBLAU = 5
    BEALE = 6
    MONKEY_SADDLE = 7
    GOLDSTEIN_PRICE = 8
    ACKLEY = 9
    FORMULA = 10
    PITTED = 11
