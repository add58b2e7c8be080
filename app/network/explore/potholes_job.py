"""The job kind "potholes": where the loss is sharper than on average, and what a probe adds there, with U and without.

Description: {"run": id of a training job, **controls}, see POTHOLES_CONTROLS. For each method of the run that learns U:
H is the Hessian of the training loss at its last kept weights, H̄ the mean of the Hessians at earlier ones, those that
are nearest to the steps before which it learned U. There U is learned anew, one point after the other, on the run's own
batches and with its settings, as the run keeps no U beside its weights. Directions: the top eigenvectors of H − H̄
(potholes), those of H̄ (sharp on average), random ones. See optimizers.amplification for what is measured along them.
Its rows:
  {"about": {…}}      methods, the step, ρ, batches, examples
  {"measured": {…}}   of a method: the points, its directions of each kind, statements; or why there is nothing
  {"done": {…}}       products, seconds, a sentence
Result: "potholes", a packed tree of all of it. A stop is taken up between two products.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import torch

from app.components.claim import Claim
from app.jobs.context import JobContext
from app.jobs.kinds import Description
from app.jobs.packing import pack
from app.network.explore.interruptible import Watched
from app.network.explore.run_record import Data, RunRecord, Spot, fetch_run
from app.network.statements.judge import judge_values, tell
from app.network.statements.messages import JudgedStatement, PairedSeeds
from app.network.statements.statement import Quantity
from app.network.training.settings import options_of_u
from app.state.numbers_as_text import percent
from geometry.curvature import HessianOperator, average, potholes, top_eigenvalues
from optimizers import Method
from optimizers.amplification import Amplification, ProbeEffect, measure_amplification
from optimizers.methods import network_methods
from optimizers.minibatches import Minibatches
from optimizers.probes import SAM

KINDS = ("potholes", "sharp on average", "random")
TOLERANCE = 1e-2
"""Of an eigenvalue's residual: directions are wanted, not digits."""
MOST_PRODUCTS = 400
LEAST = 0.02
"""The smallest part by which one factor is more than another; a U that has hardly learned makes any less sure."""
FACTOR = Quantity("what the probe adds", LEAST, ratio=True, digits=3)
BROUGHT_OUT = f"U brings potholes out: along them the probe adds over {percent(LEAST)} more with U than without."
BESIDE_SHARP = f"Beside directions that are sharp on average, U brings potholes out by over {percent(LEAST)}."


def run(description: Description, job: JobContext) -> None:
    """Measure and report."""
    job.settings(0)
    began = time.perf_counter()
    record = fetch_run(description["run"], job)
    methods, step = learners(record), record.steps[-1]
    radius = float(record.found.description["radius"])
    if record.shared(step):
        raise ValueError("the run has kept no weights yet but the first: ask again after its next snapshot")
    if not radius > 0:
        raise ValueError("the run’s radius ρ is 0, so that no probe adds anything: train it with a radius")
    batches = mini_batches(record, description["potholes_batches"])
    job.total = len(methods) + 1
    job.report(
        0,
        about={
            "methods": list(methods),
            "step": step,
            "radius": radius,
            "batches": len(batches),
            "examples": record.objective(_data(description), record.start).examples,
        },
    )
    rows: list[dict[str, Any]] = []
    for name, method in methods.items():
        rows.append(Measuring(record, name, method, description, job).measure(batches, radius))
        job.report(len(rows), measured=rows[-1])
    said = {
        "products": sum(row["products"] for row in rows),
        "seconds": time.perf_counter() - began,
        "sentence": sentence(rows),
    }
    job.keep_result("potholes", pack({"asked": description, "rows": rows, "said": said}))
    job.report(job.total, done=said)


def learners(record: RunRecord) -> dict[str, Method]:
    """The run's methods that learn U from time to time. ValueError with a sentence where there is none."""
    described = record.found.description
    if record.recorded:
        raise ValueError("this run was trained elsewhere: how its methods learn a U is not known here")
    methods = network_methods(described["structure"], names=described["methods"], **options_of_u(described))
    found = {name: method for name, method in methods.items() if method.preconditioner.schedule.ever}
    if not found:
        raise ValueError("no method of this run learns a U from the ground: train LLQR or LLQR+SAM with it")
    return found


