"""One HTML file of a scene that plays from disk: the page's own client code and style with the scene's data inlined.

The file asks for nothing: its policy allows its own scripts and styles by their hashes, and no request at all.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from string import Template
from typing import Any

import numpy as np
import orjson

from app import ASSETS, __version__
from app.appearance import SCHEMES, looks
from app.encoding import encode
from app.state.schema import write_link
from app.toy.batch import compute_paths
from app.toy.cut import CUT_KEY, cut
from app.toy.export.contours import SIZE, region_paths
from app.toy.export.description import CUT_WORDS, SOURCE, caption_of, settings_of, settings_rows, steps_of
from app.toy.figures import LEVELS
from app.toy.landscape import MAP_POINTS, RELIEF_POINTS, colour_range, curve_of, grid_of
from app.toy.request import ToyReading, request_of
from app.toy.surface import reference, relief_top
from app.web.modules import link
from geometry.surface import Surface
from optimizers.methods import toy_methods

ENTRY = ASSETS / "pages" / "offline.js"
"""The file carries this entry and all that it imports, most of it the page's own code, as one script: what is opened
from disk may import nothing."""
STYLES = ("lab.css", "lecture/projector.css", "export/offline/offline.css")
CUT_STEPS = 601
"""Steps whose cut the file carries, evenly spread: all of a walk that is no longer, else the nearest is shown."""
TEMPLATE = ASSETS / "export" / "offline" / "scene.html"


def offline_page(reading: ToyReading, step: int) -> bytes:
    """The file, in UTF-8."""
    script = link(ENTRY)
    style = "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in STYLES) + band_style()
    surface = reading.surface
    flat = surface.dimension == 1
    rows = "".join(f"<div><dt>{escape(n)}</dt><dd>{escape(v)}</dd></div>" for n, v in settings_rows(reading))
    words = {
        "policy": policy(script, style),
        "style": style,
        "script": script,
        # Inside a script element nothing but "<" could end the data early.
        "data": orjson.dumps(scene_data(reading, step)).decode().replace("<", "\\u003c"),
        "title": escape(f"{surface.title}: Pothole lab"),
        "caption": escape(caption_of(reading)),
        "scheme": escape(reading.state["scheme"]),
        "map_title": "Loss" if flat else "Map",
        "relief_title": "Position against step" if flat else "Surface",
        "relief_hint": "" if flat else "Drag or use the arrow keys to turn",
        "cut_words": escape(CUT_WORDS["curve" if flat else reading.state["cut_line"]]),
        "cut_key": escape(CUT_KEY),
        "contours": "" if flat else contour_svg(surface),
        "distance_unit": escape(f"to {reference(surface)[1]}"),
        "description": escape(surface.description),
        "settings": rows,
        "source": escape(SOURCE),
        "link": escape("/" + write_link(reading.state)),
        "version": escape(__version__),
    }
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(words).encode()


def policy(script: str, style: str) -> str:
    """The file's Content-Security-Policy: these scripts and styles by their hashes, pictures that it draws, no more."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def band_style() -> str:
    """The fill of every contour band, and of its lines, in both schemes."""
    rules = []
    for name, scheme in SCHEMES.items():
        rules += [f':root[data-scheme="{name}"] .b{k}{{fill:{band_colour(name, k)}}}' for k in range(LEVELS)]
        rules.append(f':root[data-scheme="{name}"] .bands path{{stroke:{scheme.contour_line}}}')
    return "\n".join(rules)


def band_colour(scheme: str, band: int) -> str:
    """The colour of the middle of a contour band."""
    stops = [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in SCHEMES[scheme].low_to_high]
    place = (band + 0.5) / LEVELS * (len(stops) - 1)
    low = min(int(place), len(stops) - 2)
    mixed = np.asarray(stops[low]) + (place - low) * (np.asarray(stops[low + 1]) - np.asarray(stops[low]))
    return "#" + "".join(f"{round(part):02x}" for part in mixed.tolist())


def contour_svg(surface: Surface) -> str:
    """The filled contours as inline SVG, stretched to the map's frame by the client code."""
    grid = grid_of(surface, MAP_POINTS)
    colours = colour_range(grid.losses)
    levels = np.linspace(0.0, float(colours.colour(np.asarray(colours.high))), LEVELS + 1)[:-1]
    levels[0] = -1.0  # the lowest band is the ground of all others
    paths = region_paths(grid.x, grid.y, colours.colour(grid.losses), levels)
    bands = "".join(f'<path class="b{k}" d="{path}"/>' for k, path in enumerate(paths) if path)
    return (
        f'<svg id="map-bands" class="bands" viewBox="0 0 {SIZE} {SIZE}" preserveAspectRatio="none" role="img" '
        f'aria-label="Contours of the loss">{bands}</svg>'
    )


def _basin(surface: Surface) -> dict[str, Any] | None:
    basin = surface.flat_basin
    if basin is None:
        return None
    return {"centre": [float(value) for value in np.atleast_1d(basin.centre)], "radius": float(basin.radius)}


def scene_data(reading: ToyReading, step: int) -> dict[str, Any]:
    """What the file's client code draws: the paths as the page gets them, the surface, looks and colours."""
    request, surface = request_of(reading.state), reading.surface
    told: dict[str, Any] = {
        "paths": orjson.Fragment(compute_paths(request)),
        "cut": cut(request, reading.state["cut_line"], steps_of(request.steps, CUT_STEPS)),
        "step": step,
        "state": reading.state,
        "settings": settings_of(reading),
        "looks": looks(toy_methods()),
        "scales": {name: list(scheme.low_to_high) for name, scheme in SCHEMES.items()},
        "surface": {
            "title": surface.title,
            "dimension": surface.dimension,
            "domain": [[float(low), float(high)] for low, high in surface.domain],
            "basin": _basin(surface),
        },
    }
    if surface.dimension == 1:
        x, losses = curve_of(surface)
        return {**told, "curve": {"x": encode(x), "losses": encode(losses)}}
    fine, coarse = colour_range(grid_of(surface, MAP_POINTS).losses), grid_of(surface, RELIEF_POINTS)
    top = relief_top(coarse, float(surface.loss(np.asarray(surface.default_start))))
    places, labels = fine.ticks()
    span = top - float(np.nanmin(coarse.losses))
    return {
        **told,
        "colour": {"low": fine.low, "high": fine.high, "knee": fine.knee, "ticks": places, "labels": labels},
        "relief": {"points": RELIEF_POINTS, "losses": encode(coarse.losses), "top": top, "span": span},
    }
