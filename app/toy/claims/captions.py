"""The statements of the paper's Figures 2 and 3, each judged on a batch of runs at the settings of the page."""

from __future__ import annotations

import numpy as np

from app.components.claim import Claim, judged, untested
from app.state.numbers_as_text import number, percent
from app.toy.claims.trials import MOST, RUNS, Trials, starts_around, trials
from app.toy.request import ToyRequest

FIGURE_2 = "Figure 2 of arXiv 2605.16134, on our reconstruction"
FIGURE_3 = "Figure 3 of arXiv 2605.16134, on our reconstruction"


def figure_2_trials(request: ToyRequest, walkers: int = RUNS) -> Trials:
    """Starts at random places of the well, with the page's seed for the noise (if any)."""
    starts = starts_around(request.make_surface(), walkers)
    return trials(request, starts, request.seed, f"{walkers} starts in the well at random angles and sides")


def figure_3_trials(request: ToyRequest, walkers: int = RUNS) -> Trials:
    """The page's start, with a noise seed of its own for each walker."""
    seeds = request.seed + np.arange(walkers)
    starts = np.tile(np.array(request.start), (walkers, 1))
    return trials(request, starts, seeds, f"{walkers} noise seeds from the start on the page")


def captions(trial: Trials, source: str, with_paths: bool) -> list[Claim]:
    """Who stays, who gets out, who is earlier and (Figure 3) whose path is shorter."""
    total = len(trial.starts)
    detail = f"{trial.what}; {described(trial)}."
    threshold = f" Holds means at least {percent(MOST)} of the runs."
    claims = []
    for name in ("SGDM", "LLQR"):
        stayed = not trial.entered(name).any()
        claims.append(
            judged(
                f"{name} stays in the sharp well.",
                source,
                stayed,
                f"{trial.count(name)} reach the basin{trial.passing(name)}",
                detail,
            )
        )
    for name in ("SAM", "LLQR+SAM"):
        out = trial.most_arrive(name)
        claims.append(
            judged(
                f"{name} leaves the well and reaches the flat basin.",
                source,
                out,
                f"{trial.count(name)} reach it{trial.passing(name)}",
                detail + threshold,
            )
        )
    both = trial.arrived("SAM") & trial.arrived("LLQR+SAM")
    earlier = "LLQR+SAM reaches the flat basin in fewer steps than SAM."
    if not both.any():
        return [*claims, untested(earlier, source, "In no run did both arrive, so there is nothing to compare.")]
    sam, ours = trial.runs["SAM"], trial.runs["LLQR+SAM"]
    first = ours.arrival[both] < sam.arrival[both]
    counts = (
        f"earlier in {int(first.sum())} of {int(both.sum())}; median step {trial.median_arrival('LLQR+SAM'):g}"
        f" against {trial.median_arrival('SAM'):g}"
    )
    claims.append(
        judged(earlier, source, bool(first.sum() * 2 > both.sum()), counts, detail + " Of the runs where both arrive.")
    )
    if with_paths:
        claims += [_shorter(trial, both, source, detail, whole) for whole in (False, True)]
    if total != int(both.sum()):
        claims.append(
            untested(
                "The comparison covers every run.", "ours", f"Both arrive in only {int(both.sum())} of {total} runs."
            )
        )
    return claims


def _shorter(trial: Trials, both: np.ndarray, source: str, detail: str, whole: bool) -> Claim:
    name = "total_path_length" if whole else "path_length_to_arrival"
    sam, ours = (getattr(trial.runs[m], name)[both] for m in ("SAM", "LLQR+SAM"))
    shorter = ours < sam
    span = f"over all {trial.settings['steps']} steps" if whole else "up to its arrival"
    lengths = f"median length {np.median(ours):.1f} against {np.median(sam):.1f}"
    counts = f"shorter in {int(shorter.sum())} of {int(both.sum())}; {lengths}"
    holds = bool(shorter.sum() * 2 > both.sum())
    return judged(f"The path of LLQR+SAM is shorter than SAM’s, measured {span}.", source, holds, counts, detail)


def described(trial: Trials) -> str:
    """The settings of a batch in words."""
    s = trial.settings
    rate, radius, momentum, noise = (
        number(s[name], 6) for name in ("learning_rate", "radius", "momentum", "noise_variance")
    )
    return f"η = {rate}, ρ = {radius}, μ = {momentum}, {s['steps']} steps, noise variance {noise}"
