"""Trees of arrays as bytes and back, without pickle: what checkpoints and results of jobs are made of.

A numpy archive (npz) holds the arrays; one entry more holds the tree as JSON, with the arrays' places in it.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
import orjson

Tree = dict[str, Any]
"""What a job keeps: numbers, texts and arrays by their names."""
TREE = "tree"
ARRAY, TUPLE, DICT = "$array", "$tuple", "$dict"


def pack(tree: Any) -> bytes:
    """Bytes of a tree of dicts (with text keys), lists, tuples, texts, numbers, None, numpy arrays, torch tensors.

    TypeError for anything else.
    """
    arrays: list[np.ndarray] = []
    described = orjson.dumps(_described(tree, arrays))
    file = io.BytesIO()
    named = {f"a{index}": array for index, array in enumerate(arrays)}
    np.savez(file, **{TREE: np.frombuffer(described, dtype=np.uint8)}, **named)  # type: ignore[arg-type]
    return file.getvalue()


def unpack(data: bytes) -> Any:
    """The tree, with numpy arrays; ValueError where the bytes are no such archive. Nothing in them is executed."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return _rebuilt(orjson.loads(archive[TREE].tobytes()), archive)
    except (OSError, KeyError, EOFError, zipfile.BadZipFile, orjson.JSONDecodeError) as error:
        raise ValueError("these bytes are no packed tree") from error


def _described(node: Any, arrays: list[np.ndarray]) -> Any:
    if node is None or (isinstance(node, str | bool | int | float) and not isinstance(node, np.generic)):
        # JSON has no word for infinities and NaN; they travel as text.
        if isinstance(node, float) and not np.isfinite(node):
            return {"$float": repr(node)}
        return node
    if isinstance(node, dict):
        if not all(isinstance(key, str) for key in node):
            raise TypeError("the keys of a packed dict must be texts")
        return {DICT: {key: _described(value, arrays) for key, value in node.items()}}
    if isinstance(node, list):
        return [_described(value, arrays) for value in node]
    if isinstance(node, tuple):
        return {TUPLE: [_described(value, arrays) for value in node]}
    if hasattr(node, "detach"):
        node = node.detach().cpu().numpy()
    if isinstance(node, np.ndarray | np.generic) and node.dtype.kind in "fiub":
        arrays.append(np.asarray(node))
        return {ARRAY: len(arrays) - 1}
    raise TypeError(f"a packed tree cannot hold {type(node).__name__}")


def _rebuilt(node: Any, archive: Any) -> Any:
    if isinstance(node, list):
        return [_rebuilt(value, archive) for value in node]
    if not isinstance(node, dict):
        return node
    ((kind, value),) = node.items()
    if kind == ARRAY:
        return archive[f"a{value}"]
    if kind == TUPLE:
        return tuple(_rebuilt(part, archive) for part in value)
    if kind == DICT:
        return {key: _rebuilt(part, archive) for key, part in value.items()}
    return float(value)
