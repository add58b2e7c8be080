"""Formulas, interpreted in compiled code: the tape of geometry.tape at one point, with exact derivatives.

One kernel reads every formula, so that a typed one is walked at once and nothing is compiled for it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from geometry import tape
from geometry.kernel_cache import keep_kernels
from geometry.tape import LARGEST, Operation

keep_kernels(__name__, tape)


@njit(cache=True, nogil=True, error_model="numpy")
def _slopes(operation, a, c):
    """(f, f′, f″) at a; see geometry.tape."""
    if operation == Operation.POWER:
        if c == 2.0:
            return a * a, 2.0 * a, 2.0
        if c == -1.0:
            inverse = 1.0 / a
            return inverse, -inverse * inverse, 2.0 * inverse * inverse * inverse
        if a == 0.0 and c > 0.0:
            return 0.0, 1.0 if c == 1.0 else 0.0, 0.0
        lower = a ** (c - 2.0)
        return lower * a * a, c * lower * a, c * (c - 1.0) * lower
    if operation == Operation.EXP:
        f = np.exp(a)
        return f, f, f
    if operation == Operation.SIN:
        f = np.sin(a)
        return f, np.cos(a), -f
    if operation == Operation.COS:
        f = np.cos(a)
        return f, -np.sin(a), -f
    if operation == Operation.TANH:
        f = np.tanh(a)
        return f, 1.0 - f * f, -2.0 * f * (1.0 - f * f)
    if operation == Operation.SQRT:
        f = np.sqrt(a)
        if a == 0.0:
            return f, 0.0, 0.0
        return f, 0.5 / f, -0.25 / (f * a)
    if operation == Operation.LOG:
        return np.log(a), 1.0 / a, -1.0 / (a * a)
    if operation == Operation.ABS:
        return abs(a), np.sign(a), 0.0
    if operation == Operation.TAN:
        f = np.tan(a)
        return f, 1.0 + f * f, 2.0 * f * (1.0 + f * f)
    if operation == Operation.ATAN:
        first = 1.0 / (1.0 + a * a)
        return np.arctan(a), first, -2.0 * a * first * first
    if operation == Operation.SINH:
        f = np.sinh(a)
        return f, np.cosh(a), f
    if operation == Operation.COSH:
        f = np.cosh(a)
        return f, np.sinh(a), f
    first = 1.0 / np.sqrt(1.0 - a * a)
    second = a * first * first * first
    if operation == Operation.ASIN:
        return np.arcsin(a), first, second
    return np.arccos(a), -first, -second


@njit(cache=True, nogil=True, error_model="numpy")
def tape_derivatives(p, x, y):
    """(L, ∂x, ∂y, ∂xx, ∂xy, ∂yy) at (x, y) of the packed tape p (geometry.tape.Tape.packed).

    L is not-a-number where it is no number or beyond LARGEST, and the derivatives where one of them or L is.
    """
    count = int(p[0])
    # one flat piece of memory: a view for each jet would be counted, which takes as long as what is computed with it
    jets = np.empty(6 * count)
    for i in range(count):
        at, to = 1 + 4 * i, 6 * i
        operation, u, v, c = int(p[at]), 6 * int(p[at + 1]), 6 * int(p[at + 2]), p[at + 3]
        if operation <= Operation.Y:
            along = 1.0 if operation == Operation.X else 0.0
            jets[to] = x if operation == Operation.X else y
            jets[to + 1], jets[to + 2] = along, 1.0 - along
            jets[to + 3] = jets[to + 4] = jets[to + 5] = 0.0
            continue
        u0, ux, uy = jets[u], jets[u + 1], jets[u + 2]
        uxx, uxy, uyy = jets[u + 3], jets[u + 4], jets[u + 5]
        if operation == Operation.SHIFT:
            f, fx, fy, fxx, fxy, fyy = u0 + c, ux, uy, uxx, uxy, uyy
        elif operation == Operation.SCALE:
            f, fx, fy, fxx, fxy, fyy = u0 * c, ux * c, uy * c, uxx * c, uxy * c, uyy * c
        elif operation <= Operation.MAXIMUM and operation != Operation.POWER:
            v0, vx, vy = jets[v], jets[v + 1], jets[v + 2]
            vxx, vxy, vyy = jets[v + 3], jets[v + 4], jets[v + 5]
            if operation == Operation.MULTIPLY:
                f, fx, fy = u0 * v0, ux * v0 + u0 * vx, uy * v0 + u0 * vy
                fxx = uxx * v0 + 2.0 * ux * vx + u0 * vxx
                fxy = uxy * v0 + ux * vy + uy * vx + u0 * vxy
                fyy = uyy * v0 + 2.0 * uy * vy + u0 * vyy
            elif operation == Operation.ADD:
                f, fx, fy, fxx, fxy, fyy = u0 + v0, ux + vx, uy + vy, uxx + vxx, uxy + vxy, uyy + vyy
            elif operation == Operation.SUBTRACT:
                f, fx, fy, fxx, fxy, fyy = u0 - v0, ux - vx, uy - vy, uxx - vxx, uxy - vxy, uyy - vyy
            elif v0 != v0 or (v0 < u0 if operation == Operation.MINIMUM else v0 > u0):
                f, fx, fy, fxx, fxy, fyy = v0, vx, vy, vxx, vxy, vyy
            else:
                f, fx, fy, fxx, fxy, fyy = u0, ux, uy, uxx, uxy, uyy
        else:
            f, slope, bend = _slopes(operation, u0, c)
            fx, fy = slope * ux, slope * uy
            fxx = bend * ux * ux + slope * uxx
            fxy = bend * ux * uy + slope * uxy
            fyy = bend * uy * uy + slope * uyy
        jets[to], jets[to + 1], jets[to + 2] = f, fx, fy
        jets[to + 3], jets[to + 4], jets[to + 5] = fxx, fxy, fyy
    last = 6 * (count - 1)
    loss, gx, gy = jets[last], jets[last + 1], jets[last + 2]
    xx, xy, yy = jets[last + 3], jets[last + 4], jets[last + 5]
    if not abs(loss) <= LARGEST:
        return np.nan, np.nan, np.nan, np.nan, np.nan, np.nan
    if not abs(gx + gy + xx + xy + yy) <= LARGEST:
        return loss, np.nan, np.nan, np.nan, np.nan, np.nan
    return loss, gx, gy, xx, xy, yy
