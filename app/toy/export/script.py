"""A short Python script that computes the page's paths with the library alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any

import optimizers
from app import __version__
from app.state.schema import write_link
from app.toy.compute import configured
from app.toy.export.description import SOURCE
from app.toy.request import ToyReading, request_of
from geometry.surfaces import SURFACES


def written(value: Any) -> str:
    """A value as Python that makes it again: a dataclass by its constructor and the fields that differ from its own."""
    if not is_dataclass(value) or isinstance(value, type):
        return repr(value)
    plain: Any = type(value)()
    told = [
        f"{field.name}={written(getattr(value, field.name))}"
        for field in fields(value)
        if getattr(value, field.name) != getattr(plain, field.name)
    ]
    return f"{type(value).__name__}({', '.join(told)})"


def classes_in(value: Any) -> set[type]:
    """The classes that `written(value)` names."""
    if not is_dataclass(value) or isinstance(value, type):
        return set()
    plain: Any = type(value)()
    found = {type(value)}
    for field in fields(value):
        inner = getattr(value, field.name)
        if inner != getattr(plain, field.name):
            found |= classes_in(inner)
    return found


def imports_of(values: Iterable[Any], *others: str) -> list[str]:
    """The lines that import what `written` names in these values, and other names of `optimizers`."""
    homes = {"optimizers": set(others)}
    for one in set().union(*(classes_in(value) for value in values)):
        home = "optimizers" if getattr(optimizers, one.__name__, None) is one else one.__module__
        homes.setdefault(home, set()).add(one.__name__)
    return [f"from {home} import {', '.join(sorted(names, key=str.lower))}" for home, names in homes.items() if names]


def toy_script(reading: ToyReading) -> str:
    """The script: exact settings, one line per method, one printed line per method."""
    request = request_of(reading.state)
    ground = SURFACES[request.surface].__name__
    parameters = ", ".join(f"{name}={value!r}" for name, value in request.surface_parameters)
    names = {ground, *(("Pit", "Pitted") if request.pits else ())}
    made = [f"surface = {ground}({parameters})"]
    if request.pits:
        made = [f"ground = {ground}({parameters})", "pits = ("]
        made += [*(f"    {pit!r}," for pit in request.pits), ")", "surface = Pitted(ground, pits)"]
    methods = {name: configured(name, request) for name in request.methods}
    walk = ("steps", "learning_rate", "radius", "momentum", "noise_variance", "seed")
    settings = ", ".join(f"{name}={getattr(request, name)!r}" for name in walk)
    mine = {name: request.of_method(name) for name in request.methods}
    each = ", ".join(
        f"{name!r}: dict(learning_rate={one.learning_rate!r}, radius={one.radius!r})" for name, one in mine.items()
    )
    own = [f"own = {{{each}}}"] if request.own else []
    call = "**{**settings, **own[name]}" if request.own else "**settings"
    lines = [
        f'"""The paths of a scene of Pothole lab {__version__}, by the library alone.',
        "",
        "Run it where pothole-lab is installed, or in the repository’s folder.",
        "",
        f"{SOURCE}",
        f"The same on the page: /{write_link(reading.state)}",
        '"""',
        "",
        "import sys",
        "",
        'sys.path.append(".")  # the repository, where the script is run in its folder',
        "",
        "import numpy as np",
        f"from geometry.surfaces import {', '.join(sorted(names))}",
        *imports_of(methods.values(), "simulate"),
        "",
        *made,
        f"start = np.array({list(request.start)!r})",
        f"settings = dict({settings})",
        *own,
        "methods = {",
        *(f"    {name!r}: {written(method)}," for name, method in methods.items()),
        "}",
        'with np.errstate(all="ignore"):  # what overflows belongs to a diverged run, and its outcome says so',
        f"    runs = {{name: simulate(surface, method, start, {call}) for name, method in methods.items()}}",
        "for name, run in runs.items():  # run.positions, run.probes, run.losses, …: the whole path",
        '    print(f"{name}: {run.describe_outcome()} '
        '({run.gradient_evaluations[run.last_finite]} gradient evaluations)")',
    ]
    return "\n".join(lines) + "\n"
