"""Four training runs as pictures: paths projected on a slice of the loss, with what the projection leaves out."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import torch

from app.encoding import encode
from app.figures import map_figure, relief_figure
from app.landscape import Grid, colour_range
from app.network.controls import NetworkRequest
from app.network.runs import Trained, trained
from app.network.shadow import Shadow, shadow_of
from app.toy_surface import CAMERA
from geometry.plane import Plane
from geometry.slices import evaluate_slice, slice_plane

POINTS = 41
"""Points per axis of the slice; each is evaluated exactly, over all training data."""
MARGIN = 0.15
"""The picture of principal components reaches this part of the paths' extent beyond them."""


def network_answer(request: NetworkRequest, notices: list[str]) -> bytes:
    """The JSON of the runs on their slice: surface, paths, and the rows of the table."""
    found = trained(request.training)
    plane = plane_of(found, request)
    shadows = {
        name: shadow_of(found.objective, plane, run.positions, run.full_losses) for name, run in found.runs.items()
    }
    rows = [row(name, found, shadow) for name, shadow in shadows.items()]
    paths = {
        "steps": request.steps,
        "dimension": 2,
        "start": None,
        "ranges": {
            "losses": _range([s.losses for s in shadows.values()]),
            "distance": _range([s.distance for s in shadows.values()]),
            "curvature": _range([s.heights for s in shadows.values()]),
        },
        "methods": [_entry(name, shadow) for name, shadow in shadows.items()],
        "summary": " ".join(f"{r['method']}: {r['sentence']}." for r in rows),
    }
    answer = {
        "surface": _surface(found, plane, shadows, request),
        "paths": paths,
        "rows": rows,
        "notices": notices,
        "what": f"{found.objective.dimension} weights, {found.objective.examples} training examples",
    }
    return orjson.dumps(answer)


def plane_of(found: Trained, request: NetworkRequest) -> Plane:
    """The plane through the mean of the final points: random filter-normalised, or the paths' principal components."""
    origin = torch.stack([run.positions[-1] for run in found.runs.values()]).mean(dim=0)
    if request.plane == "pca":
        paths = torch.cat([run.positions for run in found.runs.values()])
        return slice_plane(found.objective, origin, "pca", trajectories=paths)
    return slice_plane(found.objective, origin, "random", "filter", seed=request.plane_seed)


def _surface(found: Trained, plane: Plane, shadows: dict[str, Shadow], request: NetworkRequest) -> dict[str, Any]:
    """The slice around the shadows, as the toy lab's pictures take a surface.

    Random directions have a unit (as long as the weights, filter by filter), so the span is in that unit and grows
    only where a shadow would leave the picture; principal components are measured by the paths themselves.
    """
    points = np.concatenate([shadow.coordinates for shadow in shadows.values()])
    low, high = points.min(axis=0), points.max(axis=0)
    middle, reach = (low + high) / 2, float((high - low).max()) / 2 * (1 + MARGIN)
    half = reach * request.span if request.plane == "pca" else max(reach, request.span)
    x, y = (np.linspace(centre - half, centre + half, POINTS) for centre in middle)
    grid = Grid(x, y, np.asarray(evaluate_slice(found.objective, plane, x, y), dtype=float))
    colours = colour_range(grid.losses)
    bottom, top = float(grid.losses.min()), float(grid.losses.max())
    flat, relief = map_figure(grid, colours, request.scheme), relief_figure(grid, colours, request.scheme, CAMERA, top)
    for axis, label in zip(("xaxis", "yaxis"), plane.labels, strict=True):
        flat["layout"][axis]["title"]["text"] = label
        relief["layout"]["scene"][axis]["title"]["text"] = ""
    return {
        "key": "network",
        "surface": "network",
        "scheme": request.scheme,
        "dimension": 2,
        "domain": [[float(axis[0]), float(axis[-1])] for axis in (x, y)],
        "basin": None,
        "minima": [],
        "figures": {"map": flat, "relief": relief},
        "relief": {"points": POINTS, "losses": encode(grid.losses), "top": top, "span": top - bottom},
    }


def _entry(name: str, shadow: Shadow) -> dict[str, Any]:
    """One method's arrays: on the relief it lies at the drawn heights, in the first chart at its real losses."""
    return {
        "name": name,
        "positions": encode(shadow.coordinates),
        "probes": None,
        "losses": encode(shadow.losses),
        "heights": encode(shadow.heights),
        "probe_losses": None,
        "distance": encode(shadow.distance),
        "curvature": encode(shadow.heights),
        "last_finite": len(shadow.coordinates) - 1,
        "arrival": -1,
    }


def _range(parts: list[np.ndarray]) -> list[float]:
    values = np.concatenate(parts)
    values = values[np.isfinite(values)]
    return [float(values.min()), float(values.max())] if values.size else [0.0, 1.0]


def row(name: str, found: Trained, shadow: Shadow) -> dict[str, Any]:
    """What the table says about one run."""
    run, accuracy = found.runs[name], found.accuracy[name]
    sentence = run.stopped or f"loss {shadow.losses[-1]:.3g}, test accuracy {accuracy:.1%}"
    return {
        "method": name,
        "sentence": sentence,
        "loss": float(shadow.losses[-1]),
        "drawn": float(shadow.heights[-1]),
        "accuracy": accuracy,
        "captured": shadow.captured,
        "off": float(shadow.distance[-1]),
        "evaluations": int(run.gradient_evaluations[-1]),
        "products": int(run.curvature_products[-1]),
    }
