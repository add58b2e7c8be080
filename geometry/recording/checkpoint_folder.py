"""Which files of a folder are the checkpoints of one run, and in which order: their names tell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".tar")
ARRAYS = (".npz",)
"""Weights only where nothing else is a checkpoint: beside one it is data, or what an evaluation found."""
INSIDE = (
    *("model.safetensors", "pytorch_model.bin", "model.pt", "checkpoint.ckpt", "checkpoint.pt"),
    *("model.safetensors.index.json", "pytorch_model.bin.index.json", "mp_rank_00_model_states.pt"),
)
"""What holds the weights in a folder for one step, as transformers, Lightning and DeepSpeed write it; the first there
is taken, else the only file of weights."""
COUNTED = {
    "steps": r"steps?",
    "iterations": r"(?:iter(?:ation)?s?|(?<![a-z])it)",
    "epochs": r"(?:epochs?|(?<![a-z])ep)",
    "checkpoints": r"(?:checkpoints?|ckpts?)",
}
"""What a name may count, the finest first, and its words."""
BARE = "bare numbers"
TIME = re.compile(
    r"20\d\d[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12]\d|3[01])(?!\d)"
    r"(?:[-_t. ]+\d\d[-_.:]?\d\d(?:[-_.:]?\d\d)?(?!\d))?"
)
THOUSANDS = {"": 1, "k": 1000, "m": 1_000_000}
DIGITS = 15
"""Of a step; a longer number is a hash or the like."""
SHARD = re.compile(r"-\d+-of-\d+")
BESIDE = re.compile(
    r"(?:^|[._-])(?:opt|optim(?:i[sz]er)?s?|sched(?:uler)?s?|scaler|rng|random|training_args)(?:[._-]|\d|states?|$)",
    re.IGNORECASE,
)
"""Names of what trainers keep beside the weights."""


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
    (checkpoint-500/model.safetensors, or the index of several files in it), or where none does, .npz files. Of a name
    the number after "step" counts, else that after "iter", "epoch" or "checkpoint", else the last whole one that is no
    time and not the same in all names; "10k" is 10000. Hidden files are passed over, and what lies beside a step's
    weights (its optimiser's state). A file that tells no step ("best.pt", or a bare number where others count epochs)
    is left out and named.

    ValueError with one sentence: no such folder, fewer than two checkpoints, two of one step, epochs and steps mixed,
    parts without index.
    """
    folder = Path(folder)
    if folder.is_file():
        raise ValueError(f"{folder} is no folder of checkpoints; name the folder that it is in, {folder.parent}")
    if not folder.is_dir():
        raise ValueError(f"{folder} does not exist")
    visible = sorted(path for path in _entries(folder) if not path.name.startswith("."))
    files = _files_of(SUFFIXES, visible)
    _check_whole(files)
    found = _counted(folder, files)
    left_out = [path.name for path in files if path not in found.values() and not BESIDE.search(path.name)]
    empty = []
    if not found:
        steps = _counted(folder, [path for path in visible if path.is_dir()])
        inner = {step: _inside(path) for step, path in steps.items()}
        found = {step: held for step, held in inner.items() if held is not None}
        empty = [path for step, path in steps.items() if inner[step] is None]
        left_out += [path.name for path in empty]
    if not found:
        arrays = _files_of(ARRAYS, visible)
        found = _counted(folder, arrays)
        left_out += [path.name for path in arrays if path not in found.values() and not BESIDE.search(path.name)]
    if len(found) < 2:
        raise ValueError(
            f"{folder} holds {len(found) or 'no'} checkpoint{'s' * (len(found) != 1)} whose name tells a step, and a "
            "path takes two or more: files such as step-100.pt or epoch_3.safetensors, or folders checkpoint-500"
            + (_deeper(folder) or "".join(_why_empty(one) for one in empty[:1]))
        )
    return Folder(folder, tuple(Checkpoint(step, path) for step, path in sorted(found.items())), tuple(left_out))


def step_in(name: str) -> int | None:
    """The step that a file's or folder's name tells, or None."""
    told = _tell(name)
    return told[1][-1] if told else None


