"""Ackley's function: a regular field of small pits on a wide funnel."""

from __future__ import annotations

import math
from dataclasses import dataclass

from array_api_compat import array_namespace

from geometry.objective import Array
from geometry.surface import Domain, FlatBasin, Minimum, Surface, from_entries, norm_of_square
from geometry.surface_code import SurfaceCode


@dataclass(frozen=True)
class Ackley(Surface):
    """L = −20 exp(−0.2 √(½(x² + y²))) − exp(½(cos 2πx + cos 2πy)) + e + 20. Ackley 1987.

    At the origin the first term has a kink; its one-sided slope is taken as 0 there and its curvature left out.
    """

    key = "ackley"
    title = "Ackley"
    description = "A regular field of small pits on a wide funnel: hundreds of potholes, one deep minimum."
    kernel_code = SurfaceCode.ACKLEY
    parameters = ()

    @property
    def domain(self) -> Domain:
        """±5."""
        return ((-5.0, 5.0), (-5.0, 5.0))

    @property
    def default_start(self) -> tuple[float, ...]:
        """On the funnel's side."""
        return (-3.2, 2.6)

    @property
    def flat_basin(self) -> FlatBasin:
        """Within 0.5 of the deep minimum."""
        return FlatBasin((0.0, 0.0), 0.5, "the deep minimum")

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """The deep one."""
        return (Minimum("the deep minimum", (0.0, 0.0), 0.0),)

    def _parts(self, theta: Array) -> tuple[Array, Array, Array, Array]:
        """s = √(½|θ|²), its guarded inverse (0 at the origin), 20 exp(−0.2 s), and the cosine term."""
        xp = array_namespace(theta)
        x, y = theta[..., 0], theta[..., 1]
        s = norm_of_square(xp, 0.5 * (x * x + y * y))
        inverse = xp.where(s == 0, xp.zeros_like(s), 1 / xp.where(s == 0, xp.ones_like(s), s))
        waves = xp.exp(0.5 * (xp.cos(2 * math.pi * x) + xp.cos(2 * math.pi * y)))
        return s, inverse, 20 * xp.exp(-0.2 * s), waves

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        _, _, funnel, waves = self._parts(theta)
        return -funnel - waves + math.e + 20

    def gradient(self, theta: Array) -> Array:
        """0.1 (funnel/s) θ + π waves sin 2πθ."""
        xp = array_namespace(theta)
        _, inverse, funnel, waves = self._parts(theta)
        slope = (0.1 * funnel * inverse)[..., None]
        return slope * theta + math.pi * waves[..., None] * xp.sin(2 * math.pi * theta)

    def hessian(self, theta: Array) -> Array:
        """Funnel: (0.1 F/s) I − (0.1 F/s)(0.1 s + ½) nnᵀ, n = θ/s; waves: W (2π² diag(cos 2πθ) − π² sin sinᵀ)."""
        xp = array_namespace(theta)
        x, y = theta[..., 0], theta[..., 1]
        s, inverse, funnel, waves = self._parts(theta)
        slope = 0.1 * funnel * inverse
        bend, nx, ny = slope * (0.1 * s + 0.5), x * inverse, y * inverse
        turn = 2 * math.pi
        sx, sy, cx, cy = xp.sin(turn * x), xp.sin(turn * y), xp.cos(turn * x), xp.cos(turn * y)
        square = math.pi**2 * waves
        return from_entries(
            xp,
            slope - bend * nx * nx + square * (2 * cx - sx * sx),
            -bend * nx * ny - square * sx * sy,
            slope - bend * ny * ny + square * (2 * cy - sy * sy),
        )
