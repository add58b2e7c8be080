"""How things look: a colour and a line per method (Okabe–Ito, then Tol), a marker, the colours of light and dark."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import cast

from app.drawing.messages import GroundLook, Look
from optimizers.methods import toy_methods


@dataclass(frozen=True)
class MethodLook:
    """Colour, line dash (canvas pattern in px; empty for a solid line), marker, line width in px, colour on dark."""

    colour: str
    dash: str
    marker: str
    width: float = 2.0
    colour_on_dark: str = ""


NAMED_LOOKS = {
    "SGDM": MethodLook("#0072B2", "", "circle", colour_on_dark="#56B4E9"),
    "SAM": MethodLook("#E69F00", "7 4", "square"),
    "LLQR": MethodLook("#CC79A7", "2 4", "triangle", 2.6),
    "LLQR+SAM": MethodLook("#009E73", "", "diamond", 2.8),
    "FSAM": MethodLook("#D55E00", "8 3 2 3", "cross"),
    "ASAM": MethodLook("#7A7A7A", "4 3", "hexagon", colour_on_dark="#999999"),
    "Fisher-SAM": MethodLook("#000000", "1 3", "wedge", 2.2, colour_on_dark="#F0E442"),
    # The others carry their family's marker, and their hue is near: warm for probes and mixes, purple for
    # preconditioners, blue to green for outer rules.
    "VaSSO": MethodLook("#AA7744", "9 2", "square", colour_on_dark="#DDAA77"),
    "SSAM-F": MethodLook("#774411", "6 2", "square", colour_on_dark="#CC9966"),
    "SSAM-D": MethodLook("#8A8A20", "3 2", "square", colour_on_dark="#DDDD77"),
    "SAM-ON": MethodLook("#997700", "11 3", "square", colour_on_dark="#EECC66"),
    "Riemannian SAM": MethodLook("#994455", "14 3", "square", colour_on_dark="#E7A0A8"),
    "GNP": MethodLook("#AA4466", "7 2 1 2", "square", colour_on_dark="#FF99BB"),
    "GSAM": MethodLook("#BB5566", "9 3 1 3", "square", colour_on_dark="#FF8899"),
    "WSAM": MethodLook("#CC6633", "5 3 1 3 1 3", "square", colour_on_dark="#FFAA88"),
    "LookSAM": MethodLook("#884400", "2 2", "square", colour_on_dark="#DD9955"),
    "NGD": MethodLook("#AA3377", "6 3 3 3", "triangle", colour_on_dark="#EE88CC"),
    "K-FAC": MethodLook("#6A3D9A", "4 2 1 2 1 2", "triangle", colour_on_dark="#B79BE0"),
    "Shampoo": MethodLook("#771155", "12 2", "triangle", colour_on_dark="#CC77BB"),
    "GD": MethodLook("#4477AA", "8 5", "circle", colour_on_dark="#77AADD"),
    "Nesterov": MethodLook("#114477", "3 5", "circle", colour_on_dark="#88BBEE"),
    "Adam": MethodLook("#117777", "15 4 3 4", "circle", colour_on_dark="#44BBAA"),
    "AdamW": MethodLook("#117744", "10 2 2 2", "circle", colour_on_dark="#66CC99"),
    "Lion": MethodLook("#777711", "6 1 2 1", "circle", colour_on_dark="#BBBB66"),
    "Muon": MethodLook("#225555", "13 2 5 2", "circle", colour_on_dark="#66AAAA"),
}


SPARE_COLOURS = (
    *(("#882255", "#EE99AA"), ("#332288", "#99AAEE"), ("#44AA99", ""), ("#999933", "")),
    *(("#B5651D", "#DDA05A"), ("#555555", "#BBBBBB"), ("#D9536A", "#D9504F")),
)
SPARE_DASHES = ("10 3 2 3 2 3", "12 5", "5 2 1 2")
SPARE_MARKERS = ("star", "pentagon", "saltire")


def spare_look(index: int) -> MethodLook:
    """The look of the method that is the index-th without a name here: no colour, line or marker of the named ones."""
    colour, on_dark = SPARE_COLOURS[index % len(SPARE_COLOURS)]
    dash, marker = SPARE_DASHES[index % len(SPARE_DASHES)], SPARE_MARKERS[index % len(SPARE_MARKERS)]
    return MethodLook(colour, dash, marker, colour_on_dark=on_dark)


def looks(names: Iterable[str]) -> dict[str, Look]:
    """The looks of these methods, as the browser takes them."""
    given = tuple(names)
    unnamed = [name for name in given if name not in NAMED_LOOKS]
    found = (NAMED_LOOKS.get(name) or spare_look(unnamed.index(name)) for name in given)
    return {name: cast(Look, asdict(look)) for name, look in zip(given, found, strict=True)}


ENDING_COLOURS = ("#EBDD8F", "#5B3A8C", "#A63A3A", "#C9A27E", "#6B4E2E", "#A08CC0", "#7F8F2F", "#2F5D62")
"""Where walkers end, in maps that hold many: no method's colour, as a colour may mean one thing on a page."""
PLAIN_ENDINGS = {"diverged": "#1f2933", "still moving": "#b8c0c8", "elsewhere": "#8a929a"}
WINDOW_ENDS = {
    "stays in the pothole": ENDING_COLOURS[1],
    "reaches the bowl’s bottom": ENDING_COLOURS[0],
    "hangs at the ghost minimum": ENDING_COLOURS[2],
    "elsewhere": PLAIN_ENDINGS["elsewhere"],
    "diverges": PLAIN_ENDINGS["diverged"],
}
"""The same for SAM on two scales, over its radius."""


