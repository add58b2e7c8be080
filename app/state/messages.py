"""What is said about controls: the entries that the browser builds widgets from, and notices on values."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class Encoded(TypedDict):
    """An array in base64, little-endian float32. shape: "rows, columns"."""

    dtype: Literal["f4"]
    bdata: str
    shape: str


class Control(TypedDict):
    """A row of a table of controls. A number has the fields from `scale` on, a choice `options` (value and text), a
    list of names `names`, a text how many characters it may have,
    and where it is rows of numbers, those numbers and how many rows there may be."""

    name: str
    kind: Literal["number", "choice", "names", "text"]
    group: str
    title: str
    label: str
    symbol: str
    unit: str
    help: str
    wants: str
    role: Literal["computed", "drawn", "view"]
    kept: bool
    default: Any
    options: NotRequired[list[list[str]]]
    names: NotRequired[list[str]]
    longest: NotRequired[int]
    columns: NotRequired[list[Control]]
    most: NotRequired[int]
    scale: NotRequired[Literal["linear", "log", "log or zero"]]
    travel: NotRequired[Literal["scale", "root"]]
    minimum: NotRequired[float]
    maximum: NotRequired[float]
    smallest: NotRequired[float]
    integer: NotRequired[bool]
    step: NotRequired[float]
    digits: NotRequired[int]
    low: NotRequired[float]
    high: NotRequired[float]
    slider_step: NotRequired[float]


class ClampedValue(TypedDict):
    """A control that was clamped: the value that is used, and the sentence that says so."""

    name: str
    value: float
    sentence: str


class Problems(TypedDict):
    """What is answered to a request that is refused."""

    problems: list[str]


MESSAGES = (Encoded, Control, ClampedValue, Problems)
