"""Controls of the table as the client code takes them: it builds a slider with a number field, or a choice, of each.

The client builds them as plain elements and not as Dash components: a component that moves makes Dash's renderer visit
every component of the page, which alone took longer than the whole way from a slider to the painted paths may take.
"""

from __future__ import annotations

import math
from typing import Any

from app.state.control import SIGNIFICANT_DIGITS, ChoiceControl, Control, NumberControl

LOG_STEP = 0.01
"""Step of a logarithmic slider in decades."""
SLIDER_STEPS = 400
"""A linear slider has at least this many steps where the control's own grid is finer: keys must get somewhere."""


def slider_range(control: NumberControl) -> tuple[float, float, float]:
    """(minimum, maximum, step) of the slider's position: the value itself, or its decimal logarithm.

    On a "log or zero" scale the lowest position stands for zero.
    """
    if control.scale == "linear":
        span = control.maximum - control.minimum
        return control.minimum, control.maximum, max(control.step, _round_step(span / SLIDER_STEPS))
    lowest = control.minimum if control.scale == "log" else control.smallest
    low, high = math.log10(lowest), math.log10(control.maximum)
    return (low if control.scale == "log" else low - 10 * LOG_STEP), high, LOG_STEP


def slider_position(control: NumberControl, value: float) -> float:
    """Where the slider stands at a value."""
    low, high, _ = slider_range(control)
    if control.scale == "linear":
        return value
    return min(max(math.log10(value), low), high) if value > 0 else low


def _round_step(value: float) -> float:
    """The next lower 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return power * max(factor for factor in (1, 2, 5) if factor * power <= value * (1 + 1e-9))


def entry(control: Control) -> dict[str, Any]:
    """What the browser needs to know about a control."""
    common = {
        "name": control.name,
        "group": control.group,
        "title": control.title,
        "label": control.label,
        "symbol": control.symbol,
        "unit": control.unit,
        "help": control.help,
        "wants": control.wants,
        "default": control.default,
    }
    if isinstance(control, ChoiceControl):
        return {**common, "kind": "choice", "options": [list(option) for option in control.options]}
    low, high, step = slider_range(control)
    return {
        **common,
        "kind": "number",
        "scale": control.scale,
        "minimum": control.minimum,
        "maximum": control.maximum,
        "smallest": control.smallest,
        "integer": control.integer,
        "step": control.step,
        "digits": SIGNIFICANT_DIGITS,
        "low": low,
        "high": high,
        "slider_step": step,
    }
