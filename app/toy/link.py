"""The link: a whole state as a query string, and back.

Every key of the state is written, so that a link shows the same picture when a default changes later. Read leniently:
unknown keys are left out, values out of range are clamped and wrong ones replaced, each with a sentence that says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from app.state.control import NumberControl, shorten
from app.toy.controls import controls, surface_controls
from app.toy.request import Reading, read_state
from geometry.surfaces import SURFACES
from optimizers import METHODS

MAXIMUM_LENGTH = 8_192
"""Characters of a query string that are read."""
SHOWN_KEYS = 3
"""Unknown keys that a notice names."""


def write_link(state: Mapping[str, Any]) -> str:
    """The query string, with its question mark, of a state as `read_state` gives it."""
    pairs = [(name, _text(value)) for name, value in state.items()]
    return "?" + urlencode(pairs, quote_via=quote, safe=",.")


def read_link(query: str) -> Reading:
    """The whole state that a query string describes; never fails."""
    numbers = _number_names()
    raw: dict[str, Any] = {}
    for name, text in parse_qsl(query.lstrip("?")[:MAXIMUM_LENGTH], keep_blank_values=True):
        if name == "methods":
            raw[name] = listed_names(text, METHODS)
        elif name in numbers:
            raw[name] = _number(text)
        else:
            raw[name] = text
    return read_state(raw)


def listed_names(text: str, known: Collection[str]) -> list[str]:
    """The names in a link's list. A plus sign typed by hand arrives as a space, which a name may also have itself."""
    names = [part.strip() for part in text.split(",") if part.strip()]
    return [name if name in known else name.replace(" ", "+") for name in names]


def left_out(query: str, state: Mapping[str, Any]) -> list[str]:
    """One sentence on the keys of a query string that have no place in the state read from it; none where all have."""
    return [sentence.removesuffix(".") + " and is left out." for sentence in meaningless(query, state)]


def meaningless(query: str, state: Mapping[str, Any]) -> list[str]:
    """The same without the consequence, for who refuses such a link."""
    names = [name for name, _ in parse_qsl(query.lstrip("?")[:MAXIMUM_LENGTH], keep_blank_values=True)]
    unknown = [f"“{shorten(name)}”" for name in dict.fromkeys(names) if name not in state]
    if not unknown:
        return []
    more = f" and {len(unknown) - SHOWN_KEYS} more" if len(unknown) > SHOWN_KEYS else ""
    return [f"The link holds {', '.join(unknown[:SHOWN_KEYS])}{more}, which means nothing here."]


def repeated(query: str) -> list[str]:
    """The keys that a query string gives more than once."""
    names = [name for name, _ in parse_qsl(query.lstrip("?")[:MAXIMUM_LENGTH], keep_blank_values=True)]
    return [name for name in dict.fromkeys(names) if names.count(name) > 1]


def link_problems(query: str) -> list[str]:
    """What is wrong with a link to the toy lab, for who wants it right and not mended: a sentence for each thing."""
    reading = read_link(query)
    return [*reading.problems, *meaningless(query, reading.state), *(notice.fault for notice in reading.notices)]


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value)
    return value if isinstance(value, str) else repr(value)


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _number_names() -> frozenset[str]:
    names = {control.name for control in controls() if isinstance(control, NumberControl)} | {"start_x", "start_y"}
    for key in SURFACES:
        names |= {control.name for control in surface_controls(key)}
    return frozenset(names)
