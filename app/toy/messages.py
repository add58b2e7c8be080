"""What the toy lab's addresses answer, and what its page is told once. Docstrings give shapes and units."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from app.drawing.messages import Curve, Encoded, Ground, GroundLook, Look, Shorts
from app.state.messages import Claim, ClampedValue, Control
from app.state.schema import State


class OutcomeRow(TypedDict):
    """A row of the table of outcomes. Costs to arrival are null where the method does not arrive."""

    method: str
    outcome: str
    sentence: str
    settings: str | None
    arrival: int | None
    evaluations_to_arrival: int | None
    evaluations: int
    products_to_arrival: int | None
    products: int
    length_to_arrival: float | None
    length: float | None


class CountedCost(TypedDict):
    """Gradient evaluations of a step and of a refresh of U. first: the step before the first refresh, −1 for none."""

    step: float
    refresh: float
    first: int
    every: int


class MethodPath(TypedDict):
    """One method's run: positions (steps + 1, D), probes (steps, D), the others (steps + 1,)."""

    name: str
    makes_ghosts: bool
    positions: Encoded
    probes: Encoded | None
    losses: Encoded
    probe_losses: Encoded | None
    distance: Encoded
    curvature: Encoded
    last_finite: int
    arrival: int
    row: OutcomeRow
    cost: CountedCost


class Ghost(TypedDict):
    """A fixed point that SAM's probe makes. holds: whether SAM stays at it at this learning rate."""

    position: list[float]
    loss: float
    holds: bool


class Ranges(TypedDict):
    """Lowest and highest value of each chart."""

    losses: list[float]
    distance: list[float]
    curvature: list[float]


class Paths(TypedDict):
    """All methods' runs. summary: the run in words."""

    steps: int
    dimension: int
    start: list[float]
    ranges: Ranges
    methods: list[MethodPath]
    summary: str
    ghosts: list[Ghost]


class Basin(TypedDict):
    """The flat basin, or the minimum: to arrive is to come into this ball and stay. name: as sentences call it."""

    centre: list[float]
    radius: float
    name: str


class Minimum(TypedDict):
    """A minimum of a surface."""

    name: str
    position: list[float]
    loss: float


class FittingPit(TypedDict):
    """Depth and width of a pothole that shows when it is dug into this ground."""

    depth: float
    width: float


class SurfaceAnswer(TypedDict):
    """A surface as it is drawn; `key` names its parameters. ground: of a 2-D surface; curve: of a 1-D one."""

    key: str
    surface: str
    title: str
    description: str
    dimension: int
    domain: list[list[float]]
    default_start: list[float]
    basin: Basin | None
    minima: list[Minimum]
    reference: str
    pit: FittingPit
    ground: NotRequired[Ground]
    curve: NotRequired[Curve]


class ToyAnswer(TypedDict):
    """POST /toy/compute. surface: null where the browser has it."""

    surface: SurfaceAnswer | None
    paths: Paths
    notices: list[ClampedValue]
    left_out: list[str]


class OpenedLink(TypedDict):
    """POST /toy/open and /instruments/open. base: what a link to the state may leave out."""

    state: State
    notices: list[str]
    base: State


class ClaimsAnswer(TypedDict):
    """POST /toy/claims."""

    claims: list[Claim]


class Patch(TypedDict):
    """The loss around θ: (points, points) on a plane, (points,) along a line."""

    points: int
    losses: Encoded
    low: float
    high: float


class AnatomyStage(TypedDict):
    """One vector of a step in words and numbers."""

    key: str
    title: str
    formula: str
    numbers: str
    note: str


class AnatomyNames(TypedDict):
    """What three of the arrows are called."""

    direction: str
    velocity: str
    step: str


class AnatomyAnswer(TypedDict):
    """POST /toy/anatomy: a step taken apart; vectors (D,), null where not finite. mixed: h, null where the step uses
    g⁺;  image: ρU;  metric: ρU^½."""

    method: str
    step: int
    steps: int
    asked: int
    last: int
    diverged: bool
    dimension: int
    probing: bool
    learns: bool
    radius: float
    learning_rate: float
    theta: list[float] | None
    gradient: list[float] | None
    offset: list[float] | None
    probe: list[float] | None
    outer: list[float] | None
    mixed: list[float] | None
    noise: list[float] | None
    noisy: list[float] | None
    direction: list[float] | None
    velocity_before: list[float] | None
    velocity: list[float] | None
    displacement: list[float] | None
    arrived: list[float] | None
    names: AnatomyNames
    image: list[list[float]] | None
    metric: list[list[float]] | None
    half: float
    patch: Patch
    stages: list[AnatomyStage]


