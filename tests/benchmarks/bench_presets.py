"""What the network page's presets show, over eight seeds: losses, accuracies, paired differences, seconds, verdicts.

And whether what was measured while the presets were chosen is found again. The presets' own settings, as the
page trains them. Run by `make bench`; writes tests/benchmarks/results/presets.md.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from scipy.special import stdtrit

from app.network.controls import description_of, read_network_state
from app.network.presets import PRESETS
from app.network.statements.job import make_sessions
from app.network.statements.judge import judge, last
from app.network.statements.statement import LEAST_IN_WORDS, STATEMENTS, USUAL, trials_of
from app.network.statements.trial import Trial, train_one
from app.network.training.problem import make_problem
from app.network.training.session import TrainingSession
from geometry.datasets import Dataset, load_dataset
from geometry.datasets.alterations import randomise_labels, scale_inputs
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


@dataclass(frozen=True)
class Variation:
    """What may have been another when it was measured before. settings: of the run; data: what a seed's run is over."""

    words: str
    settings: dict[str, Any] = field(default_factory=dict)
    data: Callable[[int], Dataset] | None = None


def scale_digits(split: int, dealing: int) -> Dataset:
    """The digits of a split, with the units that a seed deals out."""
    return scale_inputs(load_dataset("digits", seed=split), dealing)


def mislabel_digits(split: int, seed: int, share: float) -> Dataset:
    """The digits of a split with a share of the training labels drawn among the wrong ones."""
    data = load_dataset("digits", seed=split)
    generator = np.random.default_rng(seed)
    chosen = generator.permutation(len(data.targets))[: round(share * len(data.targets))]
    targets = data.targets.clone()
    targets[chosen] = (
        targets[chosen] + torch.from_numpy(generator.integers(1, data.classes, len(chosen)))
    ) % data.classes
    return replace(data, targets=targets)


DEALT = "units dealt out by the seed"
VARIATIONS: dict[str, tuple[Variation, ...]] = {
    "badly-scaled": (
        Variation("25 inner steps", {"inner_steps": 25}),
        Variation("E-KFAC blocks", {"structure": "e-kfac"}),
        Variation("one split for all seeds", data=lambda _: scale_digits(0, 0)),
        Variation(DEALT, data=lambda seed: scale_digits(seed, seed)),
    ),
    "badly-scaled-noise": (Variation(DEALT, data=lambda seed: randomise_labels(scale_digits(seed, seed), 0.3, seed)),),
    "label-noise": (
        Variation("one split for all seeds", data=lambda seed: randomise_labels(load_dataset("digits"), 0.4, seed)),
        Variation("only wrong labels are drawn", data=lambda seed: mislabel_digits(seed, seed, 0.4)),
        Variation("both", data=lambda seed: mislabel_digits(0, seed, 0.4)),
    ),
}
"""What is not told of the earlier measurement of a preset that its numbers may hang on."""
OF_PAIRS = ("training loss", "test accuracy, %", "seeds with the lower loss", "seeds with the higher accuracy")


@dataclass(frozen=True)
class Size:
    """The presets, seeds, steps in place of a preset's own (0: its own), and how many of its variations."""

    presets: tuple[str, ...]
    seeds: int
    steps: int
    variations: int


FULL, SMALLEST = Size(tuple(PRESETS), 8, 0, 9), Size(("badly-scaled-noise", "bad-start"), 2, 8, 1)
Outcome = dict[str, dict[str, float]]
Trials = dict[str, Trial]


def train(preset: str, seed: int, size: Size, varied: Variation | None = None) -> Trials:
    """{method: its trial} from one seed, as the page's statements make it, or with a variation."""
    described = description_of(read_network_state({"preset": preset}).state)
    described |= {"seed": seed, "plane": None, "steps": size.steps or described["steps"]}
    if size.steps:
        described["bad_start"] = min(described["bad_start"], size.steps)
    names = list(trials_of(preset))
    if varied is None:
        sessions = make_sessions(described, seed, names, lambda _: None)
    else:
        sessions = {False: vary(described | varied.settings | {"methods": names}, varied)}
    return {
        name: train_one(sessions[name.endswith(USUAL)], name.removesuffix(USUAL), described["steps"]) for name in names
    }


def vary(described: dict[str, Any], varied: Variation) -> TrainingSession:
    """What trains a preset from its seed with a variation."""
    found = make_problem(described)
    if varied.data is not None:
        data = varied.data(described["seed"])
        over = (
            found.objective.with_batch(inputs, targets)
            for inputs, targets in ((data.inputs, data.targets), (data.test_inputs, data.test_targets))
        )
        found = replace(found, data=data, objective=next(over), test=next(over))
    return TrainingSession(described, found=found)


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


