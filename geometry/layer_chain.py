"""Recognise a network that is one chain of layers, whose first layer is linear in its parameters.

For such a network the first layer's outputs on a plane are A₀ + x A₁ + y A₂ with A₀, A₁, A₂ computed once from the
data: X W₀ + b₀ at the origin, X D₁ + e₁ and X D₂ + e₂ for the two directions. Its product, half of the arithmetic of a
small perceptron and most of it for wide inputs, is then paid three times instead of once for every point.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

Tensors = dict[str, Tensor]

_HOOKS = ("_forward_hooks", "_forward_pre_hooks")


@dataclass(frozen=True)
class Link:
    """One module of a chain, with its parameters and buffers by their names inside it → in the whole network."""

    module: nn.Module
    parameters: dict[str, str]
    buffers: dict[str, str]

    def __call__(self, h: Tensor, parameters: Tensors, buffers: Tensors) -> Tensor:
        """The module's output; ReLU works in place, since every h belongs to the evaluation."""
        module = self.module
        if type(module) is nn.ReLU:
            return torch.relu_(h)
        if type(module) is nn.Linear:
            bias = self.parameters.get("bias")
            return functional.linear(h, parameters[self.parameters["weight"]], parameters[bias] if bias else None)
        if not self.parameters and not self.buffers:
            return module(h)
        state = {own: parameters[name] for own, name in self.parameters.items()}
        state |= {own: buffers[name] for own, name in self.buffers.items()}
        return torch.func.functional_call(module, state, (h,))


@dataclass(frozen=True)
class Chain:
    """before → head → tail: modules without parameters, a dense layer or convolution, and all the others."""

    before: tuple[Link, ...]
    head: Link
    tail: tuple[Link, ...]

    def prepare(self, x: Tensor) -> Tensor:
        """What the head sees of the inputs; a chain without parameters so far, hence the same at every point."""
        for link in self.before:
            x = link.module(x)
        return x

    def head_output(self, x: Tensor, parameters: Tensors) -> Tensor:
        """The head's outputs for these parameters: linear in them, weight and bias together."""
        return torch.func.functional_call(
            self.head.module, {own: parameters[name] for own, name in self.head.parameters.items()}, (x,)
        )

    def rest(self, h: Tensor, parameters: Tensors, buffers: Tensors) -> Tensor:
        """The network's outputs from the head's outputs h, which may be overwritten."""
        for link in self.tail:
            h = link(h, parameters, buffers)
        return h


def find_chain(module: nn.Module, trainable: set[str]) -> Chain | None:
    """The chain that a module is, or None where it is not plainly one.

    It is one if it consists of nn.Sequential in nn.Sequential only, without hooks; if the first module that has
    parameters is exactly nn.Linear or nn.Conv2d; and if every parameter is trainable under its own name (none frozen,
    none shared). What comes before the head must be PyTorch's own modules.
    """
    links: list[Link] = []
    for name, leaf in _leaves(module, ""):
        if leaf is None:
            return None
        prefix = f"{name}." if name else ""
        parameters = {own: prefix + own for own, _ in leaf.named_parameters()}
        buffers = {own: prefix + own for own, _ in leaf.named_buffers()}
        if not trainable.issuperset(parameters.values()):
            return None
        links.append(Link(leaf, parameters, buffers))
    if sum(len(link.parameters) for link in links) != len(trainable):
        return None
    position = next((i for i, link in enumerate(links) if link.parameters), len(links))
    if position == len(links) or not _is_linear(links[position].module):
        return None
    before = links[:position]
    if any(link.buffers or not type(link.module).__module__.startswith("torch.nn.") for link in before):
        return None
    return Chain(tuple(before), links[position], tuple(links[position + 1 :]))


def _leaves(module: nn.Module, name: str) -> Iterator[tuple[str, nn.Module | None]]:
    """(path, module) of the members of a Sequential of Sequentials in order of call; None where that is not known."""
    if any(getattr(module, hooks, None) for hooks in _HOOKS):
        yield name, None
    elif type(module) is nn.Sequential:
        for own, child in module._modules.items():
            if child is None:
                yield name, None
            else:
                yield from _leaves(child, f"{name}.{own}" if name else own)
    else:
        yield name, module


def _is_linear(module: nn.Module) -> bool:
    """Whether the module's output is linear in (weight, bias)."""
    return type(module) in (nn.Linear, nn.Conv2d)
