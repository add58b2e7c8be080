"""A surface as the browser takes it: the ground (or the curve) that it draws, the flat basin, words."""

from __future__ import annotations

import numpy as np
import orjson

from app.drawing.colour_range import curve_entry
from app.toy.landscape import TOP_QUANTILE, curve_of, grid_of, ground_of
from app.toy.messages import Basin, Minimum
from app.toy.pits import PITS, write_pits
from app.toy.request import ToyRequest
from geometry.surface import Surface
from geometry.surfaces import Pitted

PIT_POINTS = 41
"""Points per axis at which a ground's height is looked at before a pothole is dug."""
PIT_DEPTH = 0.8
"""A pothole's depth as a part of the height at which the 3-D view would be cut, …"""
PIT_WIDTH = 1 / 56
"""… and its width as a part of the domain's longest side."""


def surface_key(request: ToyRequest) -> str:
    """A text that is equal for requests whose surfaces are drawn the same."""
    parameters = ",".join(f"{name}={value!r}" for name, value in request.surface_parameters)
    return f"{request.surface};{parameters};{write_pits(request.pits)}"


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
        "pit": _fitting_pit(surface.ground if isinstance(surface, Pitted) else surface),
    }
    if surface.dimension == 1:
        return orjson.dumps({**answer, "curve": curve_entry(*curve_of(surface))})
    return orjson.dumps({**answer, "ground": ground_of(surface)})


def _fitting_pit(ground: Surface) -> dict[str, float]:
    """Depth and width at which a pothole dug into this ground shows: as the ring's well, scaled to window and loss."""
    side = max(high - low for low, high in ground.domain)
    losses = curve_of(ground)[1] if ground.dimension == 1 else grid_of(ground, PIT_POINTS).losses
    height = float(np.nanquantile(losses, TOP_QUANTILE) - np.nanmin(losses))
    asked = {"depth": PIT_DEPTH * height, "width": PIT_WIDTH * side}
    columns = {column.name: column for column in PITS.columns}
    return {name: columns[name].quantise(float(f"{value:.2g}")) for name, value in asked.items()}


def _basin(surface: Surface) -> Basin | None:
    basin = surface.flat_basin
    if basin is None:
        return None
    centre = [float(value) for value in np.atleast_1d(basin.centre)]
    return {"centre": centre, "radius": float(basin.radius), "name": basin.name}


def reference(surface: Surface) -> tuple[np.ndarray, str]:
    """The point that distances are measured to, and its name: the flat basin's centre or the first known minimum."""
    if surface.flat_basin is not None:
        name = surface.flat_basin.name
        return np.atleast_1d(surface.flat_basin.centre), f"{name}’s centre" if name.endswith("basin") else name
    if surface.minima:
        return np.atleast_1d(surface.minima[0].position), surface.minima[0].name
    return np.zeros(surface.dimension), "the origin"


def _minima(surface: Surface) -> list[Minimum]:
    return [
        {"name": m.name, "position": [float(value) for value in np.atleast_1d(m.position)], "loss": float(m.loss)}
        for m in surface.minima
    ]
