"""The reference engine of simulate: the composed rule itself, one step after the other, all walkers at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimizers.methods import Method
from optimizers.problem import Problem
from optimizers.rule import Settings, at_rest, begin, descent_step, refresh_if_due
from optimizers.run import STAYING, WalkRecord

LARGEST_MATRIX = 16
"""U is recorded as an explicit matrix up to this dimension."""


def walk(problem: Problem) -> WalkRecord:
    """Run `problem` with optimizers.rule and record every step."""
    objective, method = problem.objective, _method_alike(problem.method, problem.start)
    numbers = (problem.learning_rate, problem.radius, problem.momentum)
    settings = Settings(*(_alike(number, problem.start) for number in numbers))
    state = begin(objective, method, problem.start)
    small = objective.dimension <= LARGEST_MATRIX
    positions, probes, gradients, matrices = [_numpy(state.position)], [], [], []
    with np.errstate(over="ignore", invalid="ignore"):
        losses = [_numpy(objective.loss(state.position))]
        for t in range(problem.steps):
            state, _ = refresh_if_due(objective, method, state)
            state, trace = descent_step(objective, method, settings, state, _noise(problem, t, state.position))
            if small:
                matrices.append(
                    _numpy(method.preconditioner.matrix(objective.layout, state.preconditioner, state.position))
                )
            positions.append(_numpy(state.position))
            probes.append(_numpy(trace.probe))
            gradients.append(_numpy(trace.outer))
            losses.append(_numpy(at_rest(objective, state).loss(state.position)))
    return _recorded(
        problem,
        np.stack(positions),
        np.stack(probes),
        np.stack(gradients),
        np.stack(losses),
        np.stack(matrices) if small else None,
    )


def _alike(value: Any, like: Any) -> Any:
    """A hyper-parameter's array as a tensor where the walkers are tensors; numbers as they are."""
    if not isinstance(value, np.ndarray) or isinstance(like, np.ndarray):
        return value
    tensor = like.new_tensor(value)
    return tensor.round().long() if np.issubdtype(value.dtype, np.integer) else tensor


def _method_alike(method: Method, like: Any) -> Method:
    return method.with_fields({name: _alike(value, like) for name, value in method.array_fields().items()})


def _noise(problem: Problem, t: int, like: Any) -> Any:
    if problem.noise.shape[1] == 0:
        return None
    draws = (
        problem.noise[problem.noise_index, t] * np.broadcast_to(problem.deviation, problem.noise_index.shape)[:, None]
    )
    return draws if isinstance(like, np.ndarray) else like.new_tensor(draws)


def _numpy(a: Any) -> np.ndarray:
    return np.array(a, dtype=float) if isinstance(a, np.ndarray | float) else a.detach().cpu().numpy().copy()


def _recorded(
    problem: Problem,
    positions: np.ndarray,
    probes: np.ndarray,
    gradients: np.ndarray,
    losses: np.ndarray,
    matrices: np.ndarray | None,
) -> WalkRecord:
    """Cut each path where it left every bound, and read off arrival, lengths and drift."""
    steps, walkers = problem.steps, np.arange(positions.shape[1])
    centre, bound = problem.bound
    with np.errstate(invalid="ignore", over="ignore"):
        inside = np.linalg.norm(positions - centre, axis=-1) <= bound
    inside &= np.all(np.isfinite(positions), axis=-1)
    alive = np.logical_and.accumulate(inside, axis=0)
    last = alive.sum(axis=0) - 1
    positions = np.where(alive[..., None], positions, np.nan)
    losses = np.where(alive, losses, np.nan)
    taken = alive[:-1]
    probes, gradients = (np.where(taken[..., None], a, np.nan) for a in (probes, gradients))
    if matrices is not None:
        matrices = np.where(taken[..., None, None], matrices, np.nan)
    hops = np.linalg.norm(np.diff(positions, axis=0), axis=-1)
    path = np.concatenate([np.zeros((1, len(walkers))), np.cumsum(hops, axis=0)])

    middle, radius = problem.basin
    distance = np.linalg.norm(positions - middle, axis=-1)
    quarter = max(1, steps // 4)
    inside = distance < radius
    first_entry = np.where(inside.any(axis=0), inside.argmax(axis=0), -1)
    near = np.logical_and.accumulate((distance <= STAYING * radius)[::-1], axis=0)[::-1]
    coming = inside & near & inside[steps - quarter + 1 :].any(axis=0)
    arrival = np.where(coming.any(axis=0), coming.argmax(axis=0), -1)
    fourth = distance[steps - quarter + 1 :].mean(axis=0)
    third = distance[max(0, steps - 2 * quarter + 1) : steps - quarter + 1].mean(axis=0)
    return WalkRecord(
        positions if problem.full else None,
        probes if problem.full else None,
        gradients if problem.full else None,
        losses if problem.full else None,
        matrices if problem.full else None,
        path if problem.full else None,
        arrival,
        last,
        np.where(arrival >= 0, path[arrival, walkers], np.nan),
        path[last, walkers],
        third,
        fourth,
        positions[last, walkers],
        first_entry,
    )
