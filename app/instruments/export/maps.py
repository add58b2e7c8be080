"""The parts of the instruments' pictures: a map of cells with its axes, lines and marks, the scale, keys, a line chart.

Cells are an embedded image, all else is lines and words. Colours are the page's (assets/instruments/palette.js and
beside it; a test compares).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.colors import to_rgba
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from app.drawing.ground import SIMILAR
from app.drawing.sheet import EDGE, LETTER, WIDE, Sheet
from app.drawing.style import MARKERS, start_mark
from app.state.numbers_as_text import number

STOPS = (
    (0, 34, 78),
    (26, 56, 111),
    (62, 75, 107),
    (87, 93, 109),
    (112, 113, 115),
    (138, 134, 120),
    (165, 156, 116),
    (195, 179, 105),
    (225, 204, 85),
    (254, 232, 56),
)
DASHES: tuple[Any, ...] = ("-", (0, (7, 4)), (0, (2, 4)), (0, (9, 3, 2, 3)))
DASH_NAMES = ("solid", "dashed", "dotted", "dash-dotted")
ON_DARK_CELLS = (1.0, 1.0, 1.0, 0.75)


def sequential(part: Any) -> np.ndarray:
    """Colours (…, 4) of parts from 0 (dark blue) to 1 (yellow)."""
    place = np.clip(np.asarray(part, dtype=float), 0, 1) * (len(STOPS) - 1)
    parts = [np.interp(place, np.arange(len(STOPS)), [stop[k] / 255 for stop in STOPS]) for k in range(3)]
    return np.stack([*parts, np.ones_like(place)], axis=-1)


@dataclass(frozen=True)
class CellAxis:
    """One axis of a map: rising values, whether equal steps are equal ratios, a title; labels: what stands at each."""

    values: np.ndarray
    title: str
    log: bool = False
    labels: tuple[str, ...] = ()

    def index(self, value: float) -> float:
        """Where a value lies among the values, as a fraction of an index; beyond the ends, half a cell at most."""
        known = self.values
        if len(known) == 1:
            return float(np.clip(value - known[0], -0.5, 0.5))
        k = int(np.clip(np.searchsorted(known, value, side="right") - 1, 0, len(known) - 2))
        with np.errstate(all="ignore"):
            low, high, at = np.log([known[k], known[k + 1], value]) if self.log else (known[k], known[k + 1], value)
            place = k + (at - low) / (high - low)
        return float(np.clip(np.nan_to_num(place, nan=k, neginf=-0.5), -0.5, len(known) - 0.5))

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """(place, text) of at most so many round values."""
        if self.labels:
            return [(k, text) for k, text in enumerate(self.labels) if text]
        low, high = float(self.values[0]), float(self.values[-1])
        if self.log:
            powers = np.arange(np.ceil(np.log10(low) - 1e-3), np.floor(np.log10(high) + 1e-3) + 1)
            places = 10.0 ** powers[:: max(1, int(np.ceil(len(powers) / most)))]
        else:
            found = np.asarray(MaxNLocator(nbins=most).tick_values(low, high) if high > low else [low])
            places = found[(found >= low - 1e-9 * abs(low)) & (found <= high + 1e-9 * abs(high))]
        return [(self.index(float(value)), number(float(value), 3)) for value in places]


@dataclass(frozen=True)
class Cells:
    """What a map shows: colours (m, n, 4), which cells are hatched (m, n) and in which ink, the setting in view, lines
    (points, dash) and dots (x, y, marker, size), all in the axes' values."""

    x: CellAxis
    y: CellAxis
    colours: np.ndarray
    hatched: np.ndarray
    ink: Any = ON_DARK_CELLS
    mark: tuple[float, float] | None = None
    lines: Sequence[tuple[Sequence[Sequence[float]], Any]] = ()
    dots: Sequence[tuple[float, float, str, float]] = field(default=())
    ground: bool = False
    """Both axes are places on one ground: equal lengths look equal, where that leaves no strip."""


