"""What the network page's addresses and the feed of a run say."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from app.drawing.messages import Encoded, GroundLook, Look, Shorts
from app.jobs.kinds import Description
from app.network.explore import messages as explore
from app.network.fairness import messages as fairness
from app.network.statements import messages as statements
from app.state.messages import Control
from app.state.schema import State

JobState = Literal["queued", "running", "paused", "finished", "stopped", "failed"]


class Progress(TypedDict):
    """Rows of a job, which its kind decides. seconds_left: null while it cannot be foreseen."""

    rows: list[Any]
    total: int
    seconds_left: float | None


class StateChange(TypedDict):
    """Another state of a job, and why."""

    state: JobState
    sentence: str
    position: int


class Notice(TypedDict):
    """A sentence about a job. ahead: jobs that come before it; device, parameters, examples: what a training runs on,
    with the numbers of weights and of training examples; method: which of them was stopped."""

    sentence: str
    position: NotRequired[int]
    ahead: NotRequired[int]
    device: NotRequired[str]
    parameters: NotRequired[int]
    examples: NotRequired[int]
    method: NotRequired[str]
    lost_worker: NotRequired[bool]
    restarted: NotRequired[bool]
    checkpoint_position: NotRequired[int]
    not_kept: NotRequired[str]
    kept: NotRequired[bool]
    damaged: NotRequired[str]


class Phase(TypedDict):
    """How far something is that comes before the first step. seconds_left: of it, null while it cannot be foreseen."""

    words: str
    done: int
    total: int
    seconds_left: float | None


class SettingsChange(TypedDict):
    """Settings that a run has taken up after so many steps."""

    position: int
    settings: dict[str, float]


class KeptResult(TypedDict):
    """What a job has kept, under "weights/<step>", "weights/final", "plane" and other names. labels, plane_kind,
    extent: of the plane, with points that its picture has to hold; ranges, places, classes: of the plane of data of two
    coordinates, with some training examples in it (n, 2) and their classes."""

    name: str
    bytes: int
    step: NotRequired[int]
    labels: NotRequired[list[str]]
    plane_kind: NotRequired[str]
    extent: NotRequired[list[list[float]]]
    ranges: NotRequired[list[list[float]]]
    places: NotRequired[Encoded]
    classes: NotRequired[list[int]]


class Connection(TypedDict):
    """Whether the web server hears from the engine."""

    state: Literal["lost", "back"]
    sentence: str


class FeedEnd(TypedDict):
    """The last message of a stream."""

    reason: Literal["over", "unknown", "unavailable", "refused"]
    sentence: str


class FeedData(TypedDict):
    """What the stream of a job says: `data` of an entry {number, kind, time, data}, by its kind. An end has no number,
    a heartbeat has neither that nor data."""

    progress: Progress
    state: StateChange
    notice: Notice
    phase: Phase
    change: SettingsChange
    result: KeptResult
    connection: Connection
    end: FeedEnd


class Wait(TypedDict):
    """How long a run waits for a worker, about; at_least: the end of a run before it is not known."""

    seconds: float
    at_least: bool


class RunAnswer(TypedDict):
    """What is said of a run. ahead: runs that are taken before it, wait: for how long it waits, null where it does not
    wait for another run. description: its settings; settings: those changed while it ran; results: name → bytes."""

    job: str
    id: str
    kind: str
    label: str
    state: JobState
    sentence: str
    description: Description
    position: int
    total: int | None
    seconds_left: float | None
    seconds_running: float
    ahead: int | None
    wait: Wait | None
    attempt: int
    submitted: float
    last_number: int
    settings: dict[str, float]
    results: dict[str, int]
    resumable: bool
    owner: bool


class ReplayedRun(TypedDict):
    """What is said of a run that ships with the lab: as of any that has ended and cannot be steered."""

    job: str
    description: Description
    state: JobState
    owner: bool
    ahead: int | None


class ReplayEntry(TypedDict):
    """An entry of its feed."""

    kind: Literal["progress", "notice", "result"]
    data: Any


class Replay(TypedDict):
    """A finished run of a preset that ships with the lab, with the surface under its paths, what several seeds say of
    the preset's statements, and what made it."""

    made_by: str
    command: str
    versions: dict[str, str]
    run: ReplayedRun
    entries: list[ReplayEntry]
    ground: GroundRow
    statements: statements.StatementsFound


