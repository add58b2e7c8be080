"""Beale's function: a flat valley between steep walls."""

from __future__ import annotations

from dataclasses import dataclass

from array_api_compat import array_namespace

from geometry.objective import Array
from geometry.surface import Domain, FlatBasin, Minimum, Surface, from_entries
from geometry.surface_code import SurfaceCode


@dataclass(frozen=True)
class Beale(Surface):
    """L = Σ_k (c_k − x + x y^k)² with c = (1.5, 2.25, 2.625), k = 1, 2, 3. Beale 1958."""

    key = "beale"
    title = "Beale"
    description = "A flat valley between steep walls, with one minimum at (3, 0.5)."
    kernel_code = SurfaceCode.BEALE
    parameters = ()

    @property
    def domain(self) -> Domain:
        """±4.5."""
        return ((-4.5, 4.5), (-4.5, 4.5))

    @property
    def default_start(self) -> tuple[float, ...]:
        """On the flat part."""
        return (1.0, 1.5)

    @property
    def flat_basin(self) -> FlatBasin:
        """Within 0.25 of the minimum."""
        return FlatBasin((3.0, 0.5), 0.25, "the minimum")

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """(3, 0.5)."""
        return (Minimum("the minimum", (3.0, 0.5), 0.0),)

    def _terms(self, theta: Array) -> list[tuple[Array, Array, Array, Array]]:
        """(t, ∂t/∂x, ∂t/∂y, ∂²t/∂y²) of each term t_k = c_k − x + x y^k."""
        x, y = theta[..., 0], theta[..., 1]
        return [
            (1.5 - x + x * y, y - 1, x, 0 * x),
            (2.25 - x + x * y**2, y**2 - 1, 2 * x * y, 2 * x),
            (2.625 - x + x * y**3, y**3 - 1, 3 * x * y**2, 6 * x * y),
        ]

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        return sum(t * t for t, *_ in self._terms(theta))

    def gradient(self, theta: Array) -> Array:
        """2 Σ t ∇t."""
        terms = self._terms(theta)
        gx, gy = (2 * sum(term[0] * term[i] for term in terms) for i in (1, 2))
        return array_namespace(theta).stack([gx, gy], axis=-1)

    def hessian(self, theta: Array) -> Array:
        """2 Σ (∇t ∇tᵀ + t ∇²t), with ∂²t/∂x∂y = k y^(k−1)."""
        y = theta[..., 1]
        mixed = (1 + 0 * y, 2 * y, 3 * y * y)
        terms = self._terms(theta)
        xx = 2 * sum(tx * tx for _, tx, _, _ in terms)
        xy = 2 * sum(tx * ty + t * m for (t, tx, ty, _), m in zip(terms, mixed, strict=True))
        yy = 2 * sum(ty * ty + t * tyy for t, _, ty, tyy in terms)
        return from_entries(array_namespace(theta), xx, xy, yy)
