"""Learning rate and radius of each method's own, for a comparison in which every method is at its best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.state.control import ChoiceControl, Control, NumberControl
from optimizers import METHODS, NoProbe

Own = tuple[tuple[str, float, float | None], ...]
"""(method, learning rate, radius) for each method; the radius None where the method has no probe."""

TUNING = ChoiceControl(
    "tuning", "Learning rate and radius", (("equal", "Equal"), ("own", "Each its own")), "equal",
    "Equal: all methods walk with the η and ρ above. Each its own: with those below, such as the best of each.", "own",
)  # fmt: skip


def key(quantity: str, name: str) -> str:
    """The control's name: "own_rate.LLQR-SAM". A plus sign typed by hand into a link would arrive as a space."""
    return f"own_{quantity}.{name.replace('+', '-')}"


def _rate(name: str) -> NumberControl:
    return NumberControl(
        key("rate", name), "η", f"{name}", 1e-5, 1.0, 0.0165, f"Learning rate of {name}, where each has its own.",
        "own", "log",
    )  # fmt: skip


def _radius(name: str) -> NumberControl:
    return NumberControl(
        key("radius", name), "ρ", f"{name}", 0.0, 3.0, 0.30, f"Probe radius of {name}, where each has its own.",
        "own", step=0.01,
    )  # fmt: skip


PROBING = tuple(name for name, method in METHODS.items() if not isinstance(method.probe, NoProbe))
OWN: tuple[Control, ...] = (
    TUNING,
    *(control for name in METHODS for control in (_rate(name), *([_radius(name)] if name in PROBING else []))),
)
"""The controls, in the table's order."""


def own_of(state: Mapping[str, Any]) -> Own:
    """The methods' own settings in a state; none where all are equal."""
    if state.get("tuning") != "own":
        return ()
    return tuple((name, state[key("rate", name)], state.get(key("radius", name))) for name in METHODS)
