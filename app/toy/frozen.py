"""A frozen run: what the one on the screen is compared with. A state holds its settings as a link of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.state.control import ChoiceControl, Control
from app.state.numbers_as_text import number
from app.state.schema import Notice
from app.toy.controls import controls, controls_of, surface_choice
from app.toy.pits import PITS, pits_in_words
from app.toy.request import ToyReading, read_link, request_of
from app.toy.surface import surface_key

NAMED = 3
"""Differences that are told one by one."""


def frozen_of(reading: ToyReading) -> ToyReading | None:
    """The run that a state is compared with, of the methods and in the view of that state; None where there is none."""
    if not reading.state["frozen"]:
        return None
    frozen = read_link(reading.state["frozen"])
    shared = {name: reading.state[name] for name in ("methods", "scheme", "cut_line")}
    return replace(frozen, state={**frozen.state, **shared, "frozen": ""})


def frozen_notices(reading: ToyReading) -> tuple[Notice, ...]:
    """What had to be changed in the link of a state's frozen run to get a whole state."""
    frozen = frozen_of(reading)
    told = frozen.sentences() if frozen else ()
    return tuple(Notice("frozen", reading.state["frozen"], f"In the frozen run: {sentence}") for sentence in told)


def same_ground(one: ToyReading, other: ToyReading) -> bool:
    """Whether two runs walk on the same ground, so that the paths of both have places on one map."""
    return surface_key(request_of(one.state)) == surface_key(request_of(other.state))


def compare_in_words(frozen: ToyReading, now: ToyReading) -> str:
    """What differs between a frozen run and another: “Frozen: ρ 0.05 → now 0.12.”"""
    differs = differences_in_words(frozen, now)
    elsewhere = "" if same_ground(frozen, now) else " Its ground is another: it is in the charts alone."
    return f"Frozen: {differs}.{elsewhere}" if differs else "Frozen: the same run."


def differences_in_words(before: ToyReading, now: ToyReading) -> str:
    """“ρ 0.05 → now 0.12, μ 0.9 → now 0.5, and 2 more”; nothing where all that is computed is the same."""
    moved = before.state["surface"] != now.state["surface"]  # its parameters and its places are others then
    told = []
    for control in controls_of(now.surface) if not moved else (surface_choice(), *controls()):
        if control.role != "computed":
            continue
        was, value = (say_value(control, state.get(control.name)) for state in (before.state, now.state))
        if was != value:
            told.append(f"{control.symbol or control.label} {was} → now {value}")
    more = f", and {len(told) - NAMED} more" if len(told) > NAMED else ""
    return f"{', '.join(told[:NAMED])}{more}"


def say_value(control: Control, value: Any) -> str:
    """A control's value as a person reads it."""
    if isinstance(control, ChoiceControl):
        return dict(control.options).get(value, str(value))
    if control is PITS and value:
        return pits_in_words(value)
    return number(value) if isinstance(value, int | float) else str(value or "none")