def spread(items: Iterable[Any], count: int) -> list[Any]:
    """At most `count` (two or more) of the items, evenly spaced, the first and the last among them."""
    known = list(items)
    if len(known) <= count:
        return known
    return [known[round(place * (len(known) - 1) / (count - 1))] for place in range(count)]


def _tell(name: str) -> tuple[str, list[int]] | None:
    """(what is counted, its number, or all of a name that says no word for it), or None."""
    stem = name.lower().removesuffix(".tar")
    for suffix in (*SUFFIXES, *ARRAYS):
        stem = stem.removesuffix(suffix)
    for what, word in COUNTED.items():
        if (found := re.search(rf"{word}[=_.-]?(\d+)([km](?![a-z]))?", stem)) and len(found[1]) <= DIGITS:
            return what, [int(found[1]) * THOUSANDS[found[2] or ""]]
    # A number with a point is a loss or the like, and a time is no step.
    parts = re.findall(r"\d+(?:\.\d+)?", TIME.sub("", stem))
    whole = [int(part) for part in parts if part.isdigit() and len(part) <= DIGITS]
    return (BARE, whole) if whole else None


def _counted(folder: Path, paths: list[Path]) -> dict[int, Path]:
    """Step → path of those that count the same thing. ValueError where they do not, or two are of one step."""
    told = [(*words, path) for path in paths if (words := _tell(path.name))]
    counts = {what: path for what, _, path in told if what != BARE} or {what: path for what, _, path in told}
    if len(counts) > 1:
        some = " and ".join(f"{path.name} counts {what}" for what, path in counts.items())
        raise ValueError(f"in {folder} {some}: keep those that count the same thing in a folder of their own")
    kept = [(numbers, path) for what, numbers, path in told if what in counts]
    # Of bare numbers the last one that is not the same in all names: a seed is.
    places = range(-min((len(numbers) for numbers, _ in kept), default=1), 0)
    place = max((k for k in places if len({numbers[k] for numbers, _ in kept}) > 1), default=-1)
    rows = sorted(((numbers[place], path) for numbers, path in kept), key=lambda row: row[0])
    found: dict[int, Path] = {}
    for step, same in groupby(rows, key=lambda row: row[0]):
        every = [path for _, path in same]
        held = [path for path in every if len(every) == 1 or not BESIDE.search(path.name)] or every
        if len(held) > 1:
            names = " and ".join(path.name for path in held[:2])
            raise ValueError(f"in {folder} {names} are both of step {step}: keep one of them")
        found[step] = held[0]
    return found


def _inside(folder: Path) -> Path | None:
    """What holds the weights in a folder for one step."""
    for name in INSIDE:
        if (folder / name).is_file():
            return folder / name
    entries = sorted(_entries(folder))
    files = _files_of(SUFFIXES, entries)
    _check_whole(files)
    kinds = (files, _files_of(ARRAYS, entries))
    plain = next(filter(None, ([path for path in kind if not BESIDE.search(path.name)] for kind in kinds)), [])
    return plain[0] if len(plain) == 1 else None


def _why_empty(folder: Path) -> str:
    """Why a folder for one step holds no weights, for the end of a sentence."""
    if any(path.suffix == ".distcp" for path in _entries(folder)):
        return (
            f"; {folder.name} holds a distributed checkpoint, which torch.distributed.checkpoint.format_utils."
            "dcp_to_torch_save writes as one file"
        )
    return f"; in {folder.name} is no {INSIDE[0]}, and not one file of weights alone"


def _deeper(folder: Path) -> str:
    """A folder further down that has checkpoints, for the end of a sentence."""
    for pattern in ("*/*", "*/*/*"):
        for path in sorted(folder.glob(pattern)):
            if path.suffix.lower() in (*SUFFIXES, *ARRAYS) and path.is_file() and step_in(path.name) is not None:
                return f"; there are some in {path.parent}"
    return ""


def _files_of(suffixes: tuple[str, ...], paths: list[Path]) -> list[Path]:
    return [path for path in paths if path.is_file() and path.suffix.lower() in suffixes]


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
