"""Data from a folder with one folder of images per class, read by Pillow; nothing in it is executed."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from geometry.datasets.dataset import Dataset, dataset_of_arrays, floats, integers
from geometry.datasets.files import check_size

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff"})
NOBODYS = frozenset({"__MACOSX", "@eaDir", "__pycache__", "lost+found", "$RECYCLE.BIN", "System Volume Information"})
"""Folders that systems and programs put among one's own; so are all whose name begins with a dot."""
TEST_FOLDERS = ("test", "val", "valid", "validation")

Files = list[tuple[Path, str]]
"""Images with the names of their classes."""


def image_folder(
    path: str | Path,
    size: int = 32,
    colour: bool = True,
    seed: int = 0,
    test_fraction: float = 0.2,
    limit: int | None = None,
) -> Dataset:
    """A Dataset from images, scaled to size × size pixels and to [0, 1].

    The folder holds one folder per class, and the split is drawn with the seed; or it holds two folders of that form,
    `train` and one of `test`, `val`, `valid`, `validation`, which then are the two halves. `limit` keeps at most so
    many images per class (the first by name). Hidden files and folders (a name that begins with a dot, macOS's shadow
    files, a server's thumbnails) are none of the data. Pictures of 16 bits are divided by 65535; those of real numbers
    must lie in [0, 1]; a camera's note on which side is up is followed. Raises ValueError with one sentence where a
    folder or an image does not fit, ModuleNotFoundError where Pillow is missing.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise ModuleNotFoundError(
            "Image folders are read with Pillow, which is not installed: pip install pillow"
        ) from error
    root = Path(path)
    if not root.is_dir():
        raise ValueError(f"{root} is not a folder; an image folder holds one folder of images per class")
    if size < 1:
        raise ValueError(f"size must be at least 1 pixel, got {size}")
    test_root = next((root / name for name in TEST_FOLDERS if (root / name).is_dir()), None)
    if not (root / "train").is_dir():
        test_root = None
    train = _files(root if test_root is None else root / "train", limit)
    names = tuple(dict.fromkeys(name for _, name in train))
    test = [] if test_root is None else _files(test_root, limit)
    foreign = sorted({name for _, name in test} - set(names))
    if foreign:
        raise ValueError(f"{test_root} holds the class {foreign[0]!r}, which {root / 'train'} does not have")
    check_size(root, 4 * (len(train) + len(test)) * (3 if colour else 1) * size * size)
    inputs, targets = _read(Image, train, names, size, colour)
    if test_root is None:
        return dataset_of_arrays(root.name, root.name, inputs, targets, names, "images", seed, test_fraction)
    order = np.random.default_rng(seed).permutation(len(train))
    test_inputs, test_targets = _read(Image, test, names, size, colour)
    halves = floats(inputs[order]), integers(targets[order]), floats(test_inputs), integers(test_targets)
    return Dataset(root.name, root.name, *halves, names, "images")


def _files(root: Path, limit: int | None) -> Files:
    """The images below `root`, class after class; at least two classes."""
    files: Files = []
    for folder in sorted(entry for entry in root.iterdir() if entry.is_dir() and _is_ours(entry)):
        images = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and _is_ours(file))[:limit]
        files += [(file, folder.name) for file in images]
    classes = len({name for _, name in files})
    if classes < 2:
        raise ValueError(f"{root} must hold at least two folders with images, one per class; found {classes}")
    return files


def _is_ours(entry: Path) -> bool:
    return not entry.name.startswith(".") and entry.name not in NOBODYS


def _read(
    pillow: ModuleType, files: Files, names: tuple[str, ...], size: int, colour: bool
) -> tuple[np.ndarray, np.ndarray]:
    inputs = np.empty((len(files), 3 if colour else 1, size, size), dtype=np.float32)
    unreadable = (OSError, SyntaxError, ValueError, pillow.DecompressionBombError, pillow.DecompressionBombWarning)
    for index, (file, _) in enumerate(files):
        try:
            with warnings.catch_warnings():
                # An image that unpacks to hundreds of megabytes is refused, not warned about.
                warnings.simplefilter("error", pillow.DecompressionBombWarning)
                with pillow.open(file) as opened:
                    inputs[index] = _pixels(pillow, opened, size, colour)
        except unreadable as error:
            raise ValueError(f"{file} cannot be read as an image: {error}") from error
    return inputs, np.array([names.index(name) for _, name in files])


def _pixels(pillow: ModuleType, opened: Any, size: int, colour: bool) -> np.ndarray:
    """One picture in [0, 1], (channels, size, size); ValueError where its numbers have no known scale."""
    pages = getattr(opened, "n_frames", 1)
    if pages > 1:
        raise ValueError(f"it holds {pages} pictures; keep each in a file of its own")
    if opened.mode == "I" and opened.format not in ("PNG", "PPM"):  # these two have 16 bits at most
        raise ValueError("its whole numbers of 32 bits have no known scale; save it with 8 or 16 bits")
    from PIL import ImageOps

    image = ImageOps.exif_transpose(opened)
    if image.mode.startswith(("I", "F")):  # more than 8 bits: Pillow would cut them off at 255
        image = pillow.fromarray(_scaled(np.asarray(image).astype(np.float32), image.mode))
        grey = np.asarray(image.resize((size, size), pillow.Resampling.BILINEAR))
        return np.broadcast_to(grey, (3 if colour else 1, size, size))
    scaled = image.convert("RGB" if colour else "L").resize((size, size), pillow.Resampling.BILINEAR)
    pixels = np.asarray(scaled, dtype=np.float32) / 255
    return pixels.transpose(2, 0, 1) if colour else pixels[None]


def _scaled(values: np.ndarray, mode: str) -> np.ndarray:
    """Grey values in [0, 1] from 16-bit whole numbers, or from real ones that are there already."""
    low, high = float(values.min()), float(values.max())
    most = 1.0 if mode == "F" else 65535.0
    if not (low >= 0 and high <= most):
        kind = "real numbers" if mode == "F" else "whole numbers"
        raise ValueError(f"its values are {kind} from {low:g} to {high:g}; they must lie in 0 to {most:g}")
    return values / np.float32(most)
