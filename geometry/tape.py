"""A formula of x and y as a tape: one operation after the other, each with exact first and second derivatives.

Each operation carries its value with ∂x, ∂y, ∂xx, ∂xy, ∂yy (forward mode of second order), so that derivatives are
exact to rounding. The tape is read here, vectorised over points of any array library, and in geometry.compiled_tape,
compiled; neither compiles anything for a formula, so that a new one costs nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from geometry.objective import Array

LARGEST = 1e150
"""A value or derivative beyond this counts as none: squares and differences of what is left do not overflow."""


class Operation(IntEnum):
    """What one entry of a tape does; `first` and `second` are earlier entries, `constant` is a number.

    X, Y: the coordinates;  SHIFT: first + constant;  SCALE: first · constant;  POWER: first ^ constant.
    """

    X = 0
    Y = 1
    SHIFT = 2
    SCALE = 3
    ADD = 4
    SUBTRACT = 5
    MULTIPLY = 6
    POWER = 7
    MINIMUM = 8
    MAXIMUM = 9
    EXP = 10
    SIN = 11
    COS = 12
    TANH = 13
    SQRT = 14
    LOG = 15
    ABS = 16
    TAN = 17
    ATAN = 18
    SINH = 19
    COSH = 20
    ASIN = 21
    ACOS = 22


@dataclass(frozen=True)
class Entry:
    """One operation on earlier entries, named by their place on the tape."""

    operation: Operation
    first: int = 0
    second: int = 0
    constant: float = 0.0


@dataclass(frozen=True)
class Tape:
    """The entries in their order; the last one is the formula's value."""

    entries: tuple[Entry, ...]

    def packed(self) -> np.ndarray:
        """The tape as the compiled kernel reads it: the number of entries, then four numbers for each."""
        rows = [(float(e.operation), float(e.first), float(e.second), e.constant) for e in self.entries]
        return np.array([float(len(rows)), *(number for row in rows for number in row)])

    def value(self, x: Array, y: Array) -> Array:
        """L at x and y of one shape; not-a-number where it is none, or beyond LARGEST."""
        xp = array_namespace(x)
        with np.errstate(all="ignore"):
            found: list[Array] = []
            for entry in self.entries:
                found.append(_value(xp, entry, found, x, y))
            return _holed(xp, found[-1], found[-1:])[0]

    def derivatives(self, x: Array, y: Array) -> tuple[Array, ...]:
        """(L, ∂x, ∂y, ∂xx, ∂xy, ∂yy) at x and y of one shape; not-a-number where one of them is none, or too large."""
        xp = array_namespace(x)
        with np.errstate(all="ignore"):
            found: list[tuple[Array, ...]] = []
            for entry in self.entries:
                found.append(_jet(xp, entry, found, x, y))
            return _holed(xp, sum(found[-1][1:], found[-1][0]), found[-1])


def _holed(xp: Any, told: Array, values: Any) -> tuple[Array, ...]:
    """The values, not-a-number where `told` is none or too large."""
    return tuple(xp.where(xp.abs(told) <= LARGEST, one, xp.full_like(one, math.nan)) for one in values)


def _value(xp: Any, entry: Entry, found: list[Array], x: Array, y: Array) -> Array:
    operation = entry.operation
    if operation == Operation.X:
        return x
    if operation == Operation.Y:
        return y
    a, b = found[entry.first], found[entry.second]
    if operation == Operation.SHIFT:
        return a + entry.constant
    if operation == Operation.SCALE:
        return a * entry.constant
    if operation == Operation.ADD:
        return a + b
    if operation == Operation.SUBTRACT:
        return a - b
    if operation == Operation.MULTIPLY:
        return a * b
    if operation == Operation.POWER:
        return a**entry.constant
    if operation in (Operation.MINIMUM, Operation.MAXIMUM):
        return xp.where(_takes_second(xp, operation, a, b), b, a)
    return _called(xp, operation)(a)


def _takes_second(xp: Any, operation: Operation, a: Array, b: Array) -> Array:
    """Where the smaller or larger of two is the second; what is not defined stays so."""
    return xp.isnan(b) | (b < a if operation == Operation.MINIMUM else b > a)


