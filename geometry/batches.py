"""Batches of examples: cut into parts of bounded size, and the cross-entropy over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from geometry.streamed import Column, in_memory


@dataclass(frozen=True)
class Batch:
    """Inputs, each (N, ...), and targets (N, ...). `names`: of the last inputs, which the module takes by name.

    Both may be streamed (geometry.streamed): `ready` of the loss, or in_memory, makes tensors of them.

    Inputs whose first axes differ (a graph's nodes and edges) are one whole, of which no example can be taken out: of
    it rows are targets alone, and the outputs of the whole's pass that belong to them. `picked` (n,): which of the
    `of` targets they are.
    """

    inputs: tuple[Column, ...]
    targets: Column
    names: tuple[str, ...] = ()
    picked: Tensor | None = None
    of: int = 0

    def __post_init__(self) -> None:
        sizes = {tensor.shape[0] if tensor.ndim else 0 for tensor in (*self.inputs, self.targets)}
        if len(sizes) != 1 and len(self.inputs) == 1:
            raise ValueError(f"inputs and targets must have the same number of examples, got {sorted(sizes)}")
        if self.targets.ndim == 0 or 0 in (self.targets.shape[0], self.inputs[0].numel()):
            raise ValueError("the batch is empty: inputs and targets must hold at least one example")

    @property
    def examples(self) -> int:
        """N, the rows of the targets."""
        return self.targets.shape[0]

    @property
    def whole(self) -> bool:
        """Whether the inputs have other first axes than the targets, so that there are no single examples."""
        return self.picked is not None or any(x.ndim == 0 or x.shape[0] != self.targets.shape[0] for x in self.inputs)

    def cut(self, size: int) -> list[Batch]:
        """The batch in parts of at most `size` examples, in order; a whole stays one."""
        if size >= self.examples or self.whole:
            return [self]
        pieces = zip(*(tensor.split(size) for tensor in (*self.inputs, self.targets)), strict=True)
        return [Batch(piece[:-1], piece[-1], self.names) for piece in pieces]

    def rows(self, index: Any) -> Batch:
        """The examples of an index or slice; of a whole, those targets."""
        if self.whole:
            place = in_memory(self.targets).device
            every = torch.arange(self.examples, device=place) if self.picked is None else self.picked
            return replace(self, targets=self.targets[index], picked=every[index], of=self.of or self.examples)
        return Batch(tuple(x[index] for x in self.inputs), self.targets[index], self.names)

    def pick(self, outputs: Any) -> Any:
        """The outputs (N, ...) of a pass that belong to the targets here: all, but of a whole whose rows these are."""
        if self.picked is None:
            return outputs
        if not isinstance(outputs, Tensor) or outputs.shape[:1] != (self.of,):
            shapes = ", ".join(str(tuple(x.shape)) for x in self.inputs)
            raise ValueError(
                f"the inputs of shapes {shapes} with {self.of} targets have no single examples, and the module does "
                "not return one output for each target, so there are no mini-batches or samples of them: take all at "
                "every step"
            )
        return outputs[self.picked]

    def few(self) -> Batch:
        """A few examples from all over the batch; all of a whole."""
        if self.whole:
            return self
        return self.rows(torch.linspace(0, self.examples - 1, min(self.examples, 6)).long())

    def repeated(self, examples: int) -> Batch:
        """The first example, so many times: a batch for measuring. A whole stays as it is."""
        if self.whole:
            return self

        def first(tensor: Tensor) -> Tensor:
            return tensor[:1].expand(examples, *tensor.shape[1:])

        columns = [first(in_memory(x[:1])) for x in (*self.inputs, self.targets)]
        return Batch(tuple(columns[:-1]), columns[-1], self.names)


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


def class_scores(
    outputs: Any, targets: Tensor, walkers: tuple[int, ...], highest: int = -1, class_axis: int | None = None
) -> Tensor:
    """Outputs as (walkers..., targets..., C), class axis last; a ValueError where they are no class scores.

    highest: the largest class number among the targets. An accelerator would stop for good at one that is too large.
    class_axis: 1 or −1, where the classes lie; None: where they fit, and a ValueError where they may lie on either.
    """
    if not isinstance(outputs, Tensor):
        raise ValueError(
            f"the module must return one tensor of class scores, not {type(outputs).__name__}; "
            "wrap it, or pass a loss_function of your own"
        )
    own, wanted = tuple(outputs.shape[len(walkers) :]), tuple(targets.shape)
    scores = outputs
    if targets.is_floating_point():
        fits = own == wanted
    else:
        last = own[:-1] == wanted and class_axis != 1
        second = own[:1] + own[2:] == wanted and len(own) > 1 and class_axis != -1
        if last and second and len(own) > 2:
            raise ValueError(
                f"in outputs of shape {own} the classes may lie on the second axis or on the last; say so with "
                "loss_function=CrossEntropy(class_axis=1) or CrossEntropy(class_axis=-1) of geometry.losses"
            )
        fits = last or second
        scores = outputs if last or not second else outputs.movedim(len(walkers) + 1, -1)
    if not fits or len(own) < 2 or scores.shape[-1] < 2:
        raise ValueError(
            f"outputs of shape {own} are no scores of at least two classes for targets of shape {wanted}; "
            "the cross-entropy needs (N, ..., C) or (N, C, ...) against (N, ...)"
        )
    if highest >= scores.shape[-1]:
        raise ValueError(f"a target is class {highest}, but the outputs have only classes 0 to {scores.shape[-1] - 1}")
    return scores


def join_parts(pieces: list[Any]) -> Tensor:
    """What walkers that met the batch one after another have found, together."""
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces)


def slope_at(leaf: Tensor, value: Tensor) -> Tensor:
    """The gradient of a part's share of the loss, zero where it does not depend on the leaf."""
    if not value.requires_grad:
        return torch.zeros_like(leaf)
    (slope,) = torch.autograd.grad(value.sum(), leaf, allow_unused=True, materialize_grads=True)
    return slope
