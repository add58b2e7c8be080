"""The still pictures of a slice: the ground, or a curve, of arrays that the browser has from a job."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

from app.drawing.colour_range import LINEAR, ColourRange, colour_range, curve_entry, ground_entry
from app.state.control import describe
from app.state.schema import BadRequest

MOST = 101
"""Points per axis."""
LABEL = 200
SCALES = ("log", "linear")
FLOOR = 1e-12
"""A loss below is drawn here on a logarithmic scale."""
STEPS = (1, 2, 5)
"""Labels of a logarithmic scale: these times powers of ten."""
TICKS = 7


def pictures_answer(raw: Mapping[str, Any]) -> bytes:
    """The ground of a posted slice {x, y or null, losses, labels, scale}, or the curve of a line.

    On a logarithmic scale everything that is drawn is log₁₀ L. BadRequest names the key that is wrong.
    """
    scale = _choice(raw, "scale", SCALES)
    x = _axis(raw, "x")
    y = None if raw.get("y") is None else _axis(raw, "y")
    losses = _array(raw, "losses", MOST * MOST).astype(float)
    if losses.size != x.size * (1 if y is None else y.size):
        raise BadRequest(f"losses must hold one number for each of the {x.size} × {1 if y is None else y.size} points.")
    if not np.isfinite(losses).any():
        raise BadRequest("The loss is not finite anywhere in this picture: choose a smaller span.")
    heights = shown(losses, scale)
    labels = _labels(raw, 1 if y is None else 2)
    low, top = float(heights.min()), float(heights.max())
    ticks = loss_ticks(low, top) if scale == "log" else None
    if y is None:
        curve = curve_entry(x, heights, ticks or ((), ()))
        return orjson.dumps({"ground": None, "curve": curve, "domain": [_ends(x)], "labels": labels})
    colours = ColourRange(low, top, LINEAR * (top - low)) if top > low else colour_range(heights)
    ground = ground_entry(heights.reshape(y.size, x.size), colours, colours.high, ticks or colours.ticks())
    return orjson.dumps({"ground": ground, "curve": None, "domain": [_ends(x), _ends(y)], "labels": labels})


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
