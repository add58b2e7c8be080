"""Gradient noise by schedule: what is added to the outer gradient depends on the seed and the step, on nothing else."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np


def noise_schedule(seed: Any, steps: int, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Standard normal noise for each distinct seed, shared by all methods that run with that seed.

    Returns (schedules, index): schedules has shape (S, steps, D) for the S distinct seeds, and schedules[index[w]] is
    walker w's. The draws of the first steps do not depend on how many steps follow.
    """
    seeds = np.asarray(seed)
    if not np.issubdtype(seeds.dtype, np.integer) or bool(np.any(seeds < 0)):
        raise ValueError(f"seed must be a whole number of at least 0 (or an array of them), not {seed!r}")
    distinct, index = np.unique(seeds, return_inverse=True)
    schedules = np.stack([_drawn(int(s), steps, dimension) for s in distinct])
    return schedules, index.reshape(seeds.shape)


@lru_cache(maxsize=32)
def _drawn(seed: int, steps: int, dimension: int) -> np.ndarray:
    """The draws of one seed (steps, D), kept: all methods and all of a drag's requests have the same."""
    return np.random.default_rng(seed).standard_normal((steps, dimension))
