"""A cloud of walkers: every method from many starts and with many noise seeds at once, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from app.drawing.encoding import encode_shorts
from app.drawing.messages import Shorts
from app.state.schema import BadRequest
from app.toy.compute import configured
from app.toy.landscape import curve_of
from app.toy.messages import CloudAnswer, CloudMethod
from app.toy.request import ToyRequest, read_state, request_of
from geometry.surface import Surface
from optimizers import OUTCOMES, simulate
from optimizers.run import Run

BYTES = 3_200_000
"""Places in one answer. A longer walk of more walkers is drawn at every third, fifth … step, and the answer says so:
never at every second, which would freeze SAM's bouncing from side to side."""
MARGIN = 0.1
"""Part of the domain that is kept beyond each of its sides."""


@dataclass(frozen=True)
class CloudRequest:
    """How many walkers, and the spread of their starts as a part of the domain's longest side."""

    toy: ToyRequest
    walkers: int
    spread: float

    def answer(self) -> bytes:
        """The JSON of the cloud."""
        return orjson.dumps(cloud(self))


def read_cloud(raw: Mapping[str, Any]) -> CloudRequest:
    """A posted state with `cloud` and `cloud_spread`; BadRequest as usual, and where the cloud has no walkers."""
    reading = read_state(raw).checked()
    state = reading.state
    if state["cloud"] < 1:
        raise BadRequest("A cloud needs at least one walker.")
    toy = request_of({**state, "preset": "custom", "scheme": "light"})
    return CloudRequest(toy, int(state["cloud"]), float(state["cloud_spread"]))


def starts_of(request: CloudRequest, surface: Surface) -> np.ndarray:
    """(W, D): the first walker stands at the page's start, the others are drawn around it; the same for all methods."""
    start = np.asarray(request.toy.start, dtype=float)
    reach = request.spread * max(high - low for low, high in surface.domain)
    offsets = np.random.default_rng(request.toy.seed).normal(size=(request.walkers, len(start)))
    offsets[0] = 0.0
    return start + reach * offsets


def seeds_of(request: CloudRequest) -> np.ndarray:
    """(W,): the page's own seed and those that follow it."""
    return request.toy.seed + np.arange(request.walkers)


def cloud(request: CloudRequest) -> CloudAnswer:
    """What the browser draws and says."""
    toy, surface = request.toy, request.toy.make_surface()
    starts, seeds = starts_of(request, surface), seeds_of(request)
    frames = frames_of(request)
    extents = extents_of(surface)
    methods, runs = [], {}
    for name in toy.methods:
        mine = toy.of_method(name)
        with np.errstate(all="ignore"):
            run = simulate(
                surface,
                configured(name, toy),
                starts,
                toy.steps,
                mine.learning_rate,
                mine.radius,
                toy.momentum,
                toy.noise_variance,
                seeds,
            )
        runs[name] = run
        methods.append(counted(name, run, places(run, surface, frames, extents)))
    return {
        "walkers": request.walkers,
        "steps": toy.steps,
        "frames": frames.tolist(),
        "stride": int(frames[1] - frames[0]),
        "extents": extents,
        "methods": methods,
        "sentence": sentence(request, surface, runs),
        "what": what(request, surface),
    }


def frames_of(request: CloudRequest) -> np.ndarray:
    """The steps at which the cloud is drawn, evenly, the last one included."""
    steps = request.toy.steps
    each = 4 * request.walkers * max(1, len(request.toy.methods))
    stride = max(1, -(-(steps + 1) * each // BYTES)) // 2 * 2 + 1
    return np.unique(np.append(np.arange(0, steps + 1, stride), steps))


def extents_of(surface: Surface) -> list[list[float]]:
    """The ranges of the two numbers that tell a place on the map: θ₁ and θ₂, or θ and the loss on a curve."""
    sides = [list(side) for side in surface.domain]
    if surface.dimension == 1:
        losses = curve_of(surface)[1]
        sides.append([float(losses.min()), float(losses.max())])
    grown = [(low, high, MARGIN * (high - low)) for low, high in sides]
    return [[float(low - more), float(high + more)] for low, high, more in grown]


def places(run: Run, surface: Surface, frames: np.ndarray, extents: list[list[float]]) -> Shorts:
    """(frames, W, 2): each number as a part of its range; NOWHERE is off the map."""
    at = np.asarray(run.positions)[frames]
    if surface.dimension == 1:
        at = np.concatenate([at, np.asarray(run.losses)[frames][..., None]], axis=-1)
    low, high = np.array(extents).T
    with np.errstate(invalid="ignore", over="ignore"):
        part = (at - low) / (high - low)
        inside = np.all((part >= 0) & (part <= 1), axis=-1, keepdims=True)
    return encode_shorts(np.where(inside, part, np.nan))


def counted(name: str, run: Run, placed: Shorts) -> CloudMethod:
    """Outcomes by their names, when those that reach the basin do, and the places of all."""
    reached = run.outcome == "reached"
    arrivals = np.sort(run.arrival[reached])
    return {
        "name": name,
        "counts": {outcome: int((run.outcome == outcome).sum()) for outcome in OUTCOMES},
        "arrival": np.where(reached, run.arrival, -1).tolist(),
        "median": float(np.median(arrivals)) if len(arrivals) else None,
        "first": int(arrivals[0]) if len(arrivals) else None,
        "last": int(arrivals[-1]) if len(arrivals) else None,
        "places": placed,
    }


def sentence(request: CloudRequest, surface: Surface, runs: Mapping[str, Run]) -> str:
    """What becomes of the walkers of each method, in one sentence."""
    if not runs:
        return "No method is shown."
    total = request.walkers
    if surface.flat_basin is None:
        each = [f"{name} {_parts(run)}" for name, run in runs.items()]
        return f"Of {total} walkers each (this surface has no basin to reach): {'; '.join(each)}."
    said = []
    for name, run in runs.items():
        reached = run.outcome == "reached"
        when = f" (median step {np.median(run.arrival[reached]):g})" if reached.any() else ""
        lost = int((run.outcome == "diverged").sum())
        said.append(f"{name} {int(reached.sum())}{when}" + (f", {lost} diverge" if lost else ""))
    return f"Of {total} walkers each, these reach {surface.flat_basin.name}: {'; '.join(said)}."


def _parts(run: Run) -> str:
    found = [(int((run.outcome == outcome).sum()), outcome) for outcome in OUTCOMES]
    return ", ".join(f"{count} {outcome}" for count, outcome in found if count)


def what(request: CloudRequest, surface: Surface) -> str:
    """How the walkers differ."""
    noisy = request.toy.noise_variance > 0
    reach = request.spread * max(high - low for low, high in surface.domain)
    first, last = request.toy.seed, request.toy.seed + request.walkers - 1
    seeds = f"noise seeds {first} to {last}" if noisy else "no noise"
    around = f"starts within a standard deviation of {reach:.3g} around the start" if reach else "all from the start"
    alike = " They differ in nothing: give them noise or a spread." if not noisy and not reach else ""
    return f"{around[:1].upper()}{around[1:]}, {seeds}, {request.toy.steps} steps.{alike}"
