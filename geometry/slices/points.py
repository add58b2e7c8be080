"""The loss at many points of a plane, exactly, by the way that suits the objective and the machine.

"chain"    networks that are a chain of layers, on a CPU: the first layer's outputs are combined from three products
           made once (see geometry.layer_chain), the rest runs point by point over blocks of examples in the cache;
"loop"     any other network on a CPU: point by point over blocks of examples, where arithmetic is the limit;
"batched"  networks on an accelerator (vectorised over points, as many as fit), and toy surfaces.

Nothing of the objective is changed: parameters are made new for every point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from geometry.batches import Batch
from geometry.layer_chain import Chain, find_chain
from geometry.losses import CrossEntropy
from geometry.networks import NetworkLoss
from geometry.objective import Objective
from geometry.plane import Plane, as_numpy
from geometry.streamed import in_memory

BLOCK = 512
"""Examples at once on a CPU: the activations of a small network then stay in the cache."""

PLAIN_BLOCK = 4096
"""The same for networks without convolutions over plain vectors: a call would cost more than its arithmetic."""

METHODS = ("auto", "chain", "loop", "batched")
DEFAULT_MEMORY = 512 * 2**20
"""Bytes that the evaluation may keep beside the network and the data."""


class PointLosses(Protocol):
    """Losses at points of one plane."""

    method: str

    def losses(self, coordinates: np.ndarray) -> np.ndarray:
        """L at coordinates (P, k), float64 (P,). Points with equal y are best given side by side."""
        ...


def point_losses(
    objective: Objective,
    plane: Plane,
    method: str = "auto",
    memory: int = DEFAULT_MEMORY,
    between: Callable[[], object] = lambda: None,
) -> PointLosses:
    """The evaluation that suits; `method` insists on one. ValueError where it does not serve the objective. `between`
    is called after each block of examples, where they are taken in blocks: it may raise to cancel."""
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}")
    if memory < 1:
        raise ValueError(f"memory must be a positive number of bytes, got {memory}")
    if plane.origin.shape[0] != objective.dimension:
        raise ValueError(f"the plane has {plane.origin.shape[0]} parameters, the objective {objective.dimension}")
    if not isinstance(objective, NetworkLoss):
        if method not in ("auto", "batched"):
            raise ValueError(f"method {method!r} is for networks; use 'batched'")
        return BatchedLosses(objective, plane, memory)
    if not isinstance(plane.origin, Tensor):
        raise TypeError(f"a network’s plane is made of torch tensors, got {type(plane.origin).__name__}")
    if plane.origin.dtype != objective.dtype or plane.origin.device.type != objective.device.type:
        raise ValueError(
            f"the plane lies in {plane.origin.dtype} on {plane.origin.device}, "
            f"the objective in {objective.dtype} on {objective.device}"
        )
    if method == "batched" or (method == "auto" and objective.device.type != "cpu"):
        return BatchedLosses(objective, plane, memory)
    if objective.loss_function is not None and method == "auto":
        return BatchedLosses(objective, plane, memory, together=1)
    found = example_losses(objective, plane, method, memory)
    found.between = between
    return found


def example_losses(
    objective: NetworkLoss, plane: Plane, method: str = "auto", memory: int = DEFAULT_MEMORY
) -> ChainLosses | LoopLosses:
    """The evaluation that sees every example's own loss: "chain" where the network is one, else "loop"."""
    if objective.loss_function is not None:
        raise ValueError(
            "this objective has a loss_function for the whole batch: its examples have no loss of their own"
        )
    chain = None
    if method != "loop" and len(objective.data.inputs) == 1 and not objective.tied:
        chain = find_chain(objective.architecture, {block.name for block in objective.layout.blocks})
    if chain is not None:
        return ChainLosses(objective, plane, chain, memory)
    if method == "chain":
        raise ValueError(
            "method 'chain' needs a Sequential of layers that starts with a dense layer or a convolution, "
            "and running statistics"
        )
    return LoopLosses(objective, plane, memory)


