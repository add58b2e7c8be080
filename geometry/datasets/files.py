"""Data from the user's own `.npz` archives, read with `allow_pickle=False`: no file is ever executed.

What does not fit is refused with one sentence that names the file. Sizes are checked before anything is unpacked.
"""

from __future__ import annotations

import tokenize
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np

from geometry.datasets.dataset import Dataset, dataset_of_arrays, floats, integers

MOST_QUOTED = 200
LARGEST = 4 * 2**30
"""Bytes that a data set of the user's may take in memory."""

CHANNELS = (1, 3, 4)
"""How many an image has: grey, colour, colour with transparency."""

NPZ_NAMES = (("inputs", "targets"), ("X", "y"), ("x", "y"), ("x_train", "y_train"))
NPZ_TEST_NAMES = (("test_inputs", "test_targets"), ("x_test", "y_test"))


UNREADABLE = (
    OSError,
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    MemoryError,
    zlib.error,
    tokenize.TokenError,
)
"""What zipfile and numpy raise on bytes that are no archive, beside ValueError."""


def npz(path: str | Path, seed: int = 0, test_fraction: float = 0.2) -> Dataset:
    """A Dataset from an `.npz` archive of numpy.

    Arrays: `inputs` (n, …) of numbers and `targets` (n,) of class numbers 0 … C−1 (or `X`, `y`; or `x_train`,
    `y_train`), and, if there, `test_inputs`, `test_targets` (or `x_test`, `y_test`); without them the split is drawn
    with the seed. Optional `class_names` (C,). (n, height, width) is taken as images of one channel, and (n, height,
    width, channels), as Keras keeps them, is turned to channels first (see `channels_first`). Whole numbers of type
    uint8 are divided by 255, images of type uint16 by 65535. Raises ValueError with one sentence where the file does
    not fit.
    """
    path = Path(path)
    arrays = read_arrays(path)
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


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an archive by name; ValueError with one sentence for any other file, and one that is too large."""
    if not path.is_file():
        raise ValueError(f"{path} does not exist")
    try:
        with zipfile.ZipFile(path) as archive:
            check_size(path, sum(entry.file_size for entry in archive.infolist()))
        with warnings.catch_warnings(), np.load(path, allow_pickle=False) as archive:
            warnings.simplefilter("ignore", UserWarning)  # an old or odd header is read all the same, or refused below
            arrays = {name: archive[name] for name in archive.files if not _hidden(name)}
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path} is not an .npz archive: {_short(error)}") from error
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise ValueError(
                f"{path} holds Python objects; an .npz archive must hold arrays of numbers only"
            ) from error
        raise ValueError(f"{path} cannot be read: {_short(error)}") from error
    except UNREADABLE as error:
        raise ValueError(f"{path} cannot be read: {_short(error)}") from error
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # numpy hands on the bytes of what does not begin as an array does
            raise ValueError(f"{path} cannot be read: {name} is no array of numpy’s")
    return arrays


def _hidden(name: str) -> bool:
    """What an archiver puts beside the arrays: macOS's shadow of each file."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(".")


def _short(error: Exception) -> str:
    """Its first line, cut: a message may quote the file."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:MOST_QUOTED]


def check_size(path: Path, size: int) -> None:
    """A ValueError where a file's data would take more than LARGEST bytes."""
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
    deep = inputs.dtype == np.uint16 and inputs.ndim > 2
    with np.errstate(all="ignore"):  # what is not finite is refused in the next line
        scaled = inputs.astype(np.float32) / (255 if inputs.dtype == np.uint8 else 65535 if deep else 1)
    if not np.isfinite(scaled).all():
        raise ValueError(f"{path}: {name} holds values that are not finite")
    if inputs.ndim == 4:
        return channels_first(scaled, f"{path}: {name}")
    return scaled[:, None] if inputs.ndim == 3 else scaled


def channels_first(images: np.ndarray, name: str) -> np.ndarray:
    """Images (n, channels, height, width) from either order of the axes.

    The channels are the axis that is unlike the other two where those are equal (square images), or else the one of 1,
    3 or 4. Images of three equal axes are taken as they stand. ValueError that names both readings where none of this
    tells.
    """
    first, middle, last = images.shape[1:]
    if first == middle == last:
        return images
    if middle == last or first == middle:
        turned = first == middle
    else:
        few = first in CHANNELS, last in CHANNELS
        if few[0] == few[1]:
            raise ValueError(
                f"{name} of shape {images.shape} may be {first} channels of {middle} × {last} pixels or {last} "
                f"channels of {first} × {middle}; save images as (n, channels, height, width) with 1, 3 or 4 channels"
            )
        turned = few[1]
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2)) if turned else images


def _targets(path: Path, name: str, targets: np.ndarray, examples: int) -> np.ndarray:
    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    if targets.ndim != 1 or targets.dtype.kind not in "iu":
        raise ValueError(f"{path}: {name} must be whole numbers of shape (n,); got {targets.dtype} {targets.shape}")
    if targets.size != examples:
        raise ValueError(f"{path}: {examples} inputs but {targets.size} targets")
    if targets.size < 2 or targets.min() < 0 or targets.min() == targets.max():
        raise ValueError(f"{path}: {name} must hold at least two different class numbers, none negative")
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