class PresetWords(TypedDict):
    """A preset over the pictures."""

    title: str
    question: str
    caption: str


class OpenedNetwork(TypedDict):
    """POST /network/open. run: of the link, null where it has none or it cannot be had; replay: the run that ships for
    the link's preset, where it has no run and the preset's own settings; base: what a link may leave out."""

    state: State
    notices: list[str]
    run: RunAnswer | None
    base: State
    replay: Replay | None


class StartedRun(TypedDict):
    """POST /network/start."""

    run: RunAnswer
    notices: list[str]


class AskedJob(TypedDict):
    """POST /network/explore, /network/ground, /network/statements and /network/fairness: the job to follow."""

    job: str
    notices: NotRequired[list[str]]


class Sample(TypedDict):
    """How many examples of a half were measured, of how many, and the standard errors of their mean loss and accuracy;
    null of a single example."""

    examples: int
    of: int
    loss: float | None
    accuracy: NotRequired[float | None]


class Samples(TypedDict):
    """The halves that were measured over some of their examples."""

    train: NotRequired[Sample]
    test: NotRequired[Sample]


class RunValues(TypedDict):
    """One method in a row: loss of the mini-batch at θ + ε, seconds and counts so far, where a plane is drawn its place
    there (`at`) and its distance from it (`off`), and what is measured now and then; of a method that learns U also
    cos(Ug, g), ‖Ug‖/‖g‖ and, more seldom, λmax of the inner problem. sharpness: λmax of the loss's Hessian.
    boundary: for data of two coordinates, of each class but the last its lead over the others on a grid (points,
    points), as parts of 65534; its border is at a half.
    sampled: where losses and accuracies are not over all examples. seconds, evaluations, products: null where the run
    was trained elsewhere."""

    loss: float | None
    seconds: float | None
    evaluations: int | None
    products: int | None
    stopped: NotRequired[bool]
    at: NotRequired[list[float | None]]
    off: NotRequired[float | None]
    train_loss: NotRequired[float | None]
    test_loss: NotRequired[float | None]
    train_accuracy: NotRequired[float | None]
    test_accuracy: NotRequired[float | None]
    sampled: NotRequired[Samples]
    u_cosine: NotRequired[float | None]
    u_length: NotRequired[float | None]
    u_steepness: NotRequired[float | None]
    sharpness: NotRequired[float | None]
    boundary: NotRequired[list[Shorts]]


class RunRow(TypedDict):
    """A row of a run's curves."""

    position: int
    methods: dict[str, RunValues]


class GroundRow(TypedDict):
    """The loss on a piece of a run's plane, coarse before fine: losses (points, points), y outer."""

    position: int
    losses: Encoded
    stride: int
    x: list[float]
    y: list[float]
    examples: int
    labels: list[str]
    batch_statistics: bool


class MapColours(TypedDict):
    """Colours of a map from the lowest loss to the highest, and of its contour lines."""

    stops: list[str]
    line: str


class SettingsOfU(TypedDict):
    """values: by control; words: what to expect of them."""

    title: str
    values: State
    words: str


class NetworkTables(TypedDict):
    """What the network page is told once. networks, data: what they are, by key; fits: data by network; settings_of_u:
    settings of U that are one click away; statements: those of each preset."""

    page: Literal["network"]
    controls: list[Control]
    methods: list[str]
    groups: dict[str, list[str]]
    looks: dict[str, Look]
    export: list[Control]
    changeable: list[str]
    networks: dict[str, str]
    data: dict[str, str]
    fits: dict[str, list[str]]
    curves: list[str]
    settings_of_u: dict[str, SettingsOfU]
    presets: dict[str, PresetWords]
    statements: dict[str, list[str]]
    schemes: dict[str, MapColours]
    grounds: dict[str, GroundLook]


MESSAGES = (
    *(Progress, StateChange, Notice, Phase, SettingsChange, KeptResult, Connection, FeedEnd, FeedData),
    *(Wait, RunAnswer, ReplayedRun, ReplayEntry, Replay, OpenedNetwork, StartedRun, AskedJob),
    *(Sample, Samples, RunValues, RunRow, GroundRow),
    *(MapColours, PresetWords, SettingsOfU, NetworkTables),
    *explore.MESSAGES,
    *statements.MESSAGES,
    *fairness.MESSAGES,
)
