"""The inner problem's solver: a fixed number of clipped first-order steps on J(U), batched over walkers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

from optimizers.broadcasting import lift
from optimizers.structures import Leaves

Array = Any
SOLVERS = ("momentum", "sgd", "adam")
ADAM_EPSILON = 1e-8


@dataclass(frozen=True)
class InnerSolver:
    """`steps` steps on every leaf U, with G = ∂J/∂leaf; nothing survives from one solve to the next.

    kind "momentum":  m ← G + μ m;  U ← U − lr·m  (m starts at 0: the first m is G);
         "sgd":       U ← U − lr·G;
         "adam":      m ← β₁m + (1−β₁)G;  s ← β₂s + (1−β₂)G²;  U ← U − lr·m̂/(√ŝ + 1e-8), both divided by 1 − βᵗ.

    First G is tamed: not-a-number → 0 and ±infinity → ±1, then G ← G · c / max(c, ‖G‖_F) with c = `clip` for each
    leaf by itself, then every entry is cut to ±`clip_elements` (None: that clipping is off). Learning rate, momentum
    and clip may be arrays over the walkers.
    """

    steps: int
    learning_rate: Any
    momentum: Any
    clip: Any | None
    clip_elements: float | None = None
    kind: str = "momentum"
    betas: tuple[float, float] = (0.9, 0.999)

    def solve(self, gradient: Callable[[Leaves], Leaves], leaves: Leaves, walker_axes: int) -> Leaves:
        """The leaves after all steps, starting from `leaves`."""
        memory: Any = None
        for step in range(1, self.steps + 1):
            slopes = {name: self._tamed(g, walker_axes) for name, g in gradient(leaves).items()}
            memory, directions = self._directions(slopes, memory, step, walker_axes)
            del slopes  # of the size of U
            leaves = {k: u - lift(self.learning_rate, u.ndim - walker_axes) * directions[k] for k, u in leaves.items()}
        return leaves

    def _directions(self, slopes: Leaves, memory: Any, step: int, walker_axes: int) -> tuple[Any, Leaves]:
        """What the solver keeps, and what it steps along."""
        if self.kind == "sgd":
            return None, slopes
        if self.kind == "momentum":
            if memory is None:
                return slopes, slopes
            kept = {k: g + lift(self.momentum, g.ndim - walker_axes) * memory[k] for k, g in slopes.items()}
            return kept, kept
        first, second = self.betas
        if memory is None:
            memory = dict.fromkeys(slopes, (0.0, 0.0))
        memory = {
            k: (first * memory[k][0] + (1 - first) * g, second * memory[k][1] + (1 - second) * g * g)
            for k, g in slopes.items()
        }
        a, b = 1 - first**step, 1 - second**step
        return memory, {k: (m / a) / (array_namespace(s).sqrt(s / b) + ADAM_EPSILON) for k, (m, s) in memory.items()}

    def _tamed(self, g: Array, walker_axes: int) -> Array:
        xp = array_namespace(g)
        g = replace_not_finite(g, 1.0)
        if self.clip is not None:
            axes = tuple(range(walker_axes, g.ndim))
            clip = lift(self.clip, g.ndim - walker_axes)
            norm = xp.sqrt(xp.sum(g * g, axis=axes, keepdims=True))
            g = g * (clip / xp.where(norm > clip, norm, clip * xp.ones_like(norm)))
        if self.clip_elements is not None:
            g = xp.clip(g, min=-self.clip_elements, max=self.clip_elements)
        return g


def replace_not_finite(a: Array, infinity: float) -> Array:
    """Not-a-number → 0, ±∞ → ±`infinity`."""
    return array_namespace(a).nan_to_num(a, nan=0.0, posinf=infinity, neginf=-infinity)
