"""Hyper-parameters that broadcast over the walkers: a number, or an array of the walkers' shape."""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace

Array = Any


def expand_trailing(value: Any, axes: int = 1) -> Any:
    """A hyper-parameter ready to multiply an array with `axes` more axes than the walkers have.

    A number stays itself; an array of shape (...) becomes (..., 1) or (..., 1, 1).
    """
    if getattr(value, "ndim", 0) == 0:
        return value
    return value[(...,) + (None,) * axes]


def raised(value: Any, exponent: int) -> Any:
    """value ** exponent, by the same routine for a number as for an array, so that one walker has the bits of many."""
    if getattr(value, "ndim", 0) > 0:
        return value**exponent
    return np.power(np.full(1, float(value)), exponent).item()


def by_rows(a: Array) -> Array:
    """The array row by row in memory: linear algebra returns matrices by columns, products of the two kinds differ in
    the last bit, and what is saved and read back is by rows."""
    xp = array_namespace(a)
    return xp.reshape(xp.reshape(a, (-1,)), a.shape)
