"""The panels of a picture: the map (or curve) with its walkers, and a line chart. Each draws what stands still once
and moves what depends on the step, so that a frame of an animation costs only what moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PathCollection
from matplotlib.colors import Normalize, to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse

from app.drawing.appearance import SCHEMES, look_in, pale
from app.drawing.ground import lit
from app.drawing.style import MARKERS, above, colour_map, dress, line_of, mark_of, rgba, start_mark
from app.toy.compute import Trace
from app.toy.export.scene import Scene, probe_points
from app.toy.landscape import GROUND_POINTS, LEVELS, curve_of, grid_of, scale_of

FAINT, RECENT_PROBES, FAR = 0.28, 12, 50.0
"""Opacity of the part of a path that is not walked yet; probes that still show; spans beyond which a path is cut."""


@dataclass(frozen=True)
class Exit:
    """Where a path leaves the map for good: the first step beyond it, and the place on its edge."""

    step: int
    place: np.ndarray


@dataclass(frozen=True)
class Walker:
    """The artists of one method: where it stands; the path walked, none on a curve; its probes, if it has any (the last
    ones, the line to the newest, the newest); and what marks where it leaves the map for good."""

    marker: Line2D
    trail: Line2D | None
    probes: tuple[PathCollection, Line2D, Line2D] | None
    leaving: Exit | None
    signs: tuple[Artist, ...]

    @property
    def artists(self) -> tuple[Artist, ...]:
        """All of them."""
        return self.marker, *([self.trail] if self.trail else ()), *(self.probes or ()), *self.signs


class MapPanel:
    """The map of a 2-D surface or the curve of a 1-D one, with start, paths, probes and walkers."""

    def __init__(self, axes: Axes, scene: Scene, scheme: str) -> None:
        self.axes, self.scene, self.scheme = axes, scene, scheme
        self.flat = scene.surface.dimension == 1
        self.bar: Any = None
        dress(axes, scheme)
        across, up = ("θ", "L(θ)") if self.flat else ("θ₁", "θ₂")
        axes.set_xlabel(across, color=SCHEMES[scheme].quiet, fontsize=10)
        axes.set_ylabel(up, color=SCHEMES[scheme].quiet, fontsize=10)
        (self._curve if self.flat else self._contours)()
        self._basin()
        self.moving = [(trace, self._walker(trace, 0, frozen=True)) for trace in scene.beside]
        self.moving += [(trace, self._walker(trace, index)) for index, trace in enumerate(scene.traces)]
        self._start()

    def artists(self) -> list[Any]:
        """What depends on the step, in the order in which it is drawn."""
        found = [artist for _, walker in self.moving for artist in walker.artists]
        return sorted(found, key=lambda artist: artist.get_zorder())

    def show(self, step: int) -> None:
        """Put the walkers where they are at a step."""
        for trace, walker in self.moving:
            points = self._points(trace)
            here = min(step, len(points) - 1)
            cut = walker.leaving.step if walker.leaving is not None else here
            if walker.trail is not None:
                walked = points[: min(here, cut) + 1]
                walker.trail.set_data(walked[:, 0], walked[:, 1])
            for artist in walker.signs:
                artist.set_visible(step >= cut)
            walker.marker.set_data(points[here : here + 1, 0], points[here : here + 1, 1])
            if walker.probes is not None:
                self._show_probes(trace, walker.probes, points, here, step)

    def _points(self, trace: Trace) -> np.ndarray:
        """Where the walker is drawn at each step up to the last finite one, (last+1, 2)."""
        last = int(trace.run.last_finite)
        return self._drawn(np.asarray(trace.run.positions)[: last + 1], trace.losses[: last + 1])

    def _drawn(self, positions: np.ndarray, losses: np.ndarray) -> np.ndarray:
        points = np.column_stack([positions[:, 0], losses]) if self.flat else positions
        low, high = self.bounds[:, 0], self.bounds[:, 1]
        return np.clip(points, low - FAR * (high - low), high + FAR * (high - low))

    @property
    def bounds(self) -> np.ndarray:
        """((x0, x1), (y0, y1)) of the panel."""
        return np.array([self.axes.get_xlim(), self.axes.get_ylim()])

    def _contours(self) -> None:
        surface = self.scene.surface
        grid = grid_of(surface, GROUND_POINTS)
        colours, top = scale_of(surface, grid.losses)
        highest, values = float(colours.colour(np.asarray(colours.high))), colours.colour(grid.losses)
        picture = lit(values / highest, float(colours.colour(np.asarray(top))) / highest, self.scheme)
        half = [(axis[1] - axis[0]) / 2 for axis in (grid.x, grid.y)]  # a grid point is the middle of its pixel
        extent = (grid.x[0] - half[0], grid.x[-1] + half[0], grid.y[0] - half[1], grid.y[-1] + half[1])
        self.axes.imshow(picture, extent=extent, origin="lower", interpolation="bilinear", aspect="auto")
        self.bar = ScalarMappable(Normalize(0.0, highest), colour_map(self.scheme))
        colour, alpha = rgba(SCHEMES[self.scheme].contour_line)
        levels = np.linspace(0.0, highest, LEVELS + 1)
        self.axes.contour(grid.x, grid.y, values, levels, colors=[colour], alpha=alpha, linewidths=0.6)
        losses, labels = colours.ticks()
        self.ticks = [float(colours.colour(np.asarray(loss))) for loss in losses], labels
        self.axes.set_xlim(grid.x[0], grid.x[-1])
        self.axes.set_ylim(grid.y[0], grid.y[-1])

    def _curve(self) -> None:
        x, losses = curve_of(self.scene.surface)
        low, high = float(losses.min()), float(losses.max())
        self.axes.set_xlim(x[0], x[-1])
        self.axes.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))
        if low >= 0:
            colour, alpha = rgba(SCHEMES[self.scheme].filled)
            self.axes.fill_between(x, losses, color=colour, alpha=alpha, linewidth=0)
        self.axes.plot(x, losses, color=SCHEMES[self.scheme].quiet, linewidth=2)

    def _basin(self) -> None:
        basin = self.scene.surface.flat_basin
        if basin is None:
            return
        ink = SCHEMES[self.scheme].ink
        look: dict[str, Any] = {"linestyle": (0, (3.0, 4.0)), "linewidth": 1.2, "alpha": 0.75}
        centre = np.atleast_1d(basin.centre)
        if self.flat:
            for side in (-basin.radius, basin.radius):
                self.axes.axvline(float(centre[0] + side), color=ink, **look)
            return
        place, size = (float(centre[0]), float(centre[1])), 2 * basin.radius
        self.axes.add_patch(Ellipse(place, size, size, fill=False, edgecolor=ink, **look))

    def _walker(self, trace: Trace, index: int, *, frozen: bool = False) -> Walker:
        """One method's. On a curve a path would only be drawn over the curve: there it is dots. One of the
        frozen run is pale, lies beneath the others, and has no probes."""
        look, colours = look_in(trace.name, self.scheme), SCHEMES[self.scheme]
        look = pale(look) if frozen else look
        points, trail = self._points(trace), None
        leaving = self._exit(trace, points)
        order = above(look, 2.5 if frozen else 3.0)
        if self.flat:
            self.axes.plot(points[:, 0], points[:, 1], "o", color=look.colour, alpha=0.35, ms=4.4, mew=0, zorder=order)
        else:
            kept = points if leaving is None else points[: leaving.step + 1]
            self.axes.plot(kept[:, 0], kept[:, 1], color=look.colour, alpha=FAINT, linewidth=1.2, zorder=order)
            trail = Line2D([], [], zorder=order + 1, **line_of(look))
            self.axes.add_line(trail)
        # Walkers often stand on the same spot: those drawn first are larger, so that each can be seen.
        size = 11 if frozen else 2 * (5.5 + min(1.1 * (len(self.scene.traces) - 1 - index), 4))
        mark, on_top = MARKERS.get(look.marker, "o"), 5.9 if frozen else 6 + index / 100
        signs = self._signs(f"{trace.name}, frozen," if frozen else trace.name, look.colour, leaving)
        probes = None
        if probe_points(trace) is not None and not frozen:
            recent = self.axes.scatter([], [], s=19, marker=mark, linewidths=0, zorder=5)
            line = self.axes.add_line(Line2D([], [], color=colours.ink, linewidth=1, zorder=5.1))
            ring = mark_of(look, 8) | {"mfc": "none", "mec": look.colour, "mew": 1.8}
            probes = recent, line, self.axes.add_line(Line2D([], [], linestyle="", zorder=5.2, **ring))
        marker = Line2D([], [], mec=colours.paper, mew=1.5, linestyle="", zorder=on_top, **mark_of(look, size))
        return Walker(self.axes.add_line(marker), trail, probes, leaving, signs)

    def _exit(self, trace: Trace, points: np.ndarray) -> Exit | None:
        """Where a diverging path leaves the map; None where it does not, or on a curve."""
        if self.flat or trace.run.outcome != "diverged":
            return None
        low, high = self.bounds[:, 0], self.bounds[:, 1]
        beyond = np.flatnonzero(((points < low) | (points > high)).any(axis=-1))
        if not len(beyond) or beyond[0] == 0:
            return None
        step = int(beyond[0])
        inside, move = points[step - 1], points[step] - points[step - 1]
        with np.errstate(all="ignore"):
            reach = np.where(move > 0, (high - inside) / move, np.where(move < 0, (low - inside) / move, np.inf))
        return Exit(step, inside + float(reach.min()) * move)

    def _signs(self, name: str, colour: str, leaving: Exit | None) -> tuple[Artist, ...]:
        """A cross, with the method's name, where a diverging path leaves the map for good."""
        if leaving is None:
            return ()
        colours, (x, y) = SCHEMES[self.scheme], leaving.place
        cross = Line2D([x], [y], marker="x", markersize=12, mec=colour, mew=2.6, linestyle="", zorder=7, clip_on=False)
        self.axes.add_line(cross)
        middle = self.bounds.mean(axis=1)
        sideways, upwards = ("right" if x > middle[0] else "left"), ("top" if y > middle[1] else "bottom")
        label = self.axes.annotate(
            f"{name} diverges",
            (x, y),
            xytext=(-10 if sideways == "right" else 10, -12 if upwards == "top" else 12),
            textcoords="offset points",
            ha=sideways,
            va=upwards,
            fontsize=9,
            color=colours.ink,
            zorder=7,
            bbox={"facecolor": colours.paper, "edgecolor": "none", "alpha": 0.8, "pad": 1.5},
        )
        return cross, label

    def _show_probes(
        self, trace: Trace, artists: tuple[PathCollection, Line2D, Line2D], points: np.ndarray, here: int, step: int
    ) -> None:
        probes = np.asarray(probe_points(trace))
        drawn = self._drawn(probes, np.asarray(trace.probe_losses))
        newest = min(step, len(points) - 1, len(probes) - 1)
        first = max(0, newest - RECENT_PROBES)
        recent = drawn[first:newest]
        alphas = 0.15 + 0.5 * (np.arange(first, newest) - newest + RECENT_PROBES) / RECENT_PROBES
        colour = to_rgba(look_in(trace.name, self.scheme).colour)[:3]
        before, line, newest_one = artists
        before.set_offsets(recent if len(recent) else np.empty((0, 2)))
        before.set_facecolor([(*colour, float(alpha)) for alpha in alphas] or "none")
        # The last position has no probe of its own: the last probe was made one step earlier.
        live = newest == step and bool(np.isfinite(drawn[newest]).all())
        tip = drawn[newest : newest + 1] if live else np.empty((0, 2))
        newest_one.set_data(tip[:, 0], tip[:, 1])
        ends = np.concatenate([points[here : here + 1], tip]) if live else tip
        line.set_data(ends[:, 0], ends[:, 1])

    def _start(self) -> None:
        start = np.asarray(self.scene.request.start, dtype=float)
        with np.errstate(all="ignore"):
            point = self._drawn(start[None], np.atleast_1d(self.scene.surface.loss(start)))
        mark: dict[str, Any] = {"marker": start_mark(), "markersize": 28, "mfc": "none", "zorder": 4.9}
        for colour, width in ((SCHEMES[self.scheme].paper, 4.0), (SCHEMES[self.scheme].ink, 1.6)):
            self.axes.plot(point[:, 0], point[:, 1], mec=colour, mew=width, **mark)


