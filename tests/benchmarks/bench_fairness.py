"""Each method at its best on presets of the network page: tuned with equal effort, then judged on fresh seeds.

The page's own job, as *Each method at its best* starts it. Run by `make bench`; writes
tests/benchmarks/results/fairness.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from app.jobs.kinds import validated
from app.network.controls import read_network_state
from app.network.fairness.job import APART, run
from app.network.fairness.judge import ACCOUNTS
from app.network.fairness.routes import fairness_of
from app.network.kinds import KINDS
from app.network.presets import PRESETS
from app.network.statements.judge import signed
from tests.app.network import attempts
from tests.benchmarks.report import RESULTS, Report, draw_table

WORDS = {"train_loss": "training loss", "test_loss": "test loss", "test_accuracy": "test accuracy"}
HEADS = ("method", "η", "ρ", "training loss", "test loss", "test accuracy, %", "evaluations", "seconds")
EQUAL = ("steps", "gradient evaluations", "processor seconds")
"""The accounts, in words."""


@dataclass(frozen=True)
class Size:
    """{preset: what it is about, and its methods are tuned for}, settings tried for each method, seeds that they are
    judged on, and settings that are not a preset's own."""

    goals: dict[str, str]
    effort: str
    seeds: int
    settings: dict[str, Any]


FULL = Size({"badly-scaled": "train_loss", "label-noise": "test_accuracy"}, "18", 8, {})
SMALLEST = Size({"two-moons": "test_accuracy"}, "18", 2, {"methods": ["SGDM", "SAM"], "steps": 9})


class Attempt(attempts.Attempt):
    """The job, from its beginning to its end."""

    work = staticmethod(run)


def compare(preset: str, goal: str, size: Size) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What the job says at its end: how each method was tuned, and what the fresh seeds say (see its messages)."""
    asked = {"fairness_goal": goal, "fairness_effort": size.effort, "fairness_seeds": size.seeds}
    state = read_network_state({"preset": preset, **asked, **size.settings}).state
    rows = Attempt(validated({**fairness_of(state), "after": ""}, KINDS)[1]).rows
    return [row["tuned"] for row in rows if "tuned" in row][-1], [row["judged"] for row in rows if "judged" in row][-1]


def verdict(claim: dict[str, Any]) -> str:
    """A claim's verdict, and each difference that it rests on with its interval."""
    found = [
        "no value"
        if one["mean"] is None or one["low"] is None
        else f"{signed(one['mean'])}{one['unit']} ({signed(one['low'])} to {signed(one['high'])})"
        for one in claim["pairs"]
    ]
    return f"{claim['verdict']}: {', '.join(found)}"


def tables(preset: str, goal: str, tuned: list[dict[str, Any]], judged: dict[str, Any]) -> list[str]:
    """The lines on one preset."""

    def shown(pair: list[float | None], scale: float = 1.0, digits: int = 3) -> str:
        mean, error = pair
        return "–" if mean is None else f"{scale * mean:.{digits}f} ± {scale * (error or 0.0):.{digits}f}"

    settings = {one["method"]: one for one in tuned}
    rows = []
    for one in judged["methods"]:
        own, place = settings[one["method"]], settings[one["method"]]["best"]
        radius = f"{own['radii'][place]:.3g}" if own["radii"] else "–"
        losses = [shown(one[key]) for key in ("train_loss", "test_loss")]
        costs = [shown(one["evaluations"], 1, 0).split(" ±")[0], shown(one["seconds"], 1, 1)]
        rows.append(
            (
                one["method"],
                f"{own['rates'][place]:.3g}",
                radius,
                *losses,
                shown(one["test_accuracy"], 100, 1),
                *costs,
            )
        )
    claims = []
    for one, *others in zip(*(judged["claims"][account] for account in ACCOUNTS), strict=True):
        claims.append((one["statement"], *map(verdict, (one, *others))))
    spent = ", ".join(f"{one['method']} {one['evaluations']:.0f} in {one['seconds']:.0f} s" for one in tuned)
    title = f"## {PRESETS[preset].title}, tuned for the {WORDS[goal]}"
    effort = f"Gradient evaluations of the tuning, and its processor seconds: {spent}."
    verdicts = draw_table(("statement", *(f"equal {words}" for words in EQUAL)), claims)
    return [title, "", effort, "", *draw_table(HEADS, rows), "", *verdicts, ""]


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare and write the tables."""
    torch.set_num_threads(1)
    report = Report(__doc__, arguments, packages=("numpy", "torch", "scikit-learn"))
    size = SMALLEST if report.smallest else FULL
    lines = [
        f"Settings tried for each method: {size.effort}, learning rates η alone or with radii ρ, by thirds (a ninth of "
        f"the steps, a third, all), on seed {APART}. Then, each at its best, seeds 0 to {size.seeds - 1}: means over "
        "the last 4 of 40 measurements on all examples ± the standard error over seeds. Evaluations: gradients of a "
        "whole run, curvature products of U's refreshes among them; seconds: of the processor, one thread. Verdicts: "
        "where all are given what the cheapest whole run took of steps, evaluations or seconds; with the mean "
        "difference, seed by seed, in what they were tuned for, and its 95 % interval.",
        "",
    ]
    for preset, goal in size.goals.items():
        lines += tables(preset, goal, *compare(preset, goal, size))
    report.write(RESULTS / "fairness.md", "Each method at its best", lines)


if __name__ == "__main__":
    main()
