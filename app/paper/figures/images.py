"""Figure 1: test error of SGDM and FSAM with and without LLQR, and test loss against what it cost."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.paper.figure import Chart, Figure, Records, Series, Strip, Strips, mean_curve
from app.paper.figures.short_runs import WHY, WORDS, U
from app.paper.records import Record
from app.paper.statement import Statement, compare, missing, share
from app.paper.units import Unit
from app.state.schema import write_link
from geometry.datasets import DATASETS

METHODS = ("SGDM", "FSAM", "LLQR", "LLQR+FSAM")
SEEDS = 10
SECONDS = {"SGDM": 9.0, "FSAM": 15.0, "LLQR": 16.0, "LLQR+FSAM": 24.0}
SETTINGS: dict[str, Any] = {
    "data": "mnist",
    "network": "convnet",
    "random_labels": 0.4,
    "steps": 620,
    "every": 31,
    "batch_size": 64,
    "learning_rate": 0.05,
    "radius": 0.1,
    "momentum": 0.9,
    "refresh_size": 128,
}
LEAST = {"data": "digits", "steps": 2, "every": 1, "batch_size": 8, "refresh_size": 8}
DETAIL = "Paired by seed: first weights, split, random labels and mini-batches are the same. Mean and 95 % interval."


def units(smallest: bool) -> list[Unit]:
    """Seed by seed, so that pairs are whole as early as can be."""
    return [
        Unit("1", f"{method}, seed {seed}", "images:run", settings_of(method, seed, smallest), SECONDS[method])
        for seed in range(1 if smallest else SEEDS)
        for method in METHODS
    ]


def settings_of(method: str, seed: int, smallest: bool) -> dict[str, Any]:
    """All that the experiment needs."""
    least: dict[str, Any] = LEAST if smallest else {}
    learned = {**U, **({"inner_steps": 2} if smallest else {})}
    own = {"u": learned} if "LLQR" in method else {}
    return {"method": method, "seed": seed, **SETTINGS, **least, **own}


def of_method(records: Records, method: str) -> dict[int, Record]:
    """seed → record of a method."""
    found = records["1"].values()
    return {r["settings"]["seed"]: r for r in found if r["settings"]["method"] == method}


def errors(records: Records, method: str) -> dict[int, float]:
    """seed → test error in per cent after the last step; a run that stopped early has none."""
    whole = {seed: r for seed, r in of_method(records, method).items() if r["result"]["stopped"] is None}
    return {seed: 100 * r["result"]["rows"][-1]["test_error"] for seed, r in whole.items()}


def statements(records: Records) -> list[Statement]:
    """Who errs less, and who is there sooner."""
    pairs = (
        ("FSAM lowers the test error of SGDM.", "FSAM", "SGDM"),
        ("LLQR lowers the test error of SGDM.", "LLQR", "SGDM"),
        ("LLQR+FSAM lowers the test error of FSAM.", "LLQR+FSAM", "FSAM"),
        ("LLQR+FSAM lowers the test error of LLQR.", "LLQR+FSAM", "LLQR"),
    )
    found = [compare(said, errors(records, a), errors(records, b), " %", DETAIL) for said, a, b in pairs]
    for method in METHODS[1:]:
        found += [sooner(records, method, "seconds"), sooner(records, method, "evaluations")]
    return found


def sooner(records: Records, method: str, axis: str) -> Statement:
    """Whether a method reaches the lowest test loss that SGDM has in its whole run before SGDM does."""
    word = {"seconds": "in fewer seconds", "evaluations": "with fewer gradients"}[axis]
    said = f"{method} reaches SGDM’s lowest test loss {word} than SGDM."
    plain, other = of_method(records, "SGDM"), of_method(records, method)
    seeds = sorted(plain.keys() & other.keys())
    if len(seeds) < 2:
        return missing(said)
    ours, theirs = [], []
    for seed in seeds:
        best = min(row["test_loss"] for row in plain[seed]["result"]["rows"])
        theirs.append(first_at(plain[seed], best, axis))
        ours.append(first_at(other[seed], best, axis))
    wins = [a is not None and b is not None and a < b for a, b in zip(ours, theirs, strict=True)]
    arrived = [value for value in ours if value is not None]
    digits = ".1f" if axis == "seconds" else ".0f"
    middle = [
        float(np.median([value for value in values if value is not None] or [np.nan])) for values in (ours, theirs)
    ]
    median = " against ".join(format(value, digits) for value in middle)
    counts = f"reached by {len(arrived)} of {len(seeds)}" + (f", median {median}" if arrived else "")
    how = "Measured every 31 steps. " + (
        "Seconds of one processor in steps and refreshes, without measuring."
        if axis == "seconds"
        else "A curvature product of a refresh counts as two gradients."
    )
    return share(said, wins, counts, how)


def first_at(record: Record, level: float, axis: str) -> float | None:
    """What it had cost when the test loss was first at a level or below; None where it never was."""
    rows = record["result"]["rows"]
    return next((float(row[axis]) for row in rows if row["test_loss"] <= level), None)


def strips(records: Records) -> list[Strips]:
    """The left half: errors after the last step."""
    rows = [Strip(method, method, tuple(errors(records, method).values())) for method in METHODS]
    return [Strips("Test error after 620 steps, %", [row for row in rows if row.values])]


def charts(records: Records) -> list[Chart]:
    """The right half: mean test loss over seconds, and over gradient evaluations."""
    found = []
    for axis, title in (("seconds", "seconds of one processor"), ("evaluations", "gradient evaluations")):
        series = []
        for method in METHODS:
            x, y = mean_curve(of_method(records, method).values(), axis, "test_loss")
            if x:
                series.append(Series(method, method, x, y))
        if series:
            found.append(Chart(f"Test loss against {title}", title, "test loss", series, log_y=True))
    return found


def live() -> list[tuple[str, str]]:
    """The network page at these settings, with MNIST where it is installed."""
    data = "mnist" if DATASETS["mnist"].installed else "digits"
    same = ("network", "random_labels", "steps", "batch_size", "learning_rate", "radius", "momentum", "refresh_size")
    state = {**{name: SETTINGS[name] for name in same}, **U, "data": data, "methods": list(METHODS_LIVE)}
    where = "MNIST" if data == "mnist" else "the smaller digits"
    return [(f"Train it live on {where} (with LLQR+SAM for LLQR+FSAM)", "/network" + write_link(state))]


METHODS_LIVE = ("SGDM", "FSAM", "LLQR", "LLQR+SAM")

FIGURE_1 = Figure(
    key="1",
    title="Images: test error, and test loss against time",
    paper="Left: SGDM and FSAM, each with and without LLQR, on image classification; LLQR lowers the error of both. "
    "Right: the test loss against elapsed time, where the refreshes of U are paid for.",
    here="5000 images of MNIST (4000 to learn, 1000 to test) and a small convolutional net. Four training labels in "
    "ten are drawn at random, as on clean labels all methods err alike and nothing can be told apart.",
    settings=(
        ("network", "three 3×3 convolutions (16, 32, 32), 29 738 weights"),
        ("steps, batch", "620 (ten epochs), 64"),
        ("η, μ, ρ", "0.05, 0.9, 0.1 for all methods, none tuned for one of them"),
        ("U", WORDS),
        ("seeds", "10, each with weights, split, labels and batches of its own"),
    ),
    differs=(
        "The paper trains large networks on CIFAR, Tiny ImageNet and ImageNet, for 50 to 300 epochs.",
        "With wrong labels to learn from, a net that errs less can have the higher test loss, as it is less sure of "
        "itself: look at both.",
        WHY,
        "η and ρ are one pair for all methods. A method tuned by itself may do better.",
    ),
    units=units,
    statements=statements,
    charts=charts,
    strips=strips,
    live=live,
)