@dataclass(frozen=True)
class Scheme:
    """The colours of one colour scheme: ink, quiet ink, grid lines, paper; of a ground, the map from low to high loss,
    whose lightness (CIE L*) rises evenly, what darkens or lightens it (contour lines, the sun), and its block."""

    ink: str
    quiet: str
    grid: str
    paper: str
    contour_line: str
    filled: str
    low_to_high: tuple[str, ...]
    line: float
    """Part by which a contour line is lighter, or darker where negative."""
    sun: float
    """Part of its lightness that ground gains for each unit of n·l more than level ground has, or loses."""
    block: tuple[str, str, str]
    """Walls along θ₁ and along θ₂, and floor, of a ground in 3-D."""


SCHEMES = {
    "light": Scheme(
        ink="#1f2933",
        quiet="#5b6875",
        grid="#dde3e9",
        paper="#ffffff",
        contour_line="rgba(60,72,88,0.28)",
        filled="rgba(60,72,88,0.10)",
        low_to_high=("#98acd3", "#9ab7da", "#9dc2e1", "#9dcee3", "#a4d9e3", "#b5e3da", "#cfead4", "#e8f0d7", "#fef6df"),
        line=-0.24,
        sun=0.55,
        block=("#8c99a8", "#77859a", "#e6ebf0"),
    ),
    "dark": Scheme(
        ink="#e6eaee",
        quiet="#9aa7b4",
        grid="#38424d",
        paper="#1b2026",
        contour_line="rgba(200,214,228,0.20)",
        filled="rgba(200,214,228,0.10)",
        low_to_high=("#132a4c", "#153354", "#183d5b", "#1a4762", "#1f5067", "#285a6c", "#336471", "#406d75", "#4d767a"),
        line=0.2,
        sun=0.75,
        block=("#4d5a68", "#3f4b57", "#252d36"),
    ),
}


def ground_looks() -> dict[str, GroundLook]:
    """How each colour scheme shows a ground, as the browser takes it."""
    return {
        name: {
            "stops": list(scheme.low_to_high),
            "line": scheme.line,
            "sun": scheme.sun,
            "front": scheme.block[0],
            "side": scheme.block[1],
            "floor": scheme.block[2],
        }
        for name, scheme in SCHEMES.items()
    }


def look_in(name: str, scheme: str, names: Iterable[str] | None = None) -> MethodLook:
    """The look in a colour scheme of one of these methods."""
    look = MethodLook(**looks(toy_methods() if names is None else names)[name])
    if scheme == "dark" and look.colour_on_dark:
        return MethodLook(look.colour_on_dark, look.dash, look.marker, look.width)
    return look


def pale(look: MethodLook) -> MethodLook:
    """The look of the same method in a frozen run, as on the page."""
    return replace(look, colour=f"{look.colour}80", width=0.6 * look.width)