class ChartPanel:
    """One quantity along the runs, with a cursor at the step shown."""

    def __init__(
        self,
        axes: Axes,
        scene: Scene,
        scheme: str,
        title: str,
        unit: str,
        values: dict[str, np.ndarray],
        bounds: tuple[float, float],
        level: float | None = None,
        frozen: dict[str, np.ndarray] | None = None,
    ) -> None:
        self.axes, self.scene = axes, scene
        colours = SCHEMES[scheme]
        dress(axes, scheme, title, unit)
        axes.grid(axis="y", color=colours.grid, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.set_xlim(0, scene.steps)
        axes.set_ylim(*_padded(*bounds))
        if scene.reading.state["step_axis"] == "log":
            # log(1 + t), as on the page: the first step has its place.
            axes.set_xscale("function", functions=(np.log1p, np.expm1))
            places = [0, *(10**k for k in range(len(str(scene.steps))) if 10**k <= scene.steps)]
            axes.set_xticks(places, [str(place) for place in places])
        else:
            axes.locator_params(axis="x", nbins=5, integer=True)
        axes.locator_params(axis="y", nbins=5)
        if level is not None:
            axes.axhline(level, color=colours.quiet, linewidth=1, linestyle=(0, (3.0, 4.0)))
        self.cursor = axes.axvline(0, color=colours.quiet, linewidth=1)
        self.markers = []
        low, high = axes.get_ylim()
        span = high - low
        lines = [(pale(look_in(name, scheme)), one, 2.5) for name, one in (frozen or {}).items()]
        lines += [(look_in(name, scheme), one, 3.0) for name, one in values.items()]
        for look, one, order in lines:
            shown = np.clip(one, low - FAR * span, high + FAR * span)
            line = line_of(look) | {"linewidth": min(look.width, 1.8), "zorder": above(look, order)}
            axes.plot(np.arange(len(one)), shown, **line)
            marker = Line2D([], [], mec=colours.paper, mew=1.2, linestyle="", zorder=6, **mark_of(look, 7))
            axes.add_line(marker)
            self.markers.append((marker, one))

    def artists(self) -> list[Any]:
        """What depends on the step."""
        return [self.cursor, *(marker for marker, _ in self.markers)]

    def show(self, step: int) -> None:
        """Move the cursor."""
        self.cursor.set_xdata([step, step])
        low, high = self.axes.get_ylim()
        for marker, one in self.markers:
            at = min(step, len(one) - 1)
            inside = bool(low <= one[at] <= high)
            marker.set_data([at] if inside else [], [one[at]] if inside else [])


def _padded(low: float, high: float) -> tuple[float, float]:
    """A little air around a range; one that is a hair is widened."""
    least = 0.06 * max(abs(low), abs(high)) or 1.0
    air = max(0.05 * (high - low), (least - (high - low)) / 2)
    return low - air, high + air
