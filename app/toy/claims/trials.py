"""Batches of runs that the claims rest on: every method from the same starts, with the same noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.toy.compute import configured
from app.toy.request import ToyRequest
from geometry.surface import Surface
from geometry.surfaces import AnnularWell, StiffValley
from optimizers import METHODS, Method, Run, simulate

RUNS = 20
MOST = 0.75
"""A statement that walkers arrive holds where at least this share of the runs does. SAM in a well is transient chaos:
a run or two out of twenty take longer than the steps they have, and which ones changes with the last digit of U."""


@dataclass(frozen=True)
class Trials:
    """One summary run per method over the same walkers."""

    surface: Surface
    starts: np.ndarray
    seeds: Any
    runs: Mapping[str, Run]
    settings: Mapping[str, Any]
    what: str

    def arrived(self, method: str) -> np.ndarray:
        """(W) whether each walker reached the flat basin and did not diverge."""
        return self.runs[method].outcome == "reached"

    def most_arrive(self, method: str) -> bool:
        """Whether at least the share MOST of the walkers reached the flat basin."""
        return bool(self.arrived(method).mean() >= MOST)

    def count(self, method: str) -> str:
        """How many of how many reached the flat basin."""
        return f"{int(self.arrived(method).sum())} of {len(self.starts)}"

    def entered(self, method: str) -> np.ndarray:
        """(W) whether each walker was ever in the flat basin, if only to pass through."""
        return self.runs[method].first_entry >= 0

    def passing(self, method: str) -> str:
        """What follows a count where some were in the basin and are not at the end: ", 3 pass through it"."""
        passing = int((self.entered(method) & ~self.arrived(method)).sum())
        return f", {passing} pass{'' if passing > 1 else 'es'} through it" if passing else ""

    def median_arrival(self, method: str) -> float:
        """Median arrival over the walkers that reached the flat basin to stay; not-a-number if none did."""
        steps = self.runs[method].arrival[self.arrived(method)]
        return float(np.median(steps)) if len(steps) else float("nan")


def methods_of(request: ToyRequest) -> dict[str, Method]:
    """All methods of the registry with the request's own probe and preconditioner options."""
    return {name: configured(name, request) for name in METHODS}


def starts_around(surface: Surface, walkers: int, seed: int = 0) -> np.ndarray:
    """Starts (walkers, 2) inside the sharp well, off its bottom by 0.3 to 0.8 of its width on a random side.

    Ring: at a random angle (mapped back where the ring is an ellipse). Valley: along the flat axis, with the stiff
    coordinate within ±1.
    """
    if not isinstance(surface, AnnularWell | StiffValley):
        raise ValueError(f"{type(surface).__name__} has no sharp well to start in")
    rng = np.random.default_rng(seed)
    side = np.where(rng.random(walkers) < 0.5, -1.0, 1.0)
    offset = side * rng.uniform(0.3, 0.8, walkers) * surface.width
    if isinstance(surface, AnnularWell):
        angle = rng.uniform(0.0, 2 * np.pi, walkers)
        r = surface.well_radius + offset
        return np.stack([r * np.cos(angle), surface.aspect * r * np.sin(angle)], axis=-1)
    return np.stack([surface.position + offset, rng.uniform(-1.0, 1.0, walkers)], axis=-1)


def trials(request: ToyRequest, starts: np.ndarray, seeds: Any, what: str) -> Trials:
    """Run every method of `request` from the starts (W, D) with the seeds (a number or (W,)), one walker each."""
    surface = request.make_surface()
    settings: dict[str, Any] = dict(
        steps=request.steps,
        learning_rate=request.learning_rate,
        radius=request.radius,
        momentum=request.momentum,
        noise_variance=request.noise_variance,
    )
    runs = {
        name: simulate(surface, method, starts, seed=seeds, record="summary", **settings)
        for name, method in methods_of(request).items()
    }
    return Trials(surface, starts, seeds, runs, settings, what)
