"""Dug potholes as a control: "x,y,depth,width;x,y,depth,width" in state and link, Gaussian pits for the surface."""

from __future__ import annotations

import math
from collections.abc import Iterable

from app.state.control import NumberControl, TextControl, Unusable, shorten
from app.state.numbers_as_text import vector
from geometry.surfaces import Pit

MOST_PITS = 8
FARTHEST = 100.0
"""Largest |x| and |y| of a pit."""
DEPTHS = (0.01, 1000.0)
WIDTHS = (0.1, 5.0)
"""What is narrower the neighbourhood's lattice would not see (geometry.smoothing)."""
DIGITS = 4
"""Significant digits that are kept."""
COLUMNS = (
    NumberControl("x", "θ₁", "Place", -FARTHEST, FARTHEST, 0.0, "Where the pothole lies.", "pits", step=0.001),
    NumberControl("y", "θ₂", "Place", -FARTHEST, FARTHEST, 0.0, "Where the pothole lies.", "pits", step=0.001),
    NumberControl("depth", "D", "Depth", *DEPTHS, 1.0, "How deep the pothole is, as a loss.", "pits", "log"),
    NumberControl(
        "width", "w", "Width", *WIDTHS, 0.25, "Standard deviation of the pothole; small is sharp.", "pits", "log"
    ),
)
FORM = "The dug potholes must be written x,y,depth,width with semicolons between"


def pits_of(text: str) -> tuple[Pit, ...]:
    """The pits of a text that has been read."""
    return tuple(Pit(*map(float, part.split(","))) for part in text.split(";") if part)


def write_pits(pits: Iterable[Pit]) -> str:
    """The text of pits, each number to four digits."""
    return ";".join(",".join(f"{v:.{DIGITS}g}" for v in (p.x, p.y, p.depth, p.width)) for p in pits)


def pits_in_words(text: str) -> str:
    """The numbers of each pit as they read in a sentence: “(−0.5, 3, 1, 0.25) (2, 1, 4.6, 0.3)”."""
    return " ".join(vector((p.x, p.y, p.depth, p.width)) for p in pits_of(text))


def read_pits(text: str) -> str:
    """The text as it is kept. Unusable, with the pits that can be dug and the first fault, where others cannot."""
    pits: list[Pit] = []
    wrong: list[str] = []
    parts = [part for part in text.split(";") if part.strip()]
    if len(parts) > MOST_PITS:
        wrong.append(f"The dug potholes are {len(parts)}; at most {MOST_PITS} can be dug, and the first ones are.")
    for part in parts[:MOST_PITS]:
        try:
            pits.append(_read(part))
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise Unusable(wrong[0], instead=write_pits(pits))
    return write_pits(pits)


def _read(part: str) -> Pit:
    try:
        numbers = [float(number) for number in part.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{FORM}, not “{shorten(part)}”.")
    x, y, depth, width = numbers
    for name, value, (low, high) in (
        ("at", max(x, y, key=abs), (-FARTHEST, FARTHEST)),
        ("of depth", depth, DEPTHS),
        ("of width", width, WIDTHS),
    ):
        if not low <= value <= high:
            raise ValueError(f"The dug potholes hold one {name} {value:g}; it must be from {low:g} to {high:g}.")
    return Pit(x, y, depth, width)


PITS = TextControl(
    name="pits",
    label="Dug potholes",
    read_text=read_pits,
    help="Gaussian pits dug into the surface, each x,y,depth,width.",
    group="pits",
    longest=400,
    role="computed",
    named="The dug potholes",
    columns=COLUMNS,
    most=MOST_PITS,
    wants="x,y,depth,width with semicolons between",
)