def mini_batches(record: RunRecord, count: int) -> list[torch.Tensor | None]:
    """Rows of so many mini-batches without a common example, or of as many as there are: those of the pass over the
    data that comes after the run."""
    draws = _draws(record)
    if draws.rows(0) is None:
        return [None]
    each = draws.examples // len(draws.rows(0))  # type: ignore[arg-type]
    first = each * math.ceil(record.total / each)
    return [draws.rows(first + place) for place in range(min(count, each))]


def _data(asked: Description) -> Data:
    return Data("train", asked["potholes_sample"], asked["potholes_seed"])


def _draws(record: RunRecord) -> Minibatches:
    described = record.found.description
    examples = record.found.objective.examples
    return Minibatches(examples, described["batch_size"], described["refresh_size"], described["seed"])


class Measuring:
    """One method's measurement."""

    def __init__(self, record: RunRecord, name: str, method: Method, asked: Description, job: JobContext) -> None:
        self.record, self.name, self.method, self.asked, self.job = record, name, method, asked, job
        step = record.steps[-1]
        earlier = [kept for kept in record.steps if kept < step]
        due = [t for t in range(step) if method.preconditioner.schedule.due(t)]
        self.learned = sorted({min(earlier, key=lambda kept: (abs(kept - t), kept)) for t in due})
        """Kept steps at which U is learned."""
        self.spots = {kept: record.kept([kept], job)[kept][name] for kept in (*self.learned, step)}
        self.watched: list[Watched] = []

    def measure(self, batches: list[torch.Tensor | None], radius: float) -> dict[str, Any]:
        """The row, see the module's docstring; with a sentence where there are no numbers."""
        spot, found = self.spots[self.record.steps[-1]], {"method": self.name, "points": self._points()}
        if not all(one.finite for one in self.spots.values()):
            return {**found, "products": 0, "problem": "not all weights are finite"}
        try:
            state = self._learn()
            groups, whether = self._directions(spot)
            probe = SAM(norm=self.method.probe.norm) if self.method.looks_ahead else SAM()
            effects = [
                measure_amplification(
                    (self._watch(self._over(spot, rows)) for rows in batches),
                    spot.position,
                    directions,
                    self.method.preconditioner,
                    state,
                    radius,
                    probe,
                )
                for directions in groups
            ]
        except (ArithmeticError, ValueError) as error:
            return {**found, "products": 0, "problem": str(error)}
        told = [self._told(*one) for one in zip(KINDS, groups, effects, strict=True)]
        logarithms = [_values(effect) for effect in effects]
        return {
            **found,
            "converged": whether,
            "groups": told,
            "claims": self._claims(logarithms),
            "products": sum(one.asked for one in self.watched),
        }

    def _points(self) -> list[int]:
        """Of the points where U is learned those that H̄ is the mean over, evenly spaced, the last among them."""
        count = min(self.asked["potholes_points"], len(self.learned))
        places = np.linspace(len(self.learned) - 1, 0, count).round().astype(int)
        return [self.learned[place] for place in sorted(set(places.tolist()))]

    def _watch(self, objective: Any) -> Watched:
        self.watched.append(Watched(objective, self.job))
        return self.watched[-1]

    def _over(self, spot: Spot, rows: torch.Tensor | None) -> Any:
        objective = self.record.objective(Data("train"), spot)
        return objective if rows is None else objective.rows(rows)

    def _learn(self) -> Any:
        """U's state after it has been learned at all its points."""
        preconditioner, draws = self.method.preconditioner, _draws(self.record)
        state: Any = None
        for kept in self.learned:
            self.job.settings(0)
            spot = self.spots[kept]
            objective = self._over(spot, draws.refresh_rows(kept))
            if state is None:
                state = preconditioner.start(objective, spot.position)
            state = preconditioner.refresh(objective, spot.position, state)
        return state

    def _directions(self, spot: Spot) -> tuple[list[np.ndarray], bool]:
        """Unit vectors (K, D) of each kind, and whether all eigenvectors converged."""
        count, seed = self.asked["potholes_count"], self.asked["potholes_seed"]
        data = _data(self.asked)

        def place(kept: int) -> tuple[Watched, torch.Tensor]:
            own = self.spots[kept]
            return self._watch(self.record.objective(data, own)), own.position

        here, points = place(self.record.steps[-1]), [place(kept) for kept in self._points()]
        count = min(count, here[0].dimension)
        self.here, self.mean = here, average(points)
        found = [
            top_eigenvalues(one, one.origin, count, tolerance=TOLERANCE, max_products=MOST_PRODUCTS, seed=seed)
            for one in (potholes(here, points), self.mean)
        ]
        random = np.random.default_rng(seed).standard_normal((count, here[0].dimension))
        random /= np.linalg.norm(random, axis=1, keepdims=True)
        return [*(one.vectors for one in found), random], all(bool(one.converged.all()) for one in found)

    def _told(self, kind: str, directions: np.ndarray, effect: Amplification) -> dict[str, Any]:
        """A kind of directions in numbers."""
        here, mean = HessianOperator(*self.here), HessianOperator(self.mean, self.mean.origin)
        pairs = judge_values(f"{self.name}, {kind}: with U / without", _values(effect), FACTOR, each="batch")
        return {
            "kind": kind,
            "here": [float(v @ here(v)) for v in directions],
            "average": [float(v @ mean(v)) for v in directions],
            "plain": _effect(effect.plain),
            "learned": _effect(effect.learned),
            "factors": _rms_ratio(effect.learned.added, effect.plain.added),
            "first_order_factors": _rms_ratio(effect.learned.first_order, effect.plain.first_order),
            "factor": pairs,
        }

    def _claims(self, logarithms: list[list[float | None]]) -> list[JudgedStatement]:
        """The statements, judged."""
        hole, mean, _ = logarithms
        beside = [None if a is None or b is None else a - b for a, b in zip(hole, mean, strict=True)]
        pairs: list[tuple[str, PairedSeeds]] = [
            (BROUGHT_OUT, judge_values(f"{self.name}, with U / without", hole, FACTOR, above=1 + LEAST, each="batch")),
            (
                BESIDE_SHARP,
                judge_values(
                    f"{self.name}, that of potholes / that of sharp directions",
                    beside,
                    FACTOR,
                    above=1 + LEAST,
                    each="batch",
                ),
            ),
        ]
        return [
            tell(Claim(f"{self.name}: {text}", "", one["verdict"], one["counts"], ""), [one]) for text, one in pairs
        ]


