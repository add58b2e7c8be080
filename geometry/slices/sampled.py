"""A slice from a sample of the data, with the standard error that the sample leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from geometry.networks import NetworkLoss
from geometry.plane import Plane
from geometry.slices.grid import Grid, checked_axes, lattice
from geometry.slices.points import DEFAULT_MEMORY, example_losses


@dataclass(frozen=True, eq=False)
class SampledSlice(Grid):
    """`losses` over `samples` of the objective's `examples`, and at every point their standard error.

    The error is that of the level. The same examples serve at every point, so errors of neighbouring points go together
    and the shape of the picture is better than its level.
    """

    standard_error: np.ndarray
    samples: int
    examples: int

    @property
    def note(self) -> str:
        """What the losses are over, and their largest standard error."""
        return f"{self.samples} of {self.examples} examples, standard error at most {self.standard_error.max():.2g}"


def sampled_objective(objective: NetworkLoss, samples: int, seed: int = 0) -> NetworkLoss:
    """The loss over `samples` of its examples (all, where there are no more), drawn without replacement with `seed`."""
    if samples >= objective.examples:
        return objective
    index = np.sort(np.random.default_rng(seed).choice(objective.examples, samples, replace=False))
    return objective.rows(torch.from_numpy(index).to(objective.device))


def sampled_slice(
    objective: NetworkLoss,
    plane: Plane,
    x: Any,
    y: Any = None,
    *,
    samples: int = 256,
    seed: int = 0,
    memory: int = DEFAULT_MEMORY,
) -> SampledSlice:
    """The slice over `samples` examples, drawn without replacement with `seed`.

    Standard error of the mean at a point, with s the standard deviation of the examples' losses there:
    s/√n · √(1 − n/N), n samples of N examples. With n = N it is the exact slice and the error is 0.
    """
    if not isinstance(objective, NetworkLoss):
        raise TypeError("only a network’s loss has data to sample; use evaluate_slice")
    if samples < 2:
        raise ValueError(f"samples must be at least 2, got {samples}")
    x, y = checked_axes(plane, x, y)
    total = objective.examples
    objective = sampled_objective(objective, samples, seed)
    n = objective.examples
    first, second = example_losses(objective, plane, memory=memory).moments(lattice(x, y))
    variance = np.maximum(second / n - (first / n) ** 2, 0) * n / (n - 1)
    # An example may carry several targets (a sequence): the loss is per target, the spread per example.
    per_target = n / objective.count
    error = np.sqrt(variance / n * (1 - n / total)) * per_target
    shape = x.size if y is None else (y.size, x.size)
    return SampledSlice(plane, x, y, (first / objective.count).reshape(shape), error.reshape(shape), n, total)
