"""Is the advantage the preconditioner's, or only a larger step? Computed, with the answer that the runs give."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from app.components.claim import Claim, judged, untested
from app.state.numbers_as_text import number, percent
from app.toy.claims.captions import described, figure_2_trials
from app.toy.claims.trials import MOST, RUNS, Trials, methods_of, starts_around, trials
from app.toy.presets import PRESETS
from app.toy.request import ToyRequest, read_request
from geometry.surface import Surface
from geometry.surfaces import AnnularWell
from optimizers import METHODS, simulate

SOURCE = "our fairness check"
RATES = tuple(np.geomspace(1e-4, 0.3, 18))
RADII = tuple(np.geomspace(0.02, 2.0, 14))
"""The grid of learning rates and radii that Euclidean SAM is offered."""


@dataclass(frozen=True)
class Grid:
    """Share of starts from which SAM arrives, (len(rates), len(radii))."""

    rates: np.ndarray
    radii: np.ndarray
    arrived: np.ndarray
    walkers: int

    @property
    def best(self) -> tuple[float, float, int]:
        """Learning rate, radius and count of the setting with most arrivals."""
        i, j = np.unravel_index(int(np.argmax(self.arrived)), self.arrived.shape)
        return float(self.rates[i]), float(self.radii[j]), int(self.arrived[i, j])


def radial_factor(request: ToyRequest, starts: np.ndarray) -> float:
    """Mean over the starts of nᵀU n, the learned U along the direction n from the origin, before the first step."""
    surface = request.make_surface()
    run = simulate(surface, methods_of(request)["LLQR"], starts, steps=1, learning_rate=1e-12)
    n = starts / np.linalg.norm(starts, axis=-1, keepdims=True)
    return float(np.einsum("wi,wij,wj->w", n, run.preconditioners[0], n).mean())


def equal_rate_claim(request: ToyRequest, trial: Trials) -> Claim:
    """On the ring: SAM at the learning rate ηU against LLQR+SAM at η."""
    statement = "On the ring LLQR+SAM’s head start is a larger step: SAM at the learning rate ηU arrives as fast."
    factor = radial_factor(request, trial.starts)
    larger = replace(request, learning_rate=request.learning_rate * factor)
    tuned = trials(larger, trial.starts, trial.seeds, trial.what)
    ours, sam = trial.median_arrival("LLQR+SAM"), tuned.median_arrival("SAM")
    if np.isnan(ours) or np.isnan(sam):
        raised = larger.learning_rate
        why = f"At η = {number(request.learning_rate, 6)} or at ηU = {raised:.4g} one of the two never arrives."
        return untested(statement, SOURCE, why)
    counts = (
        f"SAM at ηU = {request.learning_rate * factor:.4g}: {tuned.count('SAM')}, median step {sam:g}; LLQR+SAM at "
        f"η = {number(request.learning_rate, 6)}: {trial.count('LLQR+SAM')}, median step {ours:g}; SAM at the same η: "
        f"{trial.count('SAM')}, median step {trial.median_arrival('SAM'):g}"
    )
    detail = f"U = {factor:.3g} along the radius (mean over the starts); {trial.what}; {described(trial)}."
    alike = tuned.most_arrive("SAM") and sam <= 1.25 * ours
    return judged(statement, SOURCE, bool(alike), counts, detail + " As fast means a median within a quarter.")


def sam_grid(surface: Surface, starts: np.ndarray, request: ToyRequest) -> Grid:
    """SAM with U = I over RATES × RADII from every start, in one batched call."""
    rates, radii = np.array(RATES), np.array(RADII)
    run = simulate(
        surface,
        METHODS["SAM"],
        starts,
        steps=request.steps,
        learning_rate=rates[:, None, None],
        radius=radii[None, :, None],
        momentum=request.momentum,
        noise_variance=request.noise_variance,
        seed=request.seed,
        record="summary",
    )
    return Grid(rates, radii, (run.outcome == "reached").sum(axis=-1), len(starts))


def tuned_sam_claim(request: ToyRequest, trial: Trials) -> Claim:
    """In the stiff valley: the best of a wide grid of SAM settings against LLQR+SAM at the page's setting."""
    statement = "In the stiff valley no learning rate and radius let Euclidean SAM arrive where LLQR+SAM does."
    grid = sam_grid(trial.surface, trial.starts, request)
    rate, radius, most = grid.best
    ours = int(trial.arrived("LLQR+SAM").sum())
    setting = f"η = {number(request.learning_rate, 6)}, ρ = {number(request.radius, 6)}"
    counts = f"LLQR+SAM {trial.count('LLQR+SAM')} at {setting}; SAM at best {most} of {grid.walkers}"
    counts += f", at η = {rate:.3g}, ρ = {radius:.3g}" if most else f" at all {grid.arrived.size} settings"
    detail = (
        f"SAM on a grid of {len(RATES)} learning rates from {RATES[0]:g} to {RATES[-1]:g} and {len(RADII)} radii from "
        f"{RADII[0]:g} to {RADII[-1]:g}; {trial.what}; {described(trial)}."
    )
    return judged(statement, SOURCE, ours > 0 and most == 0, counts, detail)


def valley_trials(request: ToyRequest, walkers: int = RUNS) -> Trials:
    """Starts in the well of the valley."""
    starts = starts_around(request.make_surface(), walkers)
    return trials(request, starts, request.seed, f"{walkers} starts in the well, the stiff coordinate within ±1")


def valley_claims(request: ToyRequest) -> list[Claim]:
    """Who arrives in the valley at the page's setting, and whether tuning SAM changes it."""
    trial = valley_trials(request)
    detail = f"{trial.what}; {described(trial)}. To reach it means in at least {percent(MOST)} of the runs."
    claims = []
    for name, expected in (("SGDM", False), ("SAM", False), ("LLQR", False), ("LLQR+SAM", True)):
        arrived = trial.arrived(name)
        diverged = int((trial.runs[name].outcome == "diverged").sum())
        counts = f"{trial.count(name)} reach the basin{trial.passing(name)}"
        counts += f", {diverged} diverge" if diverged else ""
        statement = f"{name} reaches the flat basin." if expected else f"{name} does not reach the flat basin."
        claims.append(
            judged(
                statement,
                "our stiff valley",
                trial.most_arrive(name) if expected else not arrived.any(),
                counts,
                detail,
            )
        )
    return [*claims, tuned_sam_claim(request, trial)]


@cache
def contrast(preset: str) -> Claim:
    """The fairness check of the other surface, at its preset's settings: each fact is half of the lesson."""
    request, _ = read_request({"preset": preset})
    if isinstance(request.make_surface(), AnnularWell):
        claim = equal_rate_claim(request, figure_2_trials(request))
    else:
        claim = tuned_sam_claim(request, valley_trials(request))
    return replace(claim, detail=f"For comparison, the preset {PRESETS[preset].title}. {claim.detail}")
