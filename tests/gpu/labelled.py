"""A device for machines without an accelerator: numbers of the CPU that say they lie elsewhere.

Within `labelled()` tensors on the device "meta" hold numbers, computed on the CPU, and an operation that mixes them
with tensors of the CPU is refused, as an accelerator refuses it. What it cannot show: kernels, rounding, memory, speed;
and group normalisation, whose second derivative asks for a kernel of the device's own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

LABEL = torch.device("meta")
ACROSS = ("_to_copy", "copy_", "_local_scalar_dense")
"""Operations between devices."""
BY_ROWS = ("index", "index_put", "index_put_", "_unsafe_index")
"""Those whose row numbers may lie on the CPU."""


class Labelled(Tensor):
    """A tensor with the label, around the numbers."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> Labelled:
        shape = {"strides": inner.stride(), "storage_offset": inner.storage_offset(), "dtype": inner.dtype}
        return Tensor._make_wrapper_subclass(cls, inner.size(), device=LABEL, **shape)  # type: ignore[attr-defined]

    def __init__(self, inner: Tensor) -> None:
        self.inner = inner

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return compute(func, args, kwargs or {})


class Labelling(TorchDispatchMode):
    """Sees what makes tensors from nothing, too."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return compute(func, args, kwargs or {})


def compute(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The operation on the numbers, its results with the label where an accelerator would have them."""
    name = func.overloadpacket.__name__
    given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    inside = [isinstance(one, Labelled) for one in given]
    alike = {label for one, label in zip(given, inside, strict=True) if one.dim()}
    if len(alike) > 1 and name not in (*ACROSS, *BY_ROWS):
        raise RuntimeError(f"Expected all tensors to be on the same device, but {func} has some of each")
    there = isinstance(args[0], Labelled) if name in ("copy_", *BY_ROWS) else any(inside)
    if kwargs.get("device") is not None:
        there, kwargs = torch.device(kwargs["device"]) == LABEL, {**kwargs, "device": torch.device("cpu")}
    out = func(*tree_map(bare, args), **tree_map(bare, kwargs))
    if not there:
        return out
    known = {id(one.inner): one for one in given if isinstance(one, Labelled)}

    def label(leaf: Any) -> Any:
        return known[id(leaf)] if id(leaf) in known else Labelled(leaf) if isinstance(leaf, Tensor) else leaf

    return tree_map(label, out)


def bare(leaf: Any) -> Any:
    """The numbers of what has the label."""
    return leaf.inner if isinstance(leaf, Labelled) else leaf


@contextlib.contextmanager
def labelled() -> Iterator[torch.device]:
    """The device. Mixed precision, which torch refuses to know of there, is off."""
    autocast, is_on = torch.autocast, torch.is_autocast_enabled
    off = {
        "autocast": lambda kind, *more, **named: (
            contextlib.nullcontext() if kind == LABEL.type else autocast(kind, *more, **named)
        ),
        "is_autocast_enabled": lambda *kind: kind != (LABEL.type,) and is_on(*kind),
    }
    with patch.multiple(torch, **off), Labelling():
        yield LABEL
