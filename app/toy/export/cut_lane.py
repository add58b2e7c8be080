"""A lane of the cut in a picture: the ground along a method's line with ball, probe, slope and kick, as on the page."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from matplotlib.transforms import ScaledTranslation

from app.drawing.appearance import SCHEMES, look_in
from app.drawing.style import MARKERS, mark_of, rgba
from app.state.numbers_as_text import number
from app.toy.compute import Trace
from app.toy.cut import WORDS, Landmark, frame_of, grounds, landmarks_on, lines_of
from app.toy.export.scene import Scene

HEAD, FOOT = 12.0, 26.0
"""Points over the frame's highest loss, and under its lowest."""
TRAIL = 14
"""Steps before the one shown whose places are drawn."""
TANGENT, EDGE, BALL = 22.0, 8.0, 7.0
"""Points: half of the slope's line; what a mark beyond the lane keeps from its edge; a kick that the ball covers."""
LEAST_OFF = 0.005
"""A smaller part of a step off its line is not worth a word."""
LETTER = 3.2
"""Half the width of a letter below a minimum."""
INDENT, BOLD = 25, 9
"""Where a lane's name begins, and the width of its widest letters."""
BEYOND = {(-1, 0): "<", (1, 0): ">", (0, 1): "^", (0, -1): "v"}


