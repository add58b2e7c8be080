"""How things look: one colour, line and marker per method (Okabe–Ito), and the colours of light and dark."""

from __future__ import annotations

from dataclasses import asdict, dataclass

OKABE_ITO = ("#0072B2", "#E69F00", "#CC79A7", "#009E73", "#D55E00", "#56B4E9", "#F0E442", "#999999")
DASHES = ("2 5", "9 4", "2 3 9 3", "")
MARKERS = ("circle", "square", "triangle", "diamond", "cross", "hexagon")


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
}


def look_of(name: str, index: int) -> MethodLook:
    """The look of a method; one that is not named gets the next colour, dash and marker."""
    if name in NAMED_LOOKS:
        return NAMED_LOOKS[name]
    turn = len(OKABE_ITO) - 1 - index % len(OKABE_ITO)
    return MethodLook(OKABE_ITO[turn], DASHES[index % len(DASHES)], MARKERS[(index + 4) % len(MARKERS)])


def looks(names: tuple[str, ...]) -> dict[str, dict]:
    """The looks of these methods, as the browser takes them."""
    return {name: asdict(look_of(name, index)) for index, name in enumerate(names)}


@dataclass(frozen=True)
class Scheme:
    """The colours of one colour scheme: ink, quiet ink, grid lines, paper, and the map from low to high loss."""

    ink: str
    quiet: str
    grid: str
    paper: str
    contour_line: str
    filled: str
    low_to_high: tuple[str, ...]


SCHEMES = {
    "light": Scheme(
        "#1f2933", "#5b6875", "#dde3e9", "#ffffff", "rgba(60,72,88,0.28)", "rgba(60,72,88,0.10)",
        ("#7f93a8", "#a3b3c3", "#c2cdd8", "#d8e0e7", "#e8edf1", "#f5f7f9"),
    ),
    "dark": Scheme(
        "#e6eaee", "#9aa7b4", "#38424d", "#1b2026", "rgba(200,214,228,0.20)", "rgba(200,214,228,0.10)",
        ("#0c1116", "#141b22", "#1e2832", "#2a3743", "#394855", "#4a5b69"),
    ),
}  # fmt: skip


def colour_scale(scheme: str) -> list[list]:
    """The map from low to high loss as a plotly colour scale."""
    colours = SCHEMES[scheme].low_to_high
    return [[index / (len(colours) - 1), colour] for index, colour in enumerate(colours)]
