"""One state with everything that its pictures and data are made of: the surface, the runs in double precision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.toy.batch import traces_alone
from app.toy.compute import Trace, ranges
from app.toy.frozen import frozen_of, same_ground
from app.toy.request import ToyReading, ToyRequest, request_of
from geometry.surface import Surface


@dataclass(frozen=True)
class Scene:
    """A state and its runs; `traces` are those of the methods shown, in the registry's order."""

    reading: ToyReading
    request: ToyRequest
    surface: Surface
    traces: tuple[Trace, ...]
    frozen: Scene | None = None
    """The run that this one is compared with."""

    @property
    def beside(self) -> tuple[Trace, ...]:
        """The frozen run's traces where they have places on this ground."""
        here = self.frozen is not None and same_ground(self.frozen.reading, self.reading)
        return self.frozen.traces if self.frozen is not None and here else ()

    @property
    def steps(self) -> int:
        """T."""
        return self.request.steps

    @property
    def ranges(self) -> dict[str, list[float]]:
        """The vertical range of each chart: it holds the frozen run too."""
        found = ranges(list(self.traces))
        if self.frozen is None:
            return found
        others = self.frozen.ranges
        return {key: [min(low, others[key][0]), max(high, others[key][1])] for key, (low, high) in found.items()}


def scene_of(reading: ToyReading) -> Scene:
    """The scene of a state; the runs are computed here, by the same call as the page's."""
    request, surface = request_of(reading.state), reading.surface
    frozen = frozen_of(reading)
    traces = tuple(traces_alone(request, surface))
    return Scene(reading, request, surface, traces, None if frozen is None else scene_of(frozen))


def probe_points(trace: Trace) -> np.ndarray | None:
    """The probes (T, D) of a method that looks ahead; None for the others."""
    return np.asarray(trace.run.probes) if trace.probe_losses is not None else None
