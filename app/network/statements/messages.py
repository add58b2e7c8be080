"""What a job of statements reports."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from app.state.messages import Claim


class PairedSeeds(TypedDict):
    """One method against another, as a ratio or as a difference in `unit`, seed by seed (each: "seed", or "batch"): a
    value for each, null where one of the two has none; their mean, its standard error (null for ratios) and interval,
    null where there are too few; where the statement wants the mean, between above and below, null for no bound."""

    words: str
    unit: str
    ratio: bool
    each: str
    values: list[float | None]
    mean: float | None
    error: float | None
    low: float | None
    high: float | None
    above: float | None
    below: float | None
    verdict: str
    counts: str


class JudgedStatement(Claim):
    """A statement with the comparisons that its verdict rests on."""

    pairs: list[PairedSeeds]


class MethodOverSeeds(TypedDict):
    """A method's last values: [mean, standard error] over the seeds that came to their end; stopped: those that did
    not."""

    method: str
    stopped: int
    train_loss: list[float | None]
    test_loss: list[float | None]
    test_accuracy: list[float | None]
    evaluations: list[float | None]
    seconds: list[float | None]


class StatementsFound(TypedDict):
    """What the seeds that are done say."""

    seeds: list[int]
    claims: list[JudgedStatement]
    methods: list[MethodOverSeeds]


class StatementsRow(TypedDict):
    """A row of the job: steps done, of all methods and seeds. waiting: it gives way to what goes before it."""

    position: int
    waiting: NotRequired[bool]
    found: NotRequired[StatementsFound]


MESSAGES = (PairedSeeds, JudgedStatement, MethodOverSeeds, StatementsFound, StatementsRow)
