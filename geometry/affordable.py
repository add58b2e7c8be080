"""How many examples fit into memory at once, measured on passes of two and three."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from geometry.batches import Batch
from geometry.stateless import Tensors
from geometry.streamed import Streamed

STREAMED_MEMORY = 2**29
"""The limit for examples that are streamed, where none is given."""


class _Passes(Protocol):
    initial: Tensor
    data: Batch
    chunk_size: int | None

    def buffers_of(self, walkers: int) -> Tensors: ...

    def part_loss(self, theta: Tensor, part: Batch, training: bool, buffers: Tensors) -> tuple[Tensor, Tensors]: ...


def part_size(loss: _Passes, limit: int | None) -> int | None:
    """The chunk_size that keeps to the limit (bytes); without one that which is set, or what streamed examples need."""
    if limit is loss.chunk_size is None and any(isinstance(x, Streamed) for x in loss.data.inputs):
        limit = STREAMED_MEMORY
    return loss.chunk_size if limit is None else affordable_examples(loss, limit)


def affordable_examples(loss: _Passes, memory_limit: int) -> int:
    """Examples that fit into the limit (bytes), from the bytes of an example's inputs and those that the graph of one
    more example keeps.

    Not of one alone, which batch normalisation by the batch's own statistics refuses. A curvature product keeps about
    three times what a gradient keeps: the forward pass, its backward pass, and what the derivative of the two needs.
    """

    def kept(examples: int) -> int:
        total = 0

        def pack(tensor: Tensor) -> Tensor:
            nonlocal total
            total += tensor.untyped_storage().nbytes()
            return tensor

        with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            leaf = loss.initial.detach().requires_grad_()
            loss.part_loss(leaf, loss.data.repeated(examples), False, loss.buffers_of(0))
        return total

    inputs = sum(x.numel() * x.itemsize for x in loss.data.inputs) // loss.data.examples
    each = max(1, kept(3) - kept(2) + inputs)
    return max(1, memory_limit // (3 * each))
