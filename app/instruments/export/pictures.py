"""The instruments as pictures, drawn anew from the answers that the page draws, in its looks, with all settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np

from app.drawing.appearance import ENDING_COLOURS, PLAIN_ENDINGS
from app.drawing.sheet import EDGE, Sheet
from app.drawing.style import MARKERS, SETTINGS, dash_of
from app.instruments.export.maps import (
    DASH_NAMES,
    DASHES,
    CellAxis,
    Cells,
    Curve,
    Key,
    draw_cells,
    draw_chart,
    draw_keys,
    draw_scale,
    no_colour,
    sequential,
)
from app.instruments.export.request import InstrumentExport
from app.instruments.export.sheet import instrument_sheet
from app.instruments.export.tables import fairness_tables, phase_tables
from app.state.numbers_as_text import number

FIRST_ENDING = "in the flat basin"
LOWEST_LOSS = 1e-9
STRIP, ROW_OF_TABLE = 27.5, 17
"""Height of one method's strip of learning rates, and of its row in the table of the best."""
CURVES_OF_U = (
    ("largest", "largest eigenvalue of U"),
    ("smallest", "smallest eigenvalue of U"),
    ("smoothed", "1/λ of the smoothed curvature"),
    ("local", "1/λ of the local curvature"),
)
UNITS = {
    "steps": ("median_step", "Steps to arrival"),
    "evaluations": ("median_evaluations", "Gradient evaluations to arrival"),
    "seconds": ("median_seconds", "Seconds to arrival"),
}


