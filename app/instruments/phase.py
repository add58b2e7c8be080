"""The phase diagram: how many runs arrive, and when, over any two controls; one part of it for each request."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from app.instruments.axes import Side, side
from app.instruments.bounds import bounds
from app.instruments.controls import STRIDES, InstrumentRequest
from app.instruments.repeats import Repeats, repeats
from app.toy_compute import configured
from geometry.surface import Surface
from optimizers.sweeps import STEP_SETTINGS, Axis, Sweep, sweep


def sides(request: InstrumentRequest) -> tuple[Side, Side]:
    """The map's axes."""
    return tuple(side(name, request.resolution, request.toy) for name in (request.x_axis, request.y_axis))  # type: ignore[return-value]


def blocks(columns: int, rows: int, stride: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(columns, rows) of rectangular blocks that together are the points of `stride` that no coarser stride has."""
    across, up = np.arange(0, columns, stride), np.arange(0, rows, stride)
    if stride == STRIDES[0]:
        return [(across, up)]
    parts = [(across[1::2], up[::2]), (across[::2], up[1::2]), (across[1::2], up[1::2])]
    return [(x, y) for x, y in parts if len(x) and len(y)]


def swept(request: InstrumentRequest, name: str, surface: Surface, x: Axis, y: Axis, trial: Repeats) -> Sweep:
    """One method's map over these values, with the page's other settings."""
    fixed = {key: getattr(request.toy, key) for key in STEP_SETTINGS}
    with np.errstate(all="ignore"):
        return sweep(surface, configured(name, request.toy), x, y, trial.starts, trial.seeds, trial.steps, **fixed)


def phase_answer(request: InstrumentRequest) -> bytes:
    """The JSON of one stride's part of the map, for one method or all of them."""
    surface = request.toy.make_surface()
    across, up = sides(request)
    trial = repeats(request.toy, surface, request.runs, "noise_variance" in (request.x_axis, request.y_axis))
    parts = []
    for name in request.methods:
        for columns, rows in blocks(len(across.values), len(up.values), request.stride):
            x, y = Axis(across.control.name, across.values[columns]), Axis(up.control.name, up.values[rows])
            found = swept(request, name, surface, x, y, trial)
            parts.append({"method": name, "columns": columns.tolist(), "rows": rows.tolist(), **counts(found)})
    answer: dict[str, Any] = {"stride": request.stride, "parts": parts}
    if request.stride == STRIDES[0]:
        answer |= {
            "x": described(across),
            "y": described(up),
            "runs": request.runs,
            "steps": trial.steps,
            "what": f"At each point: {trial.what}." + _no_basin(surface),
            "bounds": bounds(surface, request.toy, across, up),
        }
    return orjson.dumps(answer)


def counts(found: Sweep) -> dict[str, Any]:
    """What the browser draws of a sweep, row by row; None where no run arrived."""
    median = [[None if np.isnan(v) else float(v) for v in row] for row in found.median_arrival]
    return {"arrived": found.arrived.tolist(), "diverged": found.diverged.tolist(), "median": median}


def described(given: Side) -> dict[str, Any]:
    """An axis as the browser takes it."""
    control = given.control
    return {
        "name": control.name, "title": control.title, "log": given.logarithmic, "values": given.values.tolist(),
    }  # fmt: skip


def _no_basin(surface: Surface) -> str:
    return "" if surface.flat_basin is not None else " This surface has no basin to reach: nothing arrives."
