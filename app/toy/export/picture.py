"""A picture of a scene at a step: map, cut, charts or all, with legend and settings; saved as PNG or SVG, or as frames.

Drawn by matplotlib off screen, without its global figure manager. It keeps settings that are not for many threads, so
one thread at a time draws.
"""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

import matplotlib
import numpy as np
from matplotlib.lines import Line2D
from PIL import Image

from app.drawing.appearance import look_in
from app.drawing.ground import SIMILAR
from app.drawing.sheet import EDGE, WIDE, Sheet
from app.drawing.style import SETTINGS, dress, line_of, mark_of
from app.toy.compute import Trace
from app.toy.cut import CUT_KEY
from app.toy.export.cut_lane import CutLane
from app.toy.export.description import CUT_WORDS, caption_of, settings_of, settings_rows
from app.toy.export.panels import ChartPanel, MapPanel
from app.toy.export.scene import Scene
from app.toy.frozen import compare_in_words

MAP_HEIGHT, CHART_HEIGHT, HEAD = 596, 250, 74
CUT_HEIGHT, CUT_STRIP = 466, 190
"""The cut alone, or beside the map on a slide, makes a picture of 16:9; between map and charts it is a strip."""
SLIDE_MAP = 352
"""Side of the map on a slide."""
SETTING = 46
"""Letters that a setting's name and value have room for."""
SOURCE_WORDS = "Surfaces and settings are our reconstruction, not the data of arXiv 2605.16134."
CHARTS = (
    ("losses", "Loss", "L(θ)"),
    ("distance", "Distance", "‖θ − c‖"),
    ("curvature", "Local curvature", "largest eigenvalue of ∇²L"),
)


def height_of(kind: str) -> int:
    """Points down a picture."""
    parts = {
        "all": MAP_HEIGHT + CUT_STRIP + CHART_HEIGHT,
        "map": MAP_HEIGHT,
        "cut": CUT_HEIGHT,
        "slide": CUT_HEIGHT,
        "charts": 34 + CHART_HEIGHT,
    }
    return HEAD + parts[kind]


