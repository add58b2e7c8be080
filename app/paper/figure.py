"""What a figure of the paper is here: words, units, and what its records say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.paper.records import Record
from app.paper.statement import Statement
from app.paper.units import Unit

Records = Mapping[str, Mapping[str, Record]]
"""figure → unit's name → record."""


@dataclass(frozen=True)
class Series:
    """A line of a chart. name: what the legend says;  look: whose colour, line and marker, see app.drawing.appearance;
    x ascending, y with None for a gap;  dots: a marker at every point, and no line."""

    name: str
    look: str
    x: list[float]
    y: list[float | None]
    dots: bool = False


@dataclass(frozen=True)
class Chart:
    """A chart. x, y: the axes' titles with their units;  log_x, log_y: logarithmic."""

    title: str
    x: str
    y: str
    series: list[Series]
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True)
class Strip:
    """A row of numbers, one for each seed, with their mean: a method's, beside others in the same unit."""

    name: str
    look: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Strips:
    """Rows that share one scale. title: what is measured, with its unit."""

    title: str
    rows: list[Strip]


@dataclass(frozen=True)
class Figure:
    """key: its number in the paper;  title;  paper: what the paper's figure is about;  here: what is computed;
    settings: (what, value);  differs: what is not as in the paper, in sentences;  live: (what, link) of pages that run
    a part of it;  units: all, or with True at their least size;  charts, strips and statements: of the records."""

    key: str
    title: str
    paper: str
    here: str
    settings: tuple[tuple[str, str], ...]
    differs: tuple[str, ...]
    units: Callable[[bool], list[Unit]]
    statements: Callable[[Records], list[Statement]]
    charts: Callable[[Records], list[Chart]] = field(default=lambda _: [])
    strips: Callable[[Records], list[Strips]] = field(default=lambda _: [])
    live: Callable[[], list[tuple[str, str]]] = field(default=list)


def curve(record: Mapping[str, Any], x: str, y: str) -> tuple[list[float], list[float | None]]:
    """Two columns of the rows that a training record keeps."""
    rows = record["result"]["rows"]
    return [row[x] for row in rows], [row[y] for row in rows]


def mean_curve(runs: Iterable[Mapping[str, Any]], x: str, y: str) -> tuple[list[float], list[float | None]]:
    """The mean of both columns over runs, row by row; runs that ended early are left out."""
    columns = [curve(record, x, y) for record in runs if record["result"]["stopped"] is None]
    across, up = (np.array([pair[k] for pair in columns], dtype=float) for k in (0, 1))
    return (across.mean(0).tolist(), up.mean(0).tolist()) if columns else ([], [])
