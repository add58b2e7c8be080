"""Maps of outcomes over any two hyper-parameters: one batched simulation for each refinement, coarse before fine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from geometry.surface import Surface
from optimizers.methods import METHODS, Method, method_named
from optimizers.simulate import simulate

STEP_SETTINGS = ("learning_rate", "radius", "momentum", "noise_variance")
LARGEST_BATCH = 8192
"""Walkers in one call: keeps the memory of a sweep bounded."""


def learning_settings() -> tuple[str, ...]:
    """The numbers of the registered methods' preconditioners that may be an axis."""
    found = [name for method in METHODS.values() for name in method.preconditioner.capabilities.array_fields]
    return tuple(dict.fromkeys(found))


def with_learning(method: Method, values: Mapping[str, Any]) -> Method:
    """The method with arrays over the walkers for those of these settings that its preconditioner takes as arrays."""
    known = method.preconditioner.capabilities.array_fields
    mine = {name: np.rint(v).astype(int) if name == "refresh_every" else v for name, v in values.items()}
    return method.with_fields({("preconditioner", name): v for name, v in mine.items() if name in known})


@dataclass(frozen=True)
class Axis:
    """One side of a map: the hyper-parameter and its n values, in rising order."""

    name: str
    values: np.ndarray

    def __post_init__(self) -> None:
        known = (*STEP_SETTINGS, *learning_settings())
        if self.name not in known:
            raise ValueError(f"an axis must be one of {', '.join(known)}, not {self.name!r}")
        values = np.asarray(self.values)
        if values.ndim != 1 or len(values) == 0 or not np.all(np.isfinite(values)):
            raise ValueError(f"the values of the axis {self.name} must be a non-empty row of finite numbers")


@dataclass(frozen=True)
class Sweep:
    """Outcomes over an m × n grid, row j at y.values[j] and column i at x.values[i], of `walkers` runs each.

    arrived, diverged (m, n): how many of the runs reached the flat basin to stay, and diverged;  median_arrival (m, n):
    median arrival over the runs that reached it, not-a-number where none did;  middle_arrivals (2, m, n): the
    two steps whose mean the median is, from which the median of anything that rises with the step follows;  computed
    (m, n): whether the point was computed itself (False: it shows its nearest computed neighbour, in a coarse first
    picture).
    """

    x: Axis
    y: Axis
    walkers: int
    arrived: np.ndarray
    diverged: np.ndarray
    middle_arrivals: np.ndarray
    computed: np.ndarray

    @property
    def median_arrival(self) -> np.ndarray:
        """The median arrival over the runs that reached the basin (m, n)."""
        return self.middle_arrivals.mean(axis=0)

    @property
    def complete(self) -> bool:
        """Whether every point was computed."""
        return bool(self.computed.all())


def sweep(
    surface: Surface,
    method: str | Method,
    x: Axis,
    y: Axis,
    starts: Any,
    seeds: Any = 0,
    steps: int = 400,
    **settings: Any,
) -> Sweep:
    """The whole map at once; see `refined_sweep` for the arguments."""
    *_, last = refined_sweep(surface, method, x, y, starts, seeds, steps, strides=(1,), **settings)
    return last


def refined_sweep(
    surface: Surface,
    method: str | Method,
    x: Axis,
    y: Axis,
    starts: Any,
    seeds: Any = 0,
    steps: int = 400,
    strides: tuple[int, ...] = (8, 4, 2, 1),
    **settings: Any,
) -> Iterator[Sweep]:
    """The map in ever finer pictures: every 8th point of each axis first, then the points between, none twice.

    starts (R, D) or (D,) and seeds (R,) or a number: R runs for each point, walker r with start r and seed r.
    settings: the fixed learning_rate, radius, momentum and noise_variance. LLQR's own settings are those of `method`
    where they are not an axis. The walkers do not meet: each point is what `simulate` gives for it alone.
    """
    method = method_named(method)
    if x.name == y.name:
        raise ValueError(f"the two axes must differ, both are {x.name}")
    unknown = set(settings) - set(STEP_SETTINGS)
    if unknown:
        raise ValueError(f"unknown setting {sorted(unknown)[0]!r}; choose among {', '.join(STEP_SETTINGS)}")
    starts = np.atleast_2d(np.asarray(starts, dtype=float))
    runs = max(len(starts), np.size(seeds))
    starts = np.broadcast_to(starts, (runs, starts.shape[-1]))
    seeds = np.broadcast_to(np.asarray(seeds), (runs,))
    shape = (len(y.values), len(x.values))
    arrived, diverged = np.zeros(shape, dtype=int), np.zeros(shape, dtype=int)
    middle, computed = np.full((2, *shape), np.nan), np.zeros(shape, dtype=bool)
    for stride in strides:
        wanted = np.zeros(shape, dtype=bool)
        wanted[::stride, ::stride] = True
        points = np.argwhere(wanted & ~computed)
        if not len(points):  # a small map: every 4th point of four is every 8th
            continue
        share = max(1, LARGEST_BATCH // runs)
        for part in np.array_split(points, max(1, -(-len(points) // share))):
            rows, columns = part.T
            values = {x.name: x.values[columns], y.name: y.values[rows]}
            run = _run(surface, method, values, starts, seeds, steps, settings)
            reached = run.outcome == "reached"
            arrived[rows, columns] = reached.sum(axis=-1)
            diverged[rows, columns] = (run.outcome == "diverged").sum(axis=-1)
            middle[:, rows, columns] = middle_arrivals(run.arrival, reached)
        computed |= wanted
        nearest = _nearest(shape, stride)
        yield Sweep(x, y, runs, arrived[nearest], diverged[nearest], middle[:, *nearest], computed.copy())


def _run(
    surface: Surface,
    method: Method,
    values: dict[str, np.ndarray],
    starts: np.ndarray,
    seeds: np.ndarray,
    steps: int,
    settings: dict[str, Any],
) -> Any:
    """One summary simulation of all points (P) × runs (R)."""
    step = {name: v[:, None] for name, v in values.items() if name in STEP_SETTINGS}
    learning = {name: v[:, None] for name, v in values.items() if name not in STEP_SETTINGS}
    concerned = set(learning) & set(method.preconditioner.capabilities.array_fields)
    if not step and not concerned:
        # neither axis concerns this method: its map is one point, told for all
        step = {"momentum": np.full((len(next(iter(values.values()))), 1), settings.get("momentum", 0.9))}
    method = with_learning(method, learning)
    return simulate(surface, method, starts, steps, seed=seeds, record="summary", **{**settings, **step})


def middle_arrivals(arrival: Any, reached: Any) -> np.ndarray:
    """(2, …): the two middle steps over the last axis of the arrivals that count; not-a-number where none does.

    Their mean is the median; where an odd number counts they are one and the same.
    """
    ordered = np.sort(np.where(reached, arrival, np.iinfo(np.int64).max), axis=-1)
    count = np.asarray(reached).sum(axis=-1)
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    last = ordered.shape[-1] - 1
    pair = [np.take_along_axis(ordered, np.minimum(k, last)[..., None], axis=-1)[..., 0] for k in (low, high)]
    return np.where(count > 0, np.stack(pair).astype(float), np.nan)


def _nearest(shape: tuple[int, int], stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Index arrays that replace each point by the nearest one on the grid of every `stride`-th point."""

    def snapped(n: int) -> np.ndarray:
        return np.minimum((np.arange(n) + stride // 2) // stride * stride, (n - 1) // stride * stride)

    return np.ix_(snapped(shape[0]), snapped(shape[1]))  # type: ignore[return-value]
