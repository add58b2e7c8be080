"""Small data and a layer, for the tests of networks and losses that others bring."""

from __future__ import annotations

import pytest
import torch
from torch import nn

N, CLASSES = 12, 3


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def classes(*shape: int) -> torch.Tensor:
    return torch.randint(0, CLASSES, shape, generator=torch.Generator().manual_seed(1))


X, Y = numbers(N, 4), classes(N)


def layer(inputs: int = 4, outputs: int = CLASSES) -> nn.Linear:
    torch.manual_seed(inputs)
    return nn.Linear(inputs, outputs).double()


def weight_norm_by_hooks() -> nn.Module:
    """Weight normalisation in torch's older form."""
    with pytest.warns(FutureWarning):
        return nn.Sequential(nn.utils.weight_norm(layer()), nn.Tanh(), layer(CLASSES))
