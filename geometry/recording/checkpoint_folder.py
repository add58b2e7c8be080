"""Which files of a folder are the checkpoints of one run, and in which order: their names tell."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".tar")
INSIDE = (
    *("model.safetensors", "pytorch_model.bin", "model.pt", "checkpoint.ckpt", "checkpoint.pt"),
    *("model.safetensors.index.json", "pytorch_model.bin.index.json"),
)
"""What holds the weights in a folder for one step, as transformers and Lightning write it; the first there is taken."""
STEP = re.compile(r"steps?[=_-]?(\d+)", re.IGNORECASE)
COUNTED = re.compile(r"(?:epochs?|checkpoints?|ckpt|iter(?:ation)?s?|ep|it)[=_-]?(\d+)", re.IGNORECASE)
ANY = re.compile(r"(\d+)(?!.*\d)")
DIGITS = 15
"""Of a step; a longer number is a hash or the like."""
SHARD = re.compile(r"-\d+-of-\d+")


@dataclass(frozen=True)
class Checkpoint:
    """A file of weights, and the step (or epoch) that its name tells."""

    step: int
    path: Path


@dataclass(frozen=True)
class Folder:
    """The checkpoints of a run in order, and the names of files that look like weights and tell no step."""

    path: Path
    checkpoints: tuple[Checkpoint, ...]
    left_out: tuple[str, ...] = ()


def list_checkpoints(folder: str | Path) -> Folder:
    """The checkpoints in a folder, by step.

    Files (.safetensors, .pt, .pth, .ckpt, .bin, .pth.tar) or, where no file tells a step, folders for one step each
    (checkpoint-500/model.safetensors, or the index of several files in it). Of a name the number after "step" counts,
    else that after "epoch", "checkpoint" or "iter", else the last. Hidden files are passed over; a file that tells no
    step ("best.pt") is left out and named.

    ValueError with one sentence: no such folder, fewer than two checkpoints, two of one step, parts without index.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder of checkpoints" if folder.exists() else f"{folder} does not exist")
    visible = sorted(path for path in _entries(folder) if not path.name.startswith("."))
    files = [path for path in visible if path.is_file() and path.suffix.lower() in SUFFIXES]
    _check_whole(files)
    found = [Checkpoint(step, path) for path in files if (step := step_in(path.name)) is not None]
    left_out = tuple(path.name for path in files if step_in(path.name) is None)
    if not found:
        inner = [(step, path) for path in visible if path.is_dir() and (step := step_in(path.name)) is not None]
        found = [Checkpoint(step, held) for step, path in inner if (held := _inside(path)) is not None]
    if len(found) < 2:
        raise ValueError(
            f"{folder} holds {len(found) or 'no'} checkpoint{'s' * (len(found) != 1)} whose name tells a step, and a "
            f"path takes two or more: files such as step-100.pt or epoch_3.safetensors, or folders checkpoint-500"
        )
    found.sort(key=lambda one: one.step)
    for one, other in itertools.pairwise(found):
        if one.step == other.step:
            names = " and ".join(str(each.path.relative_to(folder)) for each in (one, other))
            raise ValueError(f"in {folder} {names} are both of step {one.step}: keep one of them")
    return Folder(folder, tuple(found), left_out)


def step_in(name: str) -> int | None:
    """The step that a file's or folder's name tells, or None."""
    stem = name.removesuffix(".tar")
    for suffix in SUFFIXES:
        stem = stem.removesuffix(suffix)
    for pattern in (STEP, COUNTED, ANY):
        found = pattern.search(stem)
        if found and len(found[1]) <= DIGITS:
            return int(found[1])
    return None


def spread(items: Iterable[Any], count: int) -> list[Any]:
    """At most `count` (two or more) of the items, evenly spaced, the first and the last among them."""
    known = list(items)
    if len(known) <= count:
        return known
    return [known[round(place * (len(known) - 1) / (count - 1))] for place in range(count)]


def _inside(folder: Path) -> Path | None:
    held = [folder / name for name in INSIDE if (folder / name).is_file()]
    if held:
        return held[0]
    _check_whole(_entries(folder))
    return None


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise ValueError(f"{folder} cannot be read: {error.strerror}") from error


def _check_whole(files: list[Path]) -> None:
    for path in files:
        if SHARD.search(path.name):
            raise ValueError(
                f"{path} is one part of several: keep the parts of a step in a folder of its own with their index "
                "(model.safetensors.index.json), or save the weights as one file"
            )
