"""A plane (or a line) through the space of parameters: coordinates in, parameters out, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import is_torch_array

from geometry.objective import Array
from geometry.result import Result

TOGETHER = 1 << 20
"""Numbers of a trajectory that are worked on at once: it is never copied as a whole."""


@dataclass(frozen=True, eq=False)
class Plane(Result):
    """The points θ(c) = θ₀ + Σ_i c_i d_i: origin θ₀ (D,), directions d (k, D) with k = 1 or 2.

    The directions need be neither orthogonal nor of unit length, but not parallel. `kind`, `normalisation`, `seed` and
    `labels` say where they come from; `labels` holds one sentence per axis.
    """

    origin: Array
    directions: Array
    kind: str = "given"
    normalisation: str = "none"
    seed: int | None = None
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.origin.ndim != 1:
            raise ValueError(f"origin must have shape (D,), got {tuple(self.origin.shape)}")
        if self.directions.ndim != 2 or self.directions.shape[0] not in (1, 2):
            raise ValueError(f"directions must have shape (1, D) or (2, D), got {tuple(self.directions.shape)}")
        if self.directions.shape[1] != self.origin.shape[0]:
            raise ValueError(
                f"origin has {self.origin.shape[0]} parameters, the directions have {self.directions.shape[1]}"
            )
        gram = self.gram
        if not np.isfinite(gram).all():
            raise ValueError("the directions hold values that are not finite")
        # 1 − cos² of the angle between the directions, below the rounding of float32: no plane.
        if (np.diag(gram) == 0).any():
            raise ValueError("a direction of the plane is zero")
        if np.linalg.det(gram) <= 1e-12 * np.prod(np.diag(gram)):
            raise ValueError("the two directions are parallel: they span a line, no plane")

    @property
    def axes(self) -> int:
        """k: 2 for a plane, 1 for a line."""
        return int(self.directions.shape[0])

    @property
    def gram(self) -> np.ndarray:
        """⟨d_i, d_j⟩ (k, k), summed in float64."""
        parts = (as_double(self.directions[:, columns]) for columns in column_blocks(self.origin.shape[0], self.axes))
        return np.sum([as_numpy(part @ part.T) for part in parts], axis=0)

    def lift(self, coordinates: Any) -> Array:
        """θ₀ + Σ c_i d_i, shape (..., D), of coordinates (..., k)."""
        c = like(self.origin, coordinates)
        if c.ndim == 0 or c.shape[-1] != self.axes:
            raise ValueError(f"coordinates must have shape (..., {self.axes}), got {tuple(c.shape)}")
        return self.origin + c @ self.directions

    def project(self, theta: Array) -> Array:
        """Coordinates (..., k) of the point of the plane next to θ (..., D): c = (dᵀd)⁻¹ dᵀ(θ − θ₀)."""
        theta = like(self.origin, theta)
        if theta.ndim == 0 or theta.shape[-1] != self.origin.shape[0]:
            raise ValueError(f"theta must have shape (..., {self.origin.shape[0]}), got {tuple(theta.shape)}")
        points = int(np.prod(theta.shape[:-1]))
        products = sum(
            (theta[..., columns] - self.origin[columns]) @ self.directions[:, columns].T
            for columns in column_blocks(self.origin.shape[0], points)
        )
        return products @ like(self.origin, np.linalg.inv(self.gram))

    def figure(self, paths: Mapping[str, Array] | None = None) -> Any:
        """The projections of paths (T, D), by name, and the origin."""
        from geometry.figures import draw_plane

        places = {name: as_numpy(self.project(path)) for name, path in (paths or {}).items()}
        note = f"{self.kind}, {self.origin.shape[0]} parameters" + ("" if self.seed is None else f", seed {self.seed}")
        return draw_plane(self.labels, places, note)


def column_blocks(dimension: int, rows: int) -> Iterator[slice]:
    """The columns of an array (rows, dimension) in slices of at most TOGETHER numbers, or of one column."""
    width = max(1, TOGETHER // max(rows, 1))
    for start in range(0, dimension, width):
        yield slice(start, start + width)


def like(reference: Array, values: Any) -> Array:
    """`values` as an array of the reference's library, type and device."""
    if is_torch_array(reference):
        import torch

        return torch.as_tensor(values, dtype=reference.dtype, device=reference.device)
    return np.asarray(as_numpy(values), dtype=reference.dtype)


def as_double(array: Array) -> Array:
    """The array in float64, in its own library."""
    return array.double() if is_torch_array(array) else np.asarray(array, dtype=np.float64)


def as_numpy(array: Any) -> np.ndarray:
    """The array as numpy's, wherever it lay."""
    return array.detach().cpu().numpy() if is_torch_array(array) else np.asarray(array)
