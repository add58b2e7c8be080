"""Figures 2 and 3: who leaves the annular well. The ground and its statements are the toy lab's."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from app.components.claim import FAILS, HOLDS, OPEN, UNTESTED, Claim
from app.paper.figure import Chart, Figure, Records, Series
from app.paper.statement import MISSING, Statement
from app.paper.units import Unit
from app.state.schema import write_link
from app.toy.claims.captions import FIGURE_2 as SOURCE_2
from app.toy.claims.captions import FIGURE_3 as SOURCE_3
from app.toy.claims.captions import captions
from app.toy.claims.trials import Trials
from app.toy.presets import PRESETS
from geometry.surfaces import AnnularWell

NAMES = {"2": "60 starts", "3": "100 noise seeds"}
SILENT = ("2", "60 starts without noise")
"""Figure 2 without the noise that the toy lab's preset adds so that paths part."""


def units_of(key: str) -> Callable[[bool], list[Unit]]:
    """The figure's units."""

    def units(smallest: bool) -> list[Unit]:
        preset = PRESETS[f"figure-{key}"]
        walkers, steps = (2, 60) if smallest else (60 if key == "2" else 100, int(preset.values["steps"]))
        settings = {"preset": preset.key, "walkers": walkers, "steps": steps}
        found = [Unit(key, NAMES[key], "toys:run", settings, 6.0)]
        if key == SILENT[0]:
            found.append(Unit(key, SILENT[1], "toys:run", {**settings, "noise_variance": 0.0}, 6.0))
        return found

    return units


def statements_of(key: str, source: str) -> Callable[[Records], list[Statement]]:
    """The captions' statements, by the toy lab's own judgement of the recorded runs."""

    def statements(records: Records) -> list[Statement]:
        found: list[Statement] = []
        for name in (NAMES[key], *([SILENT[1]] if key == SILENT[0] else [])):
            record = records[key].get(name)
            if record is None:
                found.append(Statement(f"The captions’ statements ({name})", MISSING, "", ""))
                continue
            claims = captions(trials_of(record), source, with_paths=key == "3")
            found += map(_as_statement, claims) if name == NAMES[key] else [_silent(claims)]
        return found

    return statements


def _as_statement(claim: Claim) -> Statement:
    return Statement(claim.statement, OPEN if claim.verdict == UNTESTED else claim.verdict, claim.counts, claim.detail)


def _silent(claims: list[Claim]) -> Statement:
    """The same statements on runs without noise, as one."""
    failing = [claim for claim in claims if claim.verdict != HOLDS]
    counts = f"{len(claims) - len(failing)} of {len(claims)} statements hold"
    told = "; ".join(f"{claim.verdict}: {claim.statement} ({claim.counts})" for claim in failing) or claims[-1].counts
    return Statement(
        "Without noise all of this holds too.", FAILS if failing else HOLDS, f"{counts}; {told}", claims[0].detail
    )


def trials_of(record: dict[str, Any]) -> Trials:
    """The recorded runs, as the toy lab's statements take them."""
    result = record["result"]
    runs: dict[str, Any] = {}
    for name, columns in result["methods"].items():
        lengths = ("path_length_to_arrival", "total_path_length")
        numbers = {column: np.array(columns[column], dtype=float) for column in lengths}
        others = {column: np.array(columns[column]) for column in ("arrival", "first_entry", "outcome")}
        runs[name] = SimpleNamespace(**others, **numbers)
    walkers = np.zeros(len(next(iter(runs.values())).arrival))
    return Trials(AnnularWell(), walkers, None, runs, result["settings"], result["what"])


def charts_of(key: str) -> Callable[[Records], list[Chart]]:
    """How many of the walkers have arrived, step by step."""

    def charts(records: Records) -> list[Chart]:
        record = records[key].get(NAMES[key])
        if record is None:
            return []
        trial = trials_of(record)
        steps = int(trial.settings["steps"])
        return [
            Chart(
                "Who has reached the flat basin",
                "step",
                "share of walkers",
                [Series(name, name, *arrivals(trial, name, steps)) for name in trial.runs],
            )
        ]

    return charts


def arrivals(trial: Trials, name: str, steps: int) -> tuple[list[float], list[float | None]]:
    """A staircase: (steps, share of the walkers that have arrived by then)."""
    when = np.sort(trial.runs[name].arrival[trial.arrived(name)])
    x, y = [0.0], [0.0]
    for rank, step in enumerate(when.tolist(), start=1):
        x += [float(step), float(step)]
        y += [y[-1], rank / len(trial.starts)]
    return [*x, float(steps)], [*y, y[-1]]


def live_of(key: str) -> Callable[[], list[tuple[str, str]]]:
    """The preset in the toy lab."""
    return lambda: [("Watch one of them in the toy lab", "/" + write_link({"preset": f"figure-{key}"}))]


_DIFFERS = (
    "The paper gives its surface in words. Ground and settings are our reconstruction, found so that captions hold.",
    "On a surface there are no mini-batches: U learns from a Gaussian neighbourhood of the start instead.",
)

FIGURE_2 = Figure(
    key="2",
    title="From beside the bottom of a sharp ring",
    paper="Walkers start in a sharp ring-shaped well around a wide, flat basin. SGDM and LLQR stay; SAM gets out, and "
    "LLQR+SAM sooner.",
    here="Sixty starts at random angles and sides of the ring’s bottom, each walked by all four methods.",
    settings=(("η, ρ, μ", "0.0165, 0.3, 0.9"), ("steps", "600"), ("gradient noise", "variance 0.3, and none")),
    differs=(
        *_DIFFERS,
        "The noise is ours, so that paths part in the picture; the statements are judged without it too.",
        "All methods have one η and ρ, as in the paper. With η tuned for each, plain SAM arrives as soon: see Fairness "
        "among the instruments.",
    ),
    units=units_of("2"),
    statements=statements_of("2", SOURCE_2),
    charts=charts_of("2"),
    live=live_of("2"),
)
FIGURE_3 = Figure(
    key="3",
    title="From the very bottom, with a trace of noise",
    paper="The same ring from rest at its bottom, over many seeds of the noise: who gets out, when, and by how long a "
    "path.",
    here="A hundred seeds of the noise from one start, each walked by all four methods.",
    settings=(("η, ρ, μ", "0.017, 0.33, 0.9"), ("steps", "1500"), ("gradient noise", "variance 10⁻⁹")),
    differs=_DIFFERS,
    units=units_of("3"),
    statements=statements_of("3", SOURCE_3),
    charts=charts_of("3"),
    live=live_of("3"),
)
