"""What the network page's presets show, over eight seeds: losses, accuracies, paired differences, seconds, verdicts.

And whether what was measured while the presets were chosen is found again. The presets' own settings, as the
page trains them. Run by `make bench`; writes tests/benchmarks/results/presets.md.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import stdtrit

from app.network.controls import description_of, read_network_state
from app.network.presets import PRESETS
from app.network.statements.job import make_sessions
from app.network.statements.judge import judge, last
from app.network.statements.statement import STATEMENTS, USUAL, trials_of
from app.network.statements.trial import Trial, train_one
from tests.benchmarks.report import RESULTS, Report, draw_table

QUANTITIES = ("train_loss", "test_loss", "test_accuracy", "seconds")
HEADS = ("method", "training loss", "test loss", "test accuracy, %", "seconds in steps")
PAIRS = (("LLQR", "SGDM"), ("LLQR+SAM", "SAM"), ("SAM", "SGDM"), ("LLQR+SAM", "LLQR"))
BEFORE: dict[str, tuple[int, str, dict[str, float]]] = {
    "badly-scaled": (5, "train_loss", {"SGDM": 0.211, "SAM": 0.221, "LLQR": 0.083, "LLQR+SAM": 0.097}),
    "badly-scaled-noise": (3, "test_accuracy", {"SGDM": 0.850, "SAM": 0.853, "LLQR": 0.868, "LLQR+SAM": 0.882}),
    "label-noise": (4, "test_accuracy", {"SGDM": 0.884, "SAM": 0.934, "LLQR": 0.872, "LLQR+SAM": 0.939}),
    "bad-start": (3, "test_loss", {"SGDM": 0.351, "SAM": 0.234, "LLQR": 0.349, "LLQR+SAM": 0.179}),
    "deep-tanh": (3, "train_loss", {"SGDM": 0.661, "SAM": 0.613, "LLQR": 0.263, "LLQR+SAM": 0.269}),
}
"""Of a preset: from how many seeds, which quantity, and its mean for each method, with an earlier state of the library;
of deep tanh at rates and radii that were tuned for each method, here there is one for all."""
LEVEL = 0.95
OF_PAIRS = ("training loss", "test accuracy, %", "seeds with the lower loss", "seeds with the higher accuracy")


@dataclass(frozen=True)
class Size:
    """Seeds, and steps in place of a preset's own (0: its own)."""

    seeds: int
    steps: int


FULL, SMALLEST = Size(8, 0), Size(2, 8)
Outcome = dict[str, dict[str, float]]
Trials = dict[str, Trial]


def train(preset: str, seed: int, size: Size) -> Trials:
    """{method: its trial} from one seed, as the page's statements make it."""
    described = description_of(read_network_state({"preset": preset}).state)
    described |= {"seed": seed, "plane": None, "steps": size.steps or described["steps"]}
    if size.steps:
        described["bad_start"] = min(described["bad_start"], size.steps)
    names = list(trials_of(preset))
    sessions = make_sessions(described, seed, names, lambda _: None)
    return {
        name: train_one(sessions[name.endswith(USUAL)], name.removesuffix(USUAL), described["steps"]) for name in names
    }


def outcome(trials: Trials) -> Outcome:
    """{method: {quantity: its mean over the last measurements}} of one run; a method that stopped is left out."""
    ended = {name: trial for name, trial in trials.items() if not trial["stopped"]}
    return {
        name: {key: last(trial, key) for key in QUANTITIES[:-1]} | {"seconds": trial["seconds"][-1]}
        for name, trial in ended.items()
    }


def with_error(values: Sequence[float], scale: float = 1.0, digits: int = 3) -> str:
    """The mean and its standard error."""
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return f"{scale * statistics.fmean(values):.{digits}f} ± {scale * error:.{digits}f}"


def band(values: Sequence[float], others: int) -> tuple[float, float]:
    """Where the mean of so many other seeds lies with probability LEVEL, if they are drawn as these n values are: mean
    ± t s √(1/n + 1/others), with Student's t for n − 1 degrees of freedom."""
    n, mean, spread = len(values), statistics.fmean(values), statistics.stdev(values)
    reach = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * spread * (1 / n + 1 / others) ** 0.5
    return mean - reach, mean + reach


