"""Controls out of the settings of a training: default and kind are the row's, the page offers a part of its range."""

from __future__ import annotations

from typing import Any

from app.network.training.settings import CHOICES, NUMBERS
from app.state.control import ChoiceControl, NumberControl


def number_of(
    name: str,
    symbol: str,
    label: str,
    low: float,
    high: float,
    text: str,
    group: str,
    scale: str = "linear",
    **more: Any,
) -> NumberControl:
    """A slider over a setting that is a number, from `low` to `high`."""
    row = NUMBERS[name]
    return NumberControl(name, symbol, label, low, high, row.default, text, group, scale, integer=row.whole, **more)


def choice_of(name: str, label: str, options: dict[str, str], text: str, group: str) -> ChoiceControl:
    """A setting that is a choice, with a title for each option."""
    allowed, default = CHOICES[name]
    return ChoiceControl(name, label, tuple((key, options[key]) for key in allowed), default, text, group)
