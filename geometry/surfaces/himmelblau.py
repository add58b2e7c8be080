"""Himmelblau's function: four equally deep minima."""

from __future__ import annotations

from dataclasses import dataclass

from array_api_compat import array_namespace

from geometry.objective import Array
from geometry.surface import Domain, FlatBasin, Minimum, Surface, from_entries
from geometry.surface_code import SurfaceCode


@dataclass(frozen=True)
class Himmelblau(Surface):
    """L = (x² + y − 11)² + (x + y² − 7)². Himmelblau 1972."""

    key = "himmelblau"
    title = "Himmelblau"
    description = "Four equally deep minima: which of them a method finds depends on its start and its step."
    kernel_code = SurfaceCode.HIMMELBLAU
    parameters = ()

    @property
    def domain(self) -> Domain:
        """±6."""
        return ((-6.0, 6.0), (-6.0, 6.0))

    @property
    def default_start(self) -> tuple[float, ...]:
        """Near the local maximum."""
        return (0.0, -0.5)

    @property
    def flat_basin(self) -> FlatBasin:
        """Within 0.5 of (3, 2), the minimum with integer coordinates."""
        return FlatBasin((3.0, 2.0), 0.5, "the minimum at (3, 2)")

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """All four; the three irrational ones to double precision."""
        points = (
            (3.0, 2.0),
            (-2.8051180869527448, 3.1313125182505729),
            (-3.7793102533777469, -3.2831859912861694),
            (3.5844283403304917, -1.8481265269644034),
        )
        return tuple(Minimum(f"the minimum near ({p[0]:.1f}, {p[1]:.1f})", p, 0.0) for p in points)

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        x, y = theta[..., 0], theta[..., 1]
        return (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2

    def gradient(self, theta: Array) -> Array:
        """(4 x p + 2 q, 2 p + 4 y q) with p = x² + y − 11, q = x + y² − 7."""
        x, y = theta[..., 0], theta[..., 1]
        p, q = x * x + y - 11, x + y * y - 7
        return array_namespace(theta).stack([4 * x * p + 2 * q, 2 * p + 4 * y * q], axis=-1)

    def hessian(self, theta: Array) -> Array:
        """[[12 x² + 4 y − 42, 4 (x + y)], [·, 12 y² + 4 x − 26]]."""
        x, y = theta[..., 0], theta[..., 1]
        xp = array_namespace(theta)
        return from_entries(xp, 12 * x * x + 4 * y - 42, 4 * (x + y), 12 * y * y + 4 * x - 26)
