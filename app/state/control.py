"""One control: its range, how finely it is kept, and how a value from outside is read.

A control is read in one way wherever a value comes from (a slider, a link, a posted request): the wrong type is an
error that names the control and what it takes; a value out of range is clamped, with a sentence that says so.
What the browser needs to know of it (`entry`) is what is read here: it builds sliders, fields and choices of plain
elements from the entries. (A Dash component that moves makes Dash's renderer visit every component of the page, which
alone took longer than the whole way from a slider to the painted paths may take.)
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

from app.state import messages

SCALES = ("linear", "log", "log or zero")
TRAVELS = ("scale", "root")
"""How a slider's way is spent: evenly on the control's scale, or evenly on the square root of the value, where the
scale would spend most of it on values that change nothing."""
ROOT_STEPS = 200
SIGNIFICANT_DIGITS = 4
"""Controls on a logarithmic scale are kept to this many significant digits, so that equal requests are equal."""
LOG_STEP = 0.01
"""Step of a logarithmic slider in decades."""
SLIDER_STEPS = 400
"""A linear slider has at least this many steps where the control's own grid is finer: keys must get somewhere."""
ROLES = ("computed", "drawn", "view")
"""What a control decides: numbers; pictures that the server draws, but no number; what the browser shows, only."""
MOST_NAMES = 12
"""Unknown names of a list that are told one by one."""


class Unusable(ValueError):
    """A value of which only a part can be used: a sentence for each thing wrong, and what is left of it."""

    def __init__(self, *sentences: str, instead: Any = None) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences
        self.instead = instead


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
    role: str = "computed"
    kept: bool = False
    """Whether its value stays when another preset or surface is chosen."""
    travel: str = "scale"

    def __post_init__(self) -> None:
        if self.travel not in TRAVELS or (self.travel == "root" and self.minimum != 0):
            raise ValueError(f"travel of {self.name!r} must be one of {', '.join(TRAVELS)}; root begins at zero")
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
        return f"{kind} from {short(self.minimum)} to {short(self.maximum)}"

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
            span = f"{short(self.minimum)} … {short(self.maximum)}"
            return self.quantise(value), f"{self.title} = {short(raw)} is outside {span}; {short(value)} is used."
        return self.quantise(float(raw)), None

    def parse(self, text: str) -> Any:
        """The number that a link's text stands for; the text itself where it stands for none."""
        try:
            return float(text)
        except ValueError:
            return text

    @property
    def slider(self) -> tuple[float, float, float]:
        """(minimum, maximum, step) of the slider's position: the value itself, its decimal logarithm, or its root.

        On a "log or zero" scale the lowest position stands for zero.
        """
        if self.travel == "root":
            return 0.0, math.sqrt(self.maximum), math.sqrt(self.maximum) / ROOT_STEPS
        if self.scale == "linear":
            span = self.maximum - self.minimum
            return self.minimum, self.maximum, max(self.step, _round_step(span / SLIDER_STEPS))
        lowest = self.minimum if self.scale == "log" else self.smallest
        low, high = math.log10(lowest), math.log10(self.maximum)
        return (low if self.scale == "log" else low - 10 * LOG_STEP), high, LOG_STEP

    def entry(self) -> messages.Control:
        """What the browser needs to know of it."""
        low, high, step = self.slider
        own = {
            name: getattr(self, name)
            for name in ("scale", "travel", "minimum", "maximum", "smallest", "integer", "step")
        }
        return _entry(self, "number", **own, digits=SIGNIFICANT_DIGITS, low=low, high=high, slider_step=step)


def whole_number(
    name: str, label: str, minimum: float, maximum: float, default: float, text: str, group: str, **more: Any
) -> NumberControl:
    """A control without a symbol that gives whole numbers, one by one unless a `step` says otherwise."""
    row: dict[str, Any] = {"step": 1, "integer": True, **more}
    return NumberControl(name, "", label, minimum, maximum, default, text, group, **row)


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
    role: str = "computed"
    kept: bool = False

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

    def parse(self, text: str) -> str:
        """A link's text as it is."""
        return text

    def entry(self) -> messages.Control:
        """What the browser needs to know of it."""
        return _entry(self, "choice", options=[list(option) for option in self.options])


