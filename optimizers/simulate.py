"""simulate: walk an objective by a method from many starts at once, and record all of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from geometry.surface import Surface
from optimizers import reference_engine
from optimizers.methods import Method, method_named
from optimizers.problem import Problem, prepared
from optimizers.run import Run, WalkRecord, name_outcomes


def simulate(
    objective: Any,
    method: str | Method,
    start: Any = None,
    steps: int = 600,
    learning_rate: Any = 0.0165,
    radius: Any = 0.30,
    momentum: Any = 0.9,
    noise_variance: Any = 0.0,
    seed: Any = 0,
    record: str = "full",
    compiled: bool = True,
) -> Run:
    """Walk `steps` steps of the composed rule (optimizers.rule) on a surface and return the Run.

    start (..., D): starting points, None for the surface's own. learning_rate η, radius ρ, momentum μ, noise_variance
    (variance of each coordinate of the Gaussian noise on g⁺) and seed are numbers or arrays that broadcast over the
    walkers, as are the numbers inside the method's LLQR. The noise of a walker depends on its seed and the step only,
    so all methods meet the same. record "summary" keeps outcomes and lengths but no paths. compiled=False runs the
    readable rule instead of its compiled twin (equal to rounding).

    An objective that is not a surface (the loss of a small network) is walked by the readable rule with its full
    batch; it has no flat basin, so nothing arrives.

    ValueError says which argument is wrong. Source of the rule: arXiv 2605.16134.
    """
    problem = prepared(
        objective, method_named(method), start, steps, learning_rate, radius, momentum, noise_variance, seed, record
    )
    from optimizers import compiled_engine  # which compiles: half a second that training a network has no use for

    engine = compiled_engine if compiled and compiled_engine.supports(problem) else reference_engine
    return _finished(problem, engine.walk(problem))


def _finished(problem: Problem, record: WalkRecord) -> Run:
    """The Run in the walkers' own shape, with its outcomes named and its cost counted."""
    walkers = problem.walkers

    def shaped(a: np.ndarray | None, over_steps: bool = True) -> Any:
        if a is None:
            return None
        return a.reshape((a.shape[0], *walkers, *a.shape[2:]) if over_steps else (*walkers, *a.shape[1:]))

    outcome = name_outcomes(
        record.arrival,
        record.last_finite,
        record.third - record.fourth,
        _curvature(problem.objective, record.final),
        problem.steps,
        problem.half_diagonal,
        problem.learning_rate,
        problem.momentum,
    )
    gradients, products = _cost(problem)
    return Run(
        objective=problem.objective,
        method=problem.method,
        settings={
            "steps": problem.steps,
            "learning_rate": problem.learning_rate,
            "radius": problem.radius,
            "momentum": problem.momentum,
            "noise_variance": np.square(problem.deviation),
        },
        positions=shaped(record.positions),
        probes=shaped(record.probes),
        gradients=shaped(record.gradients),
        losses=shaped(record.losses),
        preconditioners=shaped(record.preconditioners),
        path_length=shaped(record.path_length),
        gradient_evaluations=shaped(gradients),
        curvature_products=shaped(products),
        arrival=shaped(record.arrival, over_steps=False),
        last_finite=shaped(record.last_finite, over_steps=False),
        path_length_to_arrival=shaped(record.path_length_to_arrival, over_steps=False),
        total_path_length=shaped(record.total_path_length, over_steps=False),
        outcome=shaped(outcome, over_steps=False),
        final=shaped(record.final, over_steps=False),
        first_entry=shaped(record.first_entry, over_steps=False),
    )


def _curvature(objective: Any, points: np.ndarray) -> np.ndarray:
    """Largest |eigenvalue| of the Hessian at each point (W,); 0 where the objective has none to give."""
    if not isinstance(objective, Surface):
        return np.zeros(len(points))
    return np.abs(np.linalg.eigvalsh(objective.hessian(points))).max(axis=-1)


def _cost(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative gradient evaluations and curvature products before each step and at the end, (T+1, W) each.

    For each step what the probe needs, and for each refresh what the preconditioner says. The averaging over the
    start's neighbourhood is not counted: it stands for what mini-batches teach on a network.
    """
    method, count = problem.method, problem.start.shape[0]
    index = np.arange(problem.steps)[:, None]
    due = np.asarray(method.preconditioner.schedule.due(index))
    refresh_gradients, refresh_products = method.preconditioner.refresh_cost()

    def cumulative(cost: np.ndarray) -> np.ndarray:
        total = np.concatenate([np.zeros((1, cost.shape[1]), dtype=np.int64), np.cumsum(cost, axis=0)])
        return np.broadcast_to(total, (problem.steps + 1, count))

    gradients = method.gradient_evaluations(index) + refresh_gradients * due
    return cumulative(gradients), cumulative(refresh_products * due)