class CutLandmark(TypedDict):
    """A minimum of the ground on the line from the basin outwards."""

    name: str
    s: float


class CutFrame(TypedDict):
    """The part of the lines that is drawn, [low, high] along and in loss; span: of the losses that are told."""

    along: list[float]
    losses: list[float]
    span: list[float]
    centre: list[float]
    landmarks: list[CutLandmark]


class CutMethod(TypedDict):
    """One method's rows for `steps` (n). ground: base64 of profiles (P, points) as uint16 in the frame's span, and
    `which` of them is each step's. direction (n, D), ball (n, 2) s and loss, probe (n, 3) s, loss and distance from the
    line, slope (n,) at the probe, place (n) of the probe among the answer's words, kick (n,), moved (n, 2) along and
    off the line. last: the last whole step."""

    name: str
    last: int
    steps: list[int]
    ground: str
    which: list[int]
    direction: Encoded
    ball: Encoded
    probe: Encoded | None
    slope: Encoded
    place: list[int]
    kick: Encoded
    moved: Encoded


class CutAnswer(TypedDict):
    """POST /toy/cut: the loss along a line through each walker, at some steps."""

    dimension: int
    line: Literal["basin", "gradient", "probe"]
    points: int
    words: list[str]
    frame: CutFrame
    methods: list[CutMethod]


class CloudMethod(TypedDict):
    """One method's cloud. arrival: by walker, −1 for none. places: walkers' places (frames, walkers, D) in the extents;
    65535 stands for nowhere."""

    name: str
    counts: dict[str, int]
    arrival: list[int]
    median: float | None
    first: int | None
    last: int | None
    places: Shorts


class CloudAnswer(TypedDict):
    """POST /toy/cloud. frames: the steps that places are told at."""

    walkers: int
    steps: int
    frames: list[int]
    stride: int
    extents: list[list[float]]
    methods: list[CloudMethod]
    sentence: str
    what: str


class Price(TypedDict):
    """What a step and a refresh of U cost, in the unit that is counted in."""

    step: float
    refresh: float


class CostAnswer(TypedDict):
    """POST /toy/cost: measured seconds by method."""

    methods: dict[str, Price]
    what: str


class SurfaceTable(TypedDict):
    """A surface among the page's tables."""

    description: str
    controls: list[Control]


class Explanation(TypedDict):
    """A word of the page explained. formula and cost: "" where there is none; more: the address of a page on it."""

    key: str
    title: str
    text: str
    formula: str
    cost: str
    more: str


class PresetEntry(TypedDict):
    """A preset's words, and its whole state."""

    title: str
    question: str
    caption: str
    state: State


class LabTables(TypedDict):
    """What the toy lab's page and the instruments' are told once. compared: the methods of the instruments; groups:
    those that a legend does not open with, by title; short_words: by method; framed: whether pages of other sites may
    show it."""

    controls: list[Control]
    surfaces: dict[str, SurfaceTable]
    methods: list[str]
    compared: list[str]
    groups: dict[str, list[str]]
    looks: dict[str, Look]
    grounds: dict[str, GroundLook]
    export: list[Control]
    presets: dict[str, PresetEntry]
    explanations: list[Explanation]
    short_words: dict[str, str]
    framed: bool


class ToyTables(LabTables):
    """What the toy lab's page is told once."""

    page: Literal["toy"]


class NotebookTables(TypedDict):
    """What the toy lab in a notebook is told once; its methods and their looks as in the page's tables."""

    controls: list[Control]
    methods: list[str]
    groups: dict[str, list[str]]
    looks: dict[str, Look]
    grounds: dict[str, GroundLook]
    short_words: dict[str, str]


class MethodsTables(TypedDict):
    """What the page Methods is told once. methods: those that walk on surfaces; looks: of all."""

    page: Literal["methods"]
    controls: list[Control]
    methods: list[str]
    looks: dict[str, Look]
    grounds: dict[str, GroundLook]


MESSAGES = (
    *(OutcomeRow, CountedCost, MethodPath, Ghost, Ranges, Paths, Basin, Minimum),
    *(FittingPit, SurfaceAnswer, ToyAnswer, OpenedLink, ClaimsAnswer, Patch, AnatomyStage, AnatomyAnswer),
    *(CutLandmark, CutFrame, CutMethod, CutAnswer),
    *(CloudMethod, CloudAnswer, Price, CostAnswer, SurfaceTable, Explanation, PresetEntry, ToyTables, NotebookTables),
    MethodsTables,
)
