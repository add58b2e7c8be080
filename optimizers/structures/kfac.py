"""Kronecker-factored blocks: a kernel is multiplied from both sides."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

from geometry.objective import Layout
from optimizers.structures.base import Leaves, matrix_by_columns
from optimizers.structures.kronecker import as_matrix, eye, is_matrix, left, outer, right, sides, transposed

Array = Any


@dataclass(frozen=True)
class KFAC:
    """W ↦ B W Aᵀ for a kernel W (out, in); any other block is multiplied by one number per parameter.

    Leaves: "name.A" (..., in, in) and "name.B" (..., out, out) of each kernel or embedding called name, "name"
    (..., size) of each other block. A and B are free: neither symmetric nor positive definite. A convolution
    (cout, cin, kh, kw) is the matrix (cout, cin·kh·kw). `largest_factor`: a side longer than this (the rows of a large
    vocabulary) gets a diagonal factor instead; None: never.

    scale·I is √scale in each of the two factors. (The authors' code puts the whole scale into both, so that U = scale²
    on kernels and applying U/scale does not begin at the identity unless scale = 1: scale_both_factors=True.)

    Martens and Grosse, "Optimizing neural networks with Kronecker-factored approximate curvature" (arXiv 1503.05671).
    """

    largest_factor: int | None = None
    scale_both_factors: bool = False
    name: str = "kfac"

    def identity(self, layout: Layout, theta: Array, scale: float = 1.0) -> Leaves:
        """Leaves of U = scale·I."""
        xp = array_namespace(theta)
        leaves, root = {}, scale if self.scale_both_factors else math.sqrt(scale)
        for block in layout.blocks:
            if is_matrix(block):
                rows, columns = sides(block)
                leaves[block.name + ".A"] = eye(columns, self.largest_factor, theta, root)
                leaves[block.name + ".B"] = eye(rows, self.largest_factor, theta, root)
            else:
                leaves[block.name] = xp.full_like(theta[..., block.start : block.stop], scale)
        return leaves

    def product(self, layout: Layout, leaves: Leaves, v: Array) -> Array:
        """U v, shape (..., D)."""
        xp = array_namespace(v)
        parts = []
        for block in layout.blocks:
            if is_matrix(block):
                w, a, b = as_matrix(block, v), leaves[block.name + ".A"], leaves[block.name + ".B"]
                y = right(left(b, w), transposed(a, w))
                parts.append(y.reshape((*v.shape[:-1], block.size)))
            else:
                parts.append(leaves[block.name] * v[..., block.start : block.stop])
        return xp.concat(parts, axis=-1)

    def pull_back(self, layout: Layout, leaves: Leaves, v: Array, cotangent: Array) -> Leaves:
        """With C the cotangent of a kernel: ∂/∂A = Cᵀ B W, ∂/∂B = C A Wᵀ; c ∘ v for any other block."""
        slopes = {}
        for block in layout.blocks:
            if is_matrix(block):
                w, c = as_matrix(block, v), as_matrix(block, cotangent)
                a, b = leaves[block.name + ".A"], leaves[block.name + ".B"]
                slopes[block.name + ".A"] = outer(c.mT, left(b, w).mT, a)
                slopes[block.name + ".B"] = outer(c, right(w, transposed(a, w)), b)
            else:
                slopes[block.name] = cotangent[..., block.start : block.stop] * v[..., block.start : block.stop]
        return slopes

    def project(self, leaves: Leaves, floor: float) -> Leaves:
        """U as it is: no floor for a product of factors."""
        return leaves

    def matrix(self, layout: Layout, leaves: Leaves) -> Array:
        """U as an explicit matrix (..., D, D)."""
        return explicit(self, layout, leaves, ".A")


def explicit(structure: Any, layout: Layout, leaves: Leaves, factor: str) -> Array:
    """U as a matrix, for a structure whose kernels have the leaf "name" + factor on their second side."""
    block = layout.blocks[0]
    first, own = leaves[block.name + factor * is_matrix(block)], 1
    if is_matrix(block) and (structure.largest_factor is None or sides(block)[1] <= structure.largest_factor):
        own = 2
    xp = array_namespace(first)
    like = xp.zeros((*first.shape[: first.ndim - own], layout.dimension), dtype=first.dtype, device=first.device)
    return matrix_by_columns(structure, layout, leaves, like, xp)
