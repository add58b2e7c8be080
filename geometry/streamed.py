"""Examples that are read as they are used: those of a torch Dataset or DataLoader, known by their numbers.

Of the data's size there is nothing in memory but the numbers in their order, 8 bytes an example. An example is read
with the random numbers of torch, numpy and Python seeded by its number, so that a transform that draws some gives the
same example every time.
"""

from __future__ import annotations

import itertools
import math
import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, default_collate

from geometry.random_numbers import DRAWING

READ_TOGETHER = 64
"""Examples that are read at once when targets are looked at, where nothing else says how many."""


class Source:
    """Examples of a dataset, collated as its loader does it, each a pair (inputs, targets).

    Of a loader its examples and their order count, as it gives them in one pass that is seeded with `seed`; how they
    are cut into batches does not. Generators of its own are seeded too, and are after the pass as they were.

    ValueError: a dataset that can only be run through, an empty one, examples that are no such pairs or cannot be
    collated.
    """

    def __init__(self, given: Dataset[Any] | DataLoader[Any], seed: int = 0) -> None:
        self.dataset: Any = given.dataset if isinstance(given, DataLoader) else given
        self.collate: Any = default_collate
        if isinstance(given, DataLoader):
            each = given.collate_fn
            self.collate = partial(_collate_each, each) if given.batch_sampler is None else each
            if given.num_workers:
                warnings.warn(
                    f"num_workers={given.num_workers} is not used: which examples come next is drawn step by step, and "
                    "the process that computes reads them",
                    stacklevel=2,
                )
        self.seed = seed
        if isinstance(self.dataset, IterableDataset) or not hasattr(self.dataset, "__len__"):
            raise ValueError(
                "a dataset that can only be run through cannot be read by number; mini-batches and samples need one "
                "with __len__ and __getitem__"
            )
        self.numbers = _numbers(given, self.dataset, seed)
        if len(self.numbers) == 0:
            raise ValueError("the batch is empty: inputs and targets must hold at least one example")
        self._last: tuple[Tensor, tuple[Tensor, ...]] | None = None
        first, self.names = self._read(self.numbers[:1])
        self.columns = tuple(Streamed(self, k, self.numbers, x) for k, x in enumerate(first))

    def opened(self) -> tuple[Any, Streamed]:
        """(inputs, a tuple or a dictionary by their names; targets), as geometry.networks takes them."""
        *inputs, targets = self.columns
        return dict(zip(self.names, inputs, strict=True)) if self.names else tuple(inputs), targets

    def read(self, numbers: Tensor, column: int) -> Tensor:
        """One of the inputs of these examples, or after these their targets."""
        with DRAWING:  # not a lock of its own: who draws reads as well, and the two would be taken in two orders
            if self._last is None or not torch.equal(self._last[0], numbers):  # read once for all that it has
                self._last = None
                self._last = numbers, self._read(numbers)[0]
            return self._last[1][column]

    def _read(self, numbers: Tensor) -> tuple[tuple[Tensor, ...], tuple[str, ...]]:
        """(inputs and targets, the inputs' names where they go by name)."""
        items = []
        with _randomness_kept():
            for number in numbers.tolist():
                _seed(self.seed + number)
                items.append(self.dataset[number])
            _seed(self.seed + int(numbers[0]))
            pair = self._collated(items)
        inputs, targets = pair
        names = tuple(inputs) if isinstance(inputs, Mapping) else ()
        given = tuple(inputs.values()) if isinstance(inputs, Mapping) else inputs
        given = tuple(given) if isinstance(given, tuple | list) else (given,)
        try:
            whole = tuple(torch.as_tensor(x) for x in (*given, targets))
        except (TypeError, ValueError, RuntimeError) as error:
            raise ValueError(f"inputs and targets of an example must be numbers: {error}") from error
        if any(x.ndim == 0 or len(x) != len(numbers) for x in whole):
            raise ValueError("collated inputs and targets must have as many rows as there are examples")
        if hasattr(self, "columns") and whole[-1].shape[1:] != (wanted := self.columns[-1].shape[1:]):
            shown = " and ".join(map(str, sorted((tuple(wanted), tuple(whole[-1].shape[1:])))))
            raise ValueError(f"targets must be of one shape for all examples, not of {shown}")
        return whole, names

    def _collated(self, items: list[Any]) -> Sequence[Any]:
        """The pair (inputs, targets) of these examples together."""
        try:
            pair = self.collate(items)
        except (TypeError, ValueError, RuntimeError) as error:
            words = str(error).partition("\n")[0]
            raise ValueError(
                f"examples cannot be put together ({words}); give a DataLoader whose collate_fn does it"
            ) from error
        if not isinstance(pair, Sequence) or len(pair) != 2:
            kind = f"{type(pair).__name__}{f' of {len(pair)}' if isinstance(pair, Sequence) else ''}"
            raise ValueError(
                f"an example must be a pair (inputs, targets), not {kind}; give a DataLoader whose collate_fn makes "
                "such pairs"
            )
        return pair


