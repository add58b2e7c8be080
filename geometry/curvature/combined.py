"""A loss's curvature at several points together: averaged, or as a difference of one point from an average."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geometry.objective import Array, Layout, Linearisation, Objective, linearise

Place = tuple[Objective, Array]
"""A loss and a point θ (D,) of it; on a network with running statistics each point has a loss of its own."""


class CombinedLoss:
    """C(δ) = Σ_j w_j L_j(θ_j + δ): losses around several points, moved together by δ (D,). `origin`: δ = 0.

    So its Hessian at 0 is Σ_j w_j H_j with H_j that of L_j at θ_j. ValueError unless all have one dimension.
    """

    def __init__(self, terms: Sequence[tuple[float, Place]]) -> None:
        if not terms:
            raise ValueError("a combined loss needs one point at least")
        self._terms = [(weight, objective, theta) for weight, (objective, theta) in terms]
        _, objective, theta = self._terms[0]
        sizes = {objective.dimension for _, objective, _ in self._terms}
        if len(sizes) > 1:
            raise ValueError(f"the points differ in how many parameters they have: {sorted(sizes)}")
        self.dimension: int = objective.dimension
        self.layout: Layout = objective.layout
        self.origin = theta * 0.0

    def loss(self, delta: Array) -> Array:
        """C(δ)."""
        return self._sum(lambda objective, theta: objective.loss(theta + delta))

    def gradient(self, delta: Array) -> Array:
        """Σ_j w_j ∇L_j(θ_j + δ)."""
        return self._sum(lambda objective, theta: objective.gradient(theta + delta))

    def curvature_product(self, delta: Array, d: Array, metric: str = "newton") -> Array:
        """Σ_j w_j G_j(θ_j + δ) d."""
        return self._sum(lambda objective, theta: objective.curvature_product(theta + delta, d, metric))

    def linearise(self, delta: Array, metric: str = "newton") -> Linearisation:
        """Gradient and curvature operator at δ."""
        found = [(w, linearise(objective, theta + delta, metric)) for w, objective, theta in self._terms]

        def product(d: Array) -> Any:
            return sum(weight * one.product(d) for weight, one in found)

        return Linearisation(sum(weight * one.gradient for weight, one in found), product)

    def _sum(self, value: Any) -> Any:
        return sum(weight * value(objective, theta) for weight, objective, theta in self._terms)


def average(places: Sequence[Place]) -> CombinedLoss:
    """The loss whose Hessian at 0 is H̄ = (1/m) Σ_j H_j, the mean over m places."""
    return CombinedLoss([(1 / len(places), place) for place in places])


def potholes(here: Place, places: Sequence[Place]) -> CombinedLoss:
    """The loss whose Hessian at 0 is H − H̄, that `here` without the mean over `places`.

    The eigenvectors of its largest eigenvalues are directions in which the ground is sharper here than on average:
    pothole directions (arXiv 2605.16134 speaks of potholes where the loss is sharp at a point and flat on average).
    """
    return CombinedLoss([(1.0, here), *((-1 / len(places), place) for place in places)])
