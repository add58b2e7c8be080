"""Dense blocks: one full matrix per layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

from geometry.objective import Layout
from optimizers.structures.base import Leaves, matrix_by_columns

Array = Any


@dataclass(frozen=True)
class Dense:
    """U_l ∈ R^{P_l×P_l} for every layer l, over all of the layer's blocks together: u_l = U_l v_l.

    One leaf per layer, named as the layer, of shape (..., P_l, P_l).
    """

    name: str = "dense"

    def identity(self, layout: Layout, theta: Array, scale: float = 1.0) -> Leaves:
        """Leaves of U = scale·I."""
        xp = array_namespace(theta)
        walkers = tuple(theta.shape[:-1])
        leaves = {}
        for layer in layout.layers:
            eye = xp.eye(layer.size, dtype=theta.dtype, device=theta.device) * scale
            leaves[layer.name] = xp.asarray(xp.broadcast_to(eye, (*walkers, layer.size, layer.size)), copy=True)
        return leaves

    def product(self, layout: Layout, leaves: Leaves, v: Array) -> Array:
        """U v, shape (..., D)."""
        parts = [(leaves[layer.name] @ v[..., layer.start : layer.stop, None])[..., 0] for layer in layout.layers]
        return parts[0] if len(parts) == 1 else array_namespace(v).concat(parts, axis=-1)

    def pull_back(self, layout: Layout, leaves: Leaves, v: Array, cotangent: Array) -> Leaves:
        """∂⟨c, U v⟩/∂U_l = c_l v_lᵀ."""
        return {
            layer.name: cotangent[..., layer.start : layer.stop, None] * v[..., None, layer.start : layer.stop]
            for layer in layout.layers
        }

    def project(self, leaves: Leaves, floor: float) -> Leaves:
        """Symmetrise, then raise the eigenvalues below `floor` to it (a choice for the toys; floor ≤ 0 does nothing).

        The authors leave the dense U as it is; on a 2-D surface a U that is not positive definite turns descent into
        ascent along one direction, which a picture cannot explain.
        """
        return leaves if floor <= 0 else {name: _floored(u, floor) for name, u in leaves.items()}

    def matrix(self, layout: Layout, leaves: Leaves) -> Array:
        """U as an explicit matrix (..., D, D)."""
        if len(layout.layers) == 1:
            return leaves[layout.layers[0].name]
        first = leaves[layout.layers[0].name]
        xp = array_namespace(first)
        like = xp.zeros((*first.shape[:-2], layout.dimension), dtype=first.dtype, device=first.device)
        return matrix_by_columns(self, layout, leaves, like, xp)


def _floored(u: Array, floor: float) -> Array:
    xp = array_namespace(u)
    u = (u + xp.matrix_transpose(u)) / 2
    finite = xp.all(xp.isfinite(u), axis=(-2, -1))
    safe = xp.where(finite[..., None, None], u, xp.eye(u.shape[-1], dtype=u.dtype, device=u.device))
    values, vectors = xp.linalg.eigh(safe)
    low = xp.min(values, axis=-1) < floor
    if not bool(xp.any(low)):
        return u
    raised = xp.clip(values, min=floor)
    rebuilt = xp.matmul(vectors * raised[..., None, :], xp.matrix_transpose(vectors))
    return xp.where((low & finite)[..., None, None], rebuilt, u)
