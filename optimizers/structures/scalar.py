"""Scalar blocks: one factor per layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

from geometry.objective import Layout
from optimizers.structures.base import Leaves
from optimizers.structures.diagonal import explicit

Array = Any


@dataclass(frozen=True)
class Scalar:
    """U_l = u_l I: one leaf per layer, named as the layer, of shape (..., 1). On one layer it is a learning rate."""

    name: str = "scalar"

    def identity(self, layout: Layout, theta: Array, scale: float = 1.0) -> Leaves:
        """Leaves of U = scale·I."""
        xp = array_namespace(theta)
        return {layer.name: xp.full_like(theta[..., :1], scale) for layer in layout.layers}

    def product(self, layout: Layout, leaves: Leaves, v: Array) -> Array:
        """U v, shape (..., D)."""
        parts = [leaves[layer.name] * v[..., layer.start : layer.stop] for layer in layout.layers]
        return parts[0] if len(parts) == 1 else array_namespace(v).concat(parts, axis=-1)

    def pull_back(self, layout: Layout, leaves: Leaves, v: Array, cotangent: Array) -> Leaves:
        """∂⟨c, U v⟩/∂u_l = ⟨c_l, v_l⟩."""
        xp = array_namespace(v)
        pairs = {layer.name: slice(layer.start, layer.stop) for layer in layout.layers}
        return {k: xp.sum(cotangent[..., s] * v[..., s], axis=-1, keepdims=True) for k, s in pairs.items()}

    def project(self, leaves: Leaves, floor: float) -> Leaves:
        """U ← max(U, floor); floor ≤ 0 does nothing."""
        return leaves if floor <= 0 else {k: array_namespace(u).clip(u, min=floor) for k, u in leaves.items()}

    def matrix(self, layout: Layout, leaves: Leaves) -> Array:
        """U as an explicit matrix (..., D, D)."""
        return explicit(self, layout, leaves)
