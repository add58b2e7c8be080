"""Weights of a network in files: safetensors, or torch files read with `weights_only=True`, which executes nothing.

What lies where in a file, and under which names, is the business of geometry.weight_tables.
"""

from __future__ import annotations

import argparse
import datetime
import pathlib
import pickle
import re
import types
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from geometry.datasets.files import read_arrays
from geometry.sharded_weights import is_index, read_parts
from geometry.shared_setting import SharedSetting
from geometry.weight_tables import Tables, choose_table, find_tables, fit_tables

_NUMPY = [np._core.multiarray._reconstruct, np._core.multiarray.scalar]  # type: ignore[attr-defined]
HARMLESS: list[Any] = [
    argparse.Namespace,
    types.SimpleNamespace,
    *(set, frozenset, list, dict, int, float, str),
    (lambda *_: {}, "collections.defaultdict"),  # plain ones: torch fills no others
    (lambda *_: [], "collections.deque"),
    *(datetime.date, datetime.datetime, datetime.timedelta, datetime.timezone),
    *(np.ndarray, np.dtype, *_NUMPY),
    *{type(np.dtype(kind)) for kind in "?bBhHiIlLqQefdFDUS"},
    *((make, f"numpy.core.multiarray.{make.__name__}") for make in _NUMPY),
    *(
        (path, f"{module}.{name}")
        for path in (pathlib.PurePosixPath, pathlib.PureWindowsPath)
        for name in (path.__name__, path.__name__.removeprefix("Pure"))
        for module in ("pathlib", "pathlib._local")
    ),
]
"""What training scripts keep beside the weights and torch would refuse: their settings, logs, times and paths, and
arrays of numpy (the state of its generator among them), by the names that any version and system gives them. Making one
of these runs no code of the file's."""
_HARMLESS_READ = SharedSetting(lambda: torch.serialization.safe_globals(HARMLESS))


def save_weights(module: nn.Module, path: str | Path, **settings: str) -> None:
    """Write the module's parameters and buffers to a safetensors file; `settings` (text) go into its header."""
    from safetensors.torch import save_file

    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in module.state_dict().items()}
    save_file(tensors, str(path), metadata={key: str(value) for key, value in settings.items()})


def read_weights(path: str | Path, part: str = "") -> dict[str, Tensor]:
    """The named tensors of a checkpoint file, on the CPU, under the names that the file gives them.

    A safetensors file, or one written by `torch.save` that holds a state dict, alone or beside other things
    ("state_dict", "model", "net", … in this order of preference; `part` names another, such as "ema"), arrays by name
    (.npz), or the index of several files (model.safetensors.index.json, pytorch_model.bin.index.json). Anything else
    (another object, code, a broken file) is refused: ValueError with one sentence.
    """
    return choose_table(read_tables(path), str(path), part)


def load_weights(module: nn.Module, path: str | Path, part: str = "") -> None:
    """Copy a checkpoint's weights into the module; its names may carry the prefixes of wrappers.

    Taken is the table of tensors whose names and shapes are the module's own: as they stand, or without what a wrapper
    puts in front ("module.", "_orig_mod.", "model.", …, on either side), never against the module's own names. Names of
    shared weights need to be there once. `part` names the table or the beginning of the names where several would fit
    ("teacher"). Nothing is changed where none fits: ValueError with what was found and what is looked for.
    """
    weights = fitting_weights(module, path, part)
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if name in weights:
                value.copy_(weights[name])


def fitting_weights(module: nn.Module, path: str | Path, part: str = "") -> dict[str, Tensor]:
    """The checkpoint's tensors under the module's own names (see `load_weights`); the module is not changed."""
    return fit_tables(module, read_tables(path), str(path), part)


def read_tables(path: str | Path) -> Tables:
    """All tables of named tensors in a file, by the place where they lie in it ("" for the file itself)."""
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path} does not exist" if not path.exists() else f"{path} is no file; name one checkpoint")
    if is_index(path):
        return {"": read_parts(path, read_weights)}
    if _begins_as_safetensors(path) or path.suffix == ".safetensors":
        return {"": _read_safetensors(path)}
    tables = find_tables(read_arrays(path) if path.suffix.lower() == ".npz" else _read_torch(path))
    if not tables:
        raise ValueError(f"{path} holds no state dict: a checkpoint is a table of tensors by name")
    return tables


def _read_torch(path: Path) -> Any:
    try:
        with warnings.catch_warnings(), _HARMLESS_READ:
            # What PyTorch finds unusual in a file either loads as tensors all the same or is refused below.
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        raise ValueError(
            f"{path} holds more than tensors, or is no checkpoint{f' (it names {named[1][:80]})' if named else ''}; "
            "only weights are read (save module.state_dict(), or a safetensors file)"
        ) from error
    except (
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        zipfile.BadZipFile,
    ) as error:
        raise ValueError(f"{path} cannot be read as a checkpoint: {_first_line(error)}") from error


def _begins_as_safetensors(path: Path) -> bool:
    """Eight bytes of length, then a JSON object: whatever the file is called."""
    try:
        with path.open("rb") as file:
            head = file.read(9)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    return len(head) == 9 and head[8:] == b"{" and int.from_bytes(head[:8], "little") < path.stat().st_size


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(str(path))
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path} cannot be read as safetensors: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    """What an error says first: torch goes on about what may have led to it."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].partition(". ")[0][:300]
