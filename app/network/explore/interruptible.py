"""An objective that lets a job be stopped in the middle of many products."""

from __future__ import annotations

from typing import Any

from app.jobs.context import JobContext
from geometry.objective import Array, Layout, Linearisation, Objective, linearise


class Watched:
    """The objective of a job: before each loss, gradient and curvature product it asks whether the job is to stop."""

    def __init__(self, objective: Objective, job: JobContext) -> None:
        self._objective, self._job = objective, job
        self.asked = 0

    @property
    def dimension(self) -> int:
        """D, the number of parameters."""
        return self._objective.dimension

    @property
    def layout(self) -> Layout:
        """How θ is cut into parameter blocks."""
        return self._objective.layout

    def loss(self, theta: Array) -> Array:
        """L(θ)."""
        self._ask()
        return self._objective.loss(theta)

    def gradient(self, theta: Array) -> Array:
        """∇L(θ)."""
        self._ask()
        return self._objective.gradient(theta)

    def curvature_product(self, theta: Array, d: Array, metric: str = "newton") -> Array:
        """G(θ)·d."""
        self._ask()
        return self._objective.curvature_product(theta, d, metric)

    def linearise(self, theta: Array, metric: str = "newton") -> Linearisation:
        """Gradient and curvature operator at θ."""
        self._ask()
        found = linearise(self._objective, theta, metric)

        def product(d: Array) -> Any:
            self._ask()
            return found.product(d)

        return Linearisation(found.gradient, product)

    def _ask(self) -> None:
        self.asked += 1
        self._job.settings(self.asked)
