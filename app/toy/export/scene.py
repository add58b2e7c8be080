"""One state with everything that its pictures and data are made of: the surface, the runs in double precision."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from app.appearance import MethodLook, looks
from app.toy.batch import traces_alone
from app.toy.compute import Trace, ranges
from app.toy.request import ToyReading, ToyRequest, request_of
from geometry.surface import Surface
from optimizers.methods import toy_methods


@dataclass(frozen=True)
class Scene:
    """A state and its runs; `traces` are those of the methods shown, in the registry's order."""

    reading: ToyReading
    request: ToyRequest
    surface: Surface
    traces: tuple[Trace, ...]

    @property
    def steps(self) -> int:
        """T."""
        return self.request.steps

    @property
    def ranges(self) -> dict[str, list[float]]:
        """The vertical range of each chart."""
        return ranges(list(self.traces))


def scene_of(reading: ToyReading) -> Scene:
    """The scene of a state; the runs are computed here, by the same call as the page's."""
    request, surface = request_of(reading.state), reading.surface
    return Scene(reading, request, surface, tuple(traces_alone(request, surface)))


def look_in(name: str, scheme: str, names: Iterable[str] | None = None) -> MethodLook:
    """The look in a colour scheme of one of these methods."""
    look = MethodLook(**looks(toy_methods() if names is None else names)[name])
    if scheme == "dark" and look.colour_on_dark:
        return MethodLook(look.colour_on_dark, look.dash, look.marker, look.width)
    return look


def probe_points(trace: Trace) -> np.ndarray | None:
    """The probes (T, D) of a method that looks ahead; None for the others."""
    return np.asarray(trace.run.probes) if trace.probe_losses is not None else None
