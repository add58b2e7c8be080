"""The compiled engine of simulate for surfaces: lays the problem out for optimizers.compiled and calls it."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Lock
from typing import Any

import numpy as np

from geometry.smoothing import neighbourhood_moments
from geometry.surface import Surface
from geometry.surface_code import SurfaceCode
from optimizers import compiled
from optimizers.capabilities import CompiledPreconditioner, CompiledProbe
from optimizers.problem import Problem
from optimizers.run import WalkRecord

SMALLEST_SHARE = 256
"""Fewer walkers than this for each thread are not worth a second thread."""
KEPT_WARM_STARTS = 4096
"""Warm starts that are kept, the newest ones."""
MOST_KEPT_TOGETHER = 64
"""A call with more different ones is a sweep, which will not ask for them again."""
_KEPT: OrderedDict[Any, np.ndarray] = OrderedDict()
_KEEPING = Lock()


def supports(problem: Problem) -> bool:
    """Whether the compiled engine knows this surface and all parts of the method."""
    return (
        isinstance(problem.objective, Surface)
        and isinstance(problem.start, np.ndarray)
        and problem.objective.kernel_code != SurfaceCode.NONE
        and problem.method.compiled
    )


def walk(problem: Problem) -> WalkRecord:
    """Run `problem` with the compiled rule, on several threads when there are many walkers."""
    surface, method, steps = problem.objective, problem.method, problem.steps
    count, planar = problem.start.shape[0], surface.dimension == 2
    start = np.zeros((count, 2))
    start[:, : surface.dimension] = problem.start
    probe, rule = _parts(problem)
    structure, options = _structure(problem, rule), _options(rule, count)
    first = _first_preconditioner(problem, rule, structure, options)
    noise = problem.noise if problem.noise.shape[1] else np.zeros((1, steps, surface.dimension))
    if not planar:
        noise = np.concatenate([noise, np.zeros_like(noise)], axis=-1)
    which = np.array(problem.noise_index) if problem.noise.shape[1] else np.zeros(count, dtype=np.int64)
    basin, bound = (_triple(*ball) for ball in (problem.basin, problem.bound))
    rate, radius, momentum, deviation = (
        _full(v, count) for v in (problem.learning_rate, problem.radius, problem.momentum, problem.deviation)
    )
    kept = steps if problem.full else 0
    positions, losses, path = (np.empty((count, kept + 1, *tail)) for tail in ((2,), (), ()))
    probes, gradients, matrices = (np.empty((count, kept, *tail)) for tail in ((2,), (2,), (2, 2)))
    summary = np.empty((count, 9))
    ground = compiled.Ground(int(surface.kernel_code), surface.kernel_parameters, planar, basin, bound)

    def part(s: slice) -> None:
        compiled.walk(
            ground,
            compiled.Walkers(start[s], rate[s], radius[s], momentum[s], deviation[s], which[s], noise),
            probe,
            compiled.Learning(
                structure=structure,
                at_start=rule.warm_start_scale is None,
                of_step=method.precondition_update,
                first=first[s],
                every=options["refresh_every"][s],
                decay=options["decay"][s],
                damping=options["damping"][s],
                rate=options["inner_learning_rate"][s],
                momentum=options["inner_momentum"][s],
                clip=options["clip"][s],
                steps=int(rule.inner_steps),
                floor=float(rule.floor),
            ),
            compiled.Record(
                problem.full, positions[s], probes[s], gradients[s], losses[s], matrices[s], path[s], summary[s]
            ),
        )

    _in_parts(part, count)
    d = surface.dimension

    def over_steps(record: np.ndarray) -> np.ndarray | None:
        return record.swapaxes(0, 1) if problem.full else None

    return WalkRecord(
        over_steps(positions[..., :d]),
        over_steps(probes[..., :d]),
        over_steps(gradients[..., :d]),
        over_steps(losses),
        over_steps(matrices[..., :d, :d]),
        over_steps(path),
        arrival=summary[:, 0].astype(np.int64),
        last_finite=summary[:, 1].astype(np.int64),
        path_length_to_arrival=summary[:, 2],
        total_path_length=summary[:, 3],
        third=summary[:, 4],
        fourth=summary[:, 5],
        final=summary[:, 6 : 6 + d],
        first_entry=summary[:, 8].astype(np.int64),
    )


def _parts(problem: Problem) -> tuple[CompiledProbe, CompiledPreconditioner]:
    probe, rule = problem.method.probe.compiled, problem.method.preconditioner.compiled
    assert probe is not None and rule is not None, "ask supports() first"
    return probe, rule


def _structure(problem: Problem, rule: CompiledPreconditioner) -> int:
    learned = rule.structure != "identity"
    if learned and problem.objective.dimension > 1 and len(problem.objective.layout.layers) > 1:
        return int(compiled.Structure.SEPARATE)
    return int(compiled.Structure[rule.structure.upper()])


def _options(rule: CompiledPreconditioner, count: int) -> dict[str, np.ndarray]:
    """The numbers of the preconditioner as arrays (W,)."""
    names = ("decay", "damping", "inner_learning_rate", "inner_momentum", "clip")
    options = {name: _full(getattr(rule, name), count) for name in names}
    return {**options, "refresh_every": np.full(count, rule.refresh_every, dtype=np.int64)}


def _first_preconditioner(
    problem: Problem, rule: CompiledPreconditioner, structure: int, options: dict[str, np.ndarray]
) -> np.ndarray:
    """U before the first step, (W, 2, 2); walkers with equal starts and options share one warm start."""
    count = problem.start.shape[0]
    if rule.warm_start_scale is None:
        return np.broadcast_to(np.eye(2), (count, 2, 2)).copy()
    names = ("damping", "inner_learning_rate", "inner_momentum", "clip", "decay")
    rows = np.column_stack([problem.start, _full(rule.warm_start_scale, count), *(options[name] for name in names)])
    distinct, back = np.unique(rows, axis=0, return_inverse=True)
    counts = (rule.warm_refreshes, rule.inner_steps, rule.floor)
    starts = _kept_warm_starts if len(distinct) <= MOST_KEPT_TOGETHER else _warm_starts
    return starts(problem.objective, structure, counts, distinct)[back.reshape(-1)]


def _kept_warm_starts(surface: Surface, structure: int, counts: tuple[int, int, float], rows: np.ndarray) -> np.ndarray:
    """`_warm_starts`, each row's kept: LLQR and LLQR+SAM share it, and most sliders leave it as it is. A row's result
    does not depend on which others are computed with it."""
    keys = [(surface, structure, counts, *row) for row in rows.tolist()]
    with _KEEPING:
        found = {key: _KEPT[key] for key in keys if key in _KEPT}
        for key in found:
            _KEPT.move_to_end(key)
    missing = [index for index, key in enumerate(keys) if key not in found]
    if missing:
        computed = _warm_starts(surface, structure, counts, rows[missing])
        found |= {keys[index]: u for index, u in zip(missing, computed, strict=True)}
        with _KEEPING:
            _KEPT.update((keys[index], found[keys[index]]) for index in missing)
            while len(_KEPT) > KEPT_WARM_STARTS:
                _KEPT.popitem(last=False)
    return np.array([found[key] for key in keys])


def _warm_starts(surface: Surface, structure: int, counts: tuple[int, int, float], rows: np.ndarray) -> np.ndarray:
    """U (n, 2, 2) for the rows (n, D + 6): start, scale, damping, inner rate and momentum, clip, decay."""
    d, refreshes, inner_steps, floor = surface.dimension, *counts
    moments = neighbourhood_moments(surface, np.ascontiguousarray(rows[:, :d]), rows[:, d])
    second, hessian = np.zeros((len(rows), 2, 2)), np.zeros((len(rows), 2, 2))
    second[:, :d, :d], hessian[:, :d, :d] = moments.second_moment, moments.mean_hessian
    damping, rate, mu, clip, decay = np.ascontiguousarray(rows[:, d + 1 :].T)
    out = np.empty((len(rows), 2, 2))

    def part(s: slice) -> None:
        compiled.warm_start(
            structure,
            second[s],
            hessian[s],
            damping[s],
            refreshes,
            inner_steps,
            rate[s],
            mu[s],
            clip[s],
            decay[s],
            floor,
            out[s],
        )

    _in_parts(part, len(rows))
    return out


def _full(value: Any, count: int) -> np.ndarray:
    """A writable copy: a read-only array has another type, for which the whole walk would be compiled once more."""
    return np.array(np.broadcast_to(np.asarray(value, dtype=float), (count,)))


def _triple(point: np.ndarray, radius: float) -> tuple[float, float, float]:
    return float(point[0]), float(point[1]) if len(point) > 1 else 0.0, float(radius)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="walkers")


def _in_parts(part: Any, count: int) -> None:
    """Call `part` on slices of the walkers: one, or one for each of two threads (the kernels release the lock)."""
    if count < 2 * SMALLEST_SHARE:
        part(slice(0, count))
        return
    half = count // 2
    for job in [_threads().submit(part, s) for s in (slice(0, half), slice(half, count))]:
        job.result()
