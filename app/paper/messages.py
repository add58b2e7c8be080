"""What the page Paper is told, as types: the client code's are written from them."""

from __future__ import annotations

from typing import Literal, TypedDict

from app.drawing.messages import Look
from app.state.messages import Control


class PaperSeries(TypedDict):
    """A line. look: whose colour, line and marker it wears; dots: a marker at every point, and no line."""

    name: str
    look: str
    x: list[float]
    y: list[float | None]
    dots: bool


class PaperChart(TypedDict):
    """A chart, drawn into the place of that id. x, y: the axes' titles; log_x, log_y: logarithmic axes."""

    id: str
    x: str
    y: str
    log_x: bool
    log_y: bool
    series: list[PaperSeries]


class PaperTables(TypedDict):
    """What the page Paper is told once. looks: of all names that a series wears."""

    page: Literal["paper"]
    controls: list[Control]
    looks: dict[str, Look]
    charts: list[PaperChart]


MESSAGES = (PaperSeries, PaperChart, PaperTables)