def found_again(preset: str, trials: dict[str, dict[int, Trials]]) -> list[str]:
    """The lines on what was measured before, and on the same number of seeds here, as the preset is and with each
    variation: means ± their standard errors, those of the other seeds, and whose mean before lies outside the band."""
    if preset not in BEFORE:
        return []
    count, quantity, means = BEFORE[preset]
    scale, digits = (100.0, 1) if quantity == "test_accuracy" else (1.0, 3)
    rows: list[Sequence[str]] = [
        ("measured before", *(f"{scale * mean:.{digits}f}" for mean in means.values()), "", "")
    ]
    for words, seeds in trials.items():
        outcomes = [outcome(one) for one in seeds.values()]
        found = {name: [one[name][quantity] for one in outcomes if name in one] for name in means}
        if min(map(len, found.values())) < 2:
            continue
        rest = ", ".join(f"{scale * np.mean(values[count:]):.{digits}f}" for values in found.values() if values[count:])
        bands = {name: band(values, count) for name, values in found.items()}
        outside = [name for name, (low, high) in bands.items() if not low <= means[name] <= high]
        cells = [with_error(values[:count], scale, digits) for values in found.values()]
        rows.append((words, *cells, rest or "–", ", ".join(outside) or "none"))
    words = {"train_loss": "training loss", "test_loss": "test loss", "test_accuracy": "test accuracy, %"}[quantity]
    heads = (f"{words}, {count} seeds", *means, "the other seeds", "outside the band")
    fits = [row[0] for row in rows[1:] if row[-1] == "none"]
    said = f"Found again, every method within the band: {', '.join(fits) or 'none of these'}."
    return [*draw_table(heads, rows), "", said, ""]


def judged(preset: str, trials: dict[int, Trials]) -> list[str]:
    """The table of a preset's statements with their verdicts."""
    claims = [judge(statement, trials)[0] for statement in STATEMENTS[preset]]
    rows = [(claim.statement, claim.verdict, claim.counts) for claim in claims]
    return [*draw_table(("statement", "verdict", "from"), rows), ""]


def tables(preset: str, trials: dict[int, Trials], varied: dict[str, dict[int, Trials]]) -> list[str]:
    """The lines on one preset, and on its variations by their words."""
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
    settings = ", ".join(f"{name} {value}" for name, value in PRESETS[preset].values.items())
    head = [f"## {PRESETS[preset].title}", "", f"`{preset}`: {settings}.", ""]
    differences = draw_table(("difference, seed by seed", *OF_PAIRS), pairs)
    again = found_again(preset, {"the preset": trials, **varied})
    lines = [*head, *draw_table(HEADS, rows), "", *differences, "", *judged(preset, trials), *again]
    if DEALT in varied:
        lines += [f"The statements with {DEALT}:", "", *judged(preset, varied[DEALT])]
    return lines


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the tables."""
    torch.set_num_threads(1)
    report = Report(__doc__, arguments, packages=("numpy", "torch", "scikit-learn"))
    size = SMALLEST if report.smallest else FULL
    seeds = f"Seeds 0 to {size.seeds - 1}"
    lines = [
        f"{seeds}: each draws its own first weights, split, mini-batches and random labels; the units of the badly "
        "scaled pixels are the same. Means over the last 4 of 40 measurements, on all training and test examples, ± "
        "the standard error over seeds. One thread; processor seconds, refreshes included. Statements: "
        f"{LEAST_IN_WORDS[0].lower()}{LEAST_IN_WORDS[1:]} Measured before: while the presets were chosen, all seeds on "
        "one split of the data; which split, which unit for which pixel, which of U’s two Kronecker structures and how "
        "labels were drawn is not told of it, so that these are varied. Band: where with "
        f"{100 * LEVEL:.0f} % probability the mean of so many other seeds lies, as those here scatter.",
        "",
    ]
    every = range(size.seeds)
    for preset in size.presets:
        trials = {seed: train(preset, seed, size) for seed in every}
        variations = VARIATIONS.get(preset, ())[: size.variations]
        varied = {one.words: {seed: train(preset, seed, size, one) for seed in every} for one in variations}
        lines += tables(preset, trials, varied)
    report.write(RESULTS / "presets.md", "The network page's presets", lines)


if __name__ == "__main__":
    main()
