"""A torch module as a pure function: parameters and buffers go in, outputs and new buffers come out.

The module that the user gave is copied without its tensors and never touched: not its parameters, not its running
statistics, not its mode.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm

Tensors = dict[str, Tensor]


class StatelessModule:
    """Two empty copies of a module, one in train mode and one in inference mode, called with tensors from outside.

    `frozen` holds the parameters that ask for no gradient: they keep their value. Calls may come from several threads.
    """

    def __init__(self, module: nn.Module, frozen: Tensors) -> None:
        self.frozen = frozen
        self._copies = {training: _emptied(module).train(training) for training in (False, True)}
        self._lock = threading.RLock()

    @property
    def alone(self) -> threading.RLock:
        """Held while the modules are called, and by whoever hangs hooks on them."""
        return self._lock

    @property
    def architecture(self) -> nn.Module:
        """The module's structure in inference mode; its tensors have shapes but no values."""
        return self._copies[False]

    def with_batch_statistics(self) -> StatelessModule:
        """The same, but that in inference mode batch normalisation takes mean and variance from the examples it is
        given; running statistics are neither used nor changed, and all else stays in inference mode."""
        other = copy.copy(self)
        inference = copy.deepcopy(self._copies[False])
        for layer in inference.modules():
            if isinstance(layer, BatchNorm):
                layer.train()
                layer.track_running_stats = False
        other._copies = {**self._copies, False: inference}
        return other

    def __call__(
        self, parameters: Tensors, buffers: Tensors, inputs: tuple[Tensor, ...], training: bool
    ) -> tuple[Any, Tensors]:
        """(outputs, buffers after the pass). In train mode the given buffers are left as they are."""
        state = {**parameters, **self.frozen, **({k: b.clone() for k, b in buffers.items()} if training else buffers)}
        with self._lock, differentiable_attention():
            outputs = functional_call(self._copies[training], state, inputs)
        return outputs, {k: state[k].detach() for k in buffers} if training else buffers

    def over_walkers(
        self, parameters: Tensors, buffers: Tensors, inputs: tuple[Tensor, ...], training: bool, per_walker: bool
    ) -> tuple[Any, Tensors]:
        """The same for parameters that have one leading axis of walkers; `per_walker`: the buffers have it as well."""

        def one(parameters: Tensors, buffers: Tensors) -> tuple[Any, Tensors]:
            outputs, after = self(parameters, buffers, inputs, training)
            return outputs, after if training else {}

        with self._lock:
            mapped = vmap(one, in_dims=(0, 0 if per_walker else None), randomness="different")
            outputs, after = mapped(parameters, buffers)
        return outputs, after if training else buffers


def _emptied(module: nn.Module) -> nn.Module:
    """A copy of the module whose parameters and buffers have shapes but no memory; shared tensors stay shared."""
    blank: dict[int, Any] = {}
    for parameter in module.parameters():
        blank[id(parameter)] = nn.Parameter(torch.empty_like(parameter, device="meta"), parameter.requires_grad)
    for buffer in module.buffers():
        blank[id(buffer)] = torch.empty_like(buffer, device="meta")
    return copy.deepcopy(module, blank)


@contextmanager
def differentiable_attention() -> Iterator[None]:
    """Attention by plain matrix products: the fused kernels have no second derivative."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
