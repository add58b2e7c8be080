"""Tuning within an equal budget: each method walks as many steps as the same gradient evaluations, or seconds, pay for.

The budget is what the page's steps cost the method to which they cost most, so that none loses a step by it and the
cheaper ones gain some.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.instruments.arrival_cost import Unit
from optimizers.capabilities import Schedule

MOST_STEPS = 20_000
"""The budget is at most what so many steps cost the method to which they cost least."""
WORDS = {"evaluations": "gradient evaluations", "seconds": "seconds"}


def steps_within(unit: Unit, name: str, when: Schedule, budget: float) -> int:
    """The largest number of steps that costs a method no more than the budget."""
    low, high = 0, 1
    while unit.of_steps(name, high, when) <= budget * (1 + 1e-12):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if unit.of_steps(name, middle, when) <= budget * (1 + 1e-12):
            low = middle
        else:
            high = middle
    return low


def equal_budget(unit: Unit, schedules: Mapping[str, Schedule], steps: int) -> float:
    """The budget of a comparison over so many steps of the page."""
    dearest = max(unit.of_steps(name, steps, when) for name, when in schedules.items())
    return min(dearest, min(unit.of_steps(name, MOST_STEPS, when) for name, when in schedules.items()))


def lengths_told(unit: Unit, budget: float, lengths: Mapping[str, int]) -> str:
    """What the budget pays for, in words."""
    each = ", ".join(f"{steps} of {name}" for name, steps in lengths.items())
    return f"The budget of {amount(unit, budget)} pays for so many steps: {each}."


def amount(unit: Unit, value: float) -> str:
    """A number of gradient evaluations or seconds in words."""
    return f"{value:g} {WORDS[unit.name]}" if unit.name == "evaluations" else f"{value:.3g} {WORDS[unit.name]}"


def compared(here: str, by_steps: str) -> str:
    """Whether the verdict within the budget is another one than that by steps."""
    if here == by_steps:
        return "Counted in steps the verdict is the same."
    return f"Counted in steps the verdict is another: {by_steps.replace('There', 'there')}."