class Streamed:
    """One of a source's inputs, or its targets, (N, ...), as far as a batch asks for it: rows of it are as little in
    memory as it is, until `read`. `made`: what is made of them then.
    """

    def __init__(
        self, source: Source, column: int, numbers: Tensor, like: Tensor, made: Callable[[Tensor], Tensor] | None = None
    ) -> None:
        self.source, self.column, self.numbers, self.like, self.made = source, column, numbers, like, made

    def to_be(self, made: Callable[[Tensor], Tensor]) -> Streamed:
        """The same of which this is made when it is read; rows stay rows."""
        return Streamed(self.source, self.column, self.numbers, made(self.like), made)

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, ...) where all examples are like the first."""
        return len(self.numbers), *self.like.shape[1:]

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return self.like.ndim

    @property
    def dtype(self) -> torch.dtype:
        """The numbers' type."""
        return self.like.dtype

    @property
    def itemsize(self) -> int:
        """Bytes of a number."""
        return self.like.itemsize

    def numel(self) -> int:
        """How many numbers it would hold."""
        return math.prod(self.shape)

    def is_floating_point(self) -> bool:
        """Whether they are real."""
        return self.like.is_floating_point()

    def __getitem__(self, index: Any) -> Streamed:
        index = index.cpu() if isinstance(index, Tensor) else index
        return self._of(self.numbers[index])

    def split(self, size: int) -> tuple[Streamed, ...]:
        """In parts of at most `size` rows."""
        return tuple(self._of(part) for part in self.numbers.split(size))

    def _of(self, numbers: Tensor) -> Streamed:
        return Streamed(self.source, self.column, numbers, self.like, self.made)

    def read(self) -> Tensor:
        """The tensor (N, ...)."""
        found = self.source.read(self.numbers, self.column)
        return found if self.made is None else self.made(found)


Column = Tensor | Streamed
"""Inputs or targets (N, ...), in memory or not."""


def in_memory(x: Column) -> Tensor:
    """The tensor itself."""
    return x.read() if isinstance(x, Streamed) else x


def pieces_of(x: Column, size: int = READ_TOGETHER) -> Iterator[Tensor]:
    """All of it, `size` at a time where it is not in memory."""
    return (part.read() for part in x.split(size)) if isinstance(x, Streamed) else iter((x,))


def is_dataset(given: Any) -> bool:
    """Whether examples are read from it."""
    return isinstance(given, Dataset | DataLoader)


def _collate_each(each: Any, items: list[Any]) -> Any:
    """Of a loader that makes no batches: its function is for one example."""
    return default_collate([each(item) for item in items])


class _Numbers(Dataset[Any]):
    """Examples that are their own numbers."""

    def __getitem__(self, number: Any) -> Any:
        return number


def _numbers(given: Any, dataset: Any, seed: int) -> Tensor:
    """The examples' numbers in order; of a loader as one like it, of numbers alone, gives them."""
    if not isinstance(given, DataLoader):
        return torch.arange(len(dataset))
    how: dict[str, Any] = {"batch_size": None, "sampler": given.sampler}
    if given.batch_sampler is not None:
        how = {"batch_sampler": given.batch_sampler, "collate_fn": list}
    drawing = (given, given.sampler, given.batch_sampler, getattr(given.batch_sampler, "sampler", None))
    own = [g for one in drawing if isinstance(g := getattr(one, "generator", None), torch.Generator)]
    with _randomness_kept(*own):
        _seed(seed, *own)
        batches = DataLoader(_Numbers(), generator=given.generator, **how)
        each = itertools.chain.from_iterable(batch if isinstance(batch, list) else (batch,) for batch in batches)
        return torch.from_numpy(np.fromiter(each, np.int64))


def _seed(seed: int, *own: torch.Generator) -> None:
    for generator in (torch.default_generator, *own):
        generator.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002  (what transforms draw from)


@contextmanager
def _randomness_kept(*own: torch.Generator) -> Iterator[None]:
    """The generators of torch, numpy and Python, and one's own, are afterwards as they were."""
    with DRAWING:
        kept = [(generator, generator.get_state()) for generator in (torch.default_generator, *own)]
        python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
        try:
            yield
        finally:
            for generator, state in kept:
                generator.set_state(state)
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002
