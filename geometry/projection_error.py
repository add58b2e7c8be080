"""What a picture of a path on a plane leaves out: the path does not lie in the plane, nor its loss on the surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from geometry.objective import Array, Objective
from geometry.plane import TOGETHER, Plane, as_double, as_numpy, column_blocks, like
from geometry.result import Result


@dataclass(frozen=True, eq=False)
class PathOnPlane(Result):
    """A path θ_t (T, D) beside its shadow on a plane; all arrays float64.

    coordinates (T, k)      of the nearest point of the plane, where the path is drawn
    distance (T,)           ‖θ_t − nearest point‖, how far the path runs above the paper
    displacement (T,)       ‖θ_t − θ₀‖ from the plane's origin, to compare with
    variance_captured       Σ_t ‖P(θ_t − θ̄)‖² / Σ_t ‖θ_t − θ̄‖², P the projection onto the plane, θ̄ the path's mean:
                            the share of the path's movement that the picture shows; NaN for a path that does not move
    loss (T,)               L(θ_t), the true loss
    drawn (T,)              L at the nearest point of the plane: the height of the surface where the path is drawn

    Where the path is not finite (it diverged) its entries are NaN.
    """

    coordinates: np.ndarray
    distance: np.ndarray
    displacement: np.ndarray
    variance_captured: float
    loss: np.ndarray
    drawn: np.ndarray

    @property
    def gap(self) -> np.ndarray:
        """L(θ_t) less the drawn height, (T,)."""
        return self.loss - self.drawn

    def describe(self, step: int = -1) -> str:
        """One sentence for a page about one step of the path."""
        return (
            f"the plane shows {100 * self.variance_captured:.3g} % of the path’s variance; here the path is "
            f"{self.distance[step]:.3g} off the plane ({self.displacement[step]:.3g} from its origin), and its loss is "
            f"{self.loss[step]:.4g} where the surface is drawn at {self.drawn[step]:.4g}"
        )

    def figure(self) -> Any:
        """The path's own loss beside the height of the surface where it is drawn, point after point."""
        from geometry.figures import draw_curves

        points = np.arange(len(self.loss))
        curves = {"true loss": (points, self.loss), "drawn on the plane": (points, self.drawn)}
        note = f"the plane shows {100 * self.variance_captured:.3g} % of the path’s variance"
        return draw_curves(curves, "A path beside its shadow", note, "point of the path")


def path_on_plane(
    objective: Objective, plane: Plane, path: Array, loss: Array | None = None, together: int = 16
) -> PathOnPlane:
    """Measure a path (T, D) against a plane.

    Losses are evaluated for `together` points at once: 2T in all, or T where the path's own losses (T,) are known.
    ValueError where shapes do not fit.
    """
    path = like(plane.origin, path)
    if path.ndim != 2 or path.shape[1] != objective.dimension:
        raise ValueError(f"path must have shape (T, {objective.dimension}), got {tuple(path.shape)}")
    if loss is not None and tuple(np.shape(as_numpy(loss))) != (path.shape[0],):
        raise ValueError(f"loss must have shape ({path.shape[0]},), got {tuple(np.shape(as_numpy(loss)))}")
    if together < 1:
        raise ValueError(f"together must be at least 1, got {together}")
    coordinates = plane.project(path)
    finite = np.isfinite(as_numpy(coordinates)).all(1)
    together = max(1, min(together, TOGETHER // plane.origin.shape[0]))
    known = np.full(len(finite), np.nan) if loss is None else np.asarray(as_numpy(loss), dtype=np.float64)
    drawn, distance, displacement = (np.full(len(finite), np.nan) for _ in range(3))

    def measure(some: list[int]) -> None:
        points, nearest = path[some], plane.lift(coordinates[some])
        if loss is None:
            known[some] = as_numpy(objective.loss(points)).astype(np.float64)
        drawn[some] = as_numpy(objective.loss(nearest)).astype(np.float64)
        distance[some] = [_distance(point, other) for point, other in zip(points, nearest, strict=True)]
        displacement[some] = [_distance(point, plane.origin) for point in points]

    rows = np.flatnonzero(finite).tolist()
    for start in range(0, len(rows), together):
        measure(rows[start : start + together])
    return PathOnPlane(
        np.where(finite[:, None], as_numpy(coordinates).astype(np.float64), np.nan),
        distance,
        displacement,
        variance_captured(plane, path),
        np.where(finite, known, np.nan),
        drawn,
    )


def variance_captured(plane: Plane, path: Array) -> float:
    """Σ_t ‖P(θ_t − θ̄)‖² / Σ_t ‖θ_t − θ̄‖² over the finite points of a path (..., D); NaN where nothing moves.

    With the directions d (k, D), G = d dᵀ and m_t = d (θ_t − θ̄): ‖P v‖² = mᵀ G⁻¹ m.
    """
    dimension = plane.origin.shape[0]
    points = like(plane.origin, path).reshape(-1, dimension)
    rows = np.flatnonzero(np.isfinite([float(point.sum()) for point in points])).tolist()
    if not rows:
        return float("nan")
    moments, total = np.zeros((len(rows), plane.axes)), 0.0
    for columns in column_blocks(dimension, len(points)):
        part = as_double(points[:, columns][rows])
        part = part - part.mean(0)
        moments += as_numpy(part @ as_double(plane.directions[:, columns]).T)
        total += float((part * part).sum())
    captured = float(np.einsum("ti,ij,tj->", moments, np.linalg.inv(plane.gram), moments))
    return captured / total if total > 0 else float("nan")


def _distance(one: Array, other: Array) -> float:
    blocks = column_blocks(one.shape[0], 1)
    squares = (((as_double(one[columns]) - as_double(other[columns])) ** 2).sum() for columns in blocks)
    return float(sum(squares)) ** 0.5
