"""What a browser asks of the toy lab, checked at the edge: any state or link in, a whole state or sentences out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from app.state.control import ChoiceControl
from app.state.schema import Notice, Reader, Reading, State
from app.toy.controls import Own, controls_of, own_of, shown_methods, surface_choice, surface_controls
from app.toy.pits import PITS, pits_of, write_pits
from app.toy.presets import CUSTOM, DEFAULT_PRESET, PRESETS, preset_values, suggested
from geometry.surface import Surface
from geometry.surfaces import Pit, make_surface
from geometry.surfaces.pitted import dig

Parameters = tuple[tuple[str, float | str], ...]
"""A surface's parameters by name."""

PRESET = ChoiceControl(
    name="preset",
    label="Preset",
    options=(*((key, preset.title) for key, preset in PRESETS.items()), (CUSTOM, "Custom")),
    default=DEFAULT_PRESET,
    help="Named settings.",
    group="preset",
)


@dataclass(frozen=True)
class ToyReading(Reading):
    """A whole state of the toy lab, and the surface that it describes."""

    surface: Surface


@dataclass(frozen=True)
class ToyRequest:
    """All that decides the paths and the surface under them; equal requests are equal and hashable."""

    surface: str
    surface_parameters: Parameters
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
    pits: tuple[Pit, ...] = ()
    """Potholes dug into the surface."""

    def of_method(self, name: str) -> ToyRequest:
        """The request as one method walks it: with its own learning rate and radius, if it has any."""
        for method, rate, radius in self.own:
            if method == name:
                return replace(self, own=(), learning_rate=rate, radius=self.radius if radius is None else radius)
        return self

    def make_surface(self) -> Surface:
        """The surface that is asked for."""
        return known_surface(self.surface, self.surface_parameters, self.pits)


@lru_cache(maxsize=512)
def known_surface(key: str, parameters: Parameters, pits: tuple[Pit, ...] = ()) -> Surface:
    """The surface with these parameters, kept: what it finds out about itself, as by root finding, it finds once."""
    return dig(known_surface(key, parameters) if pits else make_surface(key, **dict(parameters)), pits)


def read_state(raw: Mapping[str, Any]) -> ToyReading:
    """The whole state that `raw` describes: its own values over its preset's over the defaults."""
    return read_toy(Reader(raw))


def read_link(query: str) -> ToyReading:
    """The whole state that a query string describes; never fails."""
    return read_toy(Reader.of_link(query))


FOLDED = {"panel": "hidden"}
"""On the toy lab's page the settings beside the main ones are folded away at first."""


def anchors_of(state: Mapping[str, Any]) -> State:
    """The keys of a link to a state that decide what it may leave out: preset and surface, where it must name them."""
    preset, surface = state["preset"], state["surface"]
    if preset == CUSTOM:
        return {"surface": surface}
    named = {} if preset == DEFAULT_PRESET else {"preset": preset}
    return named if preset_values(preset)["surface"] == surface else {"preset": preset, "surface": surface}


def base_of(state: Mapping[str, Any], read: Callable[[Reader], Reading] | None = None) -> State:
    """What a link to this state may leave out: the state that its anchors alone stand for, but for the anchors."""
    anchors = anchors_of(state)
    base = (read or read_toy)(Reader(anchors)).state
    return {name: value for name, value in base.items() if name not in anchors}


def read_toy(reader: Reader, view: Mapping[str, Any] = FOLDED) -> ToyReading:
    """The toy lab's state in what a reader reads, which may hold more for others; `view`: a page's own defaults."""
    # A link that names a surface but no preset asks for that surface, not for the first preset with another surface.
    choice = surface_choice()
    preset = reader.read(PRESET, CUSTOM if reader.holds(choice) else DEFAULT_PRESET)
    base = preset_values(preset)
    state: State = {"preset": preset, "surface": reader.read(choice, base.get("surface"))}
    if state["surface"] != base.get("surface"):
        base = suggested(state["surface"])
    state["methods"] = reader.read(shown_methods())
    surface = _read_surface(state, reader, base)
    for control in controls_of(surface):
        if control.name not in state:
            state[control.name] = reader.read(control, {**view, **base}.get(control.name))
    return ToyReading(**vars(reader.reading(state)), surface=surface)


def _read_surface(state: State, reader: Reader, base: Mapping[str, Any]) -> Surface:
    """Put the surface's parameters into the state and build it; its defaults stand in where it cannot be built."""
    parameters = surface_controls(state["surface"])
    values = {control.name: reader.read(control, base.get(control.name)) for control in parameters}
    pits = pits_of(reader.read(PITS))
    try:
        surface = known_surface(state["surface"], _parameters(values), pits)
    except ValueError as error:
        reader.problems.append(_sentence(str(error)))
        values = {control.name: control.default for control in parameters}
        surface = known_surface(state["surface"], _parameters(values), pits)
    state.update(values, pits=write_pits(pits))
    return surface


def _parameters(values: Mapping[str, float | str]) -> Parameters:
    return tuple((name.removeprefix("surface."), value) for name, value in values.items())


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def request_of(state: Mapping[str, Any]) -> ToyRequest:
    """The part of a state (as `read_state` gives it) that decides what is computed."""
    read = ("methods", PITS.name)
    fixed = {name: state[name] for name in ToyRequest.__dataclass_fields__ if name in state and name not in read}
    parameters = tuple((name.removeprefix("surface."), v) for name, v in state.items() if name.startswith("surface."))
    start = tuple(state[name] for name in ("start_x", "start_y") if name in state)
    return ToyRequest(
        **fixed,
        surface_parameters=parameters,
        start=start,
        methods=tuple(state["methods"]),
        own=own_of(state),
        pits=pits_of(state[PITS.name]),
    )


def read_request(raw: Mapping[str, Any]) -> tuple[ToyRequest, tuple[Notice, ...]]:
    """(request, notices) for a posted state; BadRequest where something has the wrong type or does not exist."""
    reading = read_state(raw).checked()
    return request_of(reading.state), reading.notices
