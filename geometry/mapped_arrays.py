"""Arrays that lie in a file and are mapped into memory: seen as tensors, read as they are used."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor


def is_mapped(array: Any) -> bool:
    """Whether it is a numpy array mapped from a file, or a view of one."""
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return False


def as_mapped(array: Any) -> Tensor:
    """A tensor over the same memory; tensors come back as they are. Nobody writes to it."""
    if isinstance(array, Tensor):
        return array
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # mapped for reading only, and only read
        return torch.as_tensor(array)
