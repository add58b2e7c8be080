"""Why the examples of a loss cannot be taken apart, so that their loss is that of its parts together."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from geometry.batches import Batch
from geometry.stateless import Tensors

_NORMALISED = "batch normalisation by the batch’s own statistics ties its examples together"


class _Loss(Protocol):
    """A network's loss (geometry.networks.NetworkLoss)."""

    initial: Tensor
    data: Batch
    batch_statistics: bool
    chunk_size: int | None
    cut: dict[str, str]

    @property
    def random(self) -> bool: ...

    def buffers_of(self, walkers: int) -> Tensors: ...

    def part_loss(self, theta: Tensor, part: Batch, training: bool, buffers: Tensors) -> tuple[Tensor, Tensors]: ...


def find_tie(loss: _Loss) -> str:
    """What ties the examples together; "" where nothing does. A network's own ties are looked for once, for all its
    batches (`cut`)."""
    if loss.batch_statistics:
        return _NORMALISED
    if loss.data.whole:
        return "inputs of other first axes than the targets’ are one whole"
    if loss.random:
        return "the random numbers that the module draws in inference mode fall on the examples by their places"
    if "reason" not in loss.cut:
        loss.cut["reason"] = _difference_of_parts(loss)
    return loss.cut["reason"]


def check_whole(loss: _Loss, normalising: bool) -> None:
    """ValueError where chunk_size would cut what is tied; `normalising`: by layers that this pass trains."""
    if loss.chunk_size is None or loss.chunk_size >= loss.data.examples:
        return
    if tie := _NORMALISED if normalising else find_tie(loss):
        raise ValueError(
            f"{tie}, so chunk_size cannot cut it; use smaller batches, a larger memory_limit or no chunk_size"
        )


def _difference_of_parts(loss: _Loss) -> str:
    """ "" where the loss of a few examples is that of its parts, to rounding; else by how much it is not."""
    few = loss.data.few()
    if few.examples < 2:
        return ""
    theta, buffers = loss.initial, loss.buffers_of(0)
    with torch.no_grad():
        whole = float(loss.part_loss(theta, few, False, buffers)[0])
        parts = sum(float(loss.part_loss(theta, part, False, buffers)[0]) for part in few.cut(few.examples // 2))
    allowed = {2: 5e-2, 4: 1e-4}.get(theta.element_size(), 1e-9)
    if abs(parts - whole) <= allowed * max(abs(whole), abs(parts)) + 1e-12:
        return ""
    return (
        f"the loss of {few.examples} examples is not that of its parts together (off by "
        f"{abs(parts - whole) / max(abs(whole), 1e-12):.2g} of it), something ties them"
    )
