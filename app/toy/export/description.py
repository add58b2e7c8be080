"""What every exported file says of itself: version, seed, all settings, the link, and where the surfaces come from."""

from __future__ import annotations

from typing import Any

import numpy as np

from app import __version__
from app.state.control import ChoiceControl
from app.state.schema import write_link
from app.toy.controls import controls_of
from app.toy.frozen import differences_in_words
from app.toy.pits import PITS, pits_in_words
from app.toy.presets import PRESETS
from app.toy.request import ToyReading, read_state
from geometry.surfaces import SURFACES

SOURCE = (
    "Surfaces and settings are our reconstruction, found by simulation so that the captions of arXiv 2605.16134 hold, "
    "and not the authors’ own data."
)

CUT_WORDS = {
    "basin": "the loss on the line through walker and basin",
    "gradient": "the loss on the line along −g",
    "probe": "the loss on the line along the probe ε",
    "curve": "the loss itself",
}
"""What the cut shows, by its line."""
DECISIVE = ("surface", "pits", "start", "main", "walk", "preconditioner")
"""Groups of controls that decide the paths."""


def settings_of(reading: ToyReading) -> dict[str, Any]:
    """All that is needed to see or compute the same again; plain values, ready for JSON."""
    return {
        "made_by": f"Pothole lab {__version__}",
        "surface_class": SURFACES[reading.state["surface"]].__name__,
        **reading.state,
        "link": "/" + write_link(reading.state),
        "source": SOURCE,
    }


def caption_of(reading: ToyReading) -> str:
    """The sentence over the pictures: the preset's, or what was changed in it."""
    preset = PRESETS.get(reading.state["preset"])
    if preset is None:
        return "Your own settings."
    changed = differences_in_words(read_state({"preset": reading.state["preset"]}), reading)
    return f"{preset.title}, changed: {changed}." if changed else preset.caption


def settings_rows(reading: ToyReading) -> list[tuple[str, str]]:
    """(name, value) of what decides the paths, as the page names it."""
    rows = [("Surface", reading.surface.title)]
    for control in controls_of(reading.surface):
        if control.group not in DECISIVE:
            continue
        value = reading.state[control.name]
        if value == "":
            continue
        if isinstance(control, ChoiceControl):
            text = dict(control.options)[value]
        elif control is PITS:
            text = pits_in_words(value)
        else:
            text = value if isinstance(value, str) else f"{value:g}".replace("-", "−")
        rows.append((control.title, f"{text} {control.unit}".strip()))
    return rows


def steps_of(steps: int, count: int) -> list[int]:
    """At most `count` different steps from 0 to T, evenly spread."""
    return np.unique(np.linspace(0, steps, count).round().astype(int)).tolist()
