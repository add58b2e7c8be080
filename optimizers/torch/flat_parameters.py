"""The parameters of a torch optimiser's groups as one flat vector, cut into blocks and layers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from geometry.network_layout import network_layout
from geometry.objective import Block, Layout


class FlatParameters:
    """θ ∈ R^D, its gradient, and the way back to the tensors, in the order of a layout.

    With a module the layers and kinds of blocks are those of geometry.network_layout for it, and the order is the
    module's, however the groups are ordered; parameters of the module that are in no group are left out. Without one
    each parameter is a layer by itself. Frozen parameters (requires_grad False) are no part of θ.

    ValueError: a parameter that the module does not hold, mixed types or devices.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], module: nn.Module | None, grouping: str) -> None:
        named = [(name, tensor) for name, tensor in _named(groups) if tensor.requires_grad]
        if module is None or not named:
            self.tensors = [tensor for _, tensor in named]
            self.layout = _one_layer_each(named)
        else:
            held: dict[str, Tensor] = dict(module.named_parameters())
            wanted = {id(p): name for name, p in named}
            foreign = set(wanted) - {id(p) for p in held.values()}
            if foreign:
                raise ValueError(f"{wanted[next(iter(foreign))]} is no parameter of the module that was given")
            kept = [b for b in network_layout(module, grouping).blocks if id(held[b.name]) in wanted]
            self.tensors = [held[b.name] for b in kept]
            self.layout = _side_by_side(kept)
        kinds = {(p.dtype, p.device) for p in self.tensors}
        if len(kinds) > 1:
            raise ValueError(
                f"all parameters must have one type and lie on one device, not {sorted(str(kind) for kind in kinds)}"
            )

    def theta(self) -> Tensor:
        """θ (D,), a copy."""
        return torch.cat([p.detach().reshape(-1) for p in self.tensors]) if self.tensors else torch.empty(0)

    def gradient(self) -> Tensor:
        """The gradient (D,), a copy; 0 for a parameter without. Errors as of `gradients`."""
        self.gradients()
        return torch.cat([_slope(p) for p in self.tensors])

    def gradient_by_layer(self) -> Iterator[tuple[Layout, Tensor]]:
        """The layout of each layer by itself, and its part of the gradient, a copy."""
        first = 0
        for layer in self.layout.layers:
            tensors = self.tensors[first : first + len(layer.blocks)]
            yield _side_by_side(list(layer.blocks)), torch.cat([_slope(p) for p in tensors])
            first += len(tensors)

    def gradients(self) -> list[Tensor]:
        """The gradients as they lie, no copies, without those of parameters that have none (the pass did not use them).
        ValueError where no parameter has one, or one is sparse."""
        if all(p.grad is None for p in self.tensors):
            raise ValueError("no parameter has a gradient: run backward() first, on a loss that depends on them")
        for block, p in zip(self.layout.blocks, self.tensors, strict=True):
            if p.grad is not None and p.grad.is_sparse:
                raise ValueError(f"the gradient of {block.name} is sparse; dense gradients are needed")
        return [p.grad.detach() for p in self.tensors if p.grad is not None]

    def pieces(self, v: Tensor) -> list[Tensor]:
        """v (D,) as tensors of the parameters' shapes: views, no copies."""
        return [v[b.start : b.stop].view(b.shape) for b in self.layout.blocks]


def all_finite(*parts: Tensor) -> bool:
    """Whether all of them are numbers. A finite sum says so in a quarter of the time."""
    total = torch.stack([part.sum() for part in parts]).sum()
    return math.isfinite(float(total)) or all(bool(torch.isfinite(part).all()) for part in parts)


def _slope(p: Tensor) -> Tensor:
    return (torch.zeros_like(p) if p.grad is None else p.grad.detach()).reshape(-1)


def _named(groups: Iterable[dict[str, Any]]) -> Iterator[tuple[str, Tensor]]:
    number = 0
    for group in groups:
        names = group.get("param_names")
        for position, p in enumerate(group["params"]):
            yield (names[position] if names else f"parameter {number}"), p
            number += 1


def _one_layer_each(named: list[tuple[str, Tensor]]) -> Layout:
    blocks = [
        Block(
            name,
            tuple(p.shape),
            0,
            p.numel(),
            "bias" if name.endswith("bias") else "kernel" if p.ndim >= 2 else "vector",
            name,
        )
        for name, p in named
    ]
    return _side_by_side(blocks)


def _side_by_side(blocks: list[Block]) -> Layout:
    position, placed = 0, []
    for block in blocks:
        placed.append(replace(block, start=position, stop=position + block.size))
        position += block.size
    return Layout(tuple(placed))