def _called(xp: Any, operation: Operation) -> Any:
    """The array library's function of this operation."""
    standard = {Operation.ASIN: "asin", Operation.ACOS: "acos", Operation.ATAN: "atan"}
    return getattr(xp, standard.get(operation, operation.name.lower()))


def _jet(xp: Any, entry: Entry, found: list[tuple[Array, ...]], x: Array, y: Array) -> tuple[Array, ...]:
    operation = entry.operation
    if operation in (Operation.X, Operation.Y):
        one, zero = xp.ones_like(x), xp.zeros_like(x)
        return (x, one, zero, zero, zero, zero) if operation == Operation.X else (y, zero, one, zero, zero, zero)
    a, b = found[entry.first], found[entry.second]
    if operation == Operation.SHIFT:
        return (a[0] + entry.constant, *a[1:])
    if operation == Operation.SCALE:
        return tuple(one * entry.constant for one in a)
    if operation == Operation.ADD:
        return tuple(one + other for one, other in zip(a, b, strict=True))
    if operation == Operation.SUBTRACT:
        return tuple(one - other for one, other in zip(a, b, strict=True))
    if operation == Operation.MULTIPLY:
        (u, ux, uy, uxx, uxy, uyy), (v, vx, vy, vxx, vxy, vyy) = a, b
        return (
            u * v,
            ux * v + u * vx,
            uy * v + u * vy,
            uxx * v + 2 * ux * vx + u * vxx,
            uxy * v + ux * vy + uy * vx + u * vxy,
            uyy * v + 2 * uy * vy + u * vyy,
        )
    if operation in (Operation.MINIMUM, Operation.MAXIMUM):
        other = _takes_second(xp, operation, a[0], b[0])
        return tuple(xp.where(other, v, u) for u, v in zip(a, b, strict=True))
    f, first, second = _slopes(xp, operation, a[0], entry.constant)
    _, ux, uy, uxx, uxy, uyy = a
    return (
        f,
        first * ux,
        first * uy,
        second * ux * ux + first * uxx,
        second * ux * uy + first * uxy,
        second * uy * uy + first * uyy,
    )


def _slopes(xp: Any, operation: Operation, a: Array, c: float) -> tuple[Array, Array, Array]:
    """(f, f′, f″) at a. At the kink of |a|, and where a root's slope is infinite, the slope is taken as 0."""
    if operation == Operation.POWER:
        first, second = c * a ** (c - 1), c * (c - 1) * a ** (c - 2)
        if c > 0:
            flat = a == 0
            first = xp.where(flat, xp.full_like(a, 1.0 if c == 1 else 0.0), first)
            second = xp.where(flat, xp.full_like(a, 2.0 if c == 2 else 0.0), second)
        return a**c, first, second
    f = _called(xp, operation)(a)
    if operation in (Operation.EXP, Operation.SINH, Operation.COSH):
        slope = {Operation.EXP: f, Operation.SINH: xp.cosh(a), Operation.COSH: xp.sinh(a)}[operation]
        return f, slope, f
    if operation in (Operation.SIN, Operation.COS):
        return f, xp.cos(a) if operation == Operation.SIN else -xp.sin(a), -f
    if operation == Operation.TANH:
        return f, 1 - f * f, -2 * f * (1 - f * f)
    if operation == Operation.TAN:
        return f, 1 + f * f, 2 * f * (1 + f * f)
    if operation == Operation.SQRT:
        zero = a == 0
        first = xp.where(zero, xp.zeros_like(a), 0.5 / f)
        return f, first, xp.where(zero, xp.zeros_like(a), -0.25 / (f * a))
    if operation == Operation.LOG:
        return f, 1 / a, -1 / (a * a)
    if operation == Operation.ABS:
        return f, xp.sign(a), xp.zeros_like(a)
    if operation == Operation.ATAN:
        first = 1 / (1 + a * a)
        return f, first, -2 * a * first * first
    first = 1 / xp.sqrt(1 - a * a)  # ASIN and ACOS
    second = a * first * first * first
    return (f, first, second) if operation == Operation.ASIN else (f, -first, -second)
