"""Data from the user's own files: `.npz` archives and folders of images. No file is ever executed.

An archive is read with `allow_pickle=False`, images by Pillow; what does not fit is refused with one sentence that
names the file. Sizes are checked before anything is unpacked.
"""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path

import numpy as np

from geometry.datasets.dataset import Dataset, dataset_of_arrays, floats, integers

LARGEST = 4 * 2**30
"""Bytes that a data set of the user's may take in memory."""

NPZ_NAMES = (("inputs", "targets"), ("X", "y"), ("x", "y"), ("x_train", "y_train"))
NPZ_TEST_NAMES = (("test_inputs", "test_targets"), ("x_test", "y_test"))
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff"})


def npz(path: str | Path, seed: int = 0, test_fraction: float = 0.2) -> Dataset:
    """A Dataset from an `.npz` archive of numpy.

    Arrays: `inputs` (n, …) of numbers and `targets` (n,) of class numbers 0 … C−1 (or `X`, `y`; or `x_train`,
    `y_train`), and, if there, `test_inputs`, `test_targets` (or `x_test`, `y_test`); without them the split is drawn
    with the seed. Optional `class_names` (C,). (n, height, width) is taken as images of one channel; whole numbers of
    type uint8 are divided by 255. Raises ValueError with one sentence where the file does not fit.
    """
    path = Path(path)
    arrays = _arrays(path)
    inputs, targets = _pair(path, arrays, NPZ_NAMES)
    names = _class_names(path, arrays, targets)
    kind = "vectors" if inputs.ndim == 2 else "images"
    title = path.stem
    if not any(first in arrays and second in arrays for first, second in NPZ_TEST_NAMES):
        return dataset_of_arrays(title, title, inputs, targets, names, kind, seed, test_fraction)
    test_inputs, test_targets = _pair(path, arrays, NPZ_TEST_NAMES)
    if test_inputs.shape[1:] != inputs.shape[1:]:
        raise ValueError(f"{path}: test inputs have shape {test_inputs.shape[1:]}, training inputs {inputs.shape[1:]}")
    if test_targets.max() >= len(names):
        raise ValueError(
            f"{path}: the test targets name class {test_targets.max()}, the training data have {len(names)}"
        )
    order = np.random.default_rng(seed).permutation(inputs.shape[0])
    x, y = floats(inputs[order]), integers(targets[order])
    return Dataset(title, title, x, y, floats(test_inputs), integers(test_targets), names, kind)


def image_folder(
    path: str | Path,
    size: int = 32,
    colour: bool = True,
    seed: int = 0,
    test_fraction: float = 0.2,
    limit: int | None = None,
) -> Dataset:
    """A Dataset from a folder with one folder of images per class, scaled to size × size and to [0, 1].

    `limit` keeps at most so many images of each class (the first by name). Raises ValueError with one sentence where
    a folder or an image does not fit, ModuleNotFoundError where Pillow is missing.
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
    files: list[tuple[Path, int]] = []
    names: list[str] = []
    for folder in sorted(entry for entry in root.iterdir() if entry.is_dir()):
        images = sorted(file for file in folder.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)[:limit]
        if images:
            files += [(file, len(names)) for file in images]
            names.append(folder.name)
    if len(names) < 2:
        raise ValueError(f"{root} must hold at least two folders with images, one per class; found {len(names)}")
    channels = 3 if colour else 1
    _check_size(root, 4 * len(files) * channels * size * size)
    inputs = np.empty((len(files), channels, size, size), dtype=np.float32)
    for index, (file, _) in enumerate(files):
        try:
            with warnings.catch_warnings():
                # An image that unpacks to hundreds of megabytes is refused, not warned about.
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(file) as opened:
                    image = opened.convert("RGB" if colour else "L").resize((size, size), Image.Resampling.BILINEAR)
        except (
            OSError,
            SyntaxError,
            ValueError,
            Image.DecompressionBombError,
            Image.DecompressionBombWarning,
        ) as error:
            raise ValueError(f"{file} cannot be read as an image: {error}") from error
        pixels = np.asarray(image, dtype=np.float32) / 255
        inputs[index] = pixels.transpose(2, 0, 1) if colour else pixels[None]
    targets = np.array([target for _, target in files])
    return dataset_of_arrays(root.name, root.name, inputs, targets, tuple(names), "images", seed, test_fraction)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise ValueError(f"{path} does not exist")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_size(path, sum(entry.file_size for entry in archive.infolist()))
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path} is not an .npz archive: {error}") from error
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise ValueError(
                f"{path} holds Python objects; an .npz archive must hold arrays of numbers only"
            ) from error
        raise ValueError(f"{path} cannot be read: {error}") from error
    except (OSError, EOFError, KeyError, NotImplementedError, RuntimeError, SyntaxError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


def _check_size(path: Path, size: int) -> None:
    if size > LARGEST:
        raise ValueError(f"{path} takes {size / 2**30:.1f} GiB unpacked; at most {LARGEST / 2**30:.0f} GiB are read")


def _pair(
    path: Path, arrays: dict[str, np.ndarray], known: tuple[tuple[str, str], ...]
) -> tuple[np.ndarray, np.ndarray]:
    for first, second in known:
        if first in arrays and second in arrays:
            return _inputs(path, first, arrays[first]), _targets(path, second, arrays[second], len(arrays[first]))
    wanted = " or ".join(f"{first} and {second}" for first, second in known)
    raise ValueError(f"{path} must hold the arrays {wanted}; found {', '.join(sorted(arrays)) or 'none'}")


def _inputs(path: Path, name: str, inputs: np.ndarray) -> np.ndarray:
    if inputs.dtype.kind not in "fiub" or inputs.ndim not in (2, 3, 4):
        raise ValueError(
            f"{path}: {name} must be numbers of shape (n, features), (n, height, width) or "
            f"(n, channels, height, width); got {inputs.dtype} {inputs.shape}"
        )
    scaled = inputs.astype(np.float32) / (255 if inputs.dtype == np.uint8 else 1)
    if not np.isfinite(scaled).all():
        raise ValueError(f"{path}: {name} holds values that are not finite")
    return scaled[:, None] if inputs.ndim == 3 else scaled


def _targets(path: Path, name: str, targets: np.ndarray, examples: int) -> np.ndarray:
    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    if targets.ndim != 1 or targets.dtype.kind not in "iu":
        raise ValueError(f"{path}: {name} must be whole numbers of shape (n,); got {targets.dtype} {targets.shape}")
    if targets.size != examples:
        raise ValueError(f"{path}: {examples} inputs but {targets.size} targets")
    if targets.size < 2 or targets.min() < 0:
        raise ValueError(f"{path}: {name} must hold at least two class numbers, none negative")
    return targets.astype(np.int64)


def _class_names(path: Path, arrays: dict[str, np.ndarray], targets: np.ndarray) -> tuple[str, ...]:
    classes = int(targets.max()) + 1
    if classes > max(1000, targets.size):
        raise ValueError(f"{path}: the largest class number is {classes - 1}; number the classes from 0 without gaps")
    if "class_names" not in arrays:
        return tuple(str(index) for index in range(classes))
    names = tuple(str(name) for name in np.ravel(arrays["class_names"]))
    if len(names) < classes:
        raise ValueError(f"{path}: class_names holds {len(names)} names for {classes} classes")
    return names
