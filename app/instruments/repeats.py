"""The runs behind one point of a map: the page's own start, and either other seeds of its noise or starts near it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.toy.request import ToyRequest
from geometry.surface import Surface
from optimizers import Method, simulate
from optimizers.run import Run

MOST_STEPS = 1000
"""Maps walk at most this many steps, so that one part of a map is answered within seconds."""
SPREAD = 0.01
"""Other starts lie within this part of the domain's longest side around the page's start."""


@dataclass(frozen=True)
class Repeats:
    """starts (R, D), seeds (R,), steps, and a sentence that says what they are."""

    starts: np.ndarray
    seeds: np.ndarray
    steps: int
    what: str


def repeats(request: ToyRequest, surface: Surface, runs: int, noisy: bool = False, seed: int = 0) -> Repeats:
    """R runs at the request's setting: with noise other seeds, without (where seeds change nothing) other starts.

    noisy: the noise variance is an axis of the map. seed chooses another set of neighbours, or other noise seeds, of
    which none is the page's own.
    """
    start = np.asarray(request.start, dtype=float)
    steps = min(request.steps, MOST_STEPS)
    length = f"{steps} steps" + (f" (the page walks {request.steps})" if steps < request.steps else "")
    fresh = 1000 * seed
    if noisy or request.noise_variance > 0:
        seeds = request.seed + fresh + np.arange(runs)
        what = f"{runs} seeds of the noise from the page’s start" if runs > 1 else "one run from the page’s start"
        return Repeats(np.repeat(start[None], runs, axis=0), seeds, steps, f"{what}, {length}")
    reach = SPREAD * max(high - low for low, high in surface.domain)
    offsets = np.random.default_rng(fresh).uniform(-reach, reach, (runs, len(start)))
    if seed == 0:
        offsets[0] = 0
    what = f"the page’s start and {runs - 1} within {reach:.2g} of it" if runs > 1 else "one run from the page’s start"
    return Repeats(start + offsets, np.full(runs, request.seed), steps, f"{what}, {length}")


def walk_to_end(surface: Surface, method: Method, toy: ToyRequest, starts: Any, steps: int, seeds: Any) -> Run:
    """How walks of a method from many starts end, at the page's own setting."""
    setting = toy.learning_rate, toy.radius, toy.momentum, toy.noise_variance
    with np.errstate(all="ignore"):
        return simulate(surface, method, starts, steps, *setting, seeds, "summary")
