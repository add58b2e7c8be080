"""Bring your own network and data: a function named on the command line, that returns module, inputs and targets.

    def make():                        # in mine.py, run with --objective mine:make
        return module, inputs, targets

Only what the person at the keyboard names is imported; nothing that arrives over the network comes here.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

FORM = "'module:function', as in 'mine:make' for the function make of mine.py"


def find_function(name: str) -> Callable[[], Any]:
    """The function that `module:function` names; the current folder is searched too, after all that is installed.

    Last, because that folder may hold anything: a file there must not take the place of a package that is used here.
    Raises ValueError with one sentence where the name has another form, or there is no such module or function.
    """
    module_name, colon, function_name = name.partition(":")
    if not colon or not function_name.isidentifier() or not all(part.isidentifier() for part in module_name.split(".")):
        raise ValueError(f"{name!r} is not of the form {FORM}")
    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise ValueError(f"{module_name!r} needs the package {error.name!r}, which is not installed") from error
        raise ValueError(f"there is no module {module_name!r} here ({here}) or among the installed ones") from error
    function = getattr(module, function_name, None)
    if not callable(function):
        place = getattr(module, "__file__", None) or "built in"
        raise ValueError(f"the module {module_name!r} has no function {function_name!r} (it is {place})")
    return function


def load_own_objective(name: str) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """(module, inputs, targets) as the function `module:function` returns them, checked.

    inputs (n, …) may be a tensor or an array; targets (n, …) are class numbers, as int64. Raises ValueError with one
    sentence where the three do not fit together.
    """
    made = find_function(name)()
    if not isinstance(made, tuple) or len(made) != 3:
        raise ValueError(f"{name} must return (module, inputs, targets); it returned {type(made).__name__}")
    module, inputs, targets = made
    if not isinstance(module, nn.Module):
        raise ValueError(f"{name} must return a torch.nn.Module first; got {type(module).__name__}")
    if not any(parameter.requires_grad for parameter in module.parameters()):
        raise ValueError(f"the module of {name} has no parameter to train")
    inputs, targets = _tensor(inputs, "inputs", name), _tensor(targets, "targets", name)
    if targets.is_floating_point() or targets.is_complex():
        raise ValueError(f"the targets of {name} must be class numbers; got {targets.dtype}")
    if inputs.ndim == 0 or targets.ndim == 0 or inputs.shape[0] != targets.shape[0] or inputs.shape[0] == 0:
        raise ValueError(
            f"{name} must return one target for every input; got inputs {tuple(inputs.shape)} and "
            f"targets {tuple(targets.shape)}"
        )
    return module, inputs, targets.long()


def _tensor(value: object, what: str, name: str) -> torch.Tensor:
    if isinstance(value, torch.Tensor):
        return value.detach()
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return torch.from_numpy(np.ascontiguousarray(value))
    raise ValueError(f"the {what} of {name} must be a tensor or an array of numbers; got {type(value).__name__}")
