"""Two-dimensional point clouds for teaching: two half moons, and spirals wound into each other."""

from __future__ import annotations

import numpy as np

from geometry.datasets.dataset import Dataset, dataset_of_arrays


def two_moons(seed: int = 0, test_fraction: float = 0.2, points: int = 1000, noise: float = 0.15) -> Dataset:
    """Two half circles of radius 1, the second turned over and moved by (1, ½), with Gaussian noise of sd `noise`.

    Class 0: (cos t, sin t); class 1: (1 − cos t, ½ − sin t), t uniform in [0, π].
    """
    generator = np.random.default_rng(seed)
    targets = np.arange(points) % 2
    t = generator.uniform(0, np.pi, points)
    side = 1 - 2 * targets
    inputs = np.stack([targets + side * np.cos(t), 0.5 * targets + side * np.sin(t)], axis=1)
    inputs += noise * generator.standard_normal(inputs.shape)
    names = ("upper moon", "lower moon")
    return dataset_of_arrays("two-moons", "Two moons", inputs, targets, names, "vectors", seed, test_fraction)


def spirals(
    seed: int = 0, test_fraction: float = 0.2, points: int = 1200, arms: int = 3, noise: float = 0.03
) -> Dataset:
    """`arms` spirals: (r cos φ, r sin φ), r uniform in [0.1, 1], φ = 2π(k/arms + r) for arm k, with Gaussian noise."""
    generator = np.random.default_rng(seed)
    targets = np.arange(points) % arms
    r = generator.uniform(0.1, 1, points)
    phi = 2 * np.pi * (targets / arms + r)
    inputs = np.stack([r * np.cos(phi), r * np.sin(phi)], axis=1)
    inputs += noise * generator.standard_normal(inputs.shape)
    names = tuple(f"arm {k + 1}" for k in range(arms))
    return dataset_of_arrays("spirals", "Spirals", inputs, targets, names, "vectors", seed, test_fraction)
