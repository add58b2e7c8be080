"""The function of Goldstein and Price: heights over six orders of magnitude."""

from __future__ import annotations

from dataclasses import dataclass

from array_api_compat import array_namespace

from geometry.objective import Array
from geometry.surface import Domain, FlatBasin, Minimum, Surface, from_entries
from geometry.surface_code import SurfaceCode


@dataclass(frozen=True)
class GoldsteinPrice(Surface):
    """L = A·B, A = 1 + s² P, B = 30 + d² Q with s = x + y + 1, d = 2x − 3y. Goldstein and Price 1971.

    P = 19 − 14x + 3x² − 14y + 6xy + 3y²,  Q = 18 − 32x + 12x² + 48y − 36xy + 27y².
    """

    key = "goldstein-price"
    title = "Goldstein–Price"
    description = "Four local minima on a surface whose heights span six orders of magnitude."
    kernel_code = SurfaceCode.GOLDSTEIN_PRICE
    parameters = ()

    @property
    def domain(self) -> Domain:
        """±2."""
        return ((-2.0, 2.0), (-2.0, 2.0))

    @property
    def default_start(self) -> tuple[float, ...]:
        """Between the minima."""
        return (-0.4, -0.3)

    @property
    def flat_basin(self) -> FlatBasin:
        """Within 0.1 of the global minimum."""
        return FlatBasin((0.0, -1.0), 0.1, "the global minimum")

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """The global minimum and the three local ones."""
        known = (((0.0, -1.0), 3.0), ((-0.6, -0.4), 30.0), ((1.8, 0.2), 84.0), ((1.2, 0.8), 840.0))
        return tuple(Minimum(f"the minimum at {p} with loss {loss:g}", p, loss) for p, loss in known)

    def _factors(self, theta: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """(value, ∂x, ∂y, ∂xx, ∂xy, ∂yy) of A and of B."""
        x, y = theta[..., 0], theta[..., 1]
        s, d = x + y + 1, 2 * x - 3 * y
        p = 19 - 14 * x + 3 * x * x - 14 * y + 6 * x * y + 3 * y * y
        pd = -14 + 6 * x + 6 * y
        q = 18 - 32 * x + 12 * x * x + 48 * y - 36 * x * y + 27 * y * y
        qx, qy = -32 + 24 * x - 36 * y, 48 - 36 * x + 54 * y
        slope = 2 * s * p + s * s * pd
        bend = 2 * p + 4 * s * pd + 6 * s * s
        first = (1 + s * s * p, slope, slope, bend, bend, bend)
        second = (
            30 + d * d * q,
            4 * d * q + d * d * qx,
            -6 * d * q + d * d * qy,
            8 * q + 8 * d * qx + 24 * d * d,
            -12 * q - 6 * d * qx + 4 * d * qy - 36 * d * d,
            18 * q - 12 * d * qy + 54 * d * d,
        )
        return first, second

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        a, b = self._factors(theta)
        return a[0] * b[0]

    def gradient(self, theta: Array) -> Array:
        """A ∇B + B ∇A."""
        a, b = self._factors(theta)
        parts = [a[0] * b[i] + a[i] * b[0] for i in (1, 2)]
        return array_namespace(theta).stack(parts, axis=-1)

    def hessian(self, theta: Array) -> Array:
        """A ∇²B + ∇A ∇Bᵀ + ∇B ∇Aᵀ + B ∇²A."""
        a, b = self._factors(theta)
        pairs = ((1, 1, 3), (1, 2, 4), (2, 2, 5))
        entries = [a[0] * b[k] + a[i] * b[j] + b[i] * a[j] + b[0] * a[k] for i, j, k in pairs]
        return from_entries(array_namespace(theta), *entries)
