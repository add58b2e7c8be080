"""Figure 5: how often U should be learned anew, on two vision transformers."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.components.claim import OPEN
from app.paper.figure import Chart, Figure, Records, Series, curve
from app.paper.figures import adam
from app.paper.figures.short_runs import WHY, U
from app.paper.records import Record
from app.paper.statement import Statement, compare, missing
from app.paper.units import Unit
from app.state.numbers_as_text import number
from app.state.schema import write_link

CADENCES: tuple[int | None, ...] = (None, 1000, 300, 100, 30, 10)
WIDTHS = (64, 128)
SEEDS = 3
STEPS = 400
SETTINGS: dict[str, Any] = {
    "data": "mnist",
    "blocks": 4,
    "steps": STEPS,
    "every": 20,
    "batch_size": 64,
    "learning_rate": 1e-3,
    "weight_decay": 0.05,
    "refresh_size": 64,
    "examples": 1000,
}
LEAST = {"data": "digits", "blocks": 1, "steps": 2, "every": 1, "batch_size": 8, "refresh_size": 8, "examples": 16}
PLAIN = {64: 20.0, 128: 45.0}
REFRESH = {64: 1.8, 128: 5.0}
"""Seconds of a run without U, and of a refresh."""


def name_of(k: int | None) -> str:
    """“k = 30”, “never”."""
    return "never" if k is None else f"k = {k}"


def units(smallest: bool) -> list[Unit]:
    """Seed by seed, the small network first, the cheap cadences first."""
    found = []
    for seed in range(1 if smallest else SEEDS):
        for width in (8,) if smallest else WIDTHS:
            for k in (None, 1) if smallest else CADENCES:
                learned = {name: value for name, value in U.items() if name != "refresh_every"}
                u = {**learned, **({"inner_steps": 2} if smallest else {})}
                settings = {
                    "refresh_every": k,
                    "seed": seed,
                    "width": width,
                    **SETTINGS,
                    **(LEAST if smallest else {}),
                    "u": u,
                }
                seconds = 1.0 if smallest else PLAIN[width] + REFRESH[width] * (0 if k is None else -(-STEPS // k))
                found.append(Unit("5", f"width {width}, {name_of(k)}, seed {seed}", "cadence:run", settings, seconds))
    return found


def of_run(records: Records, width: int, k: int | None) -> dict[int, Record]:
    """seed → record."""
    found = [
        r for r in records["5"].values() if r["settings"]["width"] == width and r["settings"]["refresh_every"] == k
    ]
    return {record["settings"]["seed"]: record for record in found if record["result"]["stopped"] is None}


def last_losses(runs: dict[int, Record]) -> dict[int, float]:
    """seed → training loss at the end, the mean of the last three measurements."""
    return {s: float(np.mean([row["train_loss"] for row in r["result"]["rows"][-3:]])) for s, r in runs.items()}


def at_the_time(runs: dict[int, Record], plain: dict[int, Record]) -> dict[int, float]:
    """seed → training loss when the run without U was through, by the clock."""
    found = {}
    for seed, record in runs.items():
        if seed in plain:
            end = plain[seed]["result"]["rows"][-1]["seconds"]
            rows = record["result"]["rows"]
            found[seed] = float(np.interp(end, [row["seconds"] for row in rows], [row["train_loss"] for row in rows]))
    return found


def statements(records: Records) -> list[Statement]:
    """By steps and by seconds, on both networks; and the blindness of Adam."""
    found = []
    how = "Training loss on 1000 images, paired by seed; mean and 95 % interval. "
    for width in WIDTHS:
        plain = of_run(records, width, None)
        for k in (100, 10):
            runs = of_run(records, width, k)
            steps = (
                f"Width {width}: with a refresh every {k} steps the loss after {STEPS} steps is lower than without U."
            )
            found.append(
                compare(steps, last_losses(runs), last_losses(plain), "", how + "The last three measurements.")
            )
            clock = f"Width {width}: with k = {k} it is lower too when AdamW alone is through, by the clock."
            there = f"{how}At the second at which AdamW alone has made its {STEPS} steps."
            found.append(compare(clock, at_the_time(runs, plain), last_losses(plain), "", there))
        found.append(best_cadence(records, width))
    return [*found, *adam.statements(records)]


def best_cadence(records: Records, width: int) -> Statement:
    """Which k has the lowest mean loss by steps, and which by the clock."""
    said = f"Width {width}: some cadence between “always” and “never” is best by the clock."
    plain = of_run(records, width, None)
    by_clock = {k: at_the_time(of_run(records, width, k), plain) for k in CADENCES}
    if any(len(values) < 2 for values in by_clock.values()):
        return missing(said, "Two seeds of every cadence are needed.")
    means = {k: float(np.mean(list(values.values()))) for k, values in by_clock.items()}
    best = min(means, key=lambda k: means[k])
    told = ", ".join(f"{name_of(k)}: {number(mean, 3)}" for k, mean in means.items())
    if best in (None, 10):
        end = "" if best is None else ", the most frequent"
        counts = f"best is {name_of(best)}{end}; {told}"
        return Statement(said, "does not hold", counts, "Mean training loss at AdamW’s last second.")
    sure = all(compare("", by_clock[best], by_clock[k], "", "").verdict == "holds" for k in (None, 10))
    return Statement(
        said,
        "holds" if sure else OPEN,
        f"best is {name_of(best)}; {told}",
        "Mean training loss at AdamW’s last second; holds where it is below both ends on paired seeds.",
    )


def charts(records: Records) -> list[Chart]:
    """For each network the loss against steps and against seconds, with the refreshes as dots."""
    found = []
    for width in WIDTHS:
        for axis, title in (("step", "step"), ("seconds", "seconds of one processor")):
            series = []
            for k in CADENCES:
                runs = of_run(records, width, k)
                if runs:
                    record = runs[min(runs)]
                    x, y = curve(record, axis, "train_loss")
                    series.append(Series(name_of(k), name_of(k), x, y))
                    series += ticks(record, axis, name_of(k))
            if series:
                found.append(
                    Chart(f"Width {width}: training loss against {title}", title, "training loss", series, log_y=True)
                )
    return found


def ticks(record: Record, axis: str, look: str) -> list[Series]:
    """The refreshes on the curve, where there are few enough to be told apart."""
    steps = record["result"]["refreshes"]
    if not steps or len(steps) > 14:
        return []
    rows = record["result"]["rows"]
    at = [row["step"] for row in rows]
    x = np.interp(steps, at, [row[axis] for row in rows])
    y = np.interp(steps, at, [row["train_loss"] for row in rows])
    return [Series("", look, x.tolist(), y.tolist(), dots=True)]


def live() -> list[tuple[str, str]]:
    """The network page's transformer with AdamW and with LLQR."""
    state = {
        "network": "vit",
        "data": "digits",
        "methods": ["AdamW", "SGDM", "LLQR"],
        "steps": 400,
        **U,
        "refresh_every": 30,
    }
    return [("Train a small vision transformer live, U behind the heavy ball", "/network" + write_link(state))]


FIGURE_5 = Figure(
    key="5",
    title="How often to learn U",
    paper="The loss of two vision transformers with U learned anew at several intervals k, against steps and against "
    "time with the compilation taken out: more often is better by steps, and costs time.",
    here="Two vision transformers on 28×28 digits, trained by AdamW behind a U that is learned every k steps, for k "
    "from 10 to 1000 and never. Dots on the curves are refreshes; the curves are those of the first seed.",
    settings=(
        ("networks", "4 blocks, 16 patches, width 64 (205 000 weights) and 128 (803 000)"),
        ("outer rule", "AdamW, η = 0.001, decay 0.05, batch 64, 400 steps"),
        ("U", "K-FAC blocks, ngd (sum), β = 0.8, 25 inner steps, refresh batch 64"),
        ("clock", "one thread of the processor; a short refresh and a step come before it starts"),
    ),
    differs=(
        "The paper has ViT-B/16 and ViT-L/16 on Tiny ImageNet and an accelerator; the intervals that it tried are not "
        "in its public code.",
        WHY,
        "U is of Kronecker blocks, because AdamW would not see a diagonal one: see the last statement.",
    ),
    units=units,
    statements=statements,
    charts=charts,
    live=live,
)
