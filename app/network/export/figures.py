"""Curves, slices, curvature and potholes of a run as PNG and SVG, in the looks of the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.ticker import AutoLocator, LogLocator, NullFormatter, StrMethodFormatter

from app.drawing.appearance import MethodLook, look_in
from app.drawing.colour_range import colour_range
from app.drawing.sheet import HEAD, Sheet
from app.drawing.style import SETTINGS, above, colour_map, dress, line_of, mark_of, rgba
from app.jobs.packing import Tree
from app.network.export.data import curves_of, look_settings, potholes_settings, slice_settings
from app.network.export.record import Record
from app.network.export.request import NetworkExport
from app.network.training.recorded_runs import shown_names
from app.state.numbers_as_text import percent

CURVES = (
    ("train_loss", "Training loss"),
    ("test_loss", "Test loss"),
    ("loss", "Mini-batch loss at θ + ε"),
    ("train_accuracy", "Training accuracy"),
    ("test_accuracy", "Test accuracy"),
    ("off", "Distance off the plane"),
)
AXES = {"steps": "steps", "evaluations": "gradient evaluations + curvature products", "seconds": "seconds of training"}
LEVELS = 22


def _sheet(asked: NetworkExport, record: Record, title: str, height: int, settings: dict[str, Any]) -> Sheet:
    """A sheet whose head says what was trained, and how the methods look."""
    told = record.description
    words = f"{told['network']} on {told['data']}, seed {told['seed']}, step {record.steps} of {told['steps']}"
    looks = {method: _look(asked, method) for method in record.methods}
    return Sheet(title, words, height, settings, asked.scheme, asked.format, asked.width, looks)


def _look(asked: NetworkExport, method: str) -> MethodLook:
    return look_in(method, asked.scheme, shown_names())


class _PlainNumbers(LogLocator):
    """1, 2 and 5 in each decade; where fewer than three of them are in view, evenly spaced numbers."""

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        low, high = sorted((vmin, vmax))
        ticks = [x for x in super().tick_values(low, high) if low <= x <= high]
        return ticks if len(ticks) > 2 else [x for x in AutoLocator().tick_values(low, high) if low <= x <= high]


def logarithmic(axes: Any) -> None:
    """A logarithmic vertical axis that is labelled in plain numbers."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(_PlainNumbers(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def curves_figure(record: Record, asked: NetworkExport) -> bytes:
    """Losses, accuracies and the distance off the plane; dashed lines where settings were changed."""
    with matplotlib.rc_context(SETTINGS):
        sheet = _sheet(asked, record, "Training curves", HEAD + 2 * 270, record.settings())
        for index, (key, title) in enumerate(CURVES):
            place = (66 + (index % 3) * 306, HEAD + 34 + (index // 3) * 266)
            axes = sheet.axes(*place, 236, 186, title)
            axes.grid(axis="y", color=sheet.colours.grid, linewidth=0.8)
            axes.set_xlabel(AXES[asked.axis], color=sheet.colours.quiet, fontsize=9)
            if "loss" in key and asked.loss_scale == "log":
                logarithmic(axes)
            for method in sorted(record.methods, key=lambda name: name not in record.going):
                if method not in record.going:  # one that has diverged leaves the frame of the others
                    axes.set_ylim(axes.get_ylim())
                columns, look = curves_of(record, method), _look(asked, method)
                x = _axis(columns, asked.axis)
                kept = np.isfinite(columns[key])
                line = line_of(look) | {"linewidth": min(look.width, 2), "zorder": above(look)}
                axes.plot(x[kept], columns[key][kept], **line)
            if asked.axis == "steps":
                for change in record.changes:
                    axes.axvline(change["position"], color=sheet.colours.quiet, linewidth=1, linestyle=(0, (3, 4)))
        return sheet.saved()


def _axis(columns: dict[str, np.ndarray], axis: str) -> np.ndarray:
    if axis == "steps":
        return columns["step"]
    return columns["seconds"] if axis == "seconds" else columns["evaluations"] + columns["products"]


def slice_figure(tree: Tree, record: Record, asked: NetworkExport) -> bytes:
    """The slice with the paths over it: their places are projections, and how far off they are is said below."""
    losses, x, y = np.asarray(tree["losses"], dtype=float), np.asarray(tree["x"]), tree["y"]
    with matplotlib.rc_context(SETTINGS):
        sheet = _sheet(asked, record, "Slice of the loss", HEAD + 600, slice_settings(tree, record))
        axes = sheet.axes(80, HEAD + 12, 560, 500, "")
        axes.set_xlabel(tree["labels"][0], color=sheet.colours.quiet, fontsize=9)
        if y is None:
            axes.plot(x, losses, color=sheet.colours.quiet, linewidth=2)
            axes.set_ylabel("loss", color=sheet.colours.quiet, fontsize=9)
        else:
            axes.set_ylabel(tree["labels"][1], color=sheet.colours.quiet, fontsize=9)
            _contours(sheet, axes, x, np.asarray(y), losses)
        for index, (method, path) in enumerate(tree["paths"].items()):
            look, places = _look(asked, method), np.asarray(path["coordinates"], dtype=float)
            points = np.column_stack([places[:, 0], path["drawn"]]) if y is None else places
            axes.plot(points[:, 0], points[:, 1], zorder=above(look), **line_of(look))
            mark = {**mark_of(look, 11), "mec": sheet.colours.paper, "mew": 1.5}
            axes.plot(points[-1:, 0], points[-1:, 1], linestyle="", zorder=5, **mark)
            top = HEAD + 20 + index * 84
            sheet.text(710, top, method, 11, color=sheet.colours.ink, weight="bold")
            said = (
                f"{percent(float(path['captured']))} of its movement in the plane\n"
                f"{float(path['distance'][-1]):.3g} off the plane at the end\n"
                f"true loss {float(path['true'][-1]):.4g}, drawn at {float(path['drawn'][-1]):.4g}"
            )
            sheet.text(710, top + 18, said, 9, linespacing=1.4)
        axes.set_xlim(x[0], x[-1])
        if y is not None:
            axes.set_ylim(np.asarray(y)[0], np.asarray(y)[-1])
        sheet.text(
            80, HEAD + 570, "Paths are projected onto the plane: their true losses are not the heights drawn.", 9
        )
        return sheet.saved()


def _contours(sheet: Sheet, axes: Any, x: np.ndarray, y: np.ndarray, losses: np.ndarray) -> None:
    colours = colour_range(losses)
    levels = np.linspace(0.0, float(colours.colour(np.asarray(colours.high))), LEVELS + 1)
    values = np.ma.masked_invalid(colours.colour(losses))
    filled = axes.contourf(x, y, values, levels, cmap=colour_map(sheet.scheme))
    colour, alpha = rgba(sheet.colours.contour_line)
    axes.contour(x, y, values, levels, colors=[colour], alpha=alpha, linewidths=0.6)
    bar = sheet.axes(654, HEAD + 12, 10, 500, "")
    kept, labels = colours.ticks()
    places = [float(colours.colour(np.asarray(loss))) for loss in kept]
    sheet.figure.colorbar(filled, cax=bar, ticks=places).ax.set_yticklabels(labels)
    dress(bar, sheet.scheme)


def curvature_figure(tree: Tree, record: Record, asked: NetworkExport) -> bytes:
    """Largest eigenvalue, trace with its standard error and sharpness along the run, and the spectral density."""
    with matplotlib.rc_context(SETTINGS):
        sheet = _sheet(asked, record, "Curvature", HEAD + 2 * 290, look_settings("curvature", tree, record))
        panels = (
            ("Largest eigenvalue", lambda row: (row["eigenvalues"][0], row["residuals"][0])),
            ("Trace", lambda row: (row["trace"], row["trace_error"])),
            ("Sharpness in the ρ-ball", lambda row: (row["sharpness"], 0.0)),
        )
        for index, (title, read) in enumerate(panels):
            axes = sheet.axes(66 + (index % 2) * 460, HEAD + 34 + (index // 2) * 286, 380, 200, title)
            axes.grid(axis="y", color=sheet.colours.grid, linewidth=0.8)
            axes.set_xlabel("steps", color=sheet.colours.quiet, fontsize=9)
            for method in record.methods:
                rows = [r for r in tree["rows"] if r["method"] in (method, "") and "problem" not in r]
                rows.sort(key=lambda row: row["step"])
                found = np.array([read(row) for row in rows], dtype=float).reshape(-1, 2)
                look = _look(asked, method)
                drawn = {**line_of(look), **mark_of(look, 5), "capsize": 2, "zorder": above(look)}
                axes.errorbar([row["step"] for row in rows], found[:, 0], yerr=found[:, 1], **drawn)
            axes.set_xlim(-0.04 * record.steps, 1.04 * record.steps)
        axes = sheet.axes(66 + 460, HEAD + 34 + 286, 380, 200, "Spectral density, last weights")
        axes.set_xlabel("eigenvalue λ", color=sheet.colours.quiet, fontsize=9)
        for one in tree["densities"]:
            density = np.asarray(one["density"], dtype=float)
            if density.size and (density > 0).any():
                look = _look(asked, one["method"])
                axes.set_yscale("log")
                axes.plot(one["values"], density, zorder=above(look), **line_of(look))
                axes.set_ylim(max(1e-6 * density.max(), density[density > 0].min()), 2 * density.max())
        return sheet.saved()


def potholes_figure(tree: Tree, record: Record, asked: NetworkExport) -> bytes:
    """What a probe adds with U, in parts of that without, direction by direction; below it the verdicts."""
    told = potholes_settings(tree, record)
    verdicts = [(f"{one['statement']} {one['verdict'].capitalize()}.", one["counts"]) for one in told["verdicts"]]
    with matplotlib.rc_context(SETTINGS):
        sheet = _sheet(asked, record, "Potholes", HEAD + 370 + 42 * len(verdicts), told)
        axes = sheet.axes(66, HEAD + 34, 840, 260, "What the probe adds with U, in parts of that without")
        axes.grid(axis="y", color=sheet.colours.grid, linewidth=0.8)
        axes.set_xlabel("direction; marks: measured, lines: to first order", color=sheet.colours.quiet, fontsize=9)
        axes.axhline(1, color=sheet.colours.quiet, linewidth=1, linestyle=(0, (3, 4)))
        logarithmic(axes)
        for row in tree["rows"]:
            look, end = _look(asked, row["method"]), 0
            for group in row.get("groups", ()):
                places = np.arange(end, end + len(group["factors"])) + 1
                first = np.array(group["first_order_factors"], dtype=float)
                axes.plot(places, first, **line_of(look) | {"linewidth": 1, "zorder": above(look)})
                mark = {**mark_of(look, 7), "mec": sheet.colours.paper, "mew": 1, "zorder": above(look)}
                axes.plot(places, np.array(group["factors"], dtype=float), linestyle="", **mark)
                at, where = (end + 0.6, 0.98), {"transform": axes.get_xaxis_transform(), "va": "top", "fontsize": 9}
                axes.text(*at, group["kind"], color=sheet.colours.quiet, **where)
                axes.axvline(end + 0.5, color=sheet.colours.grid, linewidth=0.8)
                end += len(places)
                axes.set_xlim(0.5, end + 0.5)
        low, high = axes.get_ylim()
        axes.set_ylim(low, high * (high / low) ** 0.12)  # room for the kinds
        for index, (words, counts) in enumerate(verdicts):
            sheet.text(66, HEAD + 350 + 42 * index, words, 10, color=sheet.colours.ink)
            sheet.text(66, HEAD + 366 + 42 * index, counts, 9)
        return sheet.saved()
