"""The phase diagram: how many runs arrive, and when, over any two controls; one part of it for each request."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import orjson

from app.drawing.encoding import finite
from app.instruments.arrival_cost import arrivals_told, prices, with_axes
from app.instruments.axes import AXES, STARTS, Side, side, with_value
from app.instruments.bounds import bounds
from app.instruments.export.tables import phase_tables
from app.instruments.instrument import RESOLUTION, RUNS, SHOWN, STRIDES, X_AXIS, Y_AXIS, Instrument, InstrumentRequest
from app.instruments.messages import MapAxis, RaceMap
from app.instruments.repeats import MOST_STEPS, Repeats, repeats, walk_to_end
from app.state.schema import BadRequest
from app.toy.compute import configured
from app.toy.controls import COST
from app.toy.costs import counting_told
from geometry.surface import Surface
from optimizers.sweeps import STEP_SETTINGS, Axis, Sweep, middle_arrivals, sweep

PIECE = 1_000_000
"""Walkers × steps of one method after which others have a turn: a second of one core, or less."""


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


def pieces(columns: int, rows: int, stride: int, work: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """`blocks`, cut into some rows each, of at most PIECE walkers × steps where a row has no more; work: a point's."""
    for across, up in blocks(columns, rows, stride):
        count = min(len(up), math.ceil(len(across) * len(up) * work / PIECE))
        yield from ((across, part) for part in np.array_split(up, count))


def swept(request: InstrumentRequest, name: str, surface: Surface, x: Axis, y: Axis, trial: Repeats) -> Sweep:
    """One method's map over these values, with the page's other settings."""
    fixed = {key: getattr(request.toy, key) for key in STEP_SETTINGS}
    with np.errstate(all="ignore"):
        return sweep(surface, configured(name, request.toy), x, y, trial.starts, trial.seeds, trial.steps, **fixed)


def block(
    request: InstrumentRequest, name: str, surface: Surface, across: Side, up: Side, trial: Repeats
) -> dict[str, list[list[Any]]]:
    """One method's counts over these values, row by row: one batched call, or one for each value of a ground axis."""
    if not (across.ground or up.ground):
        x, y = Axis(across.control.name, across.values), Axis(up.control.name, up.values)
        return costed(request, name, swept(request, name, surface, x, y, trial))
    if {across.control.name, up.control.name} == set(STARTS):
        return _over_starts(request, name, surface, across, up, trial)
    if across.ground:
        # each column is a ground of its own
        columns = [_on_ground(request, name, across, float(v), up, trial) for v in across.values]
        return {
            key: [list(row) for row in zip(*(column[key] for column in columns), strict=True)] for key in columns[0]
        }
    rows = [_on_ground(request, name, up, float(v), across, trial) for v in up.values]
    return {key: [row[key] for row in rows] for key in rows[0]}


def _over_starts(
    request: InstrumentRequest, name: str, surface: Surface, across: Side, up: Side, trial: Repeats
) -> dict[str, list[list[Any]]]:
    """The counts where both axes are the start's coordinates: all starts and their repeats in one call."""
    toy = request.toy
    grid = np.stack(np.meshgrid(across.values, up.values), axis=-1)
    if across.control.name != STARTS[0]:
        grid = grid[..., ::-1]
    starts = grid[:, :, None, :] + (trial.starts - np.asarray(toy.start))
    run = walk_to_end(surface, configured(name, toy), toy, starts, trial.steps, trial.seeds)
    reached = run.outcome == "reached"
    lost = (run.outcome == "diverged").sum(axis=-1)
    told = arrivals_told(middle_arrivals(run.arrival, reached), configured(name, toy))
    return {"arrived": reached.sum(axis=-1).tolist(), "diverged": lost.tolist(), **told}


def _on_ground(
    request: InstrumentRequest, name: str, ground: Side, value: float, other: Side, trial: Repeats
) -> dict[str, list[Any]]:
    """The counts along the other axis at one value of a ground axis."""
    toy = with_value(request.toy, ground.control.name, value)
    moved = trial.starts + (np.asarray(toy.start) - np.asarray(request.toy.start))
    here, repeat = replace(request, toy=toy), replace(trial, starts=moved)
    if other.ground:
        along = [_on_ground(here, name, other, float(v), _still(here, other), repeat) for v in other.values]
        return {key: [cells[key][0] for cells in along] for key in along[0]}
    try:
        surface = toy.make_surface()
    except ValueError as error:
        raise BadRequest(f"{ground.control.title} = {value:g} makes no surface: {error}.") from None
    spare = _still(here, other)
    x, y = Axis(other.control.name, other.values), Axis(spare.control.name, spare.values)
    return {key: rows[0] for key, rows in costed(here, name, swept(here, name, surface, x, y, repeat)).items()}


