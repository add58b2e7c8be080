"""What the network page's addresses and the feed of a run say."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from app.state.messages import Control, Encoded
from app.toy.messages import GroundLook, Look


class FeedEntry(TypedDict):
    """An entry of a job's feed, a message of the stream. Besides kinds of their own jobs say "state", "progress" and
    "notice"; "heartbeat" and "end" have no number."""

    number: int
    kind: str
    time: float
    data: Any


class RunAnswer(TypedDict):
    """What is said of a run. description: its settings; settings: those changed while it ran; results: name → bytes."""

    job: str
    id: str
    kind: str
    label: str
    state: str
    sentence: str
    description: dict[str, Any]
    position: int
    total: int | None
    seconds_left: float | None
    seconds_running: float
    ahead: int | None
    attempt: int
    submitted: float
    last_number: int
    settings: dict[str, Any]
    results: dict[str, int]
    resumable: bool
    owner: bool


class OpenedNetwork(TypedDict):
    """POST /network/open. run: of the link, null where it has none or it cannot be had."""

    state: dict[str, Any]
    notices: list[str]
    run: RunAnswer | None
    base: dict[str, Any]


class StartedRun(TypedDict):
    """POST /network/start."""

    run: RunAnswer
    notices: list[str]


class AskedJob(TypedDict):
    """POST /network/explore and /network/ground: the job to follow."""

    job: str
    notices: NotRequired[list[str]]


class RunValues(TypedDict):
    """One method in a row: loss of the mini-batch at θ + ε, seconds and counts so far, where a plane is drawn its place
    there (`at`) and its distance from it (`off`), and what is measured now and then."""

    loss: float | None
    seconds: float
    evaluations: int
    products: int
    stopped: NotRequired[bool]
    at: NotRequired[list[float | None]]
    off: NotRequired[float | None]
    train_loss: NotRequired[float | None]
    test_loss: NotRequired[float | None]
    train_accuracy: NotRequired[float | None]
    test_accuracy: NotRequired[float | None]


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


class NetworkTables(TypedDict):
    """What the network page is told once. networks, data: what they are, by key; fits: data by network."""

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
    schemes: dict[str, dict[str, Any]]
    grounds: dict[str, GroundLook]


MESSAGES = (*(FeedEntry, RunAnswer, OpenedNetwork, StartedRun, AskedJob, RunValues, RunRow, GroundRow, NetworkTables),)
