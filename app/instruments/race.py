"""The race of timescales: does U forget the wide landscape before the walker is out? Map, U along the run, verdict."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import orjson

from app.components.claim import Claim, judged, untested
from app.instruments.export.tables import race_tables
from app.instruments.instrument import RUNS, Instrument, InstrumentRequest
from app.instruments.messages import AlongRun
from app.instruments.phase import counts, swept
from app.instruments.repeats import Repeats, repeats, walk_to_end
from app.state.numbers_as_text import percent
from app.toy.claims.trials import MOST
from app.toy.compute import configured
from geometry.smoothing import neighbourhood_moments
from geometry.surface import Surface
from optimizers import simulate
from optimizers.sweeps import Axis, Sweep

DECAYS = np.array([0.0, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 0.99])
INTERVALS = np.array([1.0, 2, 3, 5, 8, 12, 20, 35, 60, 100])
METHODS_IN_RACE = ("LLQR", "LLQR+SAM")
WHY_THESE = (
    "Only LLQR’s U both forgets (β) and is learned at intervals (k): NGD’s is made anew each time, Shampoo’s takes in "
    "every gradient."
)
AGREE = 0.9
"""A statement about the settings on one side of the premise holds if at least this share of them bears it out."""
SOURCE = "the paper’s premise"
MOMENTS = 240
"""Steps along the run at which U and the curvatures are told, ever farther apart."""


def relearning_time(decay: Any, refresh_every: Any) -> Any:
    """k/(1 − β): steps until a U that is refreshed every k steps with decay β has forgotten what it was, to 1/e."""
    return np.asarray(refresh_every) / (1 - np.asarray(decay))


def race_answer(request: InstrumentRequest) -> bytes:
    """The JSON of the maps over β × k, of U along the run, and of the verdicts."""
    surface = request.toy.make_surface()
    trial = repeats(request.toy, surface, request.runs)
    x, y = Axis("decay", DECAYS), Axis("refresh_every", INTERVALS)
    maps = {name: swept(request, name, surface, x, y, trial) for name in METHODS_IN_RACE}
    escape = escape_time(request, surface, trial)
    answer = {
        "decays": DECAYS.tolist(),
        "intervals": INTERVALS.tolist(),
        "runs": request.runs,
        "maps": {name: counts(found) for name, found in maps.items()},
        "along": {name: along_run(request, name, surface, trial.steps) for name in METHODS_IN_RACE},
        "escape": escape,
        "relearning": float(relearning_time(request.toy.decay, request.toy.refresh_every)),
        "claims": [asdict(claim) for claim in premise(request, maps, escape, trial)],
        "what": f"At each point: {trial.what}. {WHY_THESE}",
    }
    return orjson.dumps(answer)


def escape_time(request: InstrumentRequest, surface: Surface, trial: Repeats) -> float | None:
    """Median step at which LLQR+SAM arrives at the page's own β and k; None unless most of the runs arrive."""
    toy = request.toy
    run = walk_to_end(surface, configured("LLQR+SAM", toy), toy, trial.starts, trial.steps, trial.seeds)
    reached = run.outcome == "reached"
    return float(np.median(run.arrival[reached])) if reached.mean() >= MOST else None


def premise(request: InstrumentRequest, maps: dict[str, Sweep], escape: float | None, trial: Repeats) -> list[Claim]:
    """Is k/(1 − β) above the escape time sufficient for LLQR to stay and LLQR+SAM to arrive, and is it necessary?"""
    enough = "Where U relearns more slowly than LLQR+SAM escapes, LLQR stays and LLQR+SAM arrives."
    needed = "Where U relearns faster than that, this fails."
    if escape is None:
        why = (
            "LLQR+SAM does not arrive in most runs at the setting in view, so there is no escape time to compare with."
        )
        return [untested(enough, SOURCE, why), untested(needed, SOURCE, why)]
    decay, interval = np.meshgrid(DECAYS, INTERVALS)
    slow = relearning_time(decay, interval) > escape
    as_told = (maps["LLQR"].arrived <= (1 - MOST) * request.runs) & (maps["LLQR+SAM"].arrived >= MOST * request.runs)
    detail = (
        f"Escape time: median arrival of LLQR+SAM at β = {request.toy.decay:g}, k = {request.toy.refresh_every}: step "
        f"{escape:g}; there k/(1 − β) = {relearning_time(request.toy.decay, request.toy.refresh_every):.4g} steps. "
        f"{trial.what[:1].upper()}{trial.what[1:]}. To stay or arrive means in at least {percent(MOST)} of the runs; a "
        f"statement holds if at least {percent(AGREE)} of the settings bear it out."
    )
    return [
        _judged(enough, as_told[slow], "settings with k/(1 − β) above the escape time bear it out", detail),
        _judged(needed, ~as_told[~slow], "settings with k/(1 − β) below the escape time fail", detail),
    ]


def _judged(statement: str, cases: np.ndarray, what: str, detail: str) -> Claim:
    if cases.size == 0:
        return untested(statement, SOURCE, "No setting of the map lies on this side of the escape time.")
    return judged(statement, SOURCE, bool(cases.mean() >= AGREE), f"{int(cases.sum())} of {cases.size} {what}", detail)


def along_run(request: InstrumentRequest, name: str, surface: Surface, steps: int) -> AlongRun:
    """U's smallest and largest eigenvalue at some steps t, beside 1/λ of the local and of the smoothed curvature.

    λ is the largest eigenvalue of ∇²L(θ_t), and of its average over N(θ_t, σ²I) with the warm start's σ (2 where U
    starts at I). None where λ is not positive, and after a divergence.
    """
    toy = request.toy
    with np.errstate(all="ignore"):
        run = simulate(
            surface,
            configured(name, toy),
            np.asarray(toy.start, dtype=float),
            steps,
            toy.learning_rate,
            toy.radius,
            toy.momentum,
            toy.noise_variance,
            toy.seed,
        )
    told = np.unique(np.geomspace(1, steps, MOMENTS).astype(int)) - 1
    told = told[told <= int(run.last_finite)]
    matrices, positions = np.asarray(run.preconditioners)[told], np.asarray(run.positions)[told]
    eigenvalues = np.linalg.eigvalsh(0.5 * (matrices + np.swapaxes(matrices, -1, -2)))
    smoothed = neighbourhood_moments(surface, positions, toy.warm_start_scale or 2.0).mean_hessian
    return {
        "steps": (told + 1).tolist(),
        "smallest": _numbers(eigenvalues[:, 0]),
        "largest": _numbers(eigenvalues[:, -1]),
        "local": _inverse(np.asarray(surface.hessian(positions))),
        "smoothed": _inverse(smoothed),
        "arrival": int(run.arrival) if int(run.arrival) >= 0 else None,
        "outcome": run.describe_outcome(),
    }


def _inverse(hessians: np.ndarray) -> list[float | None]:
    largest = np.linalg.eigvalsh(hessians)[..., -1]
    return _numbers(np.where(largest > 0, 1 / np.where(largest > 0, largest, 1.0), np.nan))


def _numbers(values: np.ndarray) -> list[float | None]:
    return [float(v) if np.isfinite(v) and v > 0 else None for v in values]


RACE = Instrument(
    key="race",
    title="Race of timescales",
    about="LLQR learns U from the wide landscape and unlearns it in the well, within k/(1 − β) steps. Who is faster?",
    controls=(RUNS,),
    compute=race_answer,
    script="instruments/race.js",
    table_names=(("map", "Map over β and k"), ("along", "U along the run")),
    tables=race_tables,
    picture="app.instruments.export.pictures:race_picture",
)