def _still(request: InstrumentRequest, other: Side) -> Side:
    """An axis of one value, the request's own: a map of one row still has two axes."""
    name = "momentum" if other.control.name != "momentum" else "learning_rate"
    return Side(AXES[name], np.array([getattr(request.toy, name)]))


def phase_steps(request: InstrumentRequest) -> Iterator[bytes | None]:
    """One stride's part of the map, for one method or all of them, piece by piece: None after each, so that others may
    have a turn, and the JSON at the end."""
    surface = request.toy.make_surface()
    across, up = sides(request)
    trial = repeats(request.toy, surface, request.runs, "noise_variance" in (request.x_axis, request.y_axis))
    parts = []
    for name in request.methods:
        for columns, rows in pieces(len(across.values), len(up.values), request.stride, request.runs * trial.steps):
            sides_here = Side(across.control, across.values[columns]), Side(up.control, up.values[rows])
            told = block(request, name, surface, *sides_here, trial)
            parts.append({"method": name, "columns": columns.tolist(), "rows": rows.tolist(), **told})
            yield None
    answer: dict[str, Any] = {"stride": request.stride, "parts": parts}
    if request.stride == STRIDES[0]:
        costs = {name: prices(configured(name, request.toy)) for name in request.toy.methods}
        answer |= {
            "x": described(across),
            "y": described(up),
            "runs": request.runs,
            "steps": trial.steps,
            "costs": costs,
            "counting": counting_told(costs),
            "what": f"At each point: {trial.what}." + _no_basin(surface),
            "bounds": [] if across.ground or up.ground else bounds(surface, request.toy, across, up),
        }
    yield orjson.dumps(answer)


def counts(found: Sweep) -> RaceMap:
    """What the browser draws of a sweep, row by row; None where no run arrived."""
    median = [[finite(v) for v in row] for row in found.median_arrival]
    return {"arrived": found.arrived.tolist(), "diverged": found.diverged.tolist(), "median": median}


def costed(request: InstrumentRequest, name: str, found: Sweep) -> dict[str, Any]:
    """`counts` of a sweep, and how many refreshes of U its arrivals had before them."""
    method = with_axes(configured(name, request.toy), found)
    return counts(found) | arrivals_told(found.middle_arrivals, method)


def described(given: Side) -> MapAxis:
    """An axis as the browser takes it."""
    control = given.control
    return {
        "name": control.name,
        "title": control.title,
        "log": given.logarithmic,
        "values": given.values.tolist(),
    }


def _no_basin(surface: Surface) -> str:
    return "" if surface.flat_basin is not None else " This surface has no basin to reach: nothing arrives."


def ask_by_stride(request: InstrumentRequest) -> Iterator[InstrumentRequest]:
    """The coarse map of all methods at once, then the finer points of each method."""
    yield replace(request, stride=STRIDES[0], methods=request.toy.methods)
    yield from (replace(request, stride=s, methods=(m,)) for s in STRIDES[1:] for m in request.toy.methods)


def count_work(request: InstrumentRequest) -> float:
    """Walkers × steps of a request."""
    points = (request.resolution / request.stride) ** 2
    return points * request.runs * len(request.methods) * min(request.toy.steps, MOST_STEPS)


PHASE = Instrument(
    key="phase",
    title="Phase diagram",
    about="How many runs reach the flat basin, and when, at each pair of settings, on one scale for all methods.",
    controls=(X_AXIS, Y_AXIS, RESOLUTION, RUNS, SHOWN, COST),
    compute=phase_steps,
    script="instruments/phase.js",
    table_names=(("map", "Map"),),
    tables=phase_tables,
    picture="app.instruments.export.pictures:phase_picture",
    parts=ask_by_stride,
    work=count_work,
    counts_cost=True,
    compares=True,
)
