"""One HTML file of a scene that plays from disk: the page's own client code and style with the scene's data inlined.

The file asks for nothing: its policy allows its own scripts and styles by their hashes, and no request at all.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from string import Template
from typing import Any

import orjson

from app import ASSETS, __version__
from app.drawing.appearance import ground_looks, looks
from app.state.schema import write_link
from app.toy.batch import compute_paths
from app.toy.cut import CUT_KEY, cut
from app.toy.export.description import CUT_WORDS, SOURCE, caption_of, settings_of, settings_rows, steps_of
from app.toy.frozen import compare_in_words, frozen_of, same_ground
from app.toy.request import ToyReading, request_of
from app.toy.surface import reference, surface_of
from app.web.modules import link
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
    style = "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in STYLES)
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
        "cut_words": escape(CUT_WORDS["curve" if flat else reading.state["cut_line"]]),
        "cut_key": escape(CUT_KEY),
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


def scene_data(reading: ToyReading, step: int) -> dict[str, Any]:
    """What the file's client code draws: paths and surface as the page gets them, looks and colours."""
    request = request_of(reading.state)
    line, steps = reading.state["cut_line"], steps_of(request.steps, CUT_STEPS)
    return {
        "frozen": _frozen_data(reading),
        "paths": orjson.Fragment(compute_paths(request)),
        "cut": cut(request, line, steps),
        "step": step,
        "state": reading.state,
        "settings": settings_of(reading),
        "looks": looks(toy_methods()),
        "grounds": ground_looks(),
        "surface": orjson.Fragment(surface_of(request)),
    }


def _frozen_data(reading: ToyReading) -> dict[str, Any] | None:
    """The run that this one is compared with; its cut where it walks on the same ground."""
    frozen = frozen_of(reading)
    if frozen is None:
        return None
    request, here = request_of(frozen.state), same_ground(frozen, reading)
    steps = steps_of(request.steps, CUT_STEPS)
    return {
        "paths": orjson.Fragment(compute_paths(request)),
        "cut": cut(request, frozen.state["cut_line"], steps) if here else None,
        "words": compare_in_words(frozen, reading),
    }
