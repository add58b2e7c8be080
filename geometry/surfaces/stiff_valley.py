"""The stiff valley: a pothole along a flat axis, beside an axis so stiff that no learning rate suits both (ours)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from array_api_compat import array_namespace

from geometry.objective import Array
from geometry.surface import Domain, FlatBasin, Minimum, Surface, SurfaceParameter, from_entries, positive
from geometry.surface_code import SurfaceCode
from geometry.surfaces.gaussian_well import WellProfile


@dataclass(frozen=True)
class StiffValley(Surface):
    """L(θ) = ½ h₁ x² + ½ h₂ y² − D exp(−(x − p)²/(2w²)).

    curvature h₁, stiffness h₂ (loss per length²), depth D (loss), width w and position p (lengths). The case where a
    preconditioner does what no learning rate can.
    """

    curvature: float = 0.3
    stiffness: float = 400.0
    depth: float = 3.5
    width: float = 0.25
    position: float = 5.0

    key = "stiff-valley"
    title = "Stiff valley"
    description = "A pothole along a flat axis, beside a stiff axis that bounds every common learning rate (ours)."
    kernel_code = SurfaceCode.STIFF_VALLEY
    parameters = (
        SurfaceParameter("curvature", "h₁", "Flat curvature", 0.05, 2.0, 0.05, 0.3, "Curvature along the flat axis."),
        SurfaceParameter(
            "stiffness", "h₂", "Stiff curvature", 1.0, 1000.0, 1.0, 400.0, "Curvature across the valley.", "log"
        ),
        SurfaceParameter("depth", "D", "Well depth", 0.0, 10.0, 0.1, 3.5, "Depth of the pothole."),
        SurfaceParameter("width", "w", "Well width", 0.1, 0.75, 0.01, 0.25, "Width of the pothole; small is sharp."),
        SurfaceParameter(
            "position", "p", "Well position", 3.0, 6.0, 0.1, 5.0, "Where the pothole lies on the flat axis."
        ),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(self, "curvature", "stiffness", "width", "position")
        if self.depth < 0:
            raise ValueError(f"depth must not be negative, not {self.depth!r}")

    @property
    def domain(self) -> Domain:
        """Along the valley past the pothole; across it, ±2."""
        return ((-3.0, max(7.0, self.position + 6 * self.width)), (-2.0, 2.0))

    @property
    def default_start(self) -> tuple[float, ...]:
        """Half a width inside the pothole's bottom and off the valley's floor."""
        bottom = self.position if math.isnan(self.well_position) else self.well_position
        return (bottom - 0.5 * self.width, 0.5)

    @property
    def flat_basin(self) -> FlatBasin:
        """|θ| < 0.5."""
        return FlatBasin((0.0, 0.0), 0.5)

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """The flat basin's bottom, and the pothole's where there is one."""
        found = [Minimum("the bottom of the flat basin", (0.0, 0.0), float(self.loss(np.zeros(2))))]
        if not math.isnan(self.well_position):
            point = (self.well_position, 0.0)
            found.append(Minimum("the bottom of the pothole", point, float(self.loss(np.array(point)))))
        return tuple(found)

    @property
    def well_position(self) -> float:
        """x of the pothole's bottom; not-a-number where it is too shallow to have one."""
        return self._roots[0]

    @property
    def barrier_position(self) -> float:
        """x of the barrier between basin and pothole, a saddle; not-a-number where there is none."""
        return self._roots[1]

    @cached_property
    def _roots(self) -> tuple[float, float]:
        return WellProfile(self.curvature, self.depth, self.width, self.position).roots()

    @property
    def kernel_parameters(self) -> np.ndarray:
        """h₁, h₂, D, w, p."""
        return np.array([self.curvature, self.stiffness, self.depth, self.width, self.position], dtype=float)

    def _well(self, theta: Array) -> tuple[Array, Array]:
        """u = x − p and D exp(−u²/(2w²))."""
        xp = array_namespace(theta)
        u = theta[..., 0] - self.position
        return u, self.depth * xp.exp(-(u * u) / (2 * self.width**2))

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        x, y = theta[..., 0], theta[..., 1]
        _, well = self._well(theta)
        return 0.5 * self.curvature * x * x + 0.5 * self.stiffness * y * y - well

    def gradient(self, theta: Array) -> Array:
        """(h₁ x + (D u/w²) E, h₂ y), shape (..., 2)."""
        xp = array_namespace(theta)
        u, well = self._well(theta)
        along = self.curvature * theta[..., 0] + well * u / self.width**2
        return xp.stack([along, self.stiffness * theta[..., 1]], axis=-1)

    def hessian(self, theta: Array) -> Array:
        """diag(h₁ + (D/w²)(1 − u²/w²) E, h₂), shape (..., 2, 2)."""
        xp = array_namespace(theta)
        u, well = self._well(theta)
        w2 = self.width**2
        along = self.curvature + well / w2 * (1 - u * u / w2)
        return from_entries(xp, along, xp.zeros_like(along), xp.full_like(along, self.stiffness))

    def describe_position(self, theta: Array) -> str:
        """In the pothole, in the basin or on the way, with x."""
        x, y = (float(c) for c in np.asarray(theta, dtype=float))
        if not math.isnan(self.well_position) and abs(x - self.well_position) < 2 * self.width:
            return f"in the pothole, x = {x:.2f}"
        return f"in the flat basin, x = {x:.2f}" if math.hypot(x, y) < 0.5 else f"in the valley, x = {x:.2f}"
