"""The quadratic bowl: two curvatures and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from array_api_compat import array_namespace

from geometry.objective import Array
from geometry.surface import Domain, FlatBasin, Minimum, Surface, SurfaceParameter, from_entries, positive
from geometry.surface_code import SurfaceCode


@dataclass(frozen=True)
class QuadraticBowl(Surface):
    """L = ½ (h₁ x² + h₂ y²)."""

    curvature_1: float = 1.0
    curvature_2: float = 10.0

    key = "quadratic-bowl"
    title = "Quadratic bowl"
    description = "Two curvatures and nothing else: what every method must do well."
    kernel_code = SurfaceCode.QUADRATIC_BOWL
    parameters = (
        SurfaceParameter("curvature_1", "h₁", "Curvature 1", 0.01, 100.0, 0.01, 1.0, "Curvature along θ₁.", "log"),
        SurfaceParameter("curvature_2", "h₂", "Curvature 2", 0.01, 100.0, 0.01, 10.0, "Curvature along θ₂.", "log"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(self, "curvature_1", "curvature_2")

    @property
    def domain(self) -> Domain:
        """±5."""
        return ((-5.0, 5.0), (-5.0, 5.0))

    @property
    def default_start(self) -> tuple[float, ...]:
        """Off both axes."""
        return (-4.0, 2.5)

    @property
    def flat_basin(self) -> FlatBasin:
        """Within 0.25 of the minimum."""
        return FlatBasin((0.0, 0.0), 0.25, "the minimum")

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """The origin."""
        return (Minimum("the minimum", (0.0, 0.0), 0.0),)

    @property
    def kernel_parameters(self) -> np.ndarray:
        """h₁, h₂."""
        return np.array([self.curvature_1, self.curvature_2], dtype=float)

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        return 0.5 * (self.curvature_1 * theta[..., 0] ** 2 + self.curvature_2 * theta[..., 1] ** 2)

    def gradient(self, theta: Array) -> Array:
        """(h₁ x, h₂ y)."""
        xp = array_namespace(theta)
        return xp.stack([self.curvature_1 * theta[..., 0], self.curvature_2 * theta[..., 1]], axis=-1)

    def hessian(self, theta: Array) -> Array:
        """diag(h₁, h₂)."""
        xp = array_namespace(theta)
        one = xp.ones_like(theta[..., 0])
        return from_entries(xp, self.curvature_1 * one, 0 * one, self.curvature_2 * one)
