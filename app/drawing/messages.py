"""What is said of what is drawn: arrays, a ground or a curve with its scale, how methods and grounds look."""

from __future__ import annotations

from typing import Literal, TypedDict


class Encoded(TypedDict):
    """An array in base64, little-endian float32. shape: "rows, columns"."""

    dtype: Literal["f4"]
    bdata: str
    shape: str


class Look(TypedDict):
    """A method's colour, line and marker. dash: lengths as in SVG, "" for a solid line."""

    colour: str
    colour_on_dark: str
    width: float
    dash: str
    marker: str


class Shorts(TypedDict):
    """An array in base64, little-endian uint16."""

    dtype: Literal["u2"]
    bdata: str
    shape: str


class Ground(TypedDict):
    """The ground of map and 3-D view. values (rows, columns): c(L)/c(high) in parts of 65534, rows along θ₂;
    65535 where there is no loss.

    c(L) = asinh((L − low)/knee) is the scale of colours and heights; heights end at the loss `top`. ticks: losses that
    are written at the scale, with their labels.
    """

    columns: int
    rows: int
    values: Shorts
    top: float
    low: float
    high: float
    knee: float
    ticks: list[float]
    labels: list[str]


class Curve(TypedDict):
    """L(θ) of a 1-D surface. ticks and labels: of the loss's axis; none where round numbers will do."""

    x: Encoded
    losses: Encoded
    ticks: list[float]
    labels: list[str]


class GroundLook(TypedDict):
    """How a colour scheme shows a ground. stops: colours from low to high; line, sun: strength of contour lines and
    light, negative where they darken; front, side, floor: of the block that a relief is."""

    stops: list[str]
    line: float
    sun: float
    front: str
    side: str
    floor: str


MESSAGES = (Encoded, Look, Shorts, Ground, Curve, GroundLook)