class CutLane:
    """One method's lane, of a size in points."""

    def __init__(self, axes: Axes, scene: Scene, trace: Trace, size: tuple[float, float]) -> None:
        self.axes, self.scene, self.trace = axes, scene, trace
        self.line = scene.reading.state["cut_line"]
        self.frame = frame_of(scene.surface)
        self.lines = lines_of(trace.run, scene.surface, self.line)
        other = next((one for one in scene.beside if one.name == trace.name), None)
        self.frozen = None if other is None else lines_of(other.run, scene.surface, self.line)
        self.look, self.colours = look_in(trace.name, scene.request.scheme), SCHEMES[scene.request.scheme]
        self.plane = scene.surface.dimension == 2
        frame = self.frame
        self.per = np.array(
            [size[0] / (frame.far - frame.near), max(size[1] - HEAD - FOOT, 1.0) / (frame.high - frame.low)]
        )
        """Points for a unit of s, and of loss."""
        axes.set_xlim(frame.near, frame.far)
        axes.set_ylim(frame.low - FOOT / self.per[1], frame.high + HEAD / self.per[1])
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_facecolor((*rgba(self.colours.grid)[0], 0.18))
        for side in axes.spines.values():
            side.set_visible(False)
        self._name()
        self.landmarks = self._landmarks()
        self.moving = self._moving()

    def artists(self) -> list[Any]:
        """What depends on the step, in the order in which it is drawn."""
        return sorted([*self.moving.values(), *self.landmarks.values()], key=lambda artist: artist.get_zorder())

    def _write(self, right: float, down: float, text: str, size: float, **more: Any) -> Any:
        """Words at points from the lane's upper left corner."""
        under = {"facecolor": self.colours.paper, "edgecolor": "none", "alpha": 0.6, "pad": 1.0}
        look: dict[str, Any] = {"color": self.colours.ink, "va": "center", "zorder": 9, "bbox": under, **more}
        place: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}
        return self.axes.annotate(text, (0, 1), (right, -down), fontsize=size, **place, **look)

    def _name(self) -> None:
        corner = ScaledTranslation(15 / 72, -14 / 72, self.axes.figure.dpi_scale_trans)
        place, mark = self.axes.transAxes + corner, mark_of(self.look, 9)
        self.axes.add_artist(Line2D([0], [1], mec=self.colours.paper, transform=place, zorder=9, **mark))
        self._write(INDENT, 14, self.trace.name, 11.5, color=self.look.colour, weight="bold")

    def _landmarks(self) -> dict[Landmark, Any]:
        """Words below the minima of the frame; none on a line that does not lead there."""
        if self.line != "basin" and self.plane:
            return {}
        look: dict[str, Any] = {"ha": "center", "fontsize": 9.5, "color": self.colours.quiet, "zorder": 8}
        floor = self.axes.get_ylim()[0] + 8 / self.per[1]
        return {mark: self.axes.text(mark.s, floor, mark.name, **look) for mark in self.frame.landmarks}

    def _show_landmarks(self, ground: np.ndarray) -> None:
        written: list[tuple[float, float]] = []
        shown = landmarks_on(ground, self.frame)
        for mark, words in self.landmarks.items():
            half = LETTER * len(mark.name) / self.per[0]
            beside = any(abs(s - mark.s) < room + half for s, room in written)  # two potholes side by side
            words.set_visible(mark in shown and not beside)
            if words.get_visible():
                written.append((mark.s, half))

    def _moving(self) -> dict[str, Any]:
        colour, paper, ink = self.look.colour, self.colours.paper, self.colours.ink
        fill, alpha = rgba(self.colours.filled)
        mark = MARKERS.get(self.look.marker, "o")
        soft: dict[str, Any] = {"solid_capstyle": "round"}
        found: dict[str, Any] = {
            "ground": Polygon(np.zeros((3, 2)), facecolor=fill, alpha=1.6 * alpha, linewidth=0, zorder=1),
            "edge": Line2D([], [], color=ink, linewidth=1.8, zorder=2),
            "frozen edge": Line2D([], [], color=colour, alpha=0.5, linewidth=1.8, zorder=1.9),
            "frozen": Line2D(
                [], [], marker=mark, markersize=13, mfc=colour, mec=paper, alpha=0.5, linestyle="", zorder=3.5
            ),
            "trail": Line2D([], [], color=colour, alpha=0.4, linewidth=1.2, marker="o", markersize=4, mew=0, zorder=3),
            "link": Line2D([], [], color=ink, linewidth=1.2, linestyle=(0, (3.0, 3.0)), zorder=4),
            "halo": Line2D([], [], color=paper, linewidth=5, zorder=5, **soft),
            "slope": Line2D([], [], color=colour, linewidth=2.4, zorder=5.1, **soft),
            "ring": Line2D([], [], marker=mark, markersize=10, mfc=paper, mec=colour, mew=2.2, linestyle="", zorder=6),
            "shaft": Line2D([], [], color=colour, linewidth=3.4, zorder=6.2, solid_capstyle="butt"),
            "heads": Line2D([], [], marker=">", markersize=10, mfc=colour, mew=0, linestyle="", zorder=6.3),
            "ball": Line2D([], [], marker=mark, markersize=13, mfc=colour, mec=paper, mew=1.5, linestyle="", zorder=7),
            "beyond": Line2D([], [], marker="^", markersize=6, mfc=paper, mew=0, linestyle="", zorder=7.1),
        }
        for artist in found.values():
            self.axes.add_artist(artist)
        words = {"words": self._write(10, 31, "", 10), "off": self._write(10, 45, "", 9, color=self.colours.quiet)}
        return {**found, **words}

    def show(self, step: int) -> None:
        """Go to a step; where the walk has ended before, to the last one that was taken whole."""
        lines = self.lines
        last = int(self.trace.run.last_finite)
        gone = last < self.scene.steps and step >= last
        at = min(step, lines.last)
        self._show_ground(at)
        self._show_frozen(step)
        ball, beyond = self._into(lines.ball[at])
        ring = None if lines.probe is None else self._into(lines.probe[at, :2])
        self._put("ball", ball)
        self.moving["beyond"].set_marker(BEYOND.get(beyond, "^"))
        self._put("beyond", *([ball] if any(beyond) else []))
        self._put("ring", *([] if ring is None else [ring[0]]))
        self._put("link", *([] if ring is None else [ball, ring[0]]))
        seen = (ball, beyond) if ring is None else ring
        self._show_slope(seen[0], float(lines.slope[at]), shown=not any(seen[1]))
        self._show_kick(ball, 0.0 if gone else float(lines.kick[at]))
        kick = float(lines.kick[at])
        arrow = " ←" if kick < 0 else " →" if kick > 0 else ""
        words = f"{WORDS[lines.place[at]]}: kick {number(abs(kick), 2)}{arrow}"
        self.moving["words"].set_text(f"diverged after step {last}" if gone else words)
        along, off = lines.moved[at]
        part = float(off / np.hypot(along, off)) if np.hypot(along, off) > 0 else 0.0
        shown = self.plane and not gone and part > LEAST_OFF
        self.moving["off"].set_text(f"{round(100 * part)} % off the line" if shown else "")

    def _show_ground(self, at: int) -> None:
        places = self.frame.places
        losses = grounds(self.scene.surface, self.frame, self.lines, np.array([at]))[0]
        edge = np.column_stack([places, losses])
        floor = self.axes.get_ylim()[0]
        self.moving["ground"].set_xy([(places[0], floor), *edge, (places[-1], floor)])
        self.moving["edge"].set_data(*edge.T)
        self._show_landmarks(losses)
        # The trail is where the walker was, seen on this step's line.
        first = max(0, at - TRAIL)
        positions = np.asarray(self.trace.run.positions)[first : at + 1]
        along = (positions - self.frame.centre) @ self.lines.direction[at]
        self.moving["trail"].set_data(along, np.asarray(self.trace.losses)[first : at + 1])

    def _show_frozen(self, step: int) -> None:
        """The walker of the frozen run, on the line of its own."""
        if self.frozen is None:
            return
        at = min(step, self.frozen.last)
        losses = grounds(self.scene.surface, self.frame, self.frozen, np.array([at]))[0]
        self.moving["frozen edge"].set_data(self.frame.places, losses)
        self._put("frozen", self._into(self.frozen.ball[at])[0])

    def _into(self, point: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
        """The point moved into the lane, and the side that it lies beyond: −1 or 1 along and up; above, it stands by
        the name."""
        low, high = np.array([self.axes.get_xlim(), self.axes.get_ylim()]).T
        low, high = low + EDGE / self.per, high - EDGE / self.per
        if point[1] > high[1]:
            low[0] = min(low[0] + (INDENT + BOLD * len(self.trace.name)) / self.per[0], high[0])
        inside = np.clip(point, low, high)
        side = np.sign(point - inside).astype(int)
        return inside, (0, int(side[1])) if side[1] else (int(side[0]), 0)

    def _put(self, name: str, *points: np.ndarray) -> None:
        self.moving[name].set_data([p[0] for p in points], [p[1] for p in points])

    def _show_slope(self, at: np.ndarray, slope: float, *, shown: bool) -> None:
        steep = slope * self.per[1] / self.per[0]
        reach = TANGENT / math.hypot(1.0, steep) * np.array([1.0, steep]) / self.per
        for name in ("halo", "slope"):
            self._put(name, *([at - reach, at + reach] if shown and math.isfinite(steep) else []))

    def _show_kick(self, ball: np.ndarray, kick: float) -> None:
        """An arrow as long as the kick carries the ball; three heads where it goes on beyond the lane."""
        low, high = self.axes.get_xlim()
        if not math.isfinite(kick) or abs(kick) * self.per[0] < BALL:
            self._put("shaft")
            self._put("heads")
            return
        edge, sign = EDGE / self.per[0], math.copysign(1.0, kick)
        tip = min(max(ball[0] + kick, low + edge), high - edge)
        back = sign * 5 / self.per[0]
        count = 3 if tip != ball[0] + kick else 1
        self._put("shaft", ball, np.array([tip - back, ball[1]]))
        self.moving["heads"].set_marker(">" if sign > 0 else "<")
        self._put("heads", *(np.array([tip - back * (1 + 1.4 * k), ball[1]]) for k in range(count)))
