"""What every block structure of U answers: the identity, its product with a vector, and the product's pull-back."""

from __future__ import annotations

from typing import Any, Protocol

from geometry.objective import Layout

Array = Any
Leaves = dict[str, Array]
"""The arrays that U is stored in, by name. Each has the walkers' axes first."""


class Structure(Protocol):
    """A linear parametrisation leaves ↦ U, block-diagonal over the layers of a layout."""

    @property
    def name(self) -> str:
        """The name that the page and LLQR's `structure` know it by."""
        ...

    def identity(self, layout: Layout, theta: Array, scale: float = 1.0) -> Leaves:
        """Leaves of U = scale·I for every walker of θ (..., D), in θ's dtype and on its device."""
        ...

    def product(self, layout: Layout, leaves: Leaves, v: Array) -> Array:
        """U v, shape (..., D)."""
        ...

    def pull_back(self, layout: Layout, leaves: Leaves, v: Array, cotangent: Array) -> Leaves:
        """∂⟨cotangent, U v⟩/∂leaf for every leaf: the vector-Jacobian product of leaves ↦ U v."""
        ...

    def project(self, leaves: Leaves, floor: float) -> Leaves:
        """U after a refresh, kept where the method wants it (each structure says what it does with `floor`)."""
        ...

    def matrix(self, layout: Layout, leaves: Leaves) -> Array:
        """U as an explicit matrix (..., D, D); for pictures and for small D only."""
        ...


def matrix_by_columns(structure: Structure, layout: Layout, leaves: Leaves, like: Array, xp: Any) -> Array:
    """U column by column, U e_j, from the structure's product alone."""
    dimension = layout.dimension
    basis = xp.eye(dimension, dtype=like.dtype, device=like.device)
    shape = (*tuple(like.shape[:-1]), dimension)
    columns = [structure.product(layout, leaves, xp.broadcast_to(basis[j], shape)) for j in range(dimension)]
    return xp.stack(columns, axis=-1)
