"""Inputs and targets in the forms that they are given in, as one batch."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from geometry.batches import Batch
from geometry.mapped_arrays import as_mapped, is_mapped
from geometry.streamed import Column, Source, Streamed, is_dataset

Inputs = Any
"""A tensor or array (N, ...), a tuple of them, or a dictionary of them by the names of the module's arguments; or a
torch Dataset or DataLoader, which has the targets as well."""


def open_data(inputs: Inputs, targets: Any, seed: int) -> tuple[Inputs, Column]:
    """Inputs and targets; of a dataset those in its order seeded with `seed`, both streamed.

    ValueError: targets beside a dataset, or none without one.
    """
    if is_dataset(inputs):
        if targets is not None:
            raise ValueError("a Dataset or DataLoader has its own targets: give none beside it")
        return Source(inputs, seed).opened()
    if targets is None:
        raise ValueError("there are no targets: only a Dataset or DataLoader has them with its inputs")
    return inputs, targets if isinstance(targets, Streamed) else as_tensor(targets)


def batch_of(inputs: Inputs, targets: Column, ready: Callable[[Tensor], Tensor]) -> Batch:
    """One batch. `ready` makes of inputs in memory what the network takes; others are left where they are."""
    named = tuple(inputs) if isinstance(inputs, Mapping) else ()
    given = tuple(inputs.values()) if isinstance(inputs, Mapping) else inputs
    given = tuple(given) if isinstance(given, tuple | list) else (given,)
    if not given:
        raise ValueError("there are no inputs")

    def column(x: Any) -> Any:
        if isinstance(x, Streamed):
            return x
        return as_mapped(x) if is_mapped(x) else ready(as_tensor(x))

    return Batch(tuple(column(x) for x in given), targets, named)


def as_tensor(x: Any) -> Tensor:
    """A tensor of numbers; those of numpy may be in another order, backwards, or longer than torch has them.

    ValueError where it has no numbers, or they are not all there (masked), or it is sparse or nested: rows are taken
    out of it.
    """
    if isinstance(x, np.ndarray):
        if x.dtype.kind not in "fiubc":
            raise ValueError(f"inputs or targets must be numbers, not {x.dtype}")
        if np.ma.is_masked(x):
            raise ValueError("inputs or targets are masked: fill them, x.filled(…), or leave those rows out")
        if not x.dtype.isnative or x.dtype == np.longdouble or min(x.strides, default=0) < 0:
            x = x.astype(np.float64 if x.dtype == np.longdouble else x.dtype.newbyteorder("="), order="C")
        tensor = as_mapped(x)  # which says nothing of arrays that nobody may write to
    else:
        tensor = torch.as_tensor(x)
    if tensor.is_meta or tensor.is_nested or tensor.layout != torch.strided:
        what = "are nested: pad them to one shape" if tensor.is_nested else "are sparse: give x.to_dense()"
        what = "have no numbers (they lie on the device “meta”)" if tensor.is_meta else what
        raise ValueError(f"inputs or targets {what}")
    return tensor


@contextmanager
def trying(data: Batch) -> Iterator[None]:
    """Errors of a module that does not take its inputs, as a ValueError with one sentence."""
    try:
        with warnings.catch_warnings():
            # Torch's losses only warn where shapes differ, and then compare every output with every target.
            warnings.filterwarnings("error", "Using a target size")
            yield
    except ValueError:
        raise
    except Exception as error:
        words = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        columns = [x.like if isinstance(x, Streamed) else x for x in data.inputs]
        whole = {str(x.dtype).removeprefix("torch.") for x in columns if not x.is_floating_point()}
        if whole and "type" in words:
            words += (
                f"; inputs are {', '.join(sorted(whole))}: embeddings take int64 or int32, other layers real numbers"
            )
        if "device meta" in words:  # what runs again does so without the weights that it was called with
            words += "; where a part runs again in its backward pass (checkpointing), turn that off"
        raise ValueError(f"the module does not take its inputs: {words}") from error