class Picture:
    """One picture; `kind` is "map", "cut", "charts", "all", or "slide": map and cut side by side, 16:9."""

    def __init__(self, scene: Scene, kind: str, width: int, form: str = "png") -> None:
        self.scene, self.kind, self.scheme = scene, kind, scene.request.scheme
        self.height = height_of(kind)
        with matplotlib.rc_context(SETTINGS):
            title, words = scene.surface.title, textwrap.shorten(self._caption(), 110, placeholder=" …")
            self.sheet = Sheet(title, words, self.height, {}, self.scheme, form, width, {})
            self.colours, self.panels = self.sheet.colours, list[Any]()
            if kind == "charts":
                self._legend((EDGE, HEAD - 4), 4)
            if kind in ("all", "map"):
                self._map(HEAD)
                self._legend((674, HEAD + 6), 1)
                self._settings(HEAD + 24 + 46 * len(scene.traces) + 10)
            if kind == "slide":
                self._map(HEAD + 24, SLIDE_MAP)
                self._cut(HEAD, 0, SLIDE_MAP + 150)
            if kind in ("all", "cut"):
                self._cut(HEAD if kind == "cut" else HEAD + MAP_HEIGHT, self.height - CHART_HEIGHT)
            if kind in ("all", "charts"):
                self._charts(self.height - CHART_HEIGHT)
            self.words = self.sheet.text(WIDE - EDGE, 44, "", 12, ha="right", color=self.colours.ink, weight="bold")

    def show(self, step: int) -> None:
        """Go to a step."""
        for panel in self.panels:
            panel.show(step)
        self.words.set_text(f"step {step} of {self.scene.steps}")

    def saved(self, step: int) -> bytes:
        """The file at a step, with the settings in it."""
        self.show(step)
        self.sheet.told = self._told(step)
        return self.sheet.saved()

    def frames(self, steps: list[int]) -> Iterator[Image.Image]:
        """RGB images at these steps. What stands still is drawn once."""
        with matplotlib.rc_context(SETTINGS):
            moving = [artist for panel in self.panels for artist in panel.artists()] + [self.words]
            for artist in moving:
                artist.set_animated(True)
            figure, canvas = self.sheet.figure, self.sheet.canvas
            canvas.draw()
            still = canvas.copy_from_bbox(figure.bbox)
            for step in steps:
                self.show(step)
                canvas.restore_region(still)
                for artist in moving:
                    (artist.axes or figure).draw_artist(artist)
                yield Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())

    def _told(self, step: int) -> dict[str, str]:
        title = f"{self.scene.surface.title}, step {step} of {self.scene.steps}"
        said = " ".join(f"{trace.name}: {trace.run.describe_outcome()}." for trace in self.scene.traces)
        settings = json.dumps(settings_of(self.scene.reading))
        return {"Title": title, "Description": f"{said} Settings: {settings}"}

    def _caption(self) -> str:
        reading, frozen = self.scene.reading, self.scene.frozen
        if frozen is None:
            return caption_of(reading)
        return f"{compare_in_words(frozen.reading, reading)} Pale: the frozen run."

    def _map(self, top: float, side: float = 520) -> None:
        flat = self.scene.surface.dimension == 1
        axes = self.sheet.bare_axes(66, top + 8, side + (40 if flat else 0), side)
        panel = MapPanel(axes, self.scene, self.scheme)
        (x0, x1), (y0, y1) = panel.bounds
        if not flat and SIMILAR[0] <= (x1 - x0) / (y1 - y0) <= SIMILAR[1]:
            axes.set_aspect("equal", adjustable="box", anchor="NW")
        if panel.bar is not None:
            bar = self.sheet.bare_axes(side + 82, top + 26, 10, side - 18)
            places, labels = panel.ticks
            scale = self.sheet.figure.colorbar(panel.bar, cax=bar, ticks=places)
            scale.ax.set_yticklabels(labels)
            dress(bar, self.scheme)
            scale.outline.set_visible(False)
            bar.set_title("L(θ)", fontsize=9, color=self.colours.quiet, pad=6, loc="left")
        self.panels.append(panel)

    def _cut(self, top: float, below: float, left: float = 24.0) -> None:
        """A lane for each method: two rows of lanes alone or on a slide, one between map and charts."""
        traces, alone = self.scene.traces, self.kind != "all"
        line = "curve" if self.scene.surface.dimension == 1 else self.scene.reading.state["cut_line"]
        words = "Cut" if self.kind == "slide" else f"Cut: {CUT_WORDS[line]}"
        self.sheet.text(left, top + 2, words, 11, color=self.colours.ink, weight="bold")
        self.sheet.text(WIDE - EDGE, top + 3, CUT_KEY, 9, ha="right")
        upper, right = top + 24, float(WIDE - EDGE)
        lower = self.height - 30 if alone else below - 14
        rows = 2 if (alone and len(traces) > 2) or len(traces) > 4 else 1
        columns = max(math.ceil(len(traces) / rows), 1)
        wide, high = (right - left + 12) / columns - 12, (lower - upper + 12) / rows - 12
        for index, trace in enumerate(traces):
            row, column = divmod(index, columns)
            axes = self.sheet.bare_axes(left + column * (wide + 12), upper + row * (high + 12), wide, high)
            self.panels.append(CutLane(axes, self.scene, trace, (wide, high)))
        if alone:
            self.sheet.text(EDGE, self.height - 22, SOURCE_WORDS, 8.5)

    def _legend(self, place: tuple[float, float], columns: int) -> None:
        """Each method with its line and marker and, where there is room, how it ends."""
        wide, deep = (250, 46) if columns == 1 else (228, 24)
        for index, trace in enumerate(self.scene.traces):
            x = place[0] + (index % columns) * wide
            y = place[1] + (index // columns) * deep
            look = look_in(trace.name, self.scheme)
            across = np.array([x, x + 38]) / WIDE
            height = 1 - (y + 8) / self.height
            self.sheet.figure.add_artist(Line2D(across, [height, height], **line_of(look)))
            mark = {**mark_of(look, 10), "mec": self.colours.paper, "mew": 1.5}
            self.sheet.figure.add_artist(Line2D([across.mean()], [height], linestyle="", **mark))
            self.sheet.text(x + 48, y, trace.name, 11, color=self.colours.ink, weight="bold")
            if columns == 1:
                said = textwrap.wrap(trace.run.describe_outcome(), 42)[:2]
                self.sheet.text(x + 48, y + 16, "\n".join(said), 9, linespacing=1.25)

    def _settings(self, top: float) -> None:
        rows = settings_rows(self.scene.reading)
        room = HEAD + MAP_HEIGHT - 44 - top
        step = min(17.0, room / max(len(rows), 1))
        for index, (name, whole) in enumerate(rows):
            left = SETTING - len(name)  # a formula may be long: the file's description holds all of it
            value = whole if len(whole) <= left else f"{whole[: left - 1]}…"
            self.sheet.text(674, top + index * step, name, min(9.0, step * 0.62))
            self.sheet.text(
                WIDE - EDGE, top + index * step, value, min(9.0, step * 0.62), ha="right", color=self.colours.ink
            )
        self.sheet.text(66, HEAD + MAP_HEIGHT - 22, SOURCE_WORDS, 8.5)

    def _charts(self, top: float) -> None:
        scene = self.scene
        bounds = scene.ranges
        basin = scene.surface.flat_basin
        other = () if scene.frozen is None else scene.frozen.traces

        def along(traces: Iterable[Trace], key: str) -> dict[str, np.ndarray]:
            return {t.name: getattr(t, key)[: int(t.run.last_finite) + 1] for t in traces}

        charts = [
            (
                title,
                unit,
                along(scene.traces, key),
                (bounds[key][0], bounds[key][1]),
                basin.radius if key == "distance" and basin is not None else None,
                along(other, key),
            )
            for key, title, unit in CHARTS
        ]
        if scene.surface.dimension == 1:
            low, high = scene.surface.domain[0]
            here, there = _places(scene.traces), _places(scene.beside)
            charts[2:] = [("Position", "θ", here, (low, high), None, there)]
        wide = (WIDE - EDGE) / len(charts)
        for index, (title, unit, values, span, level, others) in enumerate(charts):
            axes = self.sheet.bare_axes(24 + index * wide + 42, top + 34, wide - 66, CHART_HEIGHT - 72)
            self.panels.append(ChartPanel(axes, scene, self.scheme, title, unit, values, span, level, others))


def _places(traces: Iterable[Trace]) -> dict[str, np.ndarray]:
    """θ along the walks on a curve."""
    return {t.name: np.asarray(t.run.positions)[: int(t.run.last_finite) + 1, 0] for t in traces}
