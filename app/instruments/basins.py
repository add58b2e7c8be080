"""The basin map: where each start ends, by method, and the ghost minima that SAM's probe makes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import orjson

from app.instruments.export.tables import basin_tables
from app.instruments.instrument import RESOLUTION, Instrument, InstrumentRequest
from app.instruments.messages import BasinMap, BasinsAnswer
from app.instruments.repeats import MOST_STEPS, walk_to_end
from app.toy.compute import configured
from app.toy.ghosts import ghosts
from geometry.surface import Surface
from optimizers.run import Run

NEAR_GHOST = 0.01
"""A walker that ends this near to a ghost minimum, in units of ρ, hangs at it."""
CURVE_STARTS = 8
"""On a curve there are this many times as many starts as the resolution says: they make one row."""


def starts_of(surface: Surface, resolution: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(x, y, starts (m, n, D)) at the middles of the cells; y is one 0 on a curve."""

    def middles(bounds: tuple[float, float], count: int) -> np.ndarray:
        low, high = bounds
        return low + (np.arange(count) + 0.5) / count * (high - low)

    if surface.dimension == 1:
        x = middles(surface.domain[0], CURVE_STARTS * resolution)
        return x, np.zeros(1), x[None, :, None]
    x, y = middles(surface.domain[0], resolution), middles(surface.domain[1], resolution)
    return x, y, np.stack(np.meshgrid(x, y), axis=-1)


def endings(surface: Surface, run: Run, haunted: list[tuple[float, ...]], radius: float) -> np.ndarray:
    """Where each walker ends, in words (m, n): diverged, a minimum or place that the surface names, or its outcome."""
    final = np.asarray(run.final)
    words = np.empty(run.outcome.shape, dtype=object)
    for index in np.ndindex(*run.outcome.shape):
        outcome = str(run.outcome[index])
        told = surface.describe_position(final[index])
        place = told.split(", θ = ")[0] if told.startswith("at ") else told.split(", ")[0]
        if outcome == "diverged":
            words[index] = "diverged"
        elif any(np.linalg.norm(final[index] - np.asarray(g)) < NEAR_GHOST * radius for g in haunted):
            words[index] = "at a ghost minimum"
        elif outcome == "still moving" and not place.startswith("in the flat basin"):
            words[index] = "still moving"
        else:
            words[index] = "elsewhere" if place.startswith("at θ") else place
    return words


def basins_answer(request: InstrumentRequest) -> bytes:
    """The JSON of the basin maps of the asked methods."""
    toy, surface = request.toy, request.toy.make_surface()
    x, y, starts = starts_of(surface, request.resolution)
    steps = min(toy.steps, MOST_STEPS)
    haunted = ghosts(surface, toy)
    places = [ghost.position for ghost in haunted]
    maps: list[BasinMap] = []
    for name in request.methods:
        method = configured(name, toy)
        haunting = method.probe.capabilities.makes_ghosts
        run = walk_to_end(surface, method, toy, starts, steps, toy.seed)
        words = endings(surface, run, places if haunting else [], toy.radius)
        names = sorted(set(words.ravel().tolist()))
        maps.append(
            {
                "method": name,
                "names": names,
                "cells": [[names.index(word) for word in row] for row in words],
                "ghosts": [list(place) for place in places] if haunting else [],
            }
        )
    answer: BasinsAnswer = {
        "x": x.tolist(),
        "y": y.tolist(),
        "domain": [list(side) for side in surface.domain],
        "maps": maps,
        "minima": [{"name": m.name, "position": [float(v) for v in np.atleast_1d(m.position)]} for m in surface.minima],
        "ghost_holds": all(ghost.holds for ghost in haunted),
        "what": f"{starts[..., 0].size} starts for each method, {steps} steps.",
    }
    return orjson.dumps(answer)


def ask_by_method(request: InstrumentRequest) -> Iterator[InstrumentRequest]:
    """One map after the other."""
    yield from (replace(request, methods=(name,)) for name in request.toy.methods)


def count_work(request: InstrumentRequest) -> float:
    """Walkers × steps of a request."""
    points = (request.resolution / request.stride) ** 2
    return points * len(request.methods) * min(request.toy.steps, MOST_STEPS)


BASINS = Instrument(
    key="basins",
    title="Basins",
    about="Where each start ends: one walker from every point of the map.",
    controls=(RESOLUTION,),
    compute=basins_answer,
    script="instruments/basins.js",
    table_names=(("starts", "Starts"),),
    tables=basin_tables,
    picture="app.instruments.export.pictures:basins_picture",
    parts=ask_by_method,
    work=count_work,
    compares=True,
)
