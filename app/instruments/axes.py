"""What may be an axis of a map: the numbers of the table of controls that sweeps know, and the window that is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.control import NumberControl
from app.controls import CONTROLS
from app.request import ToyRequest
from optimizers.sweeps import LLQR_SETTINGS, STEP_SETTINGS

WINDOWS: dict[str, tuple[float, float]] = {
    "learning_rate": (1e-3, 0.3),
    "radius": (0.02, 1.2),
    "momentum": (0.0, 0.98),
    "noise_variance": (1e-12, 1.0),
    "decay": (0.0, 0.99),
    "refresh_every": (1, 60),
    "damping": (1e-3, 100.0),
    "warm_start_scale": (0.05, 4.0),
}
"""The part of each control's range that is drawn; widened where the setting in view lies outside."""


def axis_controls() -> dict[str, NumberControl]:
    """The controls that may be an axis, in the table's order."""
    known = (*STEP_SETTINGS, *LLQR_SETTINGS)
    return {c.name: c for c in CONTROLS if isinstance(c, NumberControl) and c.name in known and c.name in WINDOWS}


AXES = axis_controls()


@dataclass(frozen=True)
class Side:
    """One side of a map: the control and its n rising values, each on the control's own grid."""

    control: NumberControl
    values: np.ndarray

    @property
    def logarithmic(self) -> bool:
        """Whether equal steps are equal ratios."""
        return self.control.scale != "linear"


def side(name: str, points: int, request: ToyRequest) -> Side:
    """At most `points` values of a control over its window (fewer where its grid is coarser). KeyError if no axis."""
    control = AXES[name]
    low, high = WINDOWS[name]
    now = float(getattr(request, name))
    if control.scale == "linear":
        low, high = min(low, now), max(high, now)
        raw = np.linspace(low, high, points)
    else:
        low, high = (min(low, now), max(high, now)) if now > 0 else (low, high)
        raw = np.geomspace(low, high, points)
    values = np.unique([control.quantise(float(value)) for value in raw])
    return Side(control, values[values > 0] if name == "warm_start_scale" else values)
