"""What the instruments' addresses answer, and what their page is told once. Maps are told row by row, from below."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from app.state.messages import Claim
from app.toy.messages import LabTables, Price


class PhasePart(TypedDict):
    """One method's counts at these columns and rows of the map: [row][column]."""

    method: str
    columns: list[int]
    rows: list[int]
    arrived: list[list[int]]
    diverged: list[list[int]]
    median: list[list[float | None]]
    refreshes: list[list[float | None]]


class MapAxis(TypedDict):
    """One axis of a map."""

    name: str
    title: str
    log: bool
    values: list[float]


class Bound(TypedDict):
    """A closed-form bound as a line [[x, y], …] on the map of each of the methods. kind: what it is necessary for."""

    label: str
    kind: str
    methods: list[str]
    points: list[list[float]]


class PhaseParts(TypedDict):
    """POST /instruments/phase: a finer part of the map."""

    stride: int
    parts: list[PhasePart]
    left_out: NotRequired[list[str]]


class PhaseAnswer(TypedDict):
    """POST /instruments/phase: the coarsest part, with what the whole map is."""

    stride: int
    parts: list[PhasePart]
    x: MapAxis
    y: MapAxis
    runs: int
    steps: int
    costs: dict[str, Price]
    counting: str
    what: str
    bounds: list[Bound]
    left_out: NotRequired[list[str]]


class RaceMap(TypedDict):
    """Counts over β × k: [row of k][column of β]."""

    arrived: list[list[int]]
    diverged: list[list[int]]
    median: list[list[float | None]]


class AlongRun(TypedDict):
    """U's eigenvalues and the inverse curvatures along a run, at these steps."""

    steps: list[int]
    smallest: list[float | None]
    largest: list[float | None]
    local: list[float | None]
    smoothed: list[float | None]
    arrival: int | None
    outcome: str


class RaceAnswer(TypedDict):
    """POST /instruments/race. escape, relearning: in steps."""

    decays: list[float]
    intervals: list[float]
    runs: int
    maps: dict[str, RaceMap]
    along: dict[str, AlongRun]
    escape: float | None
    relearning: float
    claims: list[Claim]
    what: str
    left_out: NotRequired[list[str]]


class Strip(TypedDict):
    """The best of what was tried around each learning rate."""

    method: str
    arrived: list[int]
    median: list[float | None]
    refreshes: list[float | None]
    loss: list[float | None]
    rate: list[float]
    radius: list[float]


class Judged(TypedDict):
    """One setting, judged on fresh runs."""

    arrived: int
    median: float | None
    loss: float | None
    refreshes: float | None


class FairnessRow(TypedDict):
    """A method at its best and at the page's setting. own: the toy lab's controls that go there."""

    method: str
    probing: bool
    learning_rate: float
    radius: float
    own: dict[str, float]
    tuned: Judged
    now: Judged


class EqualCost(TypedDict):
    """The comparison within an equal budget. lengths: steps by method."""

    strips: list[Strip]
    rows: list[FairnessRow]
    sentence: str
    unit: Literal["steps", "evaluations", "seconds"]
    prices: dict[str, Price]
    budget: float
    lengths: dict[str, int]
    what: str


class FairnessAnswer(TypedDict):
    """POST /instruments/fairness. equal_cost: where another unit than steps is counted in."""

    rates: list[float]
    runs: int
    judged_on: int
    effort: int
    costs: dict[str, Price]
    strips: list[Strip]
    rows: list[FairnessRow]
    sentence: str
    what: str
    equal_cost: NotRequired[EqualCost]
    left_out: NotRequired[list[str]]


class BasinMap(TypedDict):
    """One method's map: cells[j][i] index `names`."""

    method: str
    names: list[str]
    cells: list[list[int]]
    ghosts: list[list[float]]


class NamedPlace(TypedDict):
    """A minimum on the map."""

    name: str
    position: list[float]


class BasinsAnswer(TypedDict):
    """POST /instruments/basins."""

    x: list[float]
    y: list[float]
    domain: list[list[float]]
    maps: list[BasinMap]
    minima: list[NamedPlace]
    ghost_holds: bool
    what: str
    left_out: NotRequired[list[str]]


class Quantity(TypedDict):
    """A closed form beside what the real step does."""

    label: str
    formula: str
    kind: str
    closed: float | None
    simulated: float | None
    deviation: float | None
    agrees: bool | None
    fineness: float | None


class FollowedCycle(TypedDict):
    """A cycle in the pothole: its signs, its amplitude by closed form and followed by the real step, how many starts
    end on it, and whether the start in view does."""

    word: str
    period: int
    closed: float
    simulated: float
    deviation: float
    starts: int
    mine: bool


class NamedCycle(TypedDict):
    """A cycle by its signs."""

    word: str
    period: int


class Orbit(TypedDict):
    """The last steps of the start in view, x − x*, and the closed form's in the same phase (null without a cycle)."""

    simulated: list[float | None]
    closed: list[float | None]


class Cycles(TypedDict):
    """The cycles that coexist, as many of them as are listed. others: starts that end on none; mine: where the start in
    view ends; orbit: where there are cycles."""

    list: list[FollowedCycle]
    longest: int
    starts: int
    count: int
    others: int
    mine: NamedCycle | None
    orbit: NotRequired[Orbit]


class WindowLine(TypedDict):
    """A bound on ρ."""

    name: str
    at: float


class Window(TypedDict):
    """What becomes of SAM from the start in view, by radius. counts: radii by ending."""

    radii: list[float]
    ends: list[str]
    lines: list[WindowLine]
    counts: dict[str, int]
    what: str


class Bouncing(TypedDict):
    """SAM on the plane with U = diag(u): the axis that argmax U a expects; from `axis` on what the real step does."""

    name: str
    u: list[float]
    products: list[float]
    c: float
    expected: int
    stable: bool
    axis: int | None
    share: float | None
    path: list[list[float]]
    agrees: bool | None


class TwoScaleAnswer(TypedDict):
    """POST /instruments/two-scale."""

    c: float
    edge: float
    quantities: list[Quantity]
    cycles: Cycles
    window: Window
    plane: list[Bouncing]
    sentence: str
    what: str
    left_out: NotRequired[list[str]]


class InstrumentEntry(TypedDict):
    """An instrument among the page's tables. controls, decided_by: names; compares: whether other methods may stand
    beside the four; tables: key and name of each."""

    key: str
    controls: list[str]
    decided_by: list[str]
    compares: bool
    tables: list[list[str]]


class EndingColours(TypedDict):
    """The colours of where walkers end. several: in their order; plain and window: by ending."""

    several: list[str]
    plain: dict[str, str]
    window: dict[str, str]


class InstrumentTables(LabTables):
    """What the instruments page is told once."""

    page: Literal["instruments"]
    instruments: list[InstrumentEntry]
    own_controls: list[str]
    ending_colours: EndingColours


MESSAGES = (
    *(PhasePart, MapAxis, Bound, PhaseParts, PhaseAnswer, RaceMap, AlongRun, RaceAnswer),
    *(Strip, Judged, FairnessRow, EqualCost, FairnessAnswer, BasinMap, NamedPlace, BasinsAnswer),
    *(Quantity, FollowedCycle, NamedCycle, Orbit, Cycles, WindowLine, Window, Bouncing, TwoScaleAnswer),
    *(InstrumentEntry, EndingColours, InstrumentTables),
)
