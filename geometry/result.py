"""What a computation gives: drawn, shown in a notebook, kept in a file (npz with JSON in it) and read back.

way.save("barrier.npz")
way = load_result("barrier.npz")                     # the same class with the same arrays, to the last bit
"""

from __future__ import annotations

import dataclasses
import html
import importlib
import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from array_api_compat import is_torch_array

PACKAGES = ("geometry", "optimizers")
"""Where the classes of results come from: a file names no others."""
FORMAT = 1


class Result:
    """A frozen dataclass of arrays, numbers, texts and further such classes. What has no torch in it needs none."""

    def figure(self) -> Any:
        """A plotly figure with titles, units and errors; ModuleNotFoundError where plotly is not installed."""
        raise NotImplementedError

    def save(self, path: str | Path) -> None:
        """Write the result to an .npz file: its arrays, and the rest as JSON in the array "json"."""
        save_result(self, path)

    def _repr_html_(self) -> str:
        rows = (
            f"<tr><th style='text-align:left'>{html.escape(row.name)}</th><td>{html.escape(_in_words(held))}</td></tr>"
            for row in dataclasses.fields(self)  # type: ignore[arg-type]
            if row.repr and (held := getattr(self, row.name)) is not None
        )
        return f"<table><caption>{html.escape(type(self).__name__)}</caption>{''.join(rows)}</table>"


def save_result(result: Any, path: str | Path) -> None:
    """Write a dataclass of these packages to an .npz file. ValueError where it holds what is no data; a file that is
    there stays whole until the new one is."""
    path = Path(path)
    arrays: dict[str, np.ndarray] = {}
    tree = _take_apart(result, "", arrays)
    text = json.dumps({"format": FORMAT, "result": tree})
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            np.savez_compressed(file, json=np.array(text), **arrays)  # type: ignore[arg-type]
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def load_result(path: str | Path) -> Any:
    """The result that `save_result` has written; nothing in the file is executed. ValueError where it is none."""
    try:
        with Path(path).open("rb") as raw:  # opened here: numpy leaves a damaged one open
            file = np.load(raw, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise ValueError("it is one array, and a result is an .npz file")
            kept = json.loads(str(file["json"]))
            if kept.get("format") != FORMAT:
                raise ValueError(f"its format is {str(kept.get('format'))[:20]}, and this program reads {FORMAT}")
            return _put_together(kept["result"], file)
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        ImportError,
        OSError,
        EOFError,
        RuntimeError,  # nested too deep
        NotImplementedError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        words = "it cannot be read as an .npz file" if "pickle" in str(error) else error
        raise ValueError(f"{path} is no saved result: {words}") from error


def _take_apart(held: Any, place: str, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(held, np.ndarray) or is_torch_array(held):
        try:
            values = held.detach().cpu().numpy() if is_torch_array(held) else held
        except (TypeError, RuntimeError) as error:
            raise ValueError(f"{place or 'this'} is no array that a file can hold: {error}") from error
        if values.dtype.hasobject:
            raise ValueError(f"{place or 'this'} is no array of numbers or texts, but of objects")
        name = f"{place} {len(arrays)}"  # the number keeps apart what keys with dots would call the same
        arrays[name] = values
        return {"tensor" if is_torch_array(held) else "array": name}
    if dataclasses.is_dataclass(held) and not isinstance(held, type):
        fields = {
            row.name: _take_apart(getattr(held, row.name), f"{place}.{row.name}".strip("."), arrays)
            for row in dataclasses.fields(held)
            if row.init and row.repr  # what a class does not show of itself follows from the rest
        }
        return {"class": f"{type(held).__module__}:{type(held).__qualname__}", "fields": fields}
    if isinstance(held, tuple | list):
        items = [_take_apart(item, f"{place}.{index}".strip("."), arrays) for index, item in enumerate(held)]
        return {"tuple": items} if isinstance(held, tuple) else items
    if isinstance(held, dict):
        for key in held:
            if not (key is None or isinstance(key, bool | int | float | str)):
                raise ValueError(f"{place or 'this'} has a key that a file cannot hold: {type(key).__name__}")
        return {"dict": [[key, _take_apart(item, f"{place}.{key}".strip("."), arrays)] for key, item in held.items()]}
    if isinstance(held, np.generic):
        return held.item()
    if held is None or isinstance(held, bool | int | float | str):
        return held
    raise ValueError(f"{place or 'this'} is no data that a file can hold: {type(held).__name__}")


def _put_together(tree: Any, file: Any) -> Any:
    if isinstance(tree, list):
        return [_put_together(item, file) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if "array" in tree:
        return file[tree["array"]]
    if "tensor" in tree:
        import torch

        return torch.from_numpy(file[tree["tensor"]])
    if "tuple" in tree:
        return tuple(_put_together(item, file) for item in tree["tuple"])
    if "dict" in tree:
        return {key: _put_together(item, file) for key, item in tree["dict"]}
    module, _, name = tree["class"].partition(":")
    if module.partition(".")[0] not in PACKAGES:
        raise ValueError(f"{tree['class'][:80]} is no result of these packages")
    kind = getattr(importlib.import_module(module), name)
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
        raise ValueError(f"{tree['class'][:80]} is no result of these packages")
    return kind(**{key: _put_together(item, file) for key, item in tree["fields"].items()})


def _in_words(held: Any) -> str:
    """A field in a table: small things as they are, of arrays shape and range."""
    if isinstance(held, np.ndarray) or is_torch_array(held):
        values = held if isinstance(held, np.ndarray) else held.detach().cpu().numpy()
        shape = " × ".join(str(size) for size in values.shape) or "a number"
        finite = values[np.isfinite(values)] if values.dtype.kind in "fiu" else values[:0]
        return f"{shape}, from {finite.min():.4g} to {finite.max():.4g}" if finite.size else shape
    if isinstance(held, float):
        return f"{held:.6g}"
    if dataclasses.is_dataclass(held):
        return type(held).__name__
    text = str(held)
    return text if len(text) < 120 else f"{text[:117]}…"
