"""What the pages themselves post, whole and small, for every address: the fuzz spoils these. A wish that is wrong all
over is refused at the first key; one that is nearly right is read to its end."""

from __future__ import annotations

import base64
import random
import struct
from collections.abc import Iterator
from typing import Any

from app.instruments.export.files import FORMAT as INSTRUMENT_FORMAT
from app.instruments.instrument import STRIDES
from app.instruments.registry import INSTRUMENTS
from app.network.controls import read_network_state
from app.network.explore.between_controls import BETWEEN_CONTROLS
from app.network.explore.controls import (
    CURVATURE_CONTROLS,
    RESCALING_CONTROLS,
    SLICE_CONTROLS,
)
from app.network.explore.cuts_controls import CUTS_CONTROLS
from app.network.explore.potholes_controls import POTHOLES_CONTROLS
from app.network.export.request import FORMATS as OF_A_RUN
from app.toy.request import read_state
from optimizers import METHODS

RUN: dict[str, Any] = {
    "data": "two-moons",
    "network": "mlp",
    "methods": ["SGDM", "LLQR+SAM"],
    "steps": 40,
    "batch_size": 16,
    "refresh_size": 32,
    "evaluations": 4,
    "snapshots": 4,
}
COMPARED: dict[str, Any] = {**RUN, "steps": 10, "statements_seeds": 2, "fairness_seeds": 2, "fairness_effort": "18"}
JOBS: list[str] = []
"""Runs that the server has been made to start; the first is finished."""
EXPLORED: dict[str, str] = {}
"""Finished jobs that looked at the first of them, by kind."""
SMALL: dict[str, dict[str, Any]] = {
    "slice": {"slice_points": 11, "slice_sample": "64"},
    "curvature": {"curvature_probes": 2, "curvature_lanczos": 0, "curvature_count": 1, "curvature_ascent": 1},
    "cuts": {"cuts_points": 11, "cuts_directions": 1, "cuts_probes": 2},
    "potholes": {"potholes_count": 1, "potholes_points": 1, "potholes_batches": 2, "potholes_sample": "64"},
    "between": {"between_points": 11, "between_way": "curve", "between_steps": 10},
    "rescaling": {},
}
OF_AN_INSTRUMENT = tuple(key for key, _ in INSTRUMENT_FORMAT.options)
CONTROLS_OF = {
    "slice": SLICE_CONTROLS,
    "curvature": CURVATURE_CONTROLS,
    "between": BETWEEN_CONTROLS,
    "cuts": CUTS_CONTROLS,
    "potholes": POTHOLES_CONTROLS,
    "rescaling": RESCALING_CONTROLS,
}
LINKS = {
    "/toy/open": "?preset=figure-2&radius=0.2&methods=SAM,LLQR%2BSAM",
    "/instruments/open": "?instrument=race&x_axis=momentum&y_axis=radius&resolution=12",
    "/network/open": "?data=two-moons&network=mlp&learning_rate=0.02&slice_kind=random",
}
EXERCISE = {
    "link": "/?preset=figure-2&steps=50",
    "goal": "SAM before SGDM; SAM stays; radius <= 0.2",
    "turn": ["radius"],
}
SCENES = "# A lecture\n\n" + "".join(
    f"## A scene\nlink: {page}{link}\n\nNotes.\n\n"
    for page, link in zip(("/", "/instruments", "/network"), LINKS.values(), strict=True)
)
GROUNDS: tuple[dict[str, Any], ...] = (
    {"preset": "figure-2"},
    {"surface": "formula", "surface.formula": "sqrt(x + 2) + 0.1*y^2"},
    {"surface": "beale", "pits": "1,2,3,0.5;0,0,1,0.25"},
)
CALLBACK: dict[str, Any] = {
    "output": "page.children",
    "outputs": {"id": "page", "property": "children"},
    "inputs": [{"id": "address", "property": "pathname", "value": "/network"}],
    "changedPropIds": ["address.pathname"],
    "state": [],
}


def packed(numbers: list[float]) -> dict[str, Any]:
    """An array as pages post it."""
    data = struct.pack(f"<{len(numbers)}f", *numbers)
    return {"dtype": "f4", "bdata": base64.b64encode(data).decode(), "shape": str(len(numbers))}


def picture(rng: random.Random) -> dict[str, Any]:
    """A slice of 2 to 12 points an axis."""
    m, n = rng.randrange(2, 12), rng.choice([None, rng.randrange(2, 12)])
    losses = [rng.choice([1.0, rng.random(), 10 ** rng.uniform(-30, 30)]) for _ in range(m * (n or 1))]
    return {
        "x": packed([float(k) for k in range(m)]),
        "y": n and packed([k / 7 for k in range(n)]),
        "losses": packed(losses),
        "labels": ["d₁", "d₂"][: 2 if n else 1],
        "scale": rng.choice(["log", "linear"]),
        "scheme": rng.choice(["light", "dark"]),
    }


