"""Inputs and targets in the forms that they are given in, as one batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from geometry.batches import Batch
from geometry.mapped_arrays import as_mapped, is_mapped
from geometry.streamed import Source, Streamed, is_dataset

Inputs = Any
"""A tensor or array (N, ...), a tuple of them, or a dictionary of them by the names of the module's arguments; or a
torch Dataset or DataLoader, which has the targets as well."""


def open_data(inputs: Inputs, targets: Any, seed: int) -> tuple[Inputs, Tensor]:
    """Inputs and targets; of a dataset those in its order seeded with `seed`, its inputs streamed.

    ValueError: targets beside a dataset, or none without one.
    """
    if is_dataset(inputs):
        if targets is not None:
            raise ValueError("a Dataset or DataLoader has its own targets: give none beside it")
        return Source(inputs, seed).opened()
    if targets is None:
        raise ValueError("there are no targets: only a Dataset or DataLoader has them with its inputs")
    return inputs, torch.as_tensor(targets)


def batch_of(inputs: Inputs, targets: Tensor, ready: Callable[[Tensor], Tensor]) -> Batch:
    """One batch. `ready` makes of inputs in memory what the network takes; others are left where they are."""
    named = tuple(inputs) if isinstance(inputs, Mapping) else ()
    given = tuple(inputs.values()) if isinstance(inputs, Mapping) else inputs
    given = tuple(given) if isinstance(given, tuple | list) else (given,)
    if not given:
        raise ValueError("there are no inputs")

    def column(x: Any) -> Any:
        if isinstance(x, Streamed):
            return x
        return as_mapped(x) if is_mapped(x) else ready(torch.as_tensor(x))

    return Batch(tuple(column(x) for x in given), targets, named)
