"""What a simulation returns: everything that a picture, a table or a claim needs, and a named outcome."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from geometry.result import Result
from geometry.surface import Surface

Recorded = Any
"""An array over the steps; None where only the summary was recorded."""

OUTCOMES = ("reached", "trapped", "diverged", "still moving")
"""reached: came into the flat basin to stay. trapped: did not, and has settled elsewhere.
diverged: left every bound, or came where L is not defined; the finite prefix of the path is kept. still moving: none of
these yet."""

STAYING = 5.0
"""To come to stay is to be inside the basin, from then on no farther from its middle than so many of its radii,
and to be inside still in the last quarter of the run. Noise alone carries a walker in and out of the basin itself."""
SETTLED_DRIFT = 0.05
"""Trapped means: at its present drift the walker would move by less than this part of the domain's half-diagonal in
as many steps again …"""
SETTLED_TIMES = 3.0
"""… and it had at least this many relaxation times (1−μ)/(η κ) of the local curvature κ to settle, …"""
AT_REST = 1e-9
"""… or its drift is below this part of the half-diagonal: it rests, as at a ghost minimum, whatever κ is there."""


OF_WALKER = (
    *("arrival", "last_finite", "path_length_to_arrival", "total_path_length", "outcome", "final"),
    "first_entry",
)
"""Fields of a Run whose first axis is the walkers'."""
OF_STEPS = (
    *("positions", "probes", "gradients", "losses", "preconditioners"),
    *("path_length", "gradient_evaluations", "curvature_products"),
)
"""Fields of a Run whose second axis is the walkers', after the steps."""


@dataclass(frozen=True)
class Run(Result):
    """The record of one simulation of T steps; W stands for the walkers' axes, D for the dimension.

    positions (T+1, W, D) with not-a-number after a walker diverged; probes (T, W, D), the points θ + ε where the outer
    gradient was taken; gradients (T, W, D), the outer gradients g⁺ with their noise; losses (T+1, W);
    preconditioners (T, W, D, D), the U used at each step (None for large D).
    arrival (W): the step at which the walker comes into the flat basin to stay (see STAYING), −1 if it does not.
    first_entry (W): its first step inside, which may come before the arrival or without one; −1 if never.
    last_finite (W): last step with a finite position.
    path_length (T+1, W): cumulative Euclidean length; path_length_to_arrival (W): up to arrival, not-a-number if
    none.  gradient_evaluations and curvature_products (T+1, W): cumulative cost in calls of the objective.
    outcome (W): one of OUTCOMES.  final (W, D): last finite position.

    The arrays over steps are None when only the summary was recorded.
    """

    objective: Any
    method: Any
    settings: dict[str, Any]
    positions: Recorded
    probes: Recorded
    gradients: Recorded
    losses: Recorded
    preconditioners: Recorded
    path_length: Recorded
    gradient_evaluations: np.ndarray
    curvature_products: np.ndarray
    arrival: np.ndarray
    last_finite: np.ndarray
    path_length_to_arrival: np.ndarray
    total_path_length: np.ndarray
    outcome: np.ndarray
    final: np.ndarray
    first_entry: np.ndarray

    def walker(self, index: int) -> Run:
        """The record of one walker of a run over W walkers (one axis): its arrays without that axis, as views."""
        if self.arrival.ndim != 1:
            raise ValueError(f"walker() takes a run with one axis of walkers, not {self.arrival.ndim}")
        mine = {name: getattr(self, name)[index, ...] for name in OF_WALKER}
        for name in OF_STEPS:
            record = getattr(self, name)
            mine[name] = None if record is None else record[:, index, ...]
        settings = {name: v[index, ...] if np.ndim(v) else v for name, v in self.settings.items()}
        return dataclasses.replace(self, settings=settings, **mine)

    def figure(self) -> Any:
        """The loss over steps, of the first walkers where there are many. ValueError where no steps were recorded."""
        if self.losses is None:
            raise ValueError("only the summary of this run was recorded: there are no steps to draw")
        from geometry.figures import COLOURS, draw_curves

        steps, losses = np.arange(len(self.losses)), self.losses.reshape(len(self.losses), -1)
        places = list(np.ndindex(self.arrival.shape))[: len(COLOURS)]
        names = [f"{k + 1}: {self.describe_outcome(at)}" for k, at in enumerate(places)]
        curves = {name: (steps, losses[:, k]) for k, name in enumerate(names)}
        note = f"{len(places)} of {losses.shape[1]} walkers"
        return draw_curves(curves, "A walk on the surface", note)

    def describe_outcome(self, walker: int | tuple[int, ...] = ()) -> str:
        """One sentence fragment for one walker: "trapped: in the annular well, r = 4.97"."""
        name, entry = str(self.outcome[walker]), int(self.first_entry[walker])
        basin = getattr(self.objective, "flat_basin", None)
        goal = basin.name if basin else "the basin"
        if name == "reached":
            arrival = int(self.arrival[walker])
            before = f", first in it at step {entry}" if entry < arrival else ""
            return f"reached {goal} at step {arrival}{before}"
        passed = f"; in {goal} at step {entry}, not to stay" if entry >= 0 else ""
        if name == "diverged":
            last = int(self.last_finite[walker])
            hole = isinstance(self.objective, Surface) and not np.isfinite(self.objective.loss(self.final[walker]))
            what = f"diverged: L is not defined where step {last} leads" if hole else f"diverged after step {last}"
            return what + passed
        where = getattr(self.objective, "describe_position", None)
        place = re.sub(r"-(?=\d)", "−", where(self.final[walker])) if where is not None else ""
        return (f"{name}: {place}" if place else name) + passed


@dataclass(frozen=True)
class WalkRecord:
    """Arrays over steps (None for a summary) and one row of facts per walker; see Run for the meaning.

    third, fourth (W): mean distance to the basin's centre over the third and the fourth quarter of the run.
    """

    positions: np.ndarray | None
    probes: np.ndarray | None
    gradients: np.ndarray | None
    losses: np.ndarray | None
    preconditioners: np.ndarray | None
    path_length: np.ndarray | None
    arrival: np.ndarray
    last_finite: np.ndarray
    path_length_to_arrival: np.ndarray
    total_path_length: np.ndarray
    third: np.ndarray
    fourth: np.ndarray
    final: np.ndarray
    first_entry: np.ndarray


def name_outcomes(
    arrival: np.ndarray,
    last_finite: np.ndarray,
    drift: np.ndarray,
    curvature: np.ndarray,
    steps: int,
    half_diagonal: float,
    learning_rate: Any,
    momentum: Any,
) -> np.ndarray:
    """The outcome of each walker, from what its run left behind.

    drift (W): mean distance to the basin's centre over the third quarter of the run minus that over the fourth;
    curvature (W): largest |eigenvalue| of the Hessian at the final point.  See OUTCOMES for the meaning.
    """
    quarter = max(1, steps // 4)
    projected = np.abs(drift) / quarter * steps
    room = np.maximum(1.0 - np.asarray(momentum, dtype=float), 1e-3)
    relaxations = steps * np.asarray(learning_rate, dtype=float) * curvature / room
    settled = (projected <= SETTLED_DRIFT * half_diagonal) & (relaxations >= SETTLED_TIMES)
    settled |= projected <= AT_REST * half_diagonal
    settled &= np.isfinite(half_diagonal)  # a network has no domain to measure a drift against
    outcome = np.where(settled, "trapped", "still moving")
    outcome = np.where(arrival >= 0, "reached", outcome)
    return np.where(last_finite < steps, "diverged", outcome)