def instrument(rng: random.Random, name: str) -> dict[str, Any]:
    """A small part of an instrument's picture."""
    raw = {"steps": 20, "instrument": name, "resolution": "12", "runs": "1", "stride": rng.choice(STRIDES)}
    surface = (
        rng.choice(["two-scale-quadratic", "two-scale-plane", "annular-well"])
        if name == "two-scale"
        else "annular-well"
    )
    return {**read_state({"surface": surface}).state, **raw, "method": rng.choice(["all", *METHODS])}


def of_a_run(rng: random.Random, job: str, what: str = "", kind: str = "") -> dict[str, Any]:
    """A file of a run."""
    what = what or rng.choice(list(OF_A_RUN))
    kind = kind or rng.choice(OF_A_RUN[what])
    wish = {"job": EXPLORED.get(what, job), "what": what, "format": kind, "method": rng.choice(RUN["methods"])}
    return {**wish, "moment": rng.choice(["final", "10", 20]), "axis": "steps", "loss_scale": "log", "width": 320}


def of_the_toy(rng: random.Random, kind: str = "") -> dict[str, Any]:
    """A file of the toy lab."""
    kind = kind or rng.choice(["csv", "npz", "py", "svg", "png", "gif", "html"])
    small = {
        "width": 320,
        "gif_width": 240,
        "frames": 10,
        "seconds": 1,
        "picture": rng.choice(["all", "map", "charts"]),
    }
    return {"steps": 20, "format": kind, **small}


def explored(rng: random.Random, job: str, kind: str = "") -> dict[str, Any]:
    """A look at a run."""
    kind = kind or rng.choice(list(SMALL))
    state = {control.name: control.default for control in CONTROLS_OF[kind]} | SMALL[kind]
    return {"kind": kind, "run": job, "state": state, "replaces": rng.choice(["", job])}


def wish(rng: random.Random, path: str) -> dict[str, Any]:
    """A whole wish for an address, of the first run where it is about one."""
    job = JOBS[0] if JOBS else "j" * 16
    if path in LINKS:
        return {"query": LINKS[path]}
    whole: dict[str, dict[str, Any]] = {
        "/_dash-update-component": CALLBACK,
        "/lecture/check": {"text": SCENES},
        "/lecture/try": {"scene": EXERCISE, "state": {"preset": "figure-2", "radius": 0.2, "steps": 50}},
        "/network/start": {"state": read_network_state(RUN).state},
        "/network/act": {"job": job, "act": rng.choice(["stop", "pause", "resume"])},
        "/network/change": {"job": job, "settings": {"learning_rate": 0.1, "radius": 0.1}},
        "/network/ground": {"job": job, "x": [-1, 1], "y": [-1, rng.choice([1, 2])]},
        "/network/run": {"job": job},
        "/network/explore/stop": {"job": job},
        "/network/statements": {"state": read_network_state(COMPARED).state, "after": job},
        "/network/fairness": {"state": read_network_state(COMPARED).state, "after": job},
        "/network/fairness/stop": {"job": job},
        "/network/statements/stop": {"job": job},
    }
    if path in whole:
        return dict(whole[path])
    if path == "/network/explore":
        return explored(rng, job)
    if path == "/network/explore/pictures":
        return picture(rng)
    if path == "/export/network":
        return of_a_run(rng, job)
    if path == "/export/instruments":
        name = rng.choice(list(INSTRUMENTS))
        return {**instrument(rng, name), "format": rng.choice(OF_AN_INSTRUMENT), "width": 320, "table": ""}
    if path == "/export/toy":
        return of_the_toy(rng)
    name = path.rpartition("/")[2]
    if path.startswith("/instruments/"):
        return instrument(rng, name if name in INSTRUMENTS else "race")
    more = {"cut_steps": [0, 3]} if path == "/toy/cut" else {}
    return {**rng.choice(GROUNDS), "steps": 20, "cloud": 16, "cloud_spread": 0.01, "step": 3, **more}


def every_wish(rng: random.Random, posts: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(address, wish) for every address, and for every instrument and every kind of file; those that steer a run, and
    would need one that is going on, are left out."""
    for path in posts:
        if path in ("/network/act", "/network/change"):
            continue
        if path == "/instruments/{name}":
            yield from ((f"/instruments/{name}", instrument(rng, name)) for name in INSTRUMENTS)
        elif path == "/export/network":
            yield from ((path, of_a_run(rng, JOBS[0], what, kind)) for what in OF_A_RUN for kind in OF_A_RUN[what])
        elif path == "/export/instruments":
            for name in INSTRUMENTS:
                for kind in OF_AN_INSTRUMENT:
                    yield path, {**instrument(rng, name), "format": kind, "width": 320}
        elif path == "/export/toy":
            yield from ((path, of_the_toy(rng, kind)) for kind in ("csv", "npz", "py", "svg", "png", "gif", "html"))
        else:
            yield path, wish(rng, path)
