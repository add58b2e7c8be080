"""The two-scale quadratic: a wide bowl with a hard-edged pothole, where SAM's bouncing has closed forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from geometry.gaussian import Moments, interval_moments
from geometry.objective import Array, Layout
from geometry.surface import Domain, FlatBasin, Minimum, Surface, SurfaceParameter, floating, positive
from geometry.surface_code import SurfaceCode

Numbers = float | tuple[float, float]


@dataclass(frozen=True)
class TwoScaleQuadratic(Surface):
    """L(x) = Σ_i ½ h_i (x_i + X_i)² + ½ (a_i − h_i)(min(x_i², w_i²) − w_i²), on R¹ (numbers) or R² (pairs).

    curvature h of the bowl, pothole_curvature a (loss per length²), half_width w and offset X (lengths): the pothole
    lies at the origin, the bowl's bottom at −X. Inside means |x_i| < w_i strictly; on the edge the bowl's one-sided
    derivatives are taken, so gradient and Hessian are defined everywhere. Give numbers for the curve and pairs for the
    surface; a number beside a pair serves both axes.

    Two-scale model of arXiv 2605.16134; the numbers are ours.
    """

    curvature: Numbers = 0.3
    pothole_curvature: Numbers = 40.0
    half_width: Numbers = 0.25
    offset: Numbers = 4.0

    key = "two-scale-quadratic"
    title = "Two-scale quadratic, 1-D"
    description = "A wide bowl with a hard-edged sharp pothole on a line: SAM’s bouncing has closed forms here."
    kernel_code = SurfaceCode.TWO_SCALE
    parameters = (
        SurfaceParameter("curvature", "h", "Bowl curvature", 0.05, 2.0, 0.05, 0.3, "Curvature of the wide bowl."),
        SurfaceParameter(
            "pothole_curvature", "a", "Pothole curvature", 1.0, 200.0, 1.0, 40.0, "Curvature inside the pothole.", "log"
        ),
        SurfaceParameter("half_width", "w", "Half-width", 0.05, 1.0, 0.01, 0.25, "Half the width of the pothole."),
        SurfaceParameter(
            "offset", "X", "Offset", 1.0, 6.0, 0.1, 4.0, "Distance from the pothole to the bowl’s bottom."
        ),
    )

    def __post_init__(self) -> None:
        for name in ("curvature", "pothole_curvature", "half_width", "offset"):
            value = getattr(self, name)
            if isinstance(value, tuple) and len(value) != 2:
                raise ValueError(f"{name} must be a number or a pair of numbers, not {value!r}")
        super().__post_init__()
        positive(self, "curvature", "pothole_curvature", "half_width")

    @property
    def dimension(self) -> int:
        """2 if any parameter is a pair, else 1."""
        values = (self.curvature, self.pothole_curvature, self.half_width, self.offset)
        return 2 if any(isinstance(v, tuple) for v in values) else 1

    @property
    def layout(self) -> Layout:
        """One block."""
        return Layout.single(self.dimension)

    def _columns(self) -> np.ndarray:
        """h, a, w, X as the rows of an array (4, D)."""
        values = (self.curvature, self.pothole_curvature, self.half_width, self.offset)
        return np.array([np.broadcast_to(np.asarray(v, dtype=float), (self.dimension,)) for v in values])

    @property
    def domain(self) -> Domain:
        """From beyond the bowl's bottom to beyond the pothole, the same scale on every axis."""
        _, _, w, offset = self._columns()
        reach = float(np.max(np.abs(offset) + 4 * w))
        if self.dimension == 1:
            low, high = sorted((-offset[0] * 1.6, max(2.0, 6 * w[0]) * (1 if offset[0] >= 0 else -1)))
            return ((float(low), float(high)),)
        return ((-1.3 * reach, 0.6 * reach), (-1.3 * reach, 0.6 * reach))

    @property
    def default_start(self) -> tuple[float, ...]:
        """Inside the pothole, at a third of its half-width."""
        return tuple(float(w) / 3 for w in self._columns()[2])

    @property
    def flat_basin(self) -> FlatBasin:
        """Within 0.5 of the bowl's bottom."""
        return FlatBasin(tuple(-float(x) for x in self._columns()[3]), 0.5)

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """The bowl's bottom, and the pothole's where it lies inside the pothole."""
        h, a, w, offset = self._columns()
        bottom = tuple(-float(x) for x in offset)
        found = [Minimum("the bottom of the bowl", bottom, float(self.loss(np.array(bottom))))]
        point = -h * offset / a
        if np.all(np.abs(point) < w):
            found.append(Minimum("the bottom of the pothole", tuple(map(float, point)), float(self.loss(point))))
        return tuple(found)

    @property
    def kernel_parameters(self) -> np.ndarray:
        """h, a, w, X of the first axis, then of the second (zeros for the curve)."""
        rows = np.zeros((2, 4))
        rows[: self.dimension] = self._columns().T
        return rows.ravel()

    def _inside(self, theta: Array) -> tuple[Any, Array, list[Array], Array]:
        """The namespace, θ, h, a, w, X in θ's kind of array, and whether each coordinate is inside its pothole."""
        theta = floating(theta)
        xp = array_namespace(theta)
        rows = [xp.asarray(row, dtype=theta.dtype, device=theta.device) for row in self._columns()]
        return xp, theta, rows, xp.abs(theta) < rows[2]

    def loss(self, theta: Array) -> Array:
        """L(x), shape (...)."""
        xp, theta, (h, a, w, offset), inside = self._inside(theta)
        capped = xp.where(inside, theta * theta - w * w, xp.zeros_like(theta))
        return xp.sum(0.5 * h * (theta + offset) ** 2 + 0.5 * (a - h) * capped, axis=-1)

    def gradient(self, theta: Array) -> Array:
        """h (x + X) + (a − h) x inside, h (x + X) outside, shape (..., D)."""
        xp, theta, (h, a, _, offset), inside = self._inside(theta)
        return h * (theta + offset) + xp.where(inside, (a - h) * theta, xp.zeros_like(theta))

    def hessian(self, theta: Array) -> Array:
        """diag(a inside, h outside), shape (..., D, D); the kinks at ±w are not in it."""
        xp, theta, (h, a, _, _), inside = self._inside(theta)
        diagonal = xp.where(inside, a + xp.zeros_like(theta), h + xp.zeros_like(theta))
        return diagonal[..., None] * xp.eye(self.dimension, dtype=theta.dtype, device=theta.device)

    def neighbourhood(self, start: np.ndarray, scale: np.ndarray) -> Moments:
        """Exact averages over N(start, σ²I), start (W, D), σ (W): Gaussian integrals over the three pieces.

        The mean Hessian is that of the smoothed loss. The gradient jumps down by (a − h)w at each edge of the pothole,
        and the average includes these jumps, H̄ = h + (a − h)(P(|x| < w) − w (φ(w) + φ(−w))) with φ the density of
        x: on a hard edge the negative curvature that must cancel the pothole's positive one sits in the kinks.
        """
        h, a, w, offset = self._columns()
        sigma = scale[:, None]
        zero, one, two = interval_moments(start, sigma, -w, w)
        mean = h * (start + offset) + (a - h) * one
        square = h**2 * ((start + offset) ** 2 + sigma**2) + (a - h) * (2 * h * (two + offset * one) + (a - h) * two)
        edges = sum(np.exp(-((e - start) ** 2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi)) for e in (-w, w))
        curvature = h + (a - h) * (zero - w * edges)
        eye = np.eye(self.dimension)
        second = mean[:, :, None] * mean[:, None, :] * (1 - eye) + square[:, :, None] * eye
        return Moments(second, curvature[:, :, None] * eye, mean)

    def describe_position(self, theta: Array) -> str:
        """In the pothole, in the bowl's flat bottom or on its side."""
        point = np.asarray(theta, dtype=float)
        text = ", ".join(f"{c:z.2f}" for c in point)
        shown = f"x = {text}" if len(point) == 1 else f"x = ({text})"
        if np.all(np.abs(point) < self._columns()[2]):
            return f"in the pothole, {shown}"
        return f"in the flat basin, {shown}" if bool(self.flat_basin.contains(point)) else f"in the bowl, {shown}"
