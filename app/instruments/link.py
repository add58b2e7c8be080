"""A link to the instruments: the toy lab's keys and the instruments' own, and what is wrong with one."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from app.instruments.controls import own_state
from app.state.schema import LONGEST_LINK
from app.toy.request import Reading, read_link


def read_instruments_link(query: str) -> tuple[Reading, dict[str, Any], list[str]]:
    """(the toy lab's reading, the whole state, sentences on the instruments' own values that are wrong)."""
    reading = read_link(query)
    own, wrong = own_state(
        dict(parse_qsl(query.lstrip("?")[:LONGEST_LINK], keep_blank_values=True)), reading.state["surface"]
    )
    return reading, {**reading.state, **own}, list(wrong)


def mended(query: str) -> tuple[dict[str, Any], list[str]]:
    """The whole state that a query string describes, and sentences on all that was changed to get it; never fails."""
    reading, state, wrong = read_instruments_link(query)
    said = [*reading.problems, *wrong, *left_out(query, state), *(notice.sentence for notice in reading.notices)]
    return state, said


def link_problems(query: str) -> list[str]:
    """What is wrong with a link to the instruments: a sentence for each thing, values out of range included."""
    reading, state, wrong = read_instruments_link(query)
    return [*reading.problems, *wrong, *meaningless(query, state), *(notice.fault for notice in reading.notices)]
