"""One form for all data: training and test halves as tensors, with the names of the classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # the table of data sets is read by processes that never make one: torch comes with the first tensor
    import torch


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples and their classes, cut once into a training and a test half.

    `inputs` is (n, ...): float32 (n, features) for vectors, float32 (n, channels, height, width) for images, int64
    (n, length) for characters. `targets` holds class numbers 0 … C−1 as int64: (n,), or (n, length) where every
    position of a sequence has its own class (the next character).
    """

    key: str
    title: str
    inputs: torch.Tensor
    targets: torch.Tensor
    test_inputs: torch.Tensor
    test_targets: torch.Tensor
    class_names: tuple[str, ...]
    kind: str

    def __post_init__(self) -> None:
        for name, inputs, targets in (
            ("training", self.inputs, self.targets),
            ("test", self.test_inputs, self.test_targets),
        ):
            if inputs.shape[0] != targets.shape[0]:
                raise ValueError(
                    f"the {name} half of {self.key!r} has {inputs.shape[0]} inputs but {targets.shape[0]} targets"
                )
            if inputs.shape[0] == 0:
                raise ValueError(f"the {name} half of {self.key!r} holds no example")

    @property
    def classes(self) -> int:
        """C, the number of classes."""
        return len(self.class_names)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return tuple(self.inputs.shape[1:])

    def head(self, examples: int) -> Dataset:
        """The same data with at most `examples` training examples: the first ones, which the split has shuffled."""
        if examples < 1:
            raise ValueError(f"examples must be at least 1, got {examples}")
        return replace(self, inputs=self.inputs[:examples], targets=self.targets[:examples])

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> Dataset:
        """The data on a device; `dtype` is that of float inputs (characters and targets stay int64)."""

        def moved(inputs: torch.Tensor) -> torch.Tensor:
            return inputs.to(device=device, dtype=dtype if inputs.is_floating_point() else None)

        return replace(
            self,
            inputs=moved(self.inputs),
            test_inputs=moved(self.test_inputs),
            targets=self.targets.to(device=device),
            test_targets=self.test_targets.to(device=device),
        )


@dataclass(frozen=True)
class DatasetSource:
    """A row of the registry: what the data are, in one sentence, and how to make them.

    `make(seed, test_fraction)` returns the Dataset; the seed draws the split, and the points where they are generated.
    package: where they come with one of their own, which need not be installed.
    """

    key: str
    title: str
    kind: str
    description: str
    make: Callable[..., Dataset]
    package: str = ""

    @property
    def installed(self) -> bool:
        """Whether they can be had here."""
        return not self.package or find_spec(self.package) is not None


def split_by_class(targets: np.ndarray, test_fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices (training, test), each shuffled, with the share `test_fraction` of every class in the test half.

    A class with two examples or more has at least one of them in either half.
    """
    if not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction must lie between 0 and 1, got {test_fraction}")
    generator = np.random.default_rng(seed)
    halves: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for value in np.unique(targets):
        members = generator.permutation(np.flatnonzero(targets == value))
        held = min(max(round(test_fraction * members.size), 1), members.size - 1)
        halves[0].append(members[held:])
        halves[1].append(members[:held])
    return generator.permutation(np.concatenate(halves[0])), generator.permutation(np.concatenate(halves[1]))


def dataset_of_arrays(
    key: str,
    title: str,
    inputs: np.ndarray,
    targets: np.ndarray,
    class_names: tuple[str, ...],
    kind: str,
    seed: int,
    test_fraction: float,
) -> Dataset:
    """A Dataset from one pile of examples, by a split seeded with `seed`."""
    if inputs.shape[0] != targets.shape[0]:
        raise ValueError(f"{title} has {inputs.shape[0]} inputs but {targets.shape[0]} targets")
    train, test = split_by_class(targets, test_fraction, seed)
    x, y = floats(inputs), integers(targets)
    return Dataset(key, title, x[train], y[train], x[test], y[test], class_names, kind)


def floats(array: np.ndarray) -> torch.Tensor:
    """The array as a float32 tensor."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))


def integers(array: np.ndarray) -> torch.Tensor:
    """The array as an int64 tensor."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.int64))
