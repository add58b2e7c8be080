"""Diagonal blocks: one factor per parameter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

from geometry.objective import Layout
from optimizers.structures.base import Leaves, matrix_by_columns

Array = Any


@dataclass(frozen=True)
class Diagonal:
    """U_l = diag(u_l): one leaf per layer, named as the layer, of shape (..., P_l)."""

    name: str = "diagonal"

    def identity(self, layout: Layout, theta: Array, scale: float = 1.0) -> Leaves:
        """Leaves of U = scale·I."""
        xp = array_namespace(theta)
        return {layer.name: xp.full_like(theta[..., layer.start : layer.stop], scale) for layer in layout.layers}

    def product(self, layout: Layout, leaves: Leaves, v: Array) -> Array:
        """U v, elementwise, shape (..., D)."""
        parts = [leaves[layer.name] * v[..., layer.start : layer.stop] for layer in layout.layers]
        return parts[0] if len(parts) == 1 else array_namespace(v).concat(parts, axis=-1)

    def pull_back(self, layout: Layout, leaves: Leaves, v: Array, cotangent: Array) -> Leaves:
        """∂⟨c, U v⟩/∂u_l = c_l ∘ v_l."""
        return {
            layer.name: cotangent[..., layer.start : layer.stop] * v[..., layer.start : layer.stop]
            for layer in layout.layers
        }

    def project(self, leaves: Leaves, floor: float) -> Leaves:
        """U ← max(U, floor) elementwise; floor ≤ 0 does nothing."""
        return leaves if floor <= 0 else {k: array_namespace(u).clip(u, min=floor) for k, u in leaves.items()}

    def matrix(self, layout: Layout, leaves: Leaves) -> Array:
        """U as an explicit matrix (..., D, D)."""
        return explicit(self, layout, leaves)


def explicit(structure: Any, layout: Layout, leaves: Leaves) -> Array:
    """U as a matrix for a structure whose first leaf has exactly one axis beyond the walkers'."""
    first = leaves[layout.layers[0].name]
    xp = array_namespace(first)
    like = xp.zeros((*first.shape[:-1], layout.dimension), dtype=first.dtype, device=first.device)
    return matrix_by_columns(structure, layout, leaves, like, xp)
