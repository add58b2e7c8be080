"""A surface as the browser takes it: the ground (or the curve) that it draws, the flat basin, words."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from app.toy.landscape import curve_entry, curve_of, ground_of
from app.toy.request import ToyRequest
from geometry.surface import Surface


def surface_key(request: ToyRequest) -> str:
    """A text that is equal for requests whose surfaces are drawn the same."""
    parameters = ",".join(f"{name}={value!r}" for name, value in request.surface_parameters)
    return f"{request.surface};{parameters}"


def surface_of(request: ToyRequest) -> bytes:
    """The JSON of the request's surface."""
    return _surface_json(request.make_surface(), surface_key(request))


def _surface_json(surface: Surface, key: str) -> bytes:
    answer = {
        "key": key,
        "surface": surface.key,
        "title": surface.title,
        "description": surface.description,
        "dimension": surface.dimension,
        "domain": [[float(low), float(high)] for low, high in surface.domain],
        "default_start": [float(value) for value in np.atleast_1d(surface.default_start)],
        "basin": _basin(surface),
        "minima": _minima(surface),
        "reference": reference(surface)[1],
    }
    if surface.dimension == 1:
        return orjson.dumps({**answer, "curve": curve_entry(*curve_of(surface))})
    return orjson.dumps({**answer, "ground": ground_of(surface)})


def _basin(surface: Surface) -> dict[str, Any] | None:
    basin = surface.flat_basin
    if basin is None:
        return None
    return {"centre": [float(value) for value in np.atleast_1d(basin.centre)], "radius": float(basin.radius)}


def reference(surface: Surface) -> tuple[np.ndarray, str]:
    """The point that distances are measured to, and its name: the flat basin's centre or the first known minimum."""
    if surface.flat_basin is not None:
        return np.atleast_1d(surface.flat_basin.centre), "the flat basin’s centre"
    if surface.minima:
        return np.atleast_1d(surface.minima[0].position), surface.minima[0].name
    return np.zeros(surface.dimension), "the origin"


def _minima(surface: Surface) -> list[dict[str, Any]]:
    return [
        {"name": m.name, "position": [float(value) for value in np.atleast_1d(m.position)], "loss": float(m.loss)}
        for m in surface.minima
    ]
