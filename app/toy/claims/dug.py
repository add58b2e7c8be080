"""The paper's statements on a ground of one's own: who stays in the dug pothole next to the start, and who gets out."""

from __future__ import annotations

import math

import numpy as np

from app.components.claim import Claim, untested
from app.state.numbers_as_text import vector
from app.toy.claims.captions import captions
from app.toy.claims.trials import RUNS, trials
from app.toy.request import ToyRequest
from geometry.surfaces import Pit, Pitted
from geometry.surfaces.pitted import pit_centre

SOURCE = "the paper’s mechanism, on your own ground"


def dug_claims(request: ToyRequest, surface: Pitted) -> list[Claim]:
    """The captions' statements for the pit nearest to the page's start; untested without a bottom or a basin."""
    statement = "A walker can be trapped in the dug pothole."
    if surface.flat_basin is None:
        return [untested(statement, SOURCE, "This surface has no flat basin to reach.")]
    start = np.asarray(request.start)
    pit = min(surface.pits, key=lambda one: math.dist(start, pit_centre(one, surface.dimension)))
    bottom = _bottom(surface, pit)
    if bottom is None:
        return [untested(statement, SOURCE, "The pothole is too shallow: it has no bottom of its own.")]
    starts = starts_in(pit, bottom)
    what = f"{RUNS} starts in the dug pothole at {vector(bottom, 3)}, 0.3 to 0.8 of its width off the bottom"
    return captions(trials(request, starts, request.seed, what), SOURCE, with_paths=False)


def _bottom(surface: Pitted, pit: Pit) -> np.ndarray | None:
    """The minimum within two widths of the pit's centre that is nearest to it."""
    centre = pit_centre(pit, surface.dimension)
    near = [m.position for m in surface.minima if math.dist(m.position, centre) < 2 * pit.width]
    return np.asarray(min(near, key=lambda place: math.dist(place, centre))) if near else None


def starts_in(pit: Pit, bottom: np.ndarray, walkers: int = RUNS, seed: int = 0) -> np.ndarray:
    """Starts (walkers, D) off the pit's bottom by 0.3 to 0.8 of its width, in random directions."""
    rng = np.random.default_rng(seed)
    ways = rng.normal(size=(walkers, len(bottom)))
    ways /= np.linalg.norm(ways, axis=-1, keepdims=True)
    return bottom + pit.width * rng.uniform(0.3, 0.8, (walkers, 1)) * ways
