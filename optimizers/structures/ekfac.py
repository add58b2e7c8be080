"""Eigen-Kronecker blocks: a kernel is rotated, scaled entry by entry and rotated back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

from geometry.objective import Block, Layout
from optimizers.structures.base import Leaves
from optimizers.structures.kfac import explicit
from optimizers.structures.kronecker import as_matrix, eye, is_matrix, left, outer, right, sides, transposed

Array = Any


@dataclass(frozen=True)
class EKFAC:
    """W ↦ Q_G [S ∘ (Q_Gᵀ W Q_A)] Q_Aᵀ for a kernel W (out, in); one number per parameter for any other block.

    Leaves: "name.QA" (..., in, in), "name.QG" (..., out, out) and "name.S" (..., out, in) of each kernel or embedding,
    "name" (..., size) of each other block. The Q start at I and are free: trained like S, never made orthogonal again.
    `largest_factor`: a side longer than this gets a diagonal Q; None: never.

    George et al., "Fast approximate natural gradient descent in a Kronecker-factored eigenbasis" (arXiv 1806.03884).
    """

    largest_factor: int | None = None
    name: str = "e-kfac"

    def identity(self, layout: Layout, theta: Array, scale: float = 1.0) -> Leaves:
        """Leaves of U = scale·I: Q = I, S = scale."""
        xp = array_namespace(theta)
        leaves = {}
        for block in layout.blocks:
            if is_matrix(block):
                rows, columns = sides(block)
                leaves[block.name + ".QA"] = eye(columns, self.largest_factor, theta, 1.0)
                leaves[block.name + ".QG"] = eye(rows, self.largest_factor, theta, 1.0)
                leaves[block.name + ".S"] = xp.full_like(as_matrix(block, theta), scale)
            else:
                leaves[block.name] = xp.full_like(theta[..., block.start : block.stop], scale)
        return leaves

    def product(self, layout: Layout, leaves: Leaves, v: Array) -> Array:
        """U v, shape (..., D)."""
        xp = array_namespace(v)
        parts = []
        for block in layout.blocks:
            if is_matrix(block):
                w = as_matrix(block, v)
                qa, qg, s = _leaves_of(block, leaves)
                turned = s * right(left(transposed(qg, w), w), qa)
                y = right(left(qg, turned), transposed(qa, w))
                parts.append(y.reshape((*v.shape[:-1], block.size)))
            else:
                parts.append(leaves[block.name] * v[..., block.start : block.stop])
        return xp.concat(parts, axis=-1)

    def pull_back(self, layout: Layout, leaves: Leaves, v: Array, cotangent: Array) -> Leaves:
        """With M = Q_Gᵀ W Q_A, C the kernel's cotangent and K = Q_Gᵀ C Q_A:

        ∂/∂S = K ∘ M,  ∂/∂Q_G = C Q_A (S ∘ M)ᵀ + W Q_A (S ∘ K)ᵀ,  ∂/∂Q_A = Cᵀ Q_G (S ∘ M) + Wᵀ Q_G (S ∘ K).
        """
        slopes = {}
        for block in layout.blocks:
            if is_matrix(block):
                w, c = as_matrix(block, v), as_matrix(block, cotangent)
                qa, qg, s = _leaves_of(block, leaves)
                gw, gc, wa, ca = left(transposed(qg, w), w), left(transposed(qg, c), c), right(w, qa), right(c, qa)
                m, k = right(gw, qa), right(gc, qa)
                slopes[block.name + ".S"] = k * m
                sm, sk = s * m, s * k
                slopes[block.name + ".QG"] = outer(ca, sm, qg) + outer(wa, sk, qg)
                slopes[block.name + ".QA"] = outer(gc.mT, sm.mT, qa) + outer(gw.mT, sk.mT, qa)
            else:
                slopes[block.name] = cotangent[..., block.start : block.stop] * v[..., block.start : block.stop]
        return slopes

    def project(self, leaves: Leaves, floor: float) -> Leaves:
        """U as it is: no floor for a product of factors."""
        return leaves

    def matrix(self, layout: Layout, leaves: Leaves) -> Array:
        """U as an explicit matrix (..., D, D)."""
        return explicit(self, layout, leaves, ".QA")


def _leaves_of(block: Block, leaves: Leaves) -> tuple[Array, Array, Array]:
    return leaves[block.name + ".QA"], leaves[block.name + ".QG"], leaves[block.name + ".S"]
