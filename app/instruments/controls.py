"""The controls that the instruments add to the toy lab's, and how a posted request is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.instruments.axes import axes_of, axis_options
from app.state.control import ChoiceControl, describe
from app.toy.lens_controls import COST
from app.toy.request import ToyRequest, read_request
from app.web.request import BadRequest
from geometry.surfaces import SURFACES
from optimizers import METHODS

STRIDES = (8, 4, 2, 1)
"""A map is computed coarse before fine: every 8th point of each axis first."""
AXIS_OPTIONS = axis_options()

INSTRUMENT = ChoiceControl(
    "instrument", "Instrument",
    (
        ("phase", "Phase diagram"), ("race", "Race of timescales"), ("fairness", "Fairness"), ("basins", "Basins"),
        ("two-scale", "Two scales"),
    ),
    "phase", "The picture that is shown.", "instrument",
)  # fmt: skip
X_AXIS = ChoiceControl("x_axis", "Across", AXIS_OPTIONS, "learning_rate", "Control along the map's width.", "phase")
Y_AXIS = ChoiceControl("y_axis", "Up", AXIS_OPTIONS, "radius", "Control along the map's height.", "phase")
RESOLUTION = ChoiceControl(
    "resolution", "Resolution", (("12", "12 × 12"), ("24", "24 × 24"), ("48", "48 × 48")), "24",
    "Points of a map along each axis.", "map",
)  # fmt: skip
RUNS = ChoiceControl(
    "runs", "Runs", (("1", "1"), ("3", "3"), ("5", "5"), ("10", "10")), "5", "Runs at each point.", "map"
)
SHOWN = ChoiceControl(
    "shown", "Colour", (("share", "Share that arrives"), ("steps", "Cost of arrival")), "share",
    "What the colour stands for: how many runs arrive, or what it costs them in the unit chosen beside.", "phase",
)  # fmt: skip
OWN_CONTROLS = (INSTRUMENT, X_AXIS, Y_AXIS, RESOLUTION, RUNS, SHOWN)


@dataclass(frozen=True)
class InstrumentRequest:
    """A toy lab's request with what the instruments add; equal requests are equal and hashable."""

    toy: ToyRequest
    x_axis: str
    y_axis: str
    resolution: int
    runs: int
    methods: tuple[str, ...]
    stride: int
    unit: str = COST.default
    """What the fairness strip counts in (see COST); steps for the other instruments, whose answers serve every unit."""


def own_state(raw: Mapping[str, Any], surface: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """The instruments' part of a state on a surface (its key) and what was wrong with it; defaults stand in."""
    state, problems = {}, []
    for control in OWN_CONTROLS:
        state[control.name] = control.default
        if control.name in raw:
            try:
                state[control.name] = control.read(raw[control.name])[0]
            except (TypeError, ValueError) as error:
                problems.append(str(error))
    known = axes_of(surface)
    for control in (X_AXIS, Y_AXIS):
        if state[control.name] not in known:
            title = SURFACES[surface].title
            problems.append(f"{control.title} “{state[control.name]}” is no control of the surface {title}.")
            state[control.name] = control.default
    if state["x_axis"] == state["y_axis"]:
        problems.append(f"The two axes must differ, both are {known[state['x_axis']].title}.")
        state["y_axis"] = next(name for name in ("radius", "learning_rate") if name != state["x_axis"])
    return state, tuple(problems)


def read_instrument_request(raw: Mapping[str, Any], instrument: str = "") -> InstrumentRequest:
    """The checked request of an instrument; BadRequest with a sentence for each problem."""
    toy, _ = read_request({**raw, "methods": list(METHODS)})
    state, problems = own_state(raw, toy.surface)
    name, stride = raw.get("method", "all"), raw.get("stride", STRIDES[0])
    wrong = list(problems)
    if not isinstance(name, str) or name not in ("all", *METHODS):
        wrong.append(f"The method must be all or one of {', '.join(METHODS)}, not {describe(name)}.")
    if isinstance(stride, bool) or not isinstance(stride, int) or stride not in STRIDES:
        wrong.append(f"The stride must be one of {', '.join(map(str, STRIDES))}, not {describe(stride)}.")
    if wrong:
        raise BadRequest(*wrong)
    methods = tuple(METHODS) if name == "all" else (str(name),)
    return InstrumentRequest(
        replace(toy, own=()),
        state["x_axis"],
        state["y_axis"],
        int(state["resolution"]),
        int(state["runs"]),
        methods,
        int(stride),
        COST.read(raw.get(COST.name, COST.default))[0] if instrument == "fairness" else COST.default,
    )
