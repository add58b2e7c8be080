"""The operator's own files, broken in every way: read, or refused with one sentence; nothing in them is run.

They come from the command line and not from visitors; but they may have been fetched from anywhere.
"""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save

from app.lecture.scenes import SceneFileError, load_scenes
from geometry.checkpoints import read_weights
from geometry.datasets import image_folder, npz
from tests.fuzz import hostile
from tests.fuzz.addresses import CASES

WEIGHTS = {"first.weight": torch.arange(6.0).reshape(2, 3), "first.bias": torch.zeros(2), "count": torch.tensor(7)}


def bytes_of(write: Callable[[io.BytesIO], object]) -> bytes:
    held = io.BytesIO()
    write(held)
    return held.getvalue()


ARRAYS = bytes_of(
    lambda held: np.savez(held, inputs=np.arange(60, dtype=np.float32).reshape(20, 3), targets=np.arange(20) % 2)
)
PACKED = bytes_of(lambda held: np.savez_compressed(held, X=np.ones((9, 4, 4), np.uint8), y=np.arange(9) % 3))
CHECKPOINT = bytes_of(lambda held: torch.save(WEIGHTS, held))
TENSORS = save(WEIGHTS)
PICTURE = bytes_of(lambda held: Image.new("L", (5, 4), 3).save(held, "PNG"))


def broken(rng: random.Random, whole: bytes) -> bytes:
    """Bytes changed, cut out, doubled, or the end missing."""
    data = bytearray(whole)
    for _ in range(rng.choice([1, 1, 2, 5, 40])):
        data = data or bytearray(b"x")
        place, length = rng.randrange(len(data)), rng.choice([1, 1, 4, 40])
        kind = rng.random()
        if kind < 0.5:
            data[place : place + length] = rng.choice([rng.randbytes(length), b"\xff" * length, b"\x00" * length])
        elif kind < 0.65:
            del data[place : place + length]
        elif kind < 0.8:
            data[place:place] = data[place : place + length]
        elif kind < 0.9:
            data = data[: max(1, place)]
        else:
            data[place : place + 1] = rng.choice([b"9", b"-", b"1" * 30, b"(", b'"', b"O", b"{"])
    return bytes(data)


def zipped(rng: random.Random, whole: bytes) -> bytes:
    """An archive whose members are broken and whose own tables are right: checksums hide nothing."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as before, zipfile.ZipFile(held, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            after.writestr(name, broken(rng, content) if rng.random() < 0.7 else content)
    return held.getvalue()


def headed(rng: random.Random, whole: bytes) -> bytes:
    """Safetensors with another table of contents."""
    length = struct.unpack("<Q", whole[:8])[0]
    table = json.loads(whole[8 : 8 + length])
    for name in list(table):
        table[name] = rng.choice([table[name], hostile.spoilt(rng, table[name])])
        if rng.random() < 0.3:
            table[name]["data_offsets"] = rng.choice([[0, 2**62], [8, 0], [-1, 4], [0], [0, 24]])
        if rng.random() < 0.3:
            table[name]["shape"] = rng.choice([[2**40], [2**62, 2**62], [-3], [0], [], [1] * 200])
    text = hostile.text_of(table).encode("utf-8", "surrogatepass")
    return struct.pack("<Q", rng.choice([len(text), len(text), 2**63, len(text) + 5])) + text + whole[8 + length :]


def check_file(read: Callable[[Path], object], path: Path, content: bytes, kind: type[Exception] = ValueError) -> bool:
    """Whether it was read; what is raised in its place is one sentence."""
    path.write_bytes(content)
    try:
        read(path)
        return True
    except kind as error:
        said = str(error)
    assert said.strip() and len(said) < 1000, said
    return False


@pytest.mark.parametrize(
    ("name", "whole", "read", "ways"),
    [
        ("a.npz", ARRAYS, npz, (broken, zipped)),
        ("b.npz", PACKED, npz, (broken, zipped)),
        ("a.pt", CHECKPOINT, read_weights, (broken, zipped)),
        ("a.safetensors", TENSORS, read_weights, (broken, headed)),
    ],
)
def test_a_broken_file_is_refused_in_a_sentence(tmp_path, rng, name, whole, read, ways):
    assert check_file(read, tmp_path / name, whole)
    refused = 0
    for _ in range(max(40, CASES // 20)):
        refused += not check_file(read, tmp_path / name, rng.choice(ways)(rng, whole))
    assert refused > 10


def test_a_folder_with_a_broken_picture_is_refused_in_a_sentence(tmp_path, rng):
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for number in range(4):
            (tmp_path / label / f"{number}.png").write_bytes(PICTURE)
    image_folder(tmp_path)
    for _ in range(max(20, CASES // 60)):
        check_file(lambda _: image_folder(tmp_path), tmp_path / "cat" / "2.png", broken(rng, PICTURE))


def test_a_scene_file_of_any_bytes_is_read_or_refused_in_a_sentence(tmp_path, rng):
    for _ in range(max(60, CASES // 10)):
        text = hostile.scenes(rng).encode("utf-8", "surrogatepass")
        check_file(load_scenes, tmp_path / "scenes.md", rng.choice([text, broken(rng, text + b"\n")]), SceneFileError)
