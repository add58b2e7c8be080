"""What a picture of a path on a plane leaves out: the path does not lie in the plane, nor its loss on the surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geometry.objective import Array, Objective
from geometry.plane import Plane, as_double, as_numpy, like


@dataclass(frozen=True, eq=False)
class PathOnPlane:
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
            f"the plane shows {100 * self.variance_captured:.3g} % of the path's variance; here the path is "
            f"{self.distance[step]:.3g} off the plane ({self.displacement[step]:.3g} from its origin), and its loss is "
            f"{self.loss[step]:.4g} where the surface is drawn at {self.drawn[step]:.4g}"
        )


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
    nearest = plane.lift(coordinates)
    known = _losses(objective, path, finite, together) if loss is None else np.asarray(as_numpy(loss), dtype=np.float64)
    return PathOnPlane(
        np.where(finite[:, None], as_numpy(coordinates).astype(np.float64), np.nan),
        _lengths(path - nearest, finite),
        _lengths(path - plane.origin, finite),
        variance_captured(plane, path),
        np.where(finite, known, np.nan),
        _losses(objective, nearest, finite, together),
    )


def variance_captured(plane: Plane, path: Array) -> float:
    """Σ_t ‖P(θ_t − θ̄)‖² / Σ_t ‖θ_t − θ̄‖² over the finite points of a path (..., D); NaN where nothing moves.

    With the directions d (k, D), G = d dᵀ and m_t = d (θ_t − θ̄): ‖P v‖² = mᵀ G⁻¹ m.
    """
    points = like(plane.origin, path).reshape(-1, plane.origin.shape[0])
    moments = 0.0
    total = 0.0
    finite = np.isfinite(as_numpy(points.sum(-1)))
    rows = np.flatnonzero(finite)
    if rows.size == 0:
        return float("nan")
    mean = as_double(points[int(rows[0])]) * 0.0
    for row in rows:
        mean = mean + as_double(points[int(row)]) / rows.size
    directions, inverse = as_double(plane.directions), np.linalg.inv(plane.gram)
    for row in rows:
        offset = as_double(points[int(row)]) - mean
        m = as_numpy(directions @ offset)
        moments += float(m @ inverse @ m)
        total += float((offset * offset).sum())
    return moments / total if total > 0 else float("nan")


def _lengths(vectors: Array, finite: np.ndarray) -> np.ndarray:
    lengths = np.array([float((as_double(v) ** 2).sum() ** 0.5) for v in vectors])
    return np.where(finite, lengths, np.nan)


def _losses(objective: Objective, points: Array, finite: np.ndarray, together: int) -> np.ndarray:
    found = np.full(len(finite), np.nan)
    rows = np.flatnonzero(finite)
    for start in range(0, rows.size, together):
        some = rows[start : start + together]
        found[some] = as_numpy(objective.loss(points[some.tolist()])).astype(np.float64)
    return found
