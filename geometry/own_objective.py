"""Bring your own network and data: a function named on the command line, that returns module, inputs and targets.

    def make():                        # in mine.py, run with --objective mine:make
        return module, inputs, targets                          # or, where the targets do not tell the loss,
        return module, inputs, targets, "squared error"         # its name, a loss of torch's or a function
        return module, dataset                                  # a torch Dataset or DataLoader of (inputs, targets)

Only what the person at the keyboard names is imported; nothing that arrives over the network comes here.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from geometry.given_data import as_tensor
from geometry.losses import find_loss
from geometry.mapped_arrays import as_mapped, is_mapped
from geometry.streamed import Column, Source, Streamed, is_dataset

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


@dataclass(frozen=True, eq=False)
class OwnObjective:
    """What a function of the user's returned: inputs, one or several with the names of the last of them, as tensors,
    mapped arrays or streamed."""

    module: nn.Module
    inputs: tuple[Any, ...]
    names: tuple[str, ...]
    targets: Column
    loss_function: Any = None


def load_own_objective(name: str) -> OwnObjective:
    """What the function `module:function` returns, checked: (module, inputs, targets) or (…, loss_function).

    inputs (n, …): a tensor or array, a tuple of them, or a dictionary by the names of the module's arguments. targets
    (n, …): whole numbers (class numbers), or real ones. In place of both a torch Dataset or DataLoader, which is
    streamed (geometry.streamed). loss_function: see geometry.losses.find_loss. Raises ValueError with one sentence
    where they do not fit together.
    """
    made = find_function(name)()
    if isinstance(made, tuple) and len(made) in (2, 3) and is_dataset(made[1]):
        made = made[0], *Source(made[1]).opened(), *made[2:]
    if not isinstance(made, tuple) or len(made) not in (3, 4):
        raise ValueError(
            f"{name} must return (module, inputs, targets), or these and a loss function; it returned "
            f"{type(made).__name__}{f' of {len(made)}' if isinstance(made, tuple) else ''}"
        )
    module, inputs, targets, *loss = made
    if not isinstance(module, nn.Module):
        raise ValueError(f"{name} must return a torch.nn.Module first; got {type(module).__name__}")
    if not any(parameter.requires_grad for parameter in module.parameters()):
        raise ValueError(f"the module of {name} has no parameter to train")
    names = tuple(str(key) for key in inputs) if isinstance(inputs, Mapping) else ()
    given = tuple(inputs.values()) if isinstance(inputs, Mapping) else inputs
    given = given if isinstance(given, tuple) else (given,)
    tensors = tuple(one if is_mapped(one) else _tensor(one, "inputs", name) for one in given)
    targets = _tensor(targets, "targets", name)
    if targets.dtype.is_complex:
        raise ValueError(f"the targets of {name} must be class numbers or real numbers; got {targets.dtype}")
    shapes = [tuple(one.shape) for one in tensors]
    sizes = {shape[0] if shape else 0 for shape in shapes}
    # Several of different first axes (a graph's nodes and edges) are one whole.
    if (
        not shapes
        or targets.ndim == 0
        or 0 in (*sizes, *targets.shape[:1])
        or (len(shapes) == 1 and sizes != {targets.shape[0]})
    ):
        shown = shapes[0] if len(shapes) == 1 else ", ".join(map(str, shapes))
        raise ValueError(
            f"{name} must return one target for every input; got inputs {shown} and targets {tuple(targets.shape)}"
        )
    if isinstance(targets, torch.Tensor) and not targets.is_floating_point():
        targets = targets.long()
    found = OwnObjective(module, tensors, names, targets, loss[0] if loss else None)
    find_loss(found.loss_function, targets)  # refused here where it is none
    return found


def _tensor(value: object, what: str, name: str) -> Column:
    if isinstance(value, Streamed):
        return value
    if isinstance(value, torch.Tensor):
        return as_tensor(value).detach()
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return as_mapped(value) if is_mapped(value) else as_tensor(value)
    raise ValueError(f"the {what} of {name} must be a tensor or an array of numbers; got {type(value).__name__}")