def _values(effect: Amplification) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in effect.logarithms]


def _effect(effect: ProbeEffect) -> dict[str, float]:
    """How many times longer the probe makes the step along these directions, the same to first order, and what that
    misses."""
    return {
        "gain": effect.gain,
        "first_order_gain": effect.first_order_gain,
        "first_order_error": effect.first_order_error,
    }


def _rms_ratio(ours: np.ndarray, other: np.ndarray) -> list[float | None]:
    """Direction by direction the ratio of the rms over batches; None where the other is 0."""
    sizes = [np.sqrt((values**2).mean(0)) for values in (ours, other)]
    return [float(a / b) if b > 0 else None for a, b in zip(*sizes, strict=True)]


def sentence(rows: list[dict[str, Any]]) -> str:
    """What was found, in words."""
    parts = []
    for row in rows:
        if "problem" in row:
            parts.append(f"{row['method']}: {row['problem']}.")
            continue
        factors = {group["kind"]: group["factor"]["mean"] for group in row["groups"]}
        words = ", ".join(f"{kind} {'–' if value is None else f'{value:.2f}'}" for kind, value in factors.items())
        parts.append(f"{row['method']}: with U the probe adds so many times what it adds without: {words}.")
        out, beside = (claim["verdict"] for claim in row["claims"])
        parts.append(f"That U brings potholes out {out}; that it does beside directions sharp on average {beside}.")
        if not row["converged"]:
            parts.append("Not all of its directions have converged.")
    return " ".join(parts)
