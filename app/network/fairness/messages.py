"""What a job of a fair comparison reports."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from app.network.statements.messages import JudgedStatement, MethodOverSeeds


class TunedOverGrid(TypedDict):
    """The settings that a method is tuned over: learning rate and radius of each (radii empty where it has none), and
    what the first round, in which each makes so many `steps`, says of them, null where it stopped or is still to come;
    best: which of them is the method's best by now, null before one came to its end. evaluations, seconds: what the
    tuning took, runs that stopped left out."""

    method: str
    rates: list[float]
    radii: list[float]
    values: list[float | None]
    steps: int
    best: int | None
    evaluations: float
    seconds: float


class ClaimsByCost(TypedDict):
    """The statements, where every method is given the same steps, gradient evaluations, or processor seconds."""

    steps: list[JudgedStatement]
    evaluations: list[JudgedStatement]
    seconds: list[JudgedStatement]


class CurveOverSeeds(TypedDict):
    """A method's mean over seeds of what is tuned for, by measurement, with the interval of the mean (null where there
    are too few) and the mean costs until there."""

    method: str
    steps: list[float]
    evaluations: list[float]
    seconds: list[float]
    mean: list[float | None]
    low: list[float | None]
    high: list[float | None]


class ComparisonFound(TypedDict):
    """What the seeds that are done say of the methods, each at its best setting."""

    seeds: list[int]
    claims: ClaimsByCost
    methods: list[MethodOverSeeds]
    curves: list[CurveOverSeeds]


class TuningRow(TypedDict):
    """A row of the job. position: steps of what is planned; waiting: it gives way to what goes before it."""

    position: int
    waiting: NotRequired[bool]
    tuned: NotRequired[list[TunedOverGrid]]
    judged: NotRequired[ComparisonFound]


MESSAGES = (TunedOverGrid, ClaimsByCost, CurveOverSeeds, ComparisonFound, TuningRow)
