"""What may be an axis of a map: the numbers of the walk and of U, the surface's own parameters, and the start."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from app.state.control import NumberControl
from app.toy.controls import PRECONDITIONER, WALK, start_controls, surface_controls
from app.toy.request import ToyRequest
from geometry.surfaces import SURFACES, make_surface
from optimizers.sweeps import STEP_SETTINGS, learning_settings

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
    known = (*STEP_SETTINGS, *learning_settings())
    table = (*WALK, *PRECONDITIONER)
    return {c.name: c for c in table if isinstance(c, NumberControl) and c.name in known and c.name in WINDOWS}


AXES = axis_controls()
STARTS = ("start_x", "start_y")


@lru_cache(maxsize=64)
def ground_axes(key: str) -> dict[str, NumberControl]:
    """The controls of a surface that may be an axis: its parameters, and the start's coordinates within its domain.

    They change the ground or the start itself, so that a map computes each of their values by a call of its own.
    """
    shaping = {f"surface.{one.name}" for one in SURFACES[key].parameters if one.shapes}
    numbers = [c for c in surface_controls(key) if isinstance(c, NumberControl) and c.name in shaping]
    return {control.name: control for control in (*numbers, *start_controls(make_surface(key)))}


def axes_of(key: str) -> dict[str, NumberControl]:
    """All that may be an axis while this surface is shown."""
    return {**AXES, **ground_axes(key)}


def axis_options() -> tuple[tuple[str, str], ...]:
    """(name, title) of every axis of any surface, those of all surfaces first."""
    found = {name: control.title for name, control in AXES.items()}
    for key in SURFACES:
        for name, control in ground_axes(key).items():
            found.setdefault(name, control.title)
    return tuple(found.items())


def value_of(request: ToyRequest, name: str) -> float:
    """The request's own value of an axis."""
    if name in STARTS:
        return request.start[STARTS.index(name)]
    if name.startswith("surface."):
        return float(dict(request.surface_parameters)[name.removeprefix("surface.")])
    return float(getattr(request, name))


def with_value(request: ToyRequest, name: str, value: float) -> ToyRequest:
    """The request with another value of a parameter of the surface or of a coordinate of the start."""
    if name in STARTS:
        axis = STARTS.index(name)
        return replace(request, start=(*request.start[:axis], value, *request.start[axis + 1 :]))
    own = name.removeprefix("surface.")
    return replace(
        request, surface_parameters=tuple((n, value if n == own else v) for n, v in request.surface_parameters)
    )


@dataclass(frozen=True)
class Side:
    """One side of a map: the control and its n rising values, each on the control's own grid."""

    control: NumberControl
    values: np.ndarray

    @property
    def ground(self) -> bool:
        """Whether it changes the surface or the start."""
        return self.control.name not in AXES

    @property
    def logarithmic(self) -> bool:
        """Whether equal steps are equal ratios."""
        return self.control.scale != "linear"


def side(name: str, points: int, request: ToyRequest) -> Side:
    """At most `points` values of a control over its window (fewer where its grid is coarser). KeyError if no axis."""
    control = axes_of(request.surface)[name]
    if name in STARTS:  # whose range is the window, which parameters of the surface may have moved
        control = start_controls(request.make_surface())[STARTS.index(name)]
    low, high = WINDOWS.get(name, (control.minimum, control.maximum))
    now = value_of(request, name)
    if control.scale == "linear":
        low, high = min(low, now), max(high, now)
        raw = np.linspace(low, high, points)
    else:
        low, high = (min(low, now), max(high, now)) if now > 0 else (low, high)
        raw = np.geomspace(low, high, points)
    values = np.unique([control.quantise(float(value)) for value in raw])
    return Side(control, values[values > 0] if name == "warm_start_scale" else values)
