"""The inner problem's solver: a fixed number of clipped momentum steps on J(U), batched over walkers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

from optimizers.broadcasting import lift
from optimizers.structures import Leaves

Array = Any


@dataclass(frozen=True)
class InnerSolver:
    """`steps` steps of  m ← G + μ m;  U ← U − lr·m  on every leaf, m starting at 0.

    G is ∂J/∂leaf after not-a-number → 0 and ±infinity → ±1, then G ← G · c / max(c, ‖G‖_F) with c = `clip` for each
    leaf by itself (None: no clipping). Learning rate, momentum and clip may be arrays over the walkers.
    """

    steps: int
    learning_rate: Any
    momentum: Any
    clip: Any | None

    def solve(self, gradient: Callable[[Leaves], Leaves], leaves: Leaves, walker_axes: int) -> Leaves:
        """The leaves after all steps, starting from `leaves`."""
        buffers: Leaves | None = None
        for _ in range(self.steps):
            slopes = {name: self._tamed(g, walker_axes) for name, g in gradient(leaves).items()}
            if buffers is None:
                buffers = slopes
            else:
                buffers = {k: g + lift(self.momentum, g.ndim - walker_axes) * buffers[k] for k, g in slopes.items()}
            leaves = {k: u - lift(self.learning_rate, u.ndim - walker_axes) * buffers[k] for k, u in leaves.items()}
        return leaves

    def _tamed(self, g: Array, walker_axes: int) -> Array:
        xp = array_namespace(g)
        g = replace_not_finite(g, 1.0)
        if self.clip is None:
            return g
        axes = tuple(range(walker_axes, g.ndim))
        clip = lift(self.clip, g.ndim - walker_axes)
        norm = xp.sqrt(xp.sum(g * g, axis=axes, keepdims=True))
        return g * (clip / xp.where(norm > clip, norm, clip * xp.ones_like(norm)))


def replace_not_finite(a: Array, infinity: float) -> Array:
    """Not-a-number → 0, ±∞ → ±`infinity`."""
    xp = array_namespace(a)
    limit = xp.full_like(a, infinity)
    a = xp.where(xp.isnan(a), xp.zeros_like(a), a)
    return xp.where(xp.isinf(a), xp.where(a > 0, limit, -limit), a)
