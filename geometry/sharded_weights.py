"""Weights in several files: an index says in which file each tensor lies, as transformers and accelerate write it.

model.safetensors.index.json          {"weight_map": {name: file, …}}, the files beside it
model-00001-of-00002.safetensors      a part; pytorch_model-00001-of-00002.bin likewise
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor

INDEX = ".index.json"
LONGEST = 100_000_000
"""Bytes of an index."""
SHOWN = 100
"""Characters of a name that a sentence tells."""


def is_index(path: Path) -> bool:
    """Whether a file is the index of several, by its name."""
    return path.name.endswith(INDEX)


def read_parts(index: Path, read: Callable[[Path], dict[str, Tensor]]) -> dict[str, Tensor]:
    """The tensors that an index names, each from its own file by `read`, one file after the other.

    ValueError with one sentence: an index that is none, a file that is not beside it, a tensor that is not in its file.
    """
    found: dict[str, Tensor] = {}
    names_in: dict[str, list[str]] = {}
    for name, file in _weight_map(index).items():
        names_in.setdefault(file, []).append(name)
    for file, names in names_in.items():
        part = index.parent / file
        if not os.path.isfile(part):  # pathlib's own raises where a name is too long for a file
            raise ValueError(f"{index} names {file[:SHOWN]!r}, which is not beside it")
        held = read(part)
        missing = [name for name in names if name not in held]
        if missing:
            raise ValueError(f"{part} does not hold {missing[0][:SHOWN]!r}, which {index.name} says is there")
        found |= {name: held[name] for name in names}
    return found


def _weight_map(index: Path) -> dict[str, str]:
    """Tensor → file."""
    try:
        if index.stat().st_size > LONGEST:
            raise ValueError("it is too long")
        table: Any = json.loads(index.read_text(encoding="utf-8")).get("weight_map")
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError(f"{index} cannot be read as the index of a checkpoint in several files: {error}") from error
    if not isinstance(table, dict) or not table or not all(isinstance(file, str) for file in table.values()):
        raise ValueError(f'{index} has no "weight_map" that says in which file each tensor lies')
    for file in table.values():
        if not file or "/" in file or "\\" in file or file in (".", "..") or file.endswith(INDEX) or "\0" in file:
            raise ValueError(
                f"{index} names {file[:SHOWN]!r}, and the files of a checkpoint have to lie beside their index"
            )
    return table
