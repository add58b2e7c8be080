"""Coordinates of a picture's points."""

from __future__ import annotations

from typing import Any

import numpy as np

from geometry.plane import Plane, as_numpy


def checked_axes(plane: Plane, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """x (n,) and y (m,) as float64, y None for a line; ValueError where they are no coordinates of the plane."""
    if plane.axes == 1:
        if y is not None:
            raise ValueError("this plane is a line: it takes x only")
        return _axis("x", x), None
    if y is None:
        raise ValueError("y is missing: only a line (a plane with one direction) takes x alone")
    return _axis("x", x), _axis("y", y)


def _axis(name: str, values: Any) -> np.ndarray:
    try:
        axis = np.asarray(as_numpy(values), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers, got {type(values).__name__}") from error
    if axis.ndim != 1 or axis.size == 0:
        raise ValueError(f"{name} must have shape (n,) with at least one coordinate, got shape {axis.shape}")
    if not np.isfinite(axis).all():
        raise ValueError(f"{name} holds coordinates that are not finite")
    return axis


def lattice(x: np.ndarray, y: np.ndarray | None) -> np.ndarray:
    """Coordinates (m·n, 2) of the grid, row after row (equal y side by side); (n, 1) for a line."""
    if y is None:
        return x[:, None]
    return np.stack([np.tile(x, y.size), np.repeat(y, x.size)], axis=1)
