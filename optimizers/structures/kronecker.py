"""What the Kronecker structures share: which blocks are matrices, and a factor that multiplies from one side."""

from __future__ import annotations

import math
from typing import Any

from array_api_compat import array_namespace

from geometry.objective import Block

Array = Any
MATRICES = ("kernel", "embedding")
"""Kinds of block that get two factors; every other block gets one number per parameter."""


def is_matrix(block: Block) -> bool:
    """Whether the block is multiplied from both sides."""
    return block.kind in MATRICES and len(block.shape) >= 2


def sides(block: Block) -> tuple[int, int]:
    """(rows, columns): a kernel's first axis against all others (a convolution's are cin·kh·kw), an embedding's last.

    A table of positions (1, length, features) then has a row for each position, and no factor of length·features.
    """
    if block.kind == "embedding":
        return math.prod(block.shape[:-1]), block.shape[-1]
    return block.shape[0], math.prod(block.shape[1:])


def as_matrix(block: Block, v: Array) -> Array:
    """The block's part of v (..., D) as a matrix (..., out, in)."""
    return v[..., block.start : block.stop].reshape((*v.shape[:-1], *sides(block)))


def eye(size: int, largest: int | None, theta: Array, scale: float) -> Array:
    """scale·I for every walker of θ: a matrix (..., n, n), or its diagonal (..., n) where n is above `largest`."""
    xp = array_namespace(theta)
    walkers = tuple(theta.shape[:-1])
    if largest is not None and size > largest:
        return xp.full((*walkers, size), scale, dtype=theta.dtype, device=theta.device)
    one = xp.eye(size, dtype=theta.dtype, device=theta.device) * scale
    return xp.asarray(xp.broadcast_to(one, (*walkers, size, size)), copy=True)


def left(factor: Array, m: Array) -> Array:
    """F m; a factor with one axis less than m is a diagonal."""
    if factor.ndim < m.ndim:
        return factor[..., :, None] * m
    return factor @ m


def right(m: Array, factor: Array) -> Array:
    """m F; a factor with one axis less than m is a diagonal."""
    if factor.ndim < m.ndim:
        return m * factor[..., None, :]
    return m @ factor


def transposed(factor: Array, like: Array) -> Array:
    """Fᵀ, which for a diagonal (one axis less than `like`) is F."""
    return factor if factor.ndim < like.ndim else factor.mT


def outer(a: Array, b: Array, factor: Array) -> Array:
    """a bᵀ as the slope of a factor: the whole matrix, or its diagonal where the factor is one."""
    if factor.ndim < a.ndim:
        return array_namespace(a).sum(a * b, axis=-1)
    return a @ b.mT
