"""Hyper-parameters that broadcast over the walkers: a number, or an array of the walkers' shape."""

from __future__ import annotations

from typing import Any

Array = Any


def expand_trailing(value: Any, axes: int = 1) -> Any:
    """A hyper-parameter ready to multiply an array with `axes` more axes than the walkers have.

    A number stays itself; an array of shape (...) becomes (..., 1) or (..., 1, 1).
    """
    if getattr(value, "ndim", 0) == 0:
        return value
    return value[(...,) + (None,) * axes]
