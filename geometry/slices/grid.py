"""A picture's points: their coordinates, and the losses there as one thing to draw, keep and hand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from geometry.plane import Plane, as_numpy
from geometry.result import Result


@dataclass(frozen=True, eq=False)
class Grid(Result):
    """Losses (m, n) on a plane, losses[j, i] at (x[i], y[j]); (n,) on a line, y None."""

    plane: Plane
    x: np.ndarray
    y: np.ndarray | None
    losses: np.ndarray

    @property
    def note(self) -> str:
        """What the losses are, for a title."""
        return f"{self.losses.size} points, exact"

    def figure(self, paths: Mapping[str, Any] | None = None) -> Any:
        """Filled contours on a plane, a curve with its standard error on a line; `paths`: what `path_on_plane` gave, by
        name."""
        from geometry.figures import draw_slice

        error = getattr(self, "standard_error", None)
        return draw_slice(self.plane.labels, self.x, self.y, self.losses, self.note, error, paths)

    def save_vtk(self, path: str | Path) -> None:
        """A legacy VTK file for ParaView: the rectilinear grid of the plane with the losses (and the standard error) at
        its points. Warp by scalar gives the relief."""
        y = np.zeros(1) if self.y is None else self.y
        error = getattr(self, "standard_error", None)
        fields = {"loss": self.losses, **({} if error is None else {"standard_error": error})}
        lines = ["# vtk DataFile Version 3.0", "loss on a plane", "ASCII", "DATASET RECTILINEAR_GRID"]
        lines.append(f"DIMENSIONS {self.x.size} {y.size} 1")
        for name, axis in (("X", self.x), ("Y", y), ("Z", np.zeros(1))):
            lines += [f"{name}_COORDINATES {axis.size} double", " ".join(map(repr, axis.tolist()))]
        lines.append(f"POINT_DATA {self.losses.size}")
        for name, values in fields.items():
            lines += [f"SCALARS {name} double 1", "LOOKUP_TABLE default", "\n".join(map(repr, values.ravel().tolist()))]
        Path(path).write_text("\n".join(lines) + "\n", encoding="ascii")


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
