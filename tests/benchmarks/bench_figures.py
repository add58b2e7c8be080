"""Figures 2 and 3 on our reconstruction, at full size: 60 starts and 100 seeds, the race of timescales, fairness.

Run by `make bench`; writes tests/benchmarks/results/figures.md. Every number of the table comes from these runs.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.toy.claims.captions import captions, figure_2_trials, figure_3_trials
from app.toy.claims.claim import Claim
from app.toy.claims.fairness import equal_rate_claim, tuned_sam_claim, valley_trials
from app.toy.request import ToyRequest, read_request

RESULT = Path(__file__).parent / "results" / "figures.md"


def preset_request(key: str, **changes) -> ToyRequest:
    """What the page asks for when the preset is chosen."""
    request, _ = read_request({"preset": key})
    return replace(request, **changes)


def table(title: str, claims: list[Claim]) -> str:
    """A markdown table of claims."""
    lines = [f"## {title}", "", "| statement | verdict | counts |", "| --- | --- | --- |"]
    lines += [f"| {c.statement} | {c.verdict} | {c.counts} |" for c in claims]
    return "\n".join([*lines, "", f"{claims[0].detail}", ""])


def timescales() -> str:
    """Arrivals of 20 at the settings of Figure 2, over the decay β and the refresh interval k."""
    lines = [
        "## The race of timescales",
        "",
        "Of 20 starts at the settings of Figure 2, how many LLQR / LLQR+SAM walkers reach the basin.",
        "",
    ]
    intervals = (1, 5, 10, 50)
    lines += ["| β \\ k | " + " | ".join(map(str, intervals)) + " |", "| --- " * (len(intervals) + 1) + "|"]
    for decay in (0.0, 0.5, 0.8, 0.95):
        row = []
        for k in intervals:
            trial = figure_2_trials(preset_request("figure-2", decay=decay, refresh_every=k))
            row.append(f"{int(trial.arrived('LLQR').sum())} / {int(trial.arrived('LLQR+SAM').sum())}")
        lines.append(f"| {decay:g} | " + " | ".join(row) + " |")
    return "\n".join([*lines, ""])


def variances() -> str:
    """Figure 3's arrivals over the noise variance: flat, because SAM's normalised step amplifies any gradient."""
    lines = ["## Figure 3 over the noise variance", "", "20 seeds each: reach the basin, median step.", ""]
    lines += ["| variance | SAM | LLQR+SAM |", "| --- | --- | --- |"]
    for variance in (1e-15, 1e-12, 1e-9, 1e-6, 1e-4, 1e-2):
        trial = figure_3_trials(preset_request("figure-3", noise_variance=variance), 20)
        cells = [f"{trial.count(m)}, {trial.median_arrival(m):g}" for m in ("SAM", "LLQR+SAM")]
        lines.append(f"| {variance:g} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Run everything and write the tables."""
    two, three = preset_request("figure-2"), preset_request("figure-3")
    second, third = figure_2_trials(two, 60), figure_3_trials(three, 100)
    parts = [
        "# Figures 2 and 3 on our reconstruction\n",
        "Written by `make bench` (tests/benchmarks/bench_figures.py).\n",
    ]
    parts.append(table("Figure 2, 60 starts", captions(second, "Figure 2", with_paths=False)))
    parts.append(table("Figure 3, 100 seeds", captions(third, "Figure 3", with_paths=True)))
    fair = [equal_rate_claim(two, figure_2_trials(two, 60))]
    for stiffness in (400.0, 150.0):
        valley = preset_request("stiff-valley")
        parameters = dict(valley.surface_parameters) | {"stiffness": stiffness}
        valley = replace(valley, surface_parameters=tuple(parameters.items()))
        fair.append(tuned_sam_claim(valley, valley_trials(valley)))
        fair[-1] = replace(fair[-1], statement=f"{fair[-1].statement} (h₂ = {stiffness:g})")
    parts.append(table("Fairness", fair))
    parts += [timescales(), variances()]
    RESULT.write_text("\n".join(parts), encoding="utf-8")
    print(RESULT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
