"""What a forward pass changes in a module beside its outputs: running statistics, counters. Kept, and put back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class _Kept:
    part: nn.Module
    buffers: dict[str, tuple[Tensor | None, Tensor | None]]
    plain: dict[str, Any]


class Statistics:
    """A module's buffers (changed in place or assigned anew) and its plain numbers and tensors, as they are now."""

    def __init__(self, module: nn.Module | None) -> None:
        self._kept = [_keep(part) for part in module.modules()] if module is not None else []

    @torch.no_grad()
    def put_back(self) -> None:
        """Give the module what it had."""
        for kept in self._kept:
            for name, (buffer, value) in kept.buffers.items():
                if buffer is not None and value is not None:
                    buffer.copy_(value)
                kept.part._buffers[name] = buffer
            kept.part.__dict__.update(kept.plain)


def _keep(part: nn.Module) -> _Kept:
    buffers = {name: (b, None if b is None else b.detach().clone()) for name, b in part._buffers.items()}
    # Assigned attributes: a count of passes, an average that is no buffer. A tensor is not copied, it may be large.
    plain = {name: value for name, value in part.__dict__.items() if type(value) in (int, float, Tensor)}
    return _Kept(part, buffers, plain)
