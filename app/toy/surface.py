"""A surface as the browser takes it: figures, the grid that hides parts of a path, the flat basin, words."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from app.encoding import encode
from app.toy.figures import curve_figure, map_figure, relief_figure
from app.toy.landscape import MAP_POINTS, RELIEF_POINTS, Grid, colour_range, curve_of, grid_of
from app.toy.pits import PITS, write_pits
from app.toy.request import ToyRequest
from geometry.surface import Surface
from geometry.surfaces import Pitted

CAMERA = (-0.75, -1.0, 1.45)
RELIEF_TOP_QUANTILE = 0.45
"""The 3-D view is cut at this quantile of the loss, so that a bowl's rim does not flatten what lies inside, …"""
RELIEF_ABOVE_START = 1.2
"""… but not below this multiple of the start's height above the lowest loss, …"""
RELIEF_WORTH_CUTTING = 2.0
"""… and only where the whole surface is at least this many times as high."""


PIT_POINTS = 41
"""Points per axis at which a ground's height is looked at before a pothole is dug."""
PIT_DEPTH = 0.8
"""A pothole's depth as a part of the height at which the 3-D view would be cut, …"""
PIT_WIDTH = 1 / 56
"""… and its width as a part of the domain's longest side."""


def surface_key(request: ToyRequest) -> str:
    """A text that is equal for requests whose surfaces are drawn the same."""
    parameters = ",".join(f"{name}={value!r}" for name, value in request.surface_parameters)
    return f"{request.surface};{parameters};{write_pits(request.pits)};{request.scheme}"


def surface_of(request: ToyRequest) -> bytes:
    """The JSON of the request's surface."""
    return _surface_json(request.make_surface(), surface_key(request), request.scheme)


def _surface_json(surface: Surface, key: str, scheme: str) -> bytes:
    answer = {
        "key": key,
        "surface": surface.key,
        "scheme": scheme,
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
    draw = _curve if surface.dimension == 1 else _map_and_relief
    return orjson.dumps({**answer, **draw(surface, scheme)})


def _fitting_pit(ground: Surface) -> dict[str, float]:
    """Depth and width at which a pothole dug into this ground shows: as the ring's well, scaled to window and loss."""
    side = max(high - low for low, high in ground.domain)
    losses = curve_of(ground)[1] if ground.dimension == 1 else grid_of(ground, PIT_POINTS).losses
    height = float(np.nanquantile(losses, RELIEF_TOP_QUANTILE) - np.nanmin(losses))
    asked = {"depth": PIT_DEPTH * height, "width": PIT_WIDTH * side}
    columns = {column.name: column for column in PITS.columns}
    return {name: columns[name].quantise(float(f"{value:.2g}")) for name, value in asked.items()}


def _basin(surface: Surface) -> dict[str, Any] | None:
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


def _minima(surface: Surface) -> list[dict[str, Any]]:
    return [
        {"name": m.name, "position": [float(value) for value in np.atleast_1d(m.position)], "loss": float(m.loss)}
        for m in surface.minima
    ]


def _map_and_relief(surface: Surface, scheme: str) -> dict[str, Any]:
    grid, coarse = grid_of(surface, MAP_POINTS), grid_of(surface, RELIEF_POINTS)
    colours = colour_range(grid.losses)
    top = relief_top(coarse, float(surface.loss(np.asarray(surface.default_start))))
    return {
        "figures": {
            "map": map_figure(grid, colours, scheme),
            "relief": relief_figure(coarse, colours, scheme, CAMERA, top),
        },
        "relief": {
            "points": RELIEF_POINTS,
            "losses": encode(coarse.losses),
            "top": top,
            "span": top - float(np.nanmin(coarse.losses)),
        },
    }


def _curve(surface: Surface, scheme: str) -> dict[str, Any]:
    x, losses = curve_of(surface)
    return {"figures": {"map": curve_figure(x, losses, scheme)}}


def relief_top(grid: Grid, start_loss: float) -> float:
    """The loss at which the 3-D view is cut."""
    low, high = float(np.nanmin(grid.losses)), float(np.nanmax(grid.losses))
    cut = max(float(np.nanquantile(grid.losses, RELIEF_TOP_QUANTILE)), low + RELIEF_ABOVE_START * (start_loss - low))
    return high if high - low < RELIEF_WORTH_CUTTING * (cut - low) else cut