def draw_cells(sheet: Sheet, place: tuple[float, float, float, float], title: str, cells: Cells) -> None:
    """A map at a place of the sheet."""
    axes = sheet.axes(*place, title)
    m, n = cells.hatched.shape
    axes.imshow(
        cells.colours, origin="lower", extent=(-0.5, n - 0.5, -0.5, m - 0.5), aspect="auto", interpolation="none"
    )
    if cells.ground:
        ratio = float(np.ptp(cells.x.values) / np.ptp(cells.y.values))
        if SIMILAR[0] <= ratio <= SIMILAR[1]:
            axes.set_box_aspect(1 / ratio)
    if cells.hatched.any():
        square = Path.unit_rectangle()
        corners = np.asarray(square.vertices)
        moves = np.argwhere(cells.hatched)[:, ::-1] - 0.5
        shape = Path.make_compound_path(*(Path(corners + move, square.codes) for move in moves))
        axes.add_patch(PathPatch(shape, fill=False, hatch="////", edgecolor=cells.ink, linewidth=0))
    for at, ticks in ((axes.xaxis, cells.x.ticks(5)), (axes.yaxis, cells.y.ticks(6))):
        at.set_ticks([place for place, _ in ticks], [text for _, text in ticks])
    axes.set_xlabel(cells.x.title, color=sheet.colours.quiet, fontsize=9)
    axes.set_ylabel(cells.y.title, color=sheet.colours.quiet, fontsize=9)
    where = lambda x, y: (cells.x.index(x), cells.y.index(y))  # noqa: E731 - said three times below
    for points, dash in cells.lines:
        across, up = np.array([where(x, y) for x, y in points]).T
        axes.plot(across, up, color="black", linewidth=4)
        axes.plot(across, up, color="white", linewidth=2, linestyle=dash)
    for x, y, shape_name, size in cells.dots:
        look: dict[str, Any] = {"marker": MARKERS[shape_name], "markersize": 2 * size, "mfc": "white", "mec": "black"}
        axes.plot(*([v] for v in where(x, y)), mew=1.4, linestyle="", clip_on=False, zorder=4, **look)
    if cells.mark is not None:
        ring: dict[str, Any] = {"marker": start_mark(), "markersize": 22, "mfc": "none", "zorder": 5, "clip_on": False}
        for colour, width in (("black", 4.0), ("white", 1.5)):
            axes.plot(*([v] for v in where(*cells.mark)), mec=colour, mew=width, **ring)
    axes.set_xlim(-0.5, n - 0.5)
    axes.set_ylim(-0.5, m - 0.5)


def draw_scale(sheet: Sheet, top: float, words: str, low: str, high: str) -> float:
    """The colours from low to high with what they stand for; where it ends to the right."""
    before = f"{words}: {low}"
    left = EDGE + LETTER * 9 * len(before) + 14
    sheet.text(EDGE, top, before, 9)
    axes = sheet.bare_axes(left, top + 1, 120, 9)
    axes.imshow(sequential(np.linspace(0, 1, 64))[None], aspect="auto", interpolation="none")
    axes.set_axis_off()
    sheet.text(left + 128, top, high, 9)
    return left + 128 + LETTER * 9 * len(high) + 30


Key = tuple[Any, bool, str]
"""(colour, hatched, words)"""


def draw_keys(sheet: Sheet, left: float, top: float, keys: Sequence[Key], ink: Any) -> float:
    """Swatches with their words, in rows; where they end below."""
    x = left
    for colour, hatched, words in keys:
        width = 22 + LETTER * 10 * len(words) + 22
        if x > left and x + width > WIDE - EDGE:
            x, top = EDGE, top + 17
        place = (x / WIDE, 1 - (top + 11) / sheet.height)
        box = Rectangle(
            place,
            14 / WIDE,
            11 / sheet.height,
            transform=sheet.figure.transFigure,
            facecolor=colour,
            linewidth=0,
            hatch="////" if hatched else None,
            edgecolor=ink if hatched else "none",
        )
        sheet.figure.add_artist(box)
        sheet.text(x + 20, top, words, 9)
        x += width
    return top + 17


@dataclass(frozen=True)
class Curve:
    """One line of a chart; not-a-number where there is none. marker: matplotlib's, or none."""

    x: np.ndarray
    y: np.ndarray
    colour: Any
    dash: Any = "-"
    width: float = 2.0
    marker: str = ""


def draw_chart(
    sheet: Sheet,
    place: tuple[float, float, float, float],
    title: str,
    curves: Sequence[Curve],
    across: str,
    up: str = "",
    log: tuple[bool, bool] = (False, False),
    marks: Mapping[str, float] | None = None,
) -> None:
    """A chart; marks: {words: place across}, drawn as dashed lines."""
    axes = sheet.axes(*place, title, up)
    axes.grid(color=sheet.colours.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(across, color=sheet.colours.quiet, fontsize=9)
    axes.set_xscale("log" if log[0] else "linear")
    axes.set_yscale("log" if log[1] else "linear")
    for curve in curves:
        look: dict[str, Any] = {"color": curve.colour, "linestyle": curve.dash, "linewidth": curve.width}
        axes.plot(curve.x, curve.y, marker=curve.marker or None, markersize=4, mec=sheet.colours.paper, mew=0.6, **look)
    low, high = axes.get_xlim()
    for words, at in (marks or {}).items():
        axes.axvline(at, color=sheet.colours.quiet, linewidth=1, linestyle=(0, (4, 4)))
        part = (np.log(at / low) / np.log(high / low)) if log[0] else (at - low) / (high - low)
        near = {"ha": "right", "x": -5} if part > 0.5 else {"ha": "left", "x": 5}
        axes.annotate(
            words,
            (at, 1),
            (near["x"], -4),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha=near["ha"],
            va="top",
            fontsize=9,
            color=sheet.colours.quiet,
            path_effects=[patheffects.withStroke(linewidth=3, foreground=sheet.colours.paper)],
        )


def no_colour(shape: tuple[int, ...], colour: str) -> np.ndarray:
    """Cells of one colour, (m, n, 4)."""
    return np.broadcast_to(np.array(to_rgba(colour)), (*shape, 4)).copy()