@dataclass(frozen=True)
class NamesControl:
    """Any of some names, in their own order; a link holds them with commas between."""

    name: str
    label: str
    names: tuple[str, ...]
    default: tuple[str, ...]
    help: str
    group: str
    role: str = "computed"
    kept: bool = False
    nonempty: bool = False
    """Whether no name at all stands for the default."""
    symbol: str = ""
    unit: str = ""

    @property
    def title(self) -> str:
        """The label, as a sentence names the control."""
        return self.label

    @property
    def wants(self) -> str:
        """What the control takes, in words."""
        return f"a list of names out of {', '.join(self.names)}"

    def read(self, raw: Any) -> tuple[list[str], None]:
        """(names, None). TypeError on anything but a list of texts; Unusable, with the names that there are, where it
        holds one that does not exist."""
        if not isinstance(raw, list | tuple) or not all(isinstance(name, str) for name in raw):
            raise TypeError(f"{self.title} must be {self.wants}, not {describe(raw)}.")
        found = [name for name in self.names if name in raw] or (list(self.default) if self.nonempty else [])
        unknown = [name for name in raw if name not in self.names][:MOST_NAMES]
        if unknown:
            one, known = self.label.lower().removeprefix("the ").removesuffix("s"), ", ".join(self.names)
            told = (f"The {one} “{shorten(name)}” does not exist; the {one}s are {known}." for name in unknown)
            raise Unusable(*told, instead=found)
        return found, None

    def parse(self, text: str) -> list[str]:
        """The names in a link's list. A plus sign typed by hand arrives as a space, which a name may also have."""
        names = [part.strip() for part in text.split(",") if part.strip()]
        return [name if name in self.names else name.replace(" ", "+") for name in names]

    def entry(self) -> messages.Control:
        """What the browser needs to know of it."""
        return _entry(self, "names", names=list(self.names))


@dataclass(frozen=True)
class TextControl:
    """A text; `read_text` gives it as it is kept, or raises ValueError (or Unusable) with a sentence."""

    name: str
    label: str
    read_text: Callable[[str], str]
    help: str
    group: str
    longest: int
    """Characters that a field takes."""
    default: str = ""
    role: str = "view"
    kept: bool = False
    named: str = ""
    """How sentences about it begin, where that is not its label."""
    wants: str = "nothing, or a text as the page gives it"
    """What the control takes, in words."""
    columns: tuple[NumberControl, ...] = ()
    """Where the text is rows of numbers, with commas between them and semicolons between rows: what they are."""
    most: int = 0
    """Rows, where it has columns."""
    symbol: str = ""
    unit: str = ""

    @property
    def title(self) -> str:
        """What a sentence calls it."""
        return self.named or self.label

    def read(self, raw: Any) -> tuple[str, None]:
        """(text, None). TypeError on what is no text, ValueError on a text of another form."""
        if not isinstance(raw, str):
            raise TypeError(f"{self.title} must be {self.wants}, not {describe(raw)}.")
        return self.read_text(raw), None

    def parse(self, text: str) -> str:
        """A link's text as it is."""
        return text

    def entry(self) -> messages.Control:
        """What the browser needs to know of it."""
        rows = {"columns": [column.entry() for column in self.columns], "most": self.most} if self.columns else {}
        return _entry(self, "text", longest=self.longest, **rows)


def matching(pattern: str, refusal: str) -> Callable[[str], str]:
    """Reads nothing, or a text of this form; `refusal` is the sentence on any other."""

    def read_text(text: str) -> str:
        if text and not re.fullmatch(pattern, text):
            raise ValueError(refusal)
        return text

    return read_text


Control = NumberControl | ChoiceControl | NamesControl | TextControl


def mark(controls: Iterable[Control], *, role: str, kept: bool = False) -> tuple[Control, ...]:
    """The controls with this role, `kept` or not."""
    if role not in ROLES:
        raise ValueError(f"role must be one of {', '.join(ROLES)}, not {role!r}")
    return tuple(replace(control, role=role, kept=kept) for control in controls)


def _entry(control: Control, kind: str, **own: Any) -> messages.Control:
    default = list(control.default) if isinstance(control.default, tuple) else control.default
    names = ("name", "group", "title", "label", "symbol", "unit", "help", "wants", "role", "kept")
    shared = {name: getattr(control, name) for name in names}
    return cast("messages.Control", {**shared, "default": default, "kind": kind, **own})


def _round_step(value: float) -> float:
    """The next lower 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return power * max(factor for factor in (1, 2, 5) if factor * power <= value * (1 + 1e-9))


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
    """A number in few characters, with a minus sign; integers too large for a float keep their sign only."""
    try:
        return f"{number:g}".replace("-", "−")
    except OverflowError:
        return "a number below −1e308" if number < 0 else "a number above 1e308"


def shorten(text: str, limit: int = 40) -> str:
    """The text without control characters, at most `limit` characters long."""
    clean = "".join(character if character.isprintable() else " " for character in text[: limit + 1])
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
