"""What pages are told of controls, of what was wrong with a request, and of statements that were tested."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


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


class Claim(TypedDict):
    """A statement with its verdict, from runs made for it."""

    statement: str
    source: str
    verdict: Literal["holds", "does not hold", "not tested here", "cannot be told"]
    counts: str
    detail: str


MESSAGES = (Control, ClampedValue, Problems, Claim)
