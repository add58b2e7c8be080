"""The inner problem's solver: a fixed number of clipped first-order steps on J(U), batched over walkers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from optimizers.broadcasting import expand_trailing
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
        """The leaves after all steps, starting from `leaves`, which are left as they are.

        `gradient` must return arrays of its own: they are overwritten, since each may be as large as the network.
        """
        memory: dict[str, Any] = {}
        for step in range(1, self.steps + 1):
            slopes = gradient(leaves)
            moved = {}
            for name in list(slopes):
                u, g = leaves[name], self._tamed(slopes.pop(name), walker_axes)
                move = expand_trailing(self.learning_rate, u.ndim - walker_axes) * self._direction(
                    memory, name, g, step, walker_axes
                )
                if step == 1:
                    moved[name] = u - move
                else:
                    u -= move
                    moved[name] = u
            leaves = moved
        return leaves

    def _direction(self, memory: dict[str, Any], name: str, g: Array, step: int, walker_axes: int) -> Array:
        """What the solver steps along for one leaf, with what it remembers of the leaf."""
        if self.kind == "sgd":
            return g
        if self.kind == "momentum":
            if step > 1:
                m = memory[name]
                m *= expand_trailing(self.momentum, g.ndim - walker_axes)
                m += g
            else:
                memory[name] = g
            return memory[name]
        first, second = self.betas
        m, s = memory.get(name, (0.0, 0.0))
        m, s = first * m + (1 - first) * g, second * s + (1 - second) * g * g
        memory[name] = m, s
        return (m / (1 - first**step)) / (array_namespace(g).sqrt(s / (1 - second**step)) + ADAM_EPSILON)

    def _tamed(self, g: Array, walker_axes: int) -> Array:
        xp = array_namespace(g)
        norm = _norm(g, walker_axes)
        if not bool(xp.isfinite(norm).all()):  # a sum of squares is finite only if all of them are
            g = replace_not_finite(g, 1.0)
            norm = _norm(g, walker_axes)
        if self.clip is not None:
            clip = expand_trailing(self.clip, g.ndim - walker_axes)
            long = norm > clip
            if bool(long.any()):
                g *= clip / xp.where(long, norm, clip * xp.ones_like(norm))
        if self.clip_elements is not None:
            g = xp.clip(g, min=-self.clip_elements, max=self.clip_elements)
        return g


def _norm(g: Array, walker_axes: int) -> Array:
    """‖g‖ of each walker, with its axes kept."""
    axes = tuple(range(walker_axes, g.ndim))
    if isinstance(g, np.ndarray):  # the usual way takes five times as long for small arrays
        return np.sqrt(np.add.reduce(g * g, axis=axes, keepdims=True))
    return array_namespace(g).linalg.vector_norm(g, axis=axes, keepdims=True)


def replace_not_finite(a: Array, infinity: float) -> Array:
    """Not-a-number → 0, ±∞ → ±`infinity`."""
    return array_namespace(a).nan_to_num(a, nan=0.0, posinf=infinity, neginf=-infinity)
