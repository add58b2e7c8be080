"""The two-scale instrument as a picture: closed forms beside the simulation, orbit, window of ρ, bouncing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.drawing.appearance import WINDOW_ENDS, MethodLook
from app.drawing.sheet import EDGE, Sheet
from app.drawing.style import MARKERS, dash_of
from app.instruments.bounds import NECESSARY
from app.instruments.export.maps import (
    DASH_NAMES,
    DASHES,
    CellAxis,
    Cells,
    Curve,
    draw_cells,
    draw_chart,
    draw_keys,
    no_colour,
)
from app.instruments.export.request import InstrumentExport
from app.instruments.export.sheet import instrument_sheet
from app.state.numbers_as_text import number


def two_scale_picture(asked: InstrumentExport) -> Sheet:
    """Closed forms beside the simulation, the orbit, the window of ρ, and the bouncing on the plane."""
    (answer,) = asked.answers
    window, rows, orbit = answer["window"], answer["quantities"], answer["cycles"].get("orbit")
    ends = [name for name in WINDOW_ENDS if window["counts"].get(name)]
    notes = [window["what"], answer["what"]]
    for k, line in enumerate(window["lines"]):
        dash = DASH_NAMES[1 + k % 2].capitalize()
        notes.append(f"{dash} line: {line['name']} = {number(line['at'])}, {NECESSARY}.")
    table = 30 + 17 * len(rows)
    sheet, top = instrument_sheet(asked, table + 560, answer["sentence"], notes)
    _quantities(sheet, top, rows)
    top += table
    place = (70, top + 26, 396, 180)
    if orbit:
        steps = np.arange(len(orbit["simulated"])) - len(orbit["simulated"]) + 1
        look = asked.look("SAM")
        curves = [
            Curve(steps, np.array(orbit["simulated"], dtype=float), look.colour, dash_of(look)),
            Curve(steps, np.array(orbit["closed"], dtype=float), sheet.colours.ink, "", 0, "o"),
        ]
        across = "Step before the last (line: real step; dots: closed form)"
        draw_chart(sheet, place, "SAM in the pothole, from the start in view", curves, across, "x − x*")
    else:
        sheet.text(place[0], place[1], "There is no cycle in the pothole at this setting.", 9)
    radii = np.asarray(window["radii"])
    colours = np.concatenate([no_colour((1, 1), WINDOW_ENDS[end]) for end in window["ends"]], axis=1)
    hatched = np.array([[end in ("diverges", "hangs at the ghost minimum") for end in window["ends"]]])
    lines = [([(one["at"], -0.5), (one["at"], 0.5)], DASHES[1 + k % 2]) for k, one in enumerate(window["lines"])]
    x, y = CellAxis(radii, "Probe radius ρ"), CellAxis(np.zeros(1), "", labels=("",))
    upright = [([(a, -0.5), (b, 0.5)], dash) for ((a, _), (b, _)), dash in lines]
    cells = Cells(x, y, colours, hatched, mark=(float(asked.state["radius"]), 0.0), lines=upright)
    draw_cells(sheet, (530, top + 26, 396, 70), "What becomes of SAM from the start, by ρ", cells)
    for k, name in enumerate(ends):
        hatch = name in ("diverges", "hangs at the ghost minimum")
        words = f"{name}: {window['counts'][name]} of {len(radii)} radii"
        draw_keys(sheet, 530, top + 142 + 17 * k, [(WINDOW_ENDS[name], hatch, words)], (1, 1, 1, 0.75))
    reach = 1.25 * max((abs(v) for one in answer["plane"] for point in one["path"] for v in point), default=1.0)
    for k, one in enumerate(answer["plane"]):
        _plane(sheet, (70 + 460 * k, top + 290, 240, 200), one, reach, asked.look("LLQR+SAM" if k else "SAM"))
    return sheet


def _quantities(sheet: Sheet, top: float, rows: Sequence[Mapping[str, Any]]) -> None:
    places = (EDGE, 235, 395, 475, 555, 635)
    titles = ("Quantity", "Closed form", "Its value", "Simulated", "Deviation", "What it is")
    for x, title in zip(places, titles, strict=True):
        sheet.text(x, top, title, 9, color=sheet.colours.ink, weight="bold")
    for index, row in enumerate(rows):
        values = [np.nan if row[key] is None else row[key] for key in ("closed", "simulated", "deviation")]
        words = [
            row["label"],
            row["formula"],
            *(number(v, 6) for v in values[:2]),
            number(values[2], 2),
            row["kind"],
        ]
        for x, text in zip(places, words, strict=True):
            sheet.text(x, top + 18 + 17 * index, text, 8.5)


def _plane(
    sheet: Sheet, place: tuple[float, float, float, float], told: Mapping[str, Any], reach: float, look: MethodLook
) -> None:
    """The last places of SAM on the plane, both axes to one scale, with what was expected."""
    axes = sheet.axes(*place, told["name"])
    for draw in (axes.axhline, axes.axvline):
        draw(0, color=sheet.colours.grid, linewidth=1)
    if told["path"]:
        x, y = np.array(told["path"]).T
        axes.plot(x, y, color=look.colour, linewidth=1.4, alpha=0.6)
        axes.plot(x, y, MARKERS[look.marker], color=look.colour, mec=sheet.colours.paper, markersize=7, mew=0.8)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.locator_params(nbins=4)
    axes.set_xlabel("axis 1", color=sheet.colours.quiet, fontsize=9)
    axes.set_ylabel("axis 2", color=sheet.colours.quiet, fontsize=9)
    said = [f"U a = ({', '.join(number(v) for v in told['products'])}):", f"argmax is axis {told['expected']}."]
    if not told["stable"]:
        said += [f"ηUa = {number(told['c'])} is beyond 2(1 + μ):", "the bouncing is not stable."]
    elif told["axis"] is None:
        said += ["The walker does not bounce here."]
    else:
        agrees = "as" if told["agrees"] else "not as"
        said += [
            f"The real step moves along axis {told['axis']}",
            f"({number(100 * told['share'], 3)} % of its motion):",
        ]
        said += [f"{agrees} the closed form says."]
    for k, line in enumerate(said):
        sheet.text(place[0] + place[2] + 14, place[1] + 6 + 15 * k, line, 8.5)
