"""Learning rate and radius of each method's own, for a comparison in which every method is at its best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.state.control import ChoiceControl, Control, NumberControl
from optimizers import METHODS

Own = tuple[tuple[str, float, float | None], ...]
"""(method, learning rate, radius) for each method; the radius None where it has none."""

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


Registered = tuple[tuple[str, bool], ...]


def registered() -> Registered:
    """(name, whether it has a radius) of every method, as the registry is now."""
    return tuple((name, method.tunable("radius") is not None) for name, method in METHODS.items())


def own_controls(methods: Registered) -> tuple[Control, ...]:
    """The controls of these methods' own settings, in the table's order."""
    each = (control for name, probing in methods for control in (_rate(name), *([_radius(name)] if probing else [])))
    return TUNING, *each


def own_of(state: Mapping[str, Any]) -> Own:
    """The methods' own settings in a state; none where all are equal."""
    if state.get("tuning") != "own":
        return ()
    return tuple((name, state[key("rate", name)], state.get(key("radius", name))) for name in METHODS)
