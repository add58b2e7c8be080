"""The still pictures of a slice: plotly figures of arrays that the browser has from a job."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

from app.appearance import SCHEMES
from app.control import describe
from app.encoding import encode
from app.figures import curve_figure, map_figure, relief_figure
from app.landscape import ColourRange, Grid, colour_range
from app.request import BadRequest
from app.toy_surface import CAMERA

MOST = 101
"""Points per axis."""
LABEL = 200
SCALES = ("log", "linear")
FLOOR = 1e-12
"""A loss below is drawn here on a logarithmic scale."""
LINEAR = 1e6
"""Knee of a colour range, in ranges of the loss, from which on it is linear for every eye."""
HEIGHT = {"log": "log₁₀ L(θ)", "linear": "L(θ)"}


def pictures_answer(raw: Mapping[str, Any]) -> bytes:
    """The figures of a posted slice {x, y or null, losses, labels, scale, scheme}, and what paths over them need.

    On a logarithmic scale everything that is drawn is log₁₀ L. BadRequest names the key that is wrong.
    """
    scheme, scale = _choice(raw, "scheme", tuple(SCHEMES)), _choice(raw, "scale", SCALES)
    x = _axis(raw, "x")
    y = None if raw.get("y") is None else _axis(raw, "y")
    losses = _array(raw, "losses", MOST * MOST).astype(float)
    if losses.size != x.size * (1 if y is None else y.size):
        raise BadRequest(f"losses must hold one number for each of the {x.size} × {1 if y is None else y.size} points.")
    if not np.isfinite(losses).any():
        raise BadRequest("The loss is not finite anywhere in this picture: choose a smaller span.")
    heights = shown(losses, scale)
    labels = _labels(raw, 1 if y is None else 2)
    if y is None:
        return orjson.dumps({"map": _line(x, heights, labels, scale, scheme), "relief": None, "domain": [_ends(x)]})
    grid = Grid(x, y, heights.reshape(y.size, x.size))
    low, top = float(heights.min()), float(heights.max())
    colours = ColourRange(low, max(top, low + 1e-9), LINEAR * max(top - low, 1e-9)) if top > low else colour_range(heights)
    flat, relief = map_figure(grid, colours, scheme), relief_figure(grid, colours, scheme, CAMERA, top)
    flat["data"][0]["colorbar"]["title"]["text"] = HEIGHT[scale]
    for axis, label in zip(("xaxis", "yaxis"), labels, strict=True):
        flat["layout"][axis]["title"]["text"] = label
        relief["layout"]["scene"][axis]["title"]["text"] = ""
    relief["layout"]["scene"]["zaxis"]["title"]["text"] = "log₁₀ L" if scale == "log" else "L"
    relief["layout"]["uirevision"] = "slice"  # the camera stays while the data change
    return orjson.dumps(
        {
            "map": flat, "relief": relief, "domain": [_ends(x), _ends(y)],
            "heights": {"points": x.size, "losses": encode(grid.losses), "top": top, "span": top - low},
        }
    )  # fmt: skip


def shown(losses: np.ndarray, scale: str) -> np.ndarray:
    """What is drawn of losses: themselves or their decimal logarithm; what is not finite at the highest of the rest."""
    finite = losses[np.isfinite(losses)]
    filled = np.where(np.isfinite(losses), losses, finite.max())
    return np.log10(np.maximum(filled, FLOOR)) if scale == "log" else filled


def _line(x: np.ndarray, heights: np.ndarray, labels: list[str], scale: str, scheme: str) -> dict[str, Any]:
    figure = curve_figure(x, heights, scheme)
    figure["data"][0]["fill"] = "none"
    figure["layout"]["xaxis"]["title"]["text"] = labels[0]
    figure["layout"]["yaxis"]["title"]["text"] = HEIGHT[scale]
    return figure


def _ends(axis: np.ndarray) -> list[float]:
    return [float(axis[0]), float(axis[-1])]


def _choice(raw: Mapping[str, Any], key: str, allowed: tuple[str, ...]) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or value not in allowed:
        raise BadRequest(f"{key} must be one of {', '.join(allowed)}, not {describe(value)}.")
    return value


def _labels(raw: Mapping[str, Any], count: int) -> list[str]:
    labels = raw.get("labels")
    if not isinstance(labels, list) or len(labels) != count or not all(isinstance(label, str) for label in labels):
        raise BadRequest(f"labels must be a list of {count} texts.")
    return [label[:LABEL] for label in labels]


def _axis(raw: Mapping[str, Any], key: str) -> np.ndarray:
    axis = _array(raw, key, MOST).astype(float)
    if axis.size < 2 or not np.isfinite(axis).all() or not (np.diff(axis) > 0).all():
        raise BadRequest(f"{key} must hold at least two finite numbers that grow.")
    return axis


def _array(raw: Mapping[str, Any], key: str, most: int) -> np.ndarray:
    """A posted float32 array as one row; BadRequest where it is none, or too large."""
    given = raw.get(key)
    data = given.get("bdata") if isinstance(given, dict) else None
    if not isinstance(data, str) or given.get("dtype") != "f4":
        raise BadRequest(f"{key} must be an array of float32 in base64.")
    try:
        packed = base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error):
        raise BadRequest(f"{key} is not valid base64.") from None
    if len(packed) % 4 or not 0 < len(packed) <= 4 * most:
        raise BadRequest(f"{key} must hold 1 to {most} numbers of float32.")
    return np.frombuffer(packed, dtype="<f4")
