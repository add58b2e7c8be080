"""SAM's sharpness: how far the loss can rise within the ball of radius ρ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import is_torch_array

from geometry.objective import Array, Objective
from geometry.plane import as_numpy, like
from geometry.result import Result


@dataclass(frozen=True, eq=False)
class Sharpness(Result):
    """The greatest rise max_{‖ε‖ ≤ ρ} L(θ + ε) − L(θ) that `steps` ascent steps found: a lower bound of the maximum.

    `rises` (steps,): the rise after each step; the first is SAM's own ε = ρ g/‖g‖. `perturbation` (D,): the best ε.
    """

    value: float
    rises: np.ndarray
    radius: float
    perturbation: Array

    @property
    def steps(self) -> int:
        """Ascent steps made, one gradient each."""
        return len(self.rises)

    @property
    def one_step(self) -> float:
        """The rise that SAM's single step sees."""
        return float(self.rises[0])

    def figure(self) -> Any:
        """The rise after each step of ascent; the first is what SAM sees."""
        from geometry.figures import draw_curves

        curves = {"rise": (np.arange(1, self.steps + 1), self.rises)}
        return draw_curves(
            curves, f"Rise of the loss within {self.radius:g}", self.describe(), "step of ascent", "L(θ + ε) − L(θ)"
        )

    def describe(self) -> str:
        """One sentence for a page."""
        steps = f"{self.steps} ascent steps; SAM’s one step: {self.one_step:.4g}"
        return f"{self.value:.4g} within radius {self.radius:g} ({steps})"


def sam_sharpness(
    objective: Objective, theta: Array, radius: float = 0.05, steps: int = 10, *, seed: int = 0
) -> Sharpness:
    """max over ‖ε‖₂ ≤ ρ of L(θ+ε) − L(θ), by ε ← ρ ∇L(θ+ε)/‖∇L(θ+ε)‖ from ε = 0.

    Each step maximises the linearised loss over the ball. Where the loss is convex the rise grows with every step (it
    is above its tangents), and where it is quadratic the steps are a power iteration towards the top eigenvector; in
    general the best step counts. Where a gradient is zero a random direction drawn with `seed` is taken.
    """
    if tuple(theta.shape) != (objective.dimension,):
        raise ValueError(f"theta must have shape ({objective.dimension},), got {tuple(theta.shape)}")
    if not (np.isfinite(radius) and radius > 0):
        raise ValueError(f"radius must be a positive number, got {radius}")
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    if is_torch_array(theta):
        theta = theta.detach()
    level = float(objective.loss(theta))
    perturbation, best = theta * 0.0, theta * 0.0
    rises = np.empty(steps)
    highest = -np.inf
    for step in range(steps):
        gradient = objective.gradient(theta + perturbation)
        length = float(np.linalg.norm(np.asarray(as_numpy(gradient), dtype=np.float64)))
        if length == 0:
            gradient = like(theta, np.random.default_rng([seed, step]).standard_normal(objective.dimension))
            length = float(np.linalg.norm(as_numpy(gradient)))
        perturbation = gradient * (radius / length)
        rises[step] = float(objective.loss(theta + perturbation)) - level
        if rises[step] > highest:
            highest, best = float(rises[step]), perturbation
    # ε = 0 is in the ball: the maximum is never below 0.
    return Sharpness(max(highest, 0.0), rises, radius, best if highest > 0 else theta * 0.0)
