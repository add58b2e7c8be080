"""The still figures: the map, the relief and the curve of a surface as plotly figures. Paths are drawn over them.

Figures are plain dictionaries: building them costs microseconds, and the tests hand them to plotly's own validators.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from app.appearance import SCHEMES, colour_scale
from app.encoding import encode
from app.toy.landscape import ColourRange, Grid

Figure = dict[str, Any]
LEVELS = 22
FONT = "Inter, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"


EMPTY: Figure = {
    "data": [],
    "layout": {
        "xaxis": {"visible": False},
        "yaxis": {"visible": False},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
    },
}
"""What a graph shows before the first answer: nothing."""


def _axis(scheme: str, title: str, bounds: tuple[float, float] | None = None, **more: Any) -> dict[str, Any]:
    colours = SCHEMES[scheme]
    axis = {
        "title": {"text": title, "standoff": 6},
        "color": colours.quiet,
        "gridcolor": colours.grid,
        "zeroline": False,
        "ticks": "outside",
        "tickcolor": colours.grid,
        "ticklen": 4,
        **more,
    }
    if bounds is not None:
        axis["range"] = [float(bounds[0]), float(bounds[1])]
    return axis


def _layout(scheme: str, **more: Any) -> dict[str, Any]:
    colours = SCHEMES[scheme]
    return {
        "font": {"family": FONT, "size": 13, "color": colours.ink},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 48, "r": 8, "t": 8, "b": 42},
        "showlegend": False,
        "hovermode": False,
        "dragmode": False,
        "autosize": True,
        **more,
    }


def map_figure(grid: Grid, colours: ColourRange, scheme: str) -> Figure:
    """The contour map of a 2-D surface: filled and lined in c(L), labelled in L."""
    top = float(colours.colour(np.asarray(colours.high)))
    places, labels = colours.ticks()
    trace = {
        "type": "contour",
        "x": encode(grid.x),
        "y": encode(grid.y),
        "z": encode(colours.colour(grid.losses)),
        "zmin": 0.0,
        "zmax": top,
        "zauto": False,
        "autocontour": False,
        "contours": {"start": 0.0, "end": top, "size": top / LEVELS, "coloring": "fill"},
        "line": {"width": 0.6, "color": SCHEMES[scheme].contour_line, "smoothing": 0.6},
        "colorscale": colour_scale(scheme),
        "hoverinfo": "skip",
        "colorbar": {
            "title": {"text": "L(θ)", "side": "top"},
            "tickvals": places,
            "ticktext": labels,
            "thickness": 10,
            "len": 1.0,
            "outlinewidth": 0,
            "xpad": 6,
            "tickfont": {"size": 11},
        },
    }
    x, y = (grid.x[0], grid.x[-1]), (grid.y[0], grid.y[-1])
    vertical: dict[str, Any] = {"constrain": "domain"}
    if _similar(x, y):
        vertical |= {"scaleanchor": "x", "scaleratio": 1}
    layout = _layout(scheme, xaxis=_axis(scheme, "θ₁", x, constrain="domain"), yaxis=_axis(scheme, "θ₂", y, **vertical))
    return {"data": [trace], "layout": layout}


def relief_figure(
    grid: Grid, colours: ColourRange, scheme: str, camera: tuple[float, float, float], top: float
) -> Figure:
    """The 3-D view of a 2-D surface up to the loss `top`; heights are losses, colours are those of the map."""
    x, y, z = camera
    highest = float(colours.colour(np.asarray(colours.high)))
    trace = {
        "type": "surface",
        "x": encode(grid.x),
        "y": encode(grid.y),
        "z": encode(grid.losses),
        "surfacecolor": encode(colours.colour(grid.losses)),
        "cmin": 0.0,
        "cmax": highest,
        "colorscale": colour_scale(scheme),
        "showscale": False,
        "hoverinfo": "skip",
        "lighting": {"ambient": 0.72, "diffuse": 0.55, "specular": 0.06, "roughness": 0.9, "fresnel": 0.05},
        "contours": {"x": {"highlight": False}, "y": {"highlight": False}, "z": {"highlight": False}},
    }
    low = float(np.nanmin(grid.losses))
    scene = {
        "xaxis": _axis3(scheme, "θ₁", (grid.x[0], grid.x[-1])),
        "yaxis": _axis3(scheme, "θ₂", (grid.y[0], grid.y[-1])),
        "zaxis": _axis3(scheme, "L", (low - 0.02 * (top - low), top)),
        "aspectmode": "manual",
        "aspectratio": {"x": 1.2, "y": 1.2, "z": 0.6},
        "camera": {"eye": {"x": x, "y": y, "z": z}, "center": {"x": 0, "y": 0, "z": -0.1}},
        "dragmode": "turntable",
    }
    layout = _layout(scheme, scene=scene, margin={"l": 0, "r": 0, "t": 0, "b": 0}, dragmode="turntable")
    return {"data": [trace], "layout": layout}


def curve_figure(x: np.ndarray, losses: np.ndarray, scheme: str) -> Figure:
    """The curve L(θ) of a 1-D surface."""
    colours = SCHEMES[scheme]
    low, high = float(losses.min()), float(losses.max())
    pad = 0.06 * (high - low)
    trace = {
        "type": "scatter",
        "mode": "lines",
        "x": encode(x),
        "y": encode(losses),
        "line": {"color": colours.quiet, "width": 2},
        "fill": "tozeroy" if low >= 0 else "none",
        "fillcolor": colours.filled,
        "hoverinfo": "skip",
    }
    bounds = (low - pad, high + pad)
    layout = _layout(scheme, xaxis=_axis(scheme, "θ", (x[0], x[-1])), yaxis=_axis(scheme, "L(θ)", bounds))
    return {"data": [trace], "layout": layout}


def _axis3(scheme: str, title: str, bounds: tuple[float, float]) -> dict[str, Any]:
    colours = SCHEMES[scheme]
    return {
        "title": {"text": title},
        "range": [float(bounds[0]), float(bounds[1])],
        "color": colours.quiet,
        "gridcolor": colours.grid,
        "zerolinecolor": colours.grid,
        "showbackground": False,
        "showspikes": False,
        "nticks": 6,
        "tickfont": {"size": 11},
    }


def _similar(x: tuple[float, float], y: tuple[float, float]) -> bool:
    """Whether equal scales on both axes leave a picture that is not a strip."""
    ratio = (x[1] - x[0]) / (y[1] - y[0])
    return 0.55 <= ratio <= 1.8