def found_again(preset: str, outcomes: Sequence[Outcome]) -> list[str]:
    """The lines on what was measured before: its mean, that of the same number of seeds here and of the others, the
    band from all of them."""
    if preset not in BEFORE:
        return []
    count, quantity, means = BEFORE[preset]
    scale, digits = (100.0, 1) if quantity == "test_accuracy" else (1.0, 3)
    rows = []
    for name, before in means.items():
        values = [one[name][quantity] for one in outcomes if name in one]
        if len(values) < 2:
            continue
        low, high = band(values, count)
        first, rest = np.mean(values[:count]), np.mean(values[count:]) if values[count:] else np.nan
        shown = [f"{scale * value:.{digits}f}" for value in (before, first, rest)]
        ends = f"{scale * low:.{digits}f} to {scale * high:.{digits}f}"
        rows.append((name, *shown, ends, "yes" if low <= before <= high else "no"))
    words = {"train_loss": "training loss", "test_loss": "test loss", "test_accuracy": "test accuracy, %"}[quantity]
    heads = (words, f"before, {count} seeds", f"here, {count} seeds", "the other seeds", "band", "within")
    return [*draw_table(heads, rows), ""]


def tables(preset: str, trials: dict[int, Trials]) -> list[str]:
    """The lines on one preset."""
    outcomes = [outcome(one) for one in trials.values()]
    methods = list(dict.fromkeys(name for one in outcomes for name in one))
    rows = []
    for name in methods:
        values = {key: [one[name][key] for one in outcomes if name in one] for key in QUANTITIES}
        accuracy, seconds = with_error(values["test_accuracy"], 100, 1), with_error(values["seconds"], 1, 1)
        rows.append((name, with_error(values["train_loss"]), with_error(values["test_loss"]), accuracy, seconds))
    pairs = []
    for one, other in PAIRS:
        both = [(each[one], each[other]) for each in outcomes if one in each and other in each]
        losses = [a["train_loss"] - b["train_loss"] for a, b in both]
        accuracies = [a["test_accuracy"] - b["test_accuracy"] for a, b in both]
        lower, higher = sum(loss < 0 for loss in losses), sum(accuracy > 0 for accuracy in accuracies)
        said = (f"{lower} of {len(both)}", f"{higher} of {len(both)}")
        pairs.append((f"{one} − {other}", with_error(losses), with_error(accuracies, 100, 1), *said))
    claims = [judge(statement, trials)[0] for statement in STATEMENTS[preset]]
    judged = [(claim.statement, claim.verdict, claim.counts) for claim in claims]
    settings = ", ".join(f"{name} {value}" for name, value in PRESETS[preset].values.items())
    head = [f"## {PRESETS[preset].title}", "", f"`{preset}`: {settings}.", ""]
    differences = draw_table(("difference, seed by seed", *OF_PAIRS), pairs)
    verdicts = draw_table(("statement", "verdict", "from"), judged)
    again = found_again(preset, outcomes)
    return [*head, *draw_table(HEADS, rows), "", *differences, "", *again, *verdicts, ""]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the tables."""
    torch.set_num_threads(1)
    report = Report(__doc__, arguments, packages=("numpy", "torch", "scikit-learn"))
    size = SMALLEST if report.smallest else FULL
    seeds = f"Seeds 0 to {size.seeds - 1}"
    lines = [
        f"{seeds}: each draws its own first weights, split, mini-batches and random labels; the units of the badly "
        "scaled pixels are the same. Means over the last 4 of 40 measurements, on all training and test examples, ± "
        "the standard error over seeds. One thread; processor seconds, refreshes included. Before: what was measured "
        "while the presets were chosen, all seeds on one split of the data. Band: where with "
        f"{100 * LEVEL:.0f} % probability the mean of so many other "
        "seeds lies, as those here scatter.",
        "",
    ]
    for preset in PRESETS:
        lines += tables(preset, {seed: train(preset, seed, size) for seed in range(size.seeds)})
    report.write(RESULTS / "presets.md", "The network page's presets", lines)


if __name__ == "__main__":
    main()
