"""matplotlib's side of the page's looks: markers, dashes, colour maps and the settings that pictures are saved with."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from app.drawing.appearance import SCHEMES, MethodLook

MARKERS = {
    "circle": "o",
    "square": "s",
    "triangle": "^",
    "diamond": "D",
    "hexagon": "h",
    "cross": "P",
    "wedge": "v",
    "star": "*",
    "pentagon": "p",
    "saltire": "X",
}
SETTINGS: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 11.0,
    "lines.scale_dashes": False,
    "path.simplify": True,
    "svg.fonttype": "none",  # words stay words: they can be found, read aloud and edited
    "svg.hashsalt": "pothole lab",  # equal requests give equal files
}
"""For matplotlib.rc_context. One point is one unit of the design, whatever the width in pixels."""


def dash_of(look: MethodLook) -> Any:
    """The line style of a method."""
    return (0, tuple(float(part) for part in look.dash.split())) if look.dash else "-"


def line_of(look: MethodLook) -> dict[str, Any]:
    """A method's line."""
    return {"color": look.colour, "linestyle": dash_of(look), "linewidth": look.width}


def mark_of(look: MethodLook, size: float) -> dict[str, Any]:
    """A method's marker, of a size in points."""
    return {"marker": MARKERS.get(look.marker, "o"), "markersize": size, "mfc": look.colour}


def above(look: MethodLook, order: float = 3.0) -> float:
    """The order of a method's line among those of one order: wide solid ones are drawn first, so that where paths
    coincide the dashes of the others show on top of them."""
    return order + ((100.0 if look.dash else 0.0) - look.width) / 1000


def colour_map(scheme: str) -> LinearSegmentedColormap:
    """From low to high loss."""
    return LinearSegmentedColormap.from_list(f"loss-{scheme}", list(SCHEMES[scheme].low_to_high))


def rgba(colour: str) -> tuple[tuple[float, float, float], float]:
    """A CSS colour as ((red, green, blue), alpha), "#rrggbb" or "rgba(r,g,b,a)"."""
    if colour.startswith("#"):
        red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        return (red, green, blue), 1.0
    red, green, blue, alpha = (float(part) for part in colour[colour.index("(") + 1 : -1].split(","))
    return (red / 255, green / 255, blue / 255), alpha


def start_mark() -> Path:
    """A ring of radius 9 with four strokes to 14: the start, as on the page."""
    ring = Path.unit_circle().transformed(Affine2D().scale(9.0))
    strokes = [Path(np.array([[9 * x, 9 * y], [14 * x, 14 * y]])) for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    return Path.make_compound_path(ring, *strokes)


def dress(axes: Axes, scheme: str, title: str = "", unit: str = "") -> None:
    """Quiet axes in the scheme's colours."""
    colours = SCHEMES[scheme]
    axes.set_facecolor(colours.paper)
    axes.tick_params(colors=colours.quiet, labelsize=9, length=3, width=0.8)
    for side in axes.spines.values():
        side.set_color(colours.grid)
    if title:
        axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=colours.ink, pad=6)
    if unit:
        axes.set_title(unit, loc="right", fontsize=9, color=colours.quiet, pad=6)
