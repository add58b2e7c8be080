"""What an instrument is: a picture computed at the toy lab's own setting. Each module beside this one declares one.

A new instrument is a module with its `Instrument`, a line in `registry.py`, and a client module that draws it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.instruments.axes import axis_options
from app.instruments.messages import InstrumentEntry
from app.state.control import ChoiceControl, Control
from app.toy.controls import COST
from app.toy.request import ToyRequest

STRIDES = (8, 4, 2, 1)
"""A map is computed coarse before fine: every 8th point of each axis first."""
Table = tuple[list[str], list[list[Any]]]
"""Heads and rows."""
Answers = Sequence[Mapping[str, Any]]
"""The parts of an instrument's answer, as the page draws them."""

X_AXIS = ChoiceControl("x_axis", "Across", axis_options(), "learning_rate", "Control along the map’s width.", "phase")
Y_AXIS = ChoiceControl("y_axis", "Up", axis_options(), "radius", "Control along the map’s height.", "phase")
RESOLUTION = ChoiceControl(
    name="resolution",
    label="Resolution",
    options=(("12", "12 × 12"), ("24", "24 × 24"), ("48", "48 × 48")),
    default="24",
    help="Points of a map along each axis.",
    group="map",
)
RUNS = ChoiceControl(
    "runs", "Runs", (("1", "1"), ("3", "3"), ("5", "5"), ("10", "10")), "5", "Runs at each point.", "map"
)
SHOWN = ChoiceControl(
    name="shown",
    label="Colour",
    options=(("share", "Share that arrives"), ("steps", "Cost of arrival")),
    default="share",
    help="What the colour stands for: how many runs arrive (come into the basin and stay), or what it costs them in "
    "the unit chosen beside.",
    group="phase",
    role="view",
)


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
    """What is counted in (see COST) where an instrument's numbers depend on it; else steps, whose answers serve all."""


def ask_at_once(request: InstrumentRequest) -> Iterator[InstrumentRequest]:
    """The whole picture is one request."""
    yield request


@dataclass(frozen=True)
class Instrument:
    """One instrument.

    script: the client module that draws it, a file under assets;  controls: what is offered above its picture;
    decided_by: those of the controls which elsewhere only change what is
    shown, but here decide numbers;  compute(request) → the JSON of one part of its picture, or None for each of several
    steps and then the JSON;  parts(request) → the requests that together are the whole picture, the very ones that the
    page makes, so that answers are kept;  work(request): walkers × steps of a request, for the bound on it;
    table_names: (key, name) of its tables;  tables(answers) → table by key;  picture: "module:function" that draws an
    export (imported where one is drawn: matplotlib takes most of a second);  counts_cost: whether a file says what its
    costs are counted in;  compares: whether any method can stand beside the paper's four in it.
    """

    key: str
    title: str
    about: str
    controls: tuple[Control, ...]
    compute: Callable[[InstrumentRequest], bytes | Iterator[bytes | None]]
    script: str
    table_names: tuple[tuple[str, str], ...]
    tables: Callable[[Answers], dict[str, Table]]
    picture: str
    decided_by: tuple[str, ...] = ()
    parts: Callable[[InstrumentRequest], Iterator[InstrumentRequest]] = ask_at_once
    work: Callable[[InstrumentRequest], float] = lambda _: 0.0
    counts_cost: bool = False
    compares: bool = False

    def entry(self) -> InstrumentEntry:
        """What the browser needs to know of it."""
        return {
            "key": self.key,
            "controls": [control.name for control in self.controls],
            "decided_by": [*self.decided_by, *(["methods"] if self.compares else [])],
            "compares": self.compares,
            "tables": [list(table) for table in self.table_names],
        }

    def load_picture(self) -> Callable[..., Any]:
        """The function that draws it."""
        module, _, name = self.picture.partition(":")
        return getattr(importlib.import_module(module), name)