def _place(top: float, index: int, height: float = 250) -> tuple[float, float, float, float]:
    """The place of one of several axes, two beside each other."""
    return 70 + (index % 2) * 460, top + 26 + (index // 2) * (height + 76), 396, height


def _depth(count: int, height: float = 250) -> float:
    """How far down so many axes reach."""
    return -(-count // 2) * (height + 76)


def _column(table: tuple[list[str], list[list[Any]]], method: str, name: str) -> np.ndarray:
    """A method's column of a table; not-a-number where there is none."""
    heads, rows = table
    at = heads.index(name)
    return np.array([np.nan if row[at] is None else row[at] for row in rows if row[0] == method], dtype=float)


def _axis(told: Mapping[str, Any]) -> CellAxis:
    return CellAxis(np.asarray(told["values"], dtype=float), told["title"], told["log"])


def phase_picture(asked: InstrumentExport) -> Sheet:
    """Maps on one scale: the share of runs that arrive, or what arriving costs."""
    first, table = asked.answers[0], phase_tables(asked.answers)["map"]
    x, y, runs = _axis(first["x"]), _axis(first["y"]), first["runs"]
    shape = (len(y.values), len(x.values))
    column, words = UNITS[asked.unit]
    methods = tuple(dict.fromkeys(part["method"] for part in first["parts"]))
    costs = {name: _column(table, name, column).reshape(shape) for name in methods}
    found = np.concatenate([cost[np.isfinite(cost) & (cost > 0)] for cost in costs.values()])
    low, high = (float(found.min()), float(found.max())) if found.size else (1.0, 1.0)
    if asked.unit == "steps":
        low, high = max(1.0, min(low, first["steps"])), float(first["steps"])
    notes = [first["what"]]
    for k, line in enumerate(first["bounds"]):
        notes.append(
            f"{DASH_NAMES[k % 4].capitalize()} line ({', '.join(line['methods'])}): {line['label']}: {line['kind']}."
        )
    if asked.unit != "steps" and asked.shown == "steps":
        notes.append(f"{words} is the median over the runs that arrive.")
    sheet, top = instrument_sheet(asked, round(24 + _depth(len(costs))), "", notes)
    ink = sheet.colours.quiet if asked.shown == "steps" else (1, 1, 1, 0.75)
    if asked.shown == "steps":
        at = draw_scale(sheet, top, f"{words} (median)", number(high), number(low))
    else:
        at = draw_scale(sheet, top, "Runs that arrive", "none", f"all {runs}")
    none: list[Key] = [(sheet.colours.grid, False, "none arrives")] if asked.shown == "steps" else []
    dark: Key = (sequential(0.0), True, "most diverge; ring: setting in view")
    draw_keys(sheet, at, top, [*none, dark], (1, 1, 1, 0.75))
    for index, name in enumerate(methods):
        share = _column(table, name, "arrived").reshape(shape) / runs
        colours = sequential(share)
        if asked.shown == "steps":
            colours = no_colour(shape, sheet.colours.grid)
            known = np.isfinite(costs[name])
            part = 1 - np.log(costs[name][known] / low) / np.log(max(high / low, 1.0001))
            colours[known] = sequential(part)
        lost = _column(table, name, "diverged").reshape(shape) * 2 > runs
        lines = [(b["points"], DASHES[k % 4]) for k, b in enumerate(first["bounds"]) if name in b["methods"]]
        mark = (float(asked.state[first["x"]["name"]]), float(asked.state[first["y"]["name"]]))
        all_of = int((share == 1).sum())
        title = f"{name}: all {runs} runs arrive in {all_of} of {share.size} cells"
        draw_cells(sheet, _place(top + 14, index), title, Cells(x, y, colours, lost, ink, mark, lines))
    return sheet


def race_picture(asked: InstrumentExport) -> Sheet:
    """The maps over β × k, U's eigenvalues along the run, and the verdicts on the premise."""
    (answer,) = asked.answers
    runs, escape = answer["runs"], answer["escape"]
    decays, intervals = np.asarray(answer["decays"]), np.asarray(answer["intervals"])
    x = CellAxis(decays, "Decay β", labels=tuple(f"{v:g}" if k % 3 == 0 else "" for k, v in enumerate(decays)))
    y = CellAxis(intervals, "Refresh interval k", labels=tuple(f"{v:g}" for v in intervals))
    said = " ".join(
        f"{claim['statement']} {claim['verdict'].capitalize()}{': ' + claim['counts'] if claim['counts'] else ''}."
        for claim in answer["claims"]
    )
    time = "none, most runs do not arrive" if escape is None else f"{number(escape)} steps"
    notes = [
        answer["what"],
        f"At the setting in view k/(1 − β) = {number(answer['relearning'])} steps; escape time of LLQR+SAM: {time}."
        + ("" if escape is None else " Dashed on the maps: k/(1 − β) = escape time; above it U relearns more slowly."),
        "Curves: " + "; ".join(f"{DASH_NAMES[k]}: {words}" for k, (_, words) in enumerate(CURVES_OF_U)) + ".",
    ]
    sheet, top = instrument_sheet(asked, 676, said, notes)
    at = draw_scale(sheet, top, "Runs that arrive", "none", f"all {runs}")
    draw_keys(sheet, at, top, [(sequential(0.0), True, "most diverge; ring: setting in view")], (1, 1, 1, 0.75))
    border = []
    if escape is not None:
        beta = np.linspace(0, 0.99, 201)
        border = [(b, k) for b, k in zip(beta, escape * (1 - beta), strict=True) if 1 <= k <= 100]
    for index, (name, found) in enumerate(answer["maps"].items()):
        arrived = np.asarray(found["arrived"], dtype=float)
        title = f"{name}: all {runs} runs arrive in {int((arrived == runs).sum())} of {arrived.size} settings"
        cells = Cells(
            x,
            y,
            sequential(arrived / runs),
            np.asarray(found["diverged"]) * 2 > runs,
            mark=(float(asked.state["decay"]), float(asked.state["refresh_every"])),
            lines=[(border, DASHES[1])] if len(border) > 1 else [],
        )
        draw_cells(sheet, _place(top + 14, index), title, cells)
    for index, (name, run) in enumerate(answer["along"].items(), 2):
        colours = (asked.look(name).colour, asked.look(name).colour, sheet.colours.ink, sheet.colours.quiet)
        curves = [
            Curve(np.asarray(run["steps"]), np.array(run[key], dtype=float), colours[k], DASHES[k])
            for k, (key, _) in enumerate(CURVES_OF_U)
        ]
        marks = {} if run["arrival"] is None else {f"arrives at step {run['arrival']}": max(run["arrival"], 1)}
        place = _place(top + 14, index)
        draw_chart(sheet, place, f"U of {name} along the run", curves, "Step", log=(True, True), marks=marks)
    return sheet


def fairness_picture(asked: InstrumentExport) -> Sheet:
    """Arrivals and final loss against the learning rate, every method at its best, and the sentence."""
    (answer,) = asked.answers
    told, runs, rates = answer.get("equal_cost", answer), answer["runs"], np.asarray(answer["rates"])
    notes = [answer["what"], *([answer["equal_cost"]["what"]] if "equal_cost" in answer else [])]
    methods = tuple(strip["method"] for strip in told["strips"])
    deep, rows = STRIP * len(methods), ROW_OF_TABLE * len(methods)
    sheet, top = instrument_sheet(asked, round(382 + deep + rows), told["sentence"], notes, methods)
    at = draw_scale(sheet, top, "Runs that arrive", "none", f"all {runs}")
    keys: list[Key] = [(sequential(0.0), True, "most diverge; marker: the method’s best setting")]
    draw_keys(sheet, at, top, keys, (1, 1, 1, 0.75))
    strips = told["strips"][::-1]  # rows of a map count from below
    names = tuple(strip["method"] for strip in strips)
    x = CellAxis(rates, "Learning rate η", log=True)
    cells = Cells(
        x,
        CellAxis(np.arange(len(names)), "", labels=names),
        sequential(np.array([strip["arrived"] for strip in strips]) / runs),
        np.array([[loss is None for loss in strip["loss"]] for strip in strips]),
        dots=[
            (row["learning_rate"], names.index(row["method"]), asked.look(row["method"]).marker, 4.5)
            for row in told["rows"]
        ],
    )
    draw_cells(sheet, (90, top + 42, 850, deep), "Runs that arrive, at the best radius tried", cells)
    losses = {strip["method"]: np.array(strip["loss"], dtype=float) for strip in told["strips"]}
    plain = all(np.nanmin(loss, initial=0.0) >= 0 for loss in losses.values())
    curves = [
        Curve(rates, np.maximum(loss, LOWEST_LOSS), look.colour, dash_of(look), look.width, MARKERS[look.marker])
        for name, loss in losses.items()
        for look in (asked.look(name),)
    ]
    title = "Final loss there (median; below 1e−9 drawn as 1e−9)"
    view = {"η in view": float(asked.state["learning_rate"])}
    draw_chart(sheet, (90, top + deep + 116, 850, 170), title, curves, "Learning rate η", "L(θ)", (True, plain), view)
    _best_table(sheet, top + deep + 342, fairness_tables(asked.answers)["best"], answer["judged_on"], asked.unit)
    return sheet


def _best_table(sheet: Sheet, top: float, table: tuple[list[str], list[list[Any]]], judged: int, unit: str) -> None:
    """Each method at its best, in words."""
    heads, rows = table
    column, words = UNITS[unit]
    places = (EDGE, 140, 240, 340, 640)
    titles = ("Method", "Best η", "Best ρ", f"Tuned: arrive; {words.lower()}", "At the page’s η and ρ")
    for x, title in zip(places, titles, strict=True):
        sheet.text(x, top, title, 9, color=sheet.colours.ink, weight="bold")
    for index, row in enumerate(rows):
        one = dict(zip(heads, row, strict=True))
        cells = [
            one["method"],
            number(one["learning_rate"]),
            "no probe" if one["radius"] is None else number(one["radius"]),
        ]
        for when in ("tuned", "in_view"):
            cost = one[f"{when}_{column}"]
            cells.append(f"{one[f'{when}_arrived']} of {judged}" + ("" if cost is None else f"; {number(cost)}"))
        for x, text in zip(places, cells, strict=True):
            sheet.text(x, top + 20 + ROW_OF_TABLE * index, text, 9)


def endings_of(answers: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """{ending: colour} of all maps, in the order of the page's key."""
    names = {name for answer in answers for found in answer["maps"] for name in found["names"]}
    coloured = sorted((n for n in names if n not in PLAIN_ENDINGS), key=lambda name: (name != FIRST_ENDING, name))
    shades = {name: ENDING_COLOURS[k % len(ENDING_COLOURS)] for k, name in enumerate(coloured)}
    return shades | {name: colour for name, colour in PLAIN_ENDINGS.items() if name in names}


def basins_picture(asked: InstrumentExport) -> Sheet:
    """Where each start ends, by method."""
    first, shades = asked.answers[0], endings_of(asked.answers)
    flat = len(first["y"]) == 1
    x = CellAxis(np.asarray(first["x"]), "Start θ" if flat else "Start θ₁")
    y = CellAxis(np.asarray(first["y"]), "" if flat else "Start θ₂", labels=("",) if flat else ())
    maps = [found for answer in asked.answers for found in answer["maps"]]
    signs = ["○ minimum; ring: the start in view"]
    if any(found["ghosts"] for found in maps):
        more = "" if first["ghost_holds"] else "; at this η SAM does not stay at it"
        signs.append(f"✚ ghost minimum: the probe stands on the pothole’s bottom{more}")
    counts = [
        f"{found['method']}: "
        + ", ".join(f"{int((np.asarray(found['cells']) == k).sum())} {name}" for k, name in enumerate(found["names"]))
        for found in maps
    ]
    high = 60 if flat else 250
    sheet, top = instrument_sheet(
        asked, round(30 + _depth(len(maps), high)), "", [first["what"], ". ".join(counts) + ".", "; ".join(signs) + "."]
    )
    keys: list[Key] = [(colour, name == "diverged", name) for name, colour in shades.items()]
    draw_keys(sheet, EDGE, top, keys, (1, 1, 1, 0.75))
    for index, found in enumerate(maps):
        which = np.asarray(found["cells"])
        colours = np.stack([no_colour((), shades[name]) for name in found["names"]])[which]
        lost = np.array([name == "diverged" for name in found["names"]])[which]
        places = [
            *((m["position"], "circle", 3.0) for m in first["minima"]),
            *((g, "cross", 5.0) for g in found["ghosts"]),
        ]
        dots = [(float(at[0]), 0.0 if flat else float(at[1]), shape, size) for at, shape, size in places]
        mark = (float(asked.state["start_x"]), 0.0 if flat else float(asked.state["start_y"]))
        cells = Cells(x, y, colours, lost, mark=mark, dots=dots, ground=not flat)
        draw_cells(sheet, _place(top + 20, index, high), found["method"], cells)
    return sheet


def draw_instrument(asked: InstrumentExport, draw: Callable[[InstrumentExport], Sheet]) -> bytes:
    """The PNG or SVG."""
    with matplotlib.rc_context(SETTINGS):
        return draw(asked).saved()
