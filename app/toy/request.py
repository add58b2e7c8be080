"""What a browser asks of the toy lab, checked at the edge: any state or link in, a whole state or sentences out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from app.state.control import ChoiceControl, Control, describe, shorten
from app.toy.controls import SURFACE, controls, controls_of, surface_controls
from app.toy.own_settings import Own, own_of
from app.toy.presets import CUSTOM, DEFAULT_PRESET, PRESETS, preset_values
from app.toy.suggested import suggested
from app.web.request import MAXIMUM_MESSAGES, BadRequest, Notice
from geometry.surface import Surface
from geometry.surfaces import make_surface
from optimizers import METHODS

PRESET = ChoiceControl(
    "preset", "Preset", (*((key, preset.title) for key, preset in PRESETS.items()), (CUSTOM, "Custom")),
    DEFAULT_PRESET, "Named settings.", "preset",
)  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """A whole state, complete and in range, and what was said on the way.

    notices: values that were clamped;  problems: values of the wrong type or that do not exist (defaults stand in).
    """

    state: dict[str, Any]
    surface: Surface
    notices: tuple[Notice, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class ToyRequest:
    """All that decides the paths and the surface under them; equal requests are equal and hashable."""

    surface: str
    surface_parameters: tuple[tuple[str, float], ...]
    start: tuple[float, ...]
    methods: tuple[str, ...]
    learning_rate: float
    radius: float
    momentum: float
    noise_variance: float
    steps: int
    seed: int
    probe_norm: str
    decay: float
    refresh_every: int
    damping: float
    structure: str
    warm_start_scale: float
    preset: str
    scheme: str
    own: Own = ()
    """Learning rate and radius of each method's own; empty where all walk with the same."""

    def of_method(self, name: str) -> ToyRequest:
        """The request as one method walks it: with its own learning rate and radius, if it has any."""
        for method, rate, radius in self.own:
            if method == name:
                return replace(self, own=(), learning_rate=rate, radius=self.radius if radius is None else radius)
        return self

    def make_surface(self) -> Surface:
        """The surface that is asked for."""
        return surface_of(self.surface, self.surface_parameters)


@lru_cache(maxsize=512)
def surface_of(key: str, parameters: tuple[tuple[str, float], ...]) -> Surface:
    """The surface with these parameters, kept: what it finds out about itself, as by root finding, it finds once."""
    return make_surface(key, **dict(parameters))


def read_state(raw: Mapping[str, Any]) -> Reading:
    """The whole state that `raw` describes: its own values over its preset's over the defaults.

    Unknown keys are ignored.
    """
    notices: list[Notice] = []
    problems: list[str] = []

    def read(control: Control, fallback: Any) -> Any:
        if control.name not in raw:
            return control.read(fallback)[0]
        try:
            value, notice = control.read(raw[control.name])
        except (TypeError, ValueError) as error:
            problems.append(str(error))
            return control.read(fallback)[0]
        if notice:
            notices.append(Notice(control.name, value, notice))
        return value

    # A link that names a surface but no preset asks for that surface, not for the first preset with another surface.
    preset = read(PRESET, CUSTOM if "surface" in raw else DEFAULT_PRESET)
    base = preset_values(preset)
    state: dict[str, Any] = {"preset": preset, "surface": read(SURFACE, base.get("surface", SURFACE.default))}
    if state["surface"] != base.get("surface"):
        base = suggested(state["surface"])
    state["methods"] = _read_methods(raw, problems)
    surface = _read_surface(state, read, base, problems)
    for control in controls_of(surface):
        if not control.name.startswith("surface."):
            state[control.name] = read(control, base.get(control.name, control.default))
    return Reading(state, surface, tuple(notices), tuple(problems))


def _read_methods(raw: Mapping[str, Any], problems: list[str]) -> list[str]:
    """The methods shown, in the registry's order; all of them where none are named."""
    wanted = raw.get("methods", list(METHODS))
    if not isinstance(wanted, list) or not all(isinstance(name, str) for name in wanted):
        problems.append(f"The methods must be a list of names out of {', '.join(METHODS)}, not {describe(wanted)}.")
        return list(METHODS)
    known = ", ".join(METHODS)
    unknown = [name for name in wanted if name not in METHODS][:MAXIMUM_MESSAGES]
    problems.extend(f"The method “{shorten(name)}” does not exist; the methods are {known}." for name in unknown)
    return [name for name in METHODS if name in wanted]


def _read_surface(state: dict[str, Any], read: Any, base: Mapping[str, Any], problems: list[str]) -> Surface:
    """Put the surface's parameters into the state and build it; its defaults stand in where it cannot be built."""
    parameters = surface_controls(state["surface"])
    values = {control.name: read(control, base.get(control.name, control.default)) for control in parameters}
    try:
        surface = surface_of(state["surface"], _parameters(values))
    except ValueError as error:
        problems.append(_sentence(str(error)))
        values = {control.name: control.default for control in parameters}
        surface = surface_of(state["surface"], _parameters(values))
    state.update(values)
    return surface


def _parameters(values: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple((name.removeprefix("surface."), value) for name, value in values.items())


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def request_of(state: Mapping[str, Any]) -> ToyRequest:
    """The part of a state (as `read_state` gives it) that decides what is computed."""
    fixed = {name: state[name] for name in ToyRequest.__dataclass_fields__ if name in state and name != "methods"}
    parameters = tuple((name.removeprefix("surface."), v) for name, v in state.items() if name.startswith("surface."))
    start = tuple(state[name] for name in ("start_x", "start_y") if name in state)
    return ToyRequest(
        **fixed, surface_parameters=parameters, start=start, methods=tuple(state["methods"]), own=own_of(state)
    )


def read_request(raw: Mapping[str, Any]) -> tuple[ToyRequest, tuple[Notice, ...]]:
    """(request, notices) for a posted state; BadRequest where something has the wrong type or does not exist."""
    reading = read_state(raw)
    if reading.problems:
        raise BadRequest(*reading.problems)
    return request_of(reading.state), reading.notices


def toy_keys(request: ToyRequest) -> frozenset[str]:
    """The keys that a posted state of the toy lab may hold."""
    fixed = {control.name for control in controls()} | {"preset", "surface", "methods", "start_x", "start_y", "have"}
    return frozenset(fixed | {f"surface.{name}" for name, _ in request.surface_parameters})
