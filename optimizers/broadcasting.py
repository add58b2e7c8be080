"""Hyper-parameters that broadcast over the walkers: a number, or an array of the walkers' shape."""

from __future__ import annotations

from typing import Any

import numpy as np

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
