"""One control: its range, how finely it is kept, and how a value from outside is read.

A control is read in one way wherever a value comes from (a slider, a link, a posted request): the wrong type is an
error that names the control and what it takes; a value out of range is clamped, with a sentence that says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

SCALES = ("linear", "log", "log or zero")
SIGNIFICANT_DIGITS = 4
"""Controls on a logarithmic scale are kept to this many significant digits, so that equal requests are equal."""


@dataclass(frozen=True)
class NumberControl:
    """A number between `minimum` and `maximum`.

    scale "linear": kept on the grid of `step`;  "log": kept to four significant digits;  "log or zero": the same,
    with everything below `smallest` read as 0.  `integer` controls give an int.
    """

    name: str
    symbol: str
    label: str
    minimum: float
    maximum: float
    default: float
    help: str
    group: str
    scale: str = "linear"
    step: float = 0.01
    smallest: float = 0.0
    unit: str = ""
    integer: bool = False

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise ValueError(f"scale of {self.name!r} must be one of {', '.join(SCALES)}, not {self.scale!r}")
        if not self.minimum <= self.default <= self.maximum:
            raise ValueError(f"default of {self.name!r} lies outside its range")

    @property
    def title(self) -> str:
        """Label and symbol, as a sentence names the control."""
        return f"{self.label} {self.symbol}".strip()

    @property
    def wants(self) -> str:
        """What the control takes, in words."""
        kind = "a whole number" if self.integer else "a number"
        return f"{kind} from {self.minimum:g} to {self.maximum:g}"

    def quantise(self, value: float) -> float:
        """The value on the control's grid, within its range. quantise(quantise(x)) = quantise(x)."""
        value = min(max(value, self.minimum), self.maximum)
        if self.scale == "log or zero" and value < self.smallest:
            return 0.0
        if self.scale == "linear":
            # Counting grid steps from zero and rounding the product keeps 0.3 as 0.3 and not 0.30000000000000004.
            decimals = max(0, -math.floor(math.log10(self.step)) + 2)
            value = round(round(value / self.step) * self.step, decimals)
        else:
            value = float(f"{value:.{SIGNIFICANT_DIGITS - 1}e}")
        value = min(max(value, self.minimum), self.maximum)
        return int(value) if self.integer else value + 0.0

    def read(self, raw: Any) -> tuple[float, str | None]:
        """(value, notice): the quantised value and, if it had to be clamped, a sentence. TypeError on a wrong type."""
        is_number = isinstance(raw, int | float) and not isinstance(raw, bool)
        if not is_number or (isinstance(raw, float) and not math.isfinite(raw)):
            raise TypeError(f"{self.title} must be {self.wants}, not {describe(raw)}.")
        if raw < self.minimum or raw > self.maximum:
            value = self.minimum if raw < self.minimum else self.maximum
            return self.quantise(value), (
                f"{self.title} = {short(raw)} is outside {self.minimum:g} … {self.maximum:g}; {value:g} is used."
            )
        return self.quantise(float(raw)), None


@dataclass(frozen=True)
class ChoiceControl:
    """One of a few named options; `options` holds (value, label) pairs."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    default: str
    help: str
    group: str
    symbol: str = ""
    unit: str = ""

    @property
    def title(self) -> str:
        """The label, as a sentence names the control."""
        return self.label

    @cached_property
    def values(self) -> tuple[str, ...]:
        """The allowed values."""
        return tuple(value for value, _ in self.options)

    @property
    def wants(self) -> str:
        """What the control takes, in words."""
        return f"one of {', '.join(self.values)}"

    def read(self, raw: Any) -> tuple[str, None]:
        """(value, None). TypeError on anything but text, ValueError on an option that does not exist."""
        if not isinstance(raw, str):
            raise TypeError(f"{self.title} must be {self.wants}, not {describe(raw)}.")
        if raw not in self.values:
            raise ValueError(f"{self.title} “{shorten(raw)}” does not exist; it is {self.wants}.")
        return raw, None


Control = NumberControl | ChoiceControl


def describe(raw: Any) -> str:
    """A short, safe description of a value that was not understood."""
    if raw is None:
        return "nothing"
    if isinstance(raw, str):
        return f"the text “{shorten(raw)}”"
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int | float):
        return short(raw)
    kinds: dict[type, str] = {list: "a list", dict: "an object"}
    return kinds.get(type(raw), "this kind of value")


def short(number: float) -> str:
    """A number in few characters; integers too large for a float keep their sign only."""
    try:
        return f"{number:g}"
    except OverflowError:
        return "a number below −1e308" if number < 0 else "a number above 1e308"


def shorten(text: str, limit: int = 40) -> str:
    """The text without control characters, at most `limit` characters long."""
    clean = "".join(character if character.isprintable() else " " for character in text[: limit + 1])
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
