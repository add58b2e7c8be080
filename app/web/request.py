"""What every posted request passes at the edge: a JSON object, and plain sentences for what is wrong in it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.state.control import describe, shorten

EXACT_DIGITS = 18
"""Whole numbers with more characters are read as any other number is: no browser has them exactly, and neither JSON's
fast writer nor a float takes them all."""
MAXIMUM_MESSAGES = 12
SHOWN_KEYS = 3
"""Unknown keys that a sentence names."""


class BadRequest(ValueError):
    """A request that cannot be answered: one sentence per problem, to be shown as they are."""

    status = 422
    """The answer's; 429 and 503 where it may be asked again."""

    def __init__(self, *problems: str) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems[:MAXIMUM_MESSAGES]


@dataclass(frozen=True)
class Notice:
    """A control that was clamped: its name, the value that is used, and the sentence that says so."""

    name: str
    value: Any
    sentence: str

    @property
    def fault(self) -> str:
        """What was wrong, without what is used in its place."""
        return self.sentence.partition(";")[0] + "."


def parse_body(body: bytes) -> Mapping[str, Any]:
    """The JSON object in a request's body; BadRequest for anything else. Its size has been checked before."""
    try:
        raw = json.loads(body, parse_int=_whole)
    except (ValueError, RecursionError):
        raise BadRequest("The request is not valid JSON.") from None
    if not isinstance(raw, dict):
        raise BadRequest(f"The request must be a JSON object, not {describe(raw)}.")
    return raw


def _whole(digits: str) -> float:
    """The number; beyond what a float holds the last one that it does. ValueError where Python reads it as none."""
    value, largest = int(digits), int(sys.float_info.max)
    return value if len(digits) <= EXACT_DIGITS else float(min(max(value, -largest), largest))


def strangers(raw: Mapping[str, Any], known: Iterable[str]) -> list[str]:
    """One sentence on the keys of a posted object that mean nothing there; none where all do."""
    found = [f"“{shorten(name)}”" for name in raw if name not in set(known)]
    if not found:
        return []
    more = f" and {len(found) - SHOWN_KEYS} more" if len(found) > SHOWN_KEYS else ""
    return [f"The request holds {', '.join(found[:SHOWN_KEYS])}{more}, which means nothing here and is left out."]
