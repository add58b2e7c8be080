"""The controls that the instruments add to the toy lab's, and how links and posted requests are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.instruments.axes import axes_of
from app.instruments.instrument import RESOLUTION, RUNS, SHOWN, STRIDES, X_AXIS, Y_AXIS, InstrumentRequest
from app.instruments.registry import INSTRUMENTS
from app.state.control import ChoiceControl, Control, describe
from app.state.schema import Reader
from app.toy.controls import COST
from app.toy.request import ToyReading, read_toy, request_of
from geometry.surfaces import SURFACES
from optimizers import METHODS


def instrument_choice() -> ChoiceControl:
    """Which instrument is shown, as the registry is now."""
    return ChoiceControl(
        name="instrument",
        label="Instrument",
        options=tuple((key, one.title) for key, one in INSTRUMENTS.items()),
        default="phase",
        help="The picture that is shown.",
        group="instrument",
        role="view",
    )


TABLE = ChoiceControl("table", "Table", (), "", "A CSV file holds one table.", "export")
"""Of a file, as the page offers it; the options are those of the instrument in view."""


def instrument_controls() -> tuple[Control, ...]:
    """All that the instruments add to the toy lab's controls."""
    shared = (X_AXIS, Y_AXIS, RESOLUTION, RUNS, SHOWN)
    names = {control.name for control in (*shared, COST)}
    own = {c.name: c for one in INSTRUMENTS.values() for c in one.controls if c.name not in names}
    return instrument_choice(), *shared, *own.values()


def compared(state: Mapping[str, Any]) -> tuple[str, ...]:
    """The paper's four, and which of the others are switched on beside them."""
    return (*METHODS, *(name for name in state["methods"] if name not in METHODS))


def read_instruments(reader: Reader) -> ToyReading:
    """The whole state, the toy lab's and the instruments' own, in what a reader reads."""
    toy = read_toy(reader, view={})
    state = {control.name: reader.read(control) for control in instrument_controls()}
    surface = toy.state["surface"]
    known = axes_of(surface)
    for control in (X_AXIS, Y_AXIS):
        if state[control.name] not in known:
            title = SURFACES[surface].title
            reader.problems.append(f"{control.title} “{state[control.name]}” is no control of the surface {title}.")
            state[control.name] = control.default
    if state["x_axis"] == state["y_axis"]:
        reader.problems.append(f"The two axes must differ, both are {known[state['x_axis']].title}.")
        state["y_axis"] = next(name for name in ("radius", "learning_rate") if name != state["x_axis"])
    reading = reader.reading({**toy.state, **state})
    return ToyReading(**vars(reading), surface=toy.surface)


def read_instruments_link(query: str) -> ToyReading:
    """The whole state that a link to the instruments describes; never fails."""
    return read_instruments(Reader.of_link(query))


def read_part(raw: Mapping[str, Any], instrument: str) -> tuple[InstrumentRequest, ToyReading]:
    """The checked request of an instrument, and the state that it was read from. BadRequest with a sentence for each
    problem."""
    reader = Reader(raw)
    reader.know("method", "stride")
    reading = read_instruments(reader)
    name, stride = raw.get("method", "all"), raw.get("stride", STRIDES[0])
    one = INSTRUMENTS.get(instrument)
    methods = compared(reading.state) if one is not None and one.compares else tuple(METHODS)
    if not isinstance(name, str) or name not in ("all", *methods):
        reader.problems.append(f"The method must be all or one of {', '.join(methods)}, not {describe(name)}.")
    if isinstance(stride, bool) or not isinstance(stride, int) or stride not in STRIDES:
        reader.problems.append(f"The stride must be one of {', '.join(map(str, STRIDES))}, not {describe(stride)}.")
    reader.check()
    state = reading.state
    counted = one is not None and COST.name in one.decided_by
    request = InstrumentRequest(
        toy=replace(request_of(state), methods=methods, own=()),
        x_axis=state["x_axis"],
        y_axis=state["y_axis"],
        resolution=int(state["resolution"]),
        runs=int(state["runs"]),
        methods=methods if name == "all" else (str(name),),
        stride=int(stride),
        unit=state[COST.name] if counted else COST.default,
    )
    return request, reading