class BatchedLosses:
    """objective.loss of many points at once: as many as `memory` holds, measured where the device can say."""

    method = "batched"

    def __init__(self, objective: Objective, plane: Plane, memory: int, together: int | None = None) -> None:
        self.objective, self.plane, self.memory = objective, plane, memory
        self.together = together

    def losses(self, coordinates: np.ndarray) -> np.ndarray:
        """L at coordinates (P, k), float64 (P,)."""
        found = np.empty(len(coordinates))
        start = 0
        with torch.no_grad():
            while start < len(coordinates):
                stop = start + (self.together or self._first())
                found[start:stop] = as_numpy(self.objective.loss(self.plane.lift(coordinates[start:stop])))
                start = stop
        return found

    def _first(self) -> int:
        """How many points fit; on a CUDA device after one point, whose peak of memory is measured."""
        theta = self.plane.origin
        bytes_of_theta = self.objective.dimension * int(theta.itemsize)
        if not isinstance(self.objective, NetworkLoss):
            self.together = max(1, self.memory // (16 * bytes_of_theta))
        elif theta.is_cuda:
            torch.cuda.reset_peak_memory_stats(theta.device)
            before = torch.cuda.memory_allocated(theta.device)
            self.objective.loss(theta[None])
            peak = torch.cuda.max_memory_allocated(theta.device) - before
            self.together = max(1, int(self.memory // max(peak, 1)))
        else:
            # Without a measure: what the inputs take is a fair guess of what a layer's outputs take, times ten.
            inputs = sum(x.numel() * x.itemsize for x in self.objective.data.inputs)
            self.together = max(1, min(64, self.memory // (10 * inputs + 4 * bytes_of_theta)))
        return self.together


class _NetworkLosses:
    """What the two ways of walking through the examples share: per-example losses, their sums, and no gradient."""

    method = ""

    def __init__(self, objective: NetworkLoss, plane: Plane) -> None:
        self.objective, self.plane = objective, plane
        self.between: Callable[[], object] = lambda: None

    def losses(self, coordinates: np.ndarray) -> np.ndarray:
        """L at coordinates (P, k), float64 (P,): Σ_n ℓ_n / (number of targets)."""
        return self.moments(coordinates)[0] / self.objective.count

    def moments(self, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(Σ_n ℓ_n, Σ_n ℓ_n²) over the examples at coordinates (P, k), each float64 (P,)."""
        with torch.no_grad():
            return self._moments(np.asarray(coordinates, dtype=np.float64))

    def _moments(self, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError

    def _example_losses(self, outputs: Any, targets: Tensor, points: tuple[int, ...] = ()) -> Tensor:
        """Σ over an example's targets of their losses: (points…, n)."""
        criterion = self.objective.criterion
        assert criterion is not None
        scores = criterion.scores(outputs, targets, points)
        if isinstance(criterion, CrossEntropy) and criterion.weights is None:
            each = cross_entropy(scores, targets, criterion.label_smoothing, criterion.ignore_index)
        else:
            each = criterion.each(scores, targets)
        return each.reshape(*points, targets.shape[0], -1).sum(-1, dtype=torch.float64)


def cross_entropy(scores: Tensor, targets: Tensor, label_smoothing: float, ignore_index: int) -> Tensor:
    """CE of scores (..., C) against class numbers (...) or probabilities (..., C), shape (...); ignored targets give 0.

    −Σ_c q_c log softmax(z)_c = log Σ_c exp(z_c − m) − Σ_c q_c (z_c − m), m = max z, q the smoothed target.
    PyTorch's own takes five times as long for ten classes or so, a third of a small network's whole cost.
    """
    shifted = scores - scores.amax(-1, keepdim=True)
    total = shifted.exp().sum(-1).log_()
    uniform = label_smoothing * shifted.mean(-1) if label_smoothing else 0.0
    if targets.is_floating_point():
        weight = (1 - label_smoothing) * targets.sum(-1) + label_smoothing
        return weight * total - (1 - label_smoothing) * (targets * shifted).sum(-1) - uniform
    ignored = targets == ignore_index
    number = targets.masked_fill(ignored, 0).expand(total.shape)
    chosen = shifted.gather(-1, number[..., None])[..., 0]
    return (total - (1 - label_smoothing) * chosen - uniform).masked_fill_(ignored, 0.0)


class LoopLosses(_NetworkLosses):
    """Point by point over blocks of examples; images lie channels-last, as a CPU's convolutions want them.

    With the batch's own statistics all examples are one block: beside each other they set the mean and the variance.
    """

    method = "loop"

    def __init__(self, objective: NetworkLoss, plane: Plane, memory: int = DEFAULT_MEMORY) -> None:
        super().__init__(objective, plane)
        columns = (*objective.data.inputs, objective.data.targets)
        bytes_of_data = sum(x.numel() * objective.initial.itemsize for x in columns)
        turned = objective.device.type == "cpu" and bytes_of_data <= memory  # else as they are, a file's left there
        plain = all(x.ndim == 2 and x.is_floating_point() for x in objective.data.inputs)
        block = PLAIN_BLOCK if plain else BLOCK
        if not turned:
            block = max(1, min(block, memory * objective.examples // bytes_of_data))
        if objective.tied:  # its examples make one whole
            block = objective.examples
        self.parts = objective.data.cut(block)
        if turned:
            self.parts = [
                replace(
                    part,
                    inputs=tuple(channels_last(in_memory(x)) for x in part.inputs),
                    targets=in_memory(part.targets),
                )
                for part in self.parts
            ]

    def _moments(self, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sums = np.zeros((2, len(coordinates)))
        for index, point in enumerate(coordinates):
            theta = self.plane.lift(point)
            for part in self.parts:
                outputs = self.objective.forward_part(theta, part, self.objective.buffers)
                each = self._example_losses(outputs, in_memory(part.targets))
                sums[:, index] += float(each.sum()), float((each * each).sum())
                self.between()
        return sums[0], sums[1]


class ChainLosses(_NetworkLosses):
    """A chain's first layer combined from products made once, the rest point by point over blocks of examples.

    The products take (2 + k) arrays of the first layer's outputs. Where the memory does not hold them for all
    examples, the examples are taken in slabs, one after the other.
    """

    method = "chain"

    def __init__(self, objective: NetworkLoss, plane: Plane, chain: Chain, memory: int) -> None:
        super().__init__(objective, plane)
        self.chain = chain
        self.base = objective.parameters(plane.origin)
        self.along = [objective.parameters(direction) for direction in plane.directions]
        tail = {name for link in chain.tail for name in link.parameters.values()}
        self.names = [name for name in self.base if name in tail]
        with torch.no_grad():
            first = chain.head_output(chain.prepare(objective.ready(objective.data.inputs[0][:1])), self.base)
        per_example = (2 + len(self.along)) * first.numel() * first.itemsize
        self.slab = max(1, min(objective.examples, memory // (2 * per_example)))
        self.points = max(1, min(32, memory // max(1, 8 * objective.examples * first.itemsize * 32)))
        self._kept: list[Tensor] | None = None

    def _moments(self, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sums = np.zeros((2, len(coordinates)))
        for slab in self.objective.data.cut(self.slab):
            products, targets = self._products(slab), in_memory(slab.targets)
            for start in range(0, len(coordinates), self.points):
                part = slice(start, start + self.points)
                each = self._slab_losses(products, targets, coordinates[part])
                sums[0, part] += each.sum(-1).numpy()
                sums[1, part] += (each * each).sum(-1).numpy()
        return sums[0], sums[1]

    def _products(self, slab: Batch) -> list[Tensor]:
        """A₀, A₁ (, A₂): the head's outputs for the origin's parameters and for each direction's."""
        if self._kept is not None:
            return self._kept
        x = self.chain.prepare(channels_last(self.objective.ready(slab.inputs[0])))
        products = [self.chain.head_output(x, parameters) for parameters in (self.base, *self.along)]
        if slab.examples == self.objective.examples:
            self._kept = products
        return products

    def _slab_losses(self, products: list[Tensor], targets: Tensor, coordinates: np.ndarray) -> Tensor:
        """Per-example losses (P, n) of a slab at coordinates (P, k)."""
        scores: list[Tensor] = []
        for head, parameters in self._along_rows(products, coordinates):
            blocks = []
            for start in range(0, targets.shape[0], BLOCK):
                h = head(slice(start, start + BLOCK))
                outputs = self.chain.rest(h, parameters, self.objective.buffers)
                # A head without a tail that makes new arrays hands on the buffer, which the next block overwrites.
                shared = outputs.untyped_storage().data_ptr() == h.untyped_storage().data_ptr()
                blocks.append(outputs.clone() if shared else outputs)
                self.between()
            scores.append(torch.cat(blocks) if len(blocks) > 1 else blocks[0])
        return self._example_losses(torch.stack(scores), targets, (len(scores),))

    def _along_rows(self, products: list[Tensor], coordinates: np.ndarray) -> Iterator[tuple[Any, dict[str, Tensor]]]:
        """For each point the head's outputs over a block, and the tail's parameters.

        What depends on y alone, A₀ + y A₂ and θ₀ + y d₂, is kept while y stays the same.
        """
        y, row, row_parameters = math.nan, products[0], self.base
        buffer = torch.empty_like(products[0][:BLOCK])
        for point in coordinates:
            if len(point) == 2 and point[1] != y:
                y = float(point[1])
                row = torch.add(products[0], products[2], alpha=y)
                row_parameters = {n: torch.add(self.base[n], self.along[1][n], alpha=y) for n in self.names}
            x = float(point[0])

            def head(block: slice, row: Tensor = row, x: float = x) -> Tensor:
                return torch.add(row[block], products[1][block], alpha=x, out=buffer[: len(row[block])])

            yield head, {n: torch.add(row_parameters[n], self.along[0][n], alpha=x) for n in self.names}


def channels_last(x: Tensor) -> Tensor:
    """Images (n, channels, height, width) with the channels of a pixel side by side in memory; others unchanged.

    A CPU pools such images five times as fast. A copy even where there is one channel only: both orders are then the
    same, but the strides are what tells the convolution how to lay out its many channels.
    """
    if x.ndim != 4:
        return x
    return torch.empty_like(x, memory_format=torch.channels_last).copy_(x)
