"""The still pictures of a slice: plotly figures of arrays that the browser has from a job."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

from app.appearance import SCHEMES
from app.encoding import encode
from app.state.control import describe
from app.state.schema import BadRequest
from app.toy.figures import curve_figure, map_figure, relief_figure
from app.toy.landscape import ColourRange, Grid, colour_range
from app.toy.surface import CAMERA

MOST = 101
"""Points per axis."""
LABEL = 200
SCALES = ("log", "linear")
FLOOR = 1e-12
"""A loss below is drawn here on a logarithmic scale."""
LINEAR = 1e6
"""Knee of a colour range, in ranges of the loss, from which on it is linear for every eye."""
STEPS = (1, 2, 5)
"""Labels of a logarithmic scale: these times powers of ten."""
TICKS = 7
MARGIN = {"l": 62, "r": 8, "t": 8, "b": 46}
EYE = (1.3 * CAMERA[0], 1.3 * CAMERA[1], 1.3 * CAMERA[2])
"""Farther away than in the toy lab: the two pictures stand side by side in a narrower place."""


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
    colours = (
        ColourRange(low, max(top, low + 1e-9), LINEAR * max(top - low, 1e-9)) if top > low else colour_range(heights)
    )
    flat, relief = map_figure(grid, colours, scheme), relief_figure(grid, colours, scheme, EYE, top)
    if scale == "log":
        places, words = loss_ticks(low, top)
        bar = {"tickvals": [float(colours.colour(np.asarray(place))) for place in places], "ticktext": words}
        flat["data"][0]["colorbar"].update(bar)
        relief["layout"]["scene"]["zaxis"].update(tickvals=places, ticktext=words)
    layout, scene = flat["layout"], relief["layout"]["scene"]
    for name, label in zip(("xaxis", "yaxis"), labels, strict=True):
        # Equal scales make room by a smaller frame, never by showing what was not evaluated.
        layout[name].update(_titled(label), constrain="domain")
        scene[name]["title"]["text"] = ""
    layout["margin"] = MARGIN
    relief["layout"]["uirevision"] = "slice"  # the camera stays while the data change
    return orjson.dumps(
        {
            "map": flat,
            "relief": relief,
            "domain": [_ends(x), _ends(y)],
            "heights": {"points": x.size, "losses": encode(grid.losses), "top": top, "span": top - low},
        }
    )


def loss_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Places log₁₀ L in [low, high] of round losses, and these as text: 1, 2, 5 times powers of ten, or fewer."""
    decades = range(int(np.floor(low)), int(np.ceil(high)) + 1)
    for steps in (STEPS, (1, 3), (1,)):
        losses = [step * 10.0**decade for decade in decades for step in steps]
        places = [float(np.log10(loss)) for loss in losses]
        kept = [(place, f"{loss:g}") for place, loss in zip(places, losses, strict=True) if low <= place <= high]
        if len(kept) <= TICKS:
            break
    if len(kept) < 2:  # a range within two round numbers
        kept = [(place, f"{10**place:.3g}") for place in np.linspace(low, high, 4).tolist()]
    return [place for place, _ in kept], [text for _, text in kept]


def shown(losses: np.ndarray, scale: str) -> np.ndarray:
    """What is drawn of losses: themselves or their decimal logarithm; what is not finite at the highest of the rest."""
    finite = losses[np.isfinite(losses)]
    filled = np.where(np.isfinite(losses), losses, finite.max())
    return np.log10(np.maximum(filled, FLOOR)) if scale == "log" else filled


def _line(x: np.ndarray, heights: np.ndarray, labels: list[str], scale: str, scheme: str) -> dict[str, Any]:
    figure = curve_figure(x, heights, scheme)
    figure["data"][0]["fill"] = "none"
    figure["layout"]["xaxis"].update(_titled(labels[0]))
    figure["layout"]["yaxis"].update(_titled("L(θ)"))
    if scale == "log":
        places, words = loss_ticks(float(heights.min()), float(heights.max()))
        figure["layout"]["yaxis"].update(tickvals=places, ticktext=words)
    figure["layout"]["margin"] = MARGIN
    return figure


def _titled(text: str) -> dict[str, Any]:
    return {"title": {"text": text, "standoff": 8, "font": {"size": 12}}}


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
    if not isinstance(given, dict) or given.get("dtype") != "f4" or not isinstance(data := given.get("bdata"), str):
        raise BadRequest(f"{key} must be an array of float32 in base64.")
    try:
        packed = base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error):
        raise BadRequest(f"{key} is not valid base64.") from None
    if len(packed) % 4 or not 0 < len(packed) <= 4 * most:
        raise BadRequest(f"{key} must hold 1 to {most} numbers of float32.")
    return np.frombuffer(packed, dtype="<f4")
