"""A loss in units of the weights, so that sharpness says what a change of a filter by a part of its own length does."""

from __future__ import annotations

from typing import Any

from geometry.objective import Array, Layout, Linearisation, Objective, linearise
from geometry.plane import as_double, like


class RelativeLoss:
    """R(δ) = L(θ + Sδ), S = diag(s) with s = ‖θ_f‖/√n_f on the n_f weights of each filter f; biases and the scales of
    normalisation layers, which are no filters, are not moved (s = 0).

    So the Hessian of R at 0 is SHS. Its trace is the mean second derivative at 0 of cuts along filter-normalised random
    directions (`slice_plane`, kind "random", normalisation "filter", for large n_f), and where two layers can be
    rescaled against each other without a change of the function, it does not change either (Dinh et al. 2017 change H).
    Shapes are the objective's: δ (D,). `origin`: δ = 0.
    """

    def __init__(self, objective: Objective, theta: Array) -> None:
        self._objective, self._theta = objective, theta
        self.units = filter_units(theta, objective.layout)
        self.origin = theta * 0.0

    @property
    def dimension(self) -> int:
        """D, the number of parameters."""
        return self._objective.dimension

    @property
    def layout(self) -> Layout:
        """How θ is cut into parameter blocks."""
        return self._objective.layout

    def loss(self, delta: Array) -> Array:
        """R(δ)."""
        return self._objective.loss(self._at(delta))

    def gradient(self, delta: Array) -> Array:
        """S ∇L(θ + Sδ)."""
        return self.units * self._objective.gradient(self._at(delta))

    def curvature_product(self, delta: Array, d: Array, metric: str = "newton") -> Array:
        """S G(θ + Sδ) S d."""
        return self.units * self._objective.curvature_product(self._at(delta), self.units * d, metric)

    def linearise(self, delta: Array, metric: str = "newton") -> Linearisation:
        """Gradient and curvature operator at δ."""
        found = linearise(self._objective, self._at(delta), metric)

        def product(d: Array) -> Any:
            return self.units * found.product(self.units * d)

        return Linearisation(self.units * found.gradient, product)

    def _at(self, delta: Array) -> Array:
        return self._theta + self.units * delta


def filter_units(theta: Array, layout: Layout) -> Array:
    """s (D,): on the weights of each filter their root mean square; 0 for what has one number per unit."""
    units = theta * 0.0
    for block in layout.blocks:
        if len(block.shape) <= 1 and block.kind in ("bias", "scale"):
            continue
        filters = block.shape[0] if len(block.shape) > 1 else 1
        weights = as_double(theta[block.start : block.stop]).reshape(filters, -1)
        size = ((weights * weights).sum(-1, keepdims=True) / weights.shape[1]) ** 0.5
        units[block.start : block.stop] = like(theta, (size + weights * 0.0).reshape(-1))
    return units
