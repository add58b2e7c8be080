"""Batches of examples: cut into parts of bounded size, and the cross-entropy over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Inputs, each (N, ...), and targets (N, ...)."""

    inputs: tuple[Tensor, ...]
    targets: Tensor

    def __post_init__(self) -> None:
        sizes = {tensor.shape[0] if tensor.ndim else 0 for tensor in (*self.inputs, self.targets)}
        if len(sizes) != 1:
            raise ValueError(f"inputs and targets must have the same number of examples, got {sorted(sizes)}")
        if 0 in sizes:
            raise ValueError("the batch is empty: inputs and targets must hold at least one example")

    @property
    def examples(self) -> int:
        """N."""
        return self.targets.shape[0]

    def cut(self, size: int) -> list[Batch]:
        """The batch in parts of at most `size` examples, in order."""
        if size >= self.examples:
            return [self]
        pieces = zip(*(torch.split(tensor, size) for tensor in (*self.inputs, self.targets)), strict=True)
        return [Batch(piece[:-1], piece[-1]) for piece in pieces]

    def repeated(self, examples: int) -> Batch:
        """The first example, so many times: a batch for measuring."""

        def first(tensor: Tensor) -> Tensor:
            return tensor[:1].expand(examples, *tensor.shape[1:])

        return Batch(tuple(first(x) for x in self.inputs), first(self.targets))


def parts_of(theta: Tensor, batch: Batch, chunk_size: int | None) -> Iterator[tuple[Any, list[Batch]]]:
    """Which walkers of θ (D,) or (W, D) meet which parts of the batch together: (index into θ, parts).

    At most `chunk_size` pairs of walker and example meet at once (None: all).
    """
    if chunk_size is None:
        yield ..., [batch]
        return
    parts = batch.cut(chunk_size)
    if theta.ndim == 1:
        yield ..., parts
        return
    together = max(1, chunk_size // batch.examples)
    for first in range(0, theta.shape[0], together):
        yield slice(first, first + together), parts


def counted(targets: Tensor, ignore_index: int, own_loss: bool) -> int:
    """How many targets the mean is over: those of class numbers that are not ignored, or rows of probabilities."""
    if own_loss:
        return targets.shape[0]
    if targets.is_floating_point():
        return max(1, targets.numel() // targets.shape[-1])
    count = int((targets != ignore_index).sum())
    if count == 0:
        raise ValueError(f"every target is {ignore_index} (ignore_index): there is nothing to learn from")
    return count


def highest_class(targets: Tensor, ignore_index: int) -> int:
    """The largest class number; −1 for probabilities. A ValueError where one is negative and not to be ignored."""
    if targets.is_floating_point():
        return -1
    kept = torch.where(targets == ignore_index, torch.zeros_like(targets), targets)
    low, high = (int(bound) for bound in kept.aminmax())
    if low < 0:
        raise ValueError(f"targets must be class numbers of at least 0, or {ignore_index} to be ignored; got {low}")
    return high


def class_scores(outputs: Any, targets: Tensor, walkers: tuple[int, ...], highest: int = -1) -> Tensor:
    """Outputs as (walkers..., targets..., C), class axis last; a ValueError where they are no class scores.

    highest: the largest class number among the targets. An accelerator would stop for good at one that is too large.
    """
    if not isinstance(outputs, Tensor):
        raise ValueError(
            f"the module must return one tensor of class scores, not {type(outputs).__name__}; "
            "wrap it, or pass a loss_function and use the metric newton"
        )
    own, wanted = tuple(outputs.shape[len(walkers) :]), tuple(targets.shape)
    scores = outputs
    if targets.is_floating_point():
        fits = own == wanted
    elif own[:-1] == wanted:
        fits = True
    else:
        fits = own[:1] + own[2:] == wanted and len(own) > 1
        scores = outputs.movedim(len(walkers) + 1, -1) if fits else outputs
    if not fits or len(own) < 2 or scores.shape[-1] < 2:
        raise ValueError(
            f"outputs of shape {own} are no scores of at least two classes for targets of shape {wanted}; "
            "the cross-entropy and the metric ngd need (N, ..., C) or (N, C, ...) against (N, ...)"
        )
    if highest >= scores.shape[-1]:
        raise ValueError(f"a target is class {highest}, but the outputs have only classes 0 to {scores.shape[-1] - 1}")
    return scores


def classification_loss(
    outputs: Any, targets: Tensor, walkers: tuple[int, ...], label_smoothing: float, ignore_index: int, highest: int
) -> Tensor:
    """Σ CE over the counted targets, shape of the walkers."""
    scores = class_scores(outputs, targets, walkers, highest)
    shares = targets.is_floating_point()
    repeated = targets.expand(scores.shape if shares else scores.shape[:-1])
    losses = F.cross_entropy(
        scores.reshape(-1, scores.shape[-1]),
        repeated.reshape(-1, scores.shape[-1]) if shares else repeated.reshape(-1),
        ignore_index=-100 if shares else ignore_index,
        reduction="none",
        label_smoothing=label_smoothing,
    )
    return losses.reshape(*walkers, -1).sum(-1)
