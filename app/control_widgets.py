"""Controls of the table as widgets: a slider with a number field, or a choice."""

from __future__ import annotations

import math
from typing import Any

import dash_mantine_components as dmc
from dash import html

from app.control import ChoiceControl, Control, NumberControl

LOG_STEP = 0.01
"""Step of a logarithmic slider in decades."""


def slider_range(control: NumberControl) -> tuple[float, float, float]:
    """(minimum, maximum, step) of the slider's position: the value itself, or its decimal logarithm.

    On a "log or zero" scale the lowest position stands for zero.
    """
    if control.scale == "linear":
        # A slider in steps of a millionth could not be moved by keys.
        span = control.maximum - control.minimum
        return control.minimum, control.maximum, max(control.step, _round_step(span / 400))
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
    if value <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return power * max(factor for factor in (1, 2, 5) if factor * power <= value * (1 + 1e-9))


def table_entry(control: Control) -> dict[str, Any]:
    """What the browser needs to know about a control."""
    if isinstance(control, ChoiceControl):
        return {"name": control.name, "kind": "choice", "title": control.title}
    low, high, step = slider_range(control)
    return {
        "name": control.name,
        "kind": "number",
        "title": control.title,
        "scale": control.scale,
        "minimum": control.minimum,
        "maximum": control.maximum,
        "smallest": control.smallest,
        "step": control.step,
        "unit": control.unit,
        "low": low,
        "high": high,
        "slider_step": step,
    }


def widget(control: Control, value: Any) -> Any:
    """The control's row in the panel."""
    return _choice(control, value) if isinstance(control, ChoiceControl) else _number(control, value)


def widgets(controls: tuple[Control, ...], values: dict[str, Any]) -> list[Any]:
    """Rows for several controls, at these values or their defaults."""
    return [widget(control, values.get(control.name, control.default)) for control in controls]


def _label(control: Control) -> Any:
    words = [html.Span(control.label)]
    if control.symbol:
        words.append(html.Span(control.symbol, className="symbol"))
    if control.unit:
        words.append(html.Span(control.unit, className="unit"))
    return dmc.Tooltip(
        html.Span(words, className="control-label"),
        label=control.help,
        multiline=True,
        w=260,
        openDelay=300,
        position="top-start",
        events={"hover": True, "focus": False, "touch": True},
    )


def _number(control: NumberControl, value: float) -> Any:
    low, high, step = slider_range(control)
    field = dmc.NumberInput(
        id={"type": "number", "name": control.name},
        value=value,
        min=control.minimum,
        max=control.maximum,
        step=step if control.scale == "linear" else None,
        hideControls=True,
        clampBehavior="none",
        debounce=350,
        size="xs",
        w=92,
        **{"aria-label": control.title, "aria-description": control.help},
    )
    slider = dmc.Slider(
        id={"type": "slider", "name": control.name},
        value=slider_position(control, value),
        min=low,
        max=high,
        step=step,
        label=None,
        size="sm",
        updatemode="drag",
        thumbLabel=control.title,
        className="control-slider",
    )
    return html.Div(
        [html.Div([_label(control), field], className="control-head"), slider],
        className="control",
        **{"data-control": control.name},
    )


def _choice(control: ChoiceControl, value: str) -> Any:
    return html.Div(
        [
            html.Div([_label(control)], className="control-head"),
            dmc.SegmentedControl(
                id={"type": "choice", "name": control.name},
                value=value,
                data=[{"value": key, "label": label} for key, label in control.options],
                size="xs",
                fullWidth=True,
            ),
        ],
        className="control",
        role="group",
        **{"data-control": control.name, "aria-label": control.title},
    )
