"""Figures 2 and 3 on our reconstruction, at full size: 60 starts and 100 seeds, the race of timescales, fairness.

Run by `make bench`; writes tests/benchmarks/results/figures.md. Every number of the table comes from these runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.components.claim import Claim
from app.toy.claims.captions import captions, figure_2_trials, figure_3_trials
from app.toy.claims.fairness import equal_rate_claim, tuned_sam_claim, valley_trials
from app.toy.request import ToyRequest, read_request
from tests.benchmarks.report import RESULTS, Report, draw_table


@dataclass(frozen=True)
class Size:
    """Starts of Figure 2, seeds of Figure 3, starts or seeds of the other tables, their β, k and variances; most steps
    of a run."""

    starts: int
    seeds: int
    others: int
    decays: tuple[float, ...]
    intervals: tuple[int, ...]
    variances: tuple[float, ...]
    steps: int


FULL = Size(60, 100, 20, (0.0, 0.5, 0.8, 0.95), (1, 5, 10, 50), (1e-15, 1e-12, 1e-9, 1e-6, 1e-4, 1e-2), 10_000)
SMALLEST = Size(2, 2, 2, (0.0,), (1,), (1e-9,), 60)


def preset_request(key: str, size: Size, **changes) -> ToyRequest:
    """What the page asks for when the preset is chosen."""
    request, _ = read_request({"preset": key})
    return replace(request, steps=min(request.steps, size.steps), **changes)


def claim_table(title: str, claims: list[Claim]) -> list[str]:
    """Claims with what they rest on."""
    rows = [(c.statement, c.verdict, c.counts) for c in claims]
    return [f"## {title}", "", *draw_table(("statement", "verdict", "counts"), rows), "", claims[0].detail, ""]


def timescales(size: Size) -> list[str]:
    """Arrivals of 20 at the settings of Figure 2, over the decay β and the refresh interval k."""
    rows = []
    for decay in size.decays:
        row = [f"{decay:g}"]
        for k in size.intervals:
            request = preset_request("figure-2", size, decay=decay, refresh_every=k)
            trial = figure_2_trials(request, size.others)
            row.append(f"{int(trial.arrived('LLQR').sum())} / {int(trial.arrived('LLQR+SAM').sum())}")
        rows.append(row)
    return [
        "## The race of timescales",
        "",
        f"Of {size.others} starts at the settings of Figure 2, how many LLQR / LLQR+SAM walkers reach the basin.",
        "",
        *draw_table(["β \\ k", *size.intervals], rows),
        "",
    ]


def variances(size: Size) -> list[str]:
    """Figure 3's arrivals over the noise variance: flat, because SAM's normalised step amplifies any gradient."""
    rows = []
    for variance in size.variances:
        trial = figure_3_trials(preset_request("figure-3", size, noise_variance=variance), size.others)
        cells = (f"{trial.count(m)}, {trial.median_arrival(m):g}" for m in ("SAM", "LLQR+SAM"))
        rows.append((f"{variance:g}", *cells))
    about = f"{size.others} seeds each: reach the basin, median step."
    return ["## Figure 3 over the noise variance", "", about, "", *draw_table(("variance", "SAM", "LLQR+SAM"), rows)]


def fairness(size: Size) -> list[Claim]:
    """SAM against LLQR+SAM on the ring at ηU, and tuned in a stiff and in a milder valley."""
    two = preset_request("figure-2", size)
    found = [equal_rate_claim(two, figure_2_trials(two, size.starts))]
    for stiffness in (400.0, 150.0):
        valley = preset_request("stiff-valley", size)
        parameters = dict(valley.surface_parameters) | {"stiffness": stiffness}
        valley = replace(valley, surface_parameters=tuple(parameters.items()))
        claim = tuned_sam_claim(valley, valley_trials(valley, size.others))
        found.append(replace(claim, statement=f"{claim.statement} (h₂ = {stiffness:g})"))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run everything and write the tables."""
    report = Report(__doc__, arguments, packages=("numpy", "numba"))
    size = SMALLEST if report.smallest else FULL
    second = figure_2_trials(preset_request("figure-2", size), size.starts)
    third = figure_3_trials(preset_request("figure-3", size), size.seeds)
    lines = [
        *claim_table(f"Figure 2, {size.starts} starts", captions(second, "Figure 2", with_paths=False)),
        *claim_table(f"Figure 3, {size.seeds} seeds", captions(third, "Figure 3", with_paths=True)),
        *claim_table("Fairness", fairness(size)),
        *timescales(size),
        *variances(size),
    ]
    report.write(RESULTS / "figures.md", "Figures 2 and 3 on our reconstruction", lines)


if __name__ == "__main__":
    main()
