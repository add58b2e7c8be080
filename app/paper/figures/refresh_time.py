"""Figure 6: what a refresh of U costs as the network grows."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.components.claim import FAILS, HOLDS, OPEN
from app.paper.figure import Chart, Figure, Records, Series
from app.paper.records import Record
from app.paper.statement import Statement, exponent, missing
from app.paper.units import Unit
from app.state.numbers_as_text import number
from app.state.schema import write_link

WIDTHS = {16: 2.0, 32: 3.0, 64: 6.0, 128: 15.0, 192: 26.0, 256: 45.0}
"""width → seconds that its unit takes."""
U = {"structure": "diagonal", "metric": "ngd", "inner_steps": 50}
SETTINGS: dict[str, Any] = {"data": "digits", "blocks": 4, "seed": 0, "batch_size": 64, "repeats": 2, "u": U}
NEAR = (0.8, 1.2)
"""An exponent is near to linear between these."""
LEAST_SIZE = 200_000
"""Parameters from which on the exponent is fitted: below, what every call costs whatever its size is most of it."""


def units(smallest: bool) -> list[Unit]:
    """One for each width."""
    widths = [8, 12] if smallest else list(WIDTHS)
    least: dict[str, Any] = {"blocks": 1, "batch_size": 8, "u": {**U, "inner_steps": 2}} if smallest else {}
    return [
        Unit("6", f"width {width}", "refresh_time:run", {"width": width, **SETTINGS, **least}, WIDTHS.get(width, 1.0))
        for width in widths
    ]


def sizes(records: Records) -> list[Record]:
    """The records, small networks first."""
    return sorted(records["6"].values(), key=lambda record: record["result"]["parameters"])


def fastest(record: Record, what: str) -> float:
    """Seconds of a refresh, or of a step of SGDM or SAM: the least of the repeats, which other work disturbed least."""
    result = record["result"]
    return float(min(result["refresh"] if what == "refresh" else result["step"][what]))


def statements(records: Records) -> list[Statement]:
    """The exponent, and the price of a refresh in steps."""
    said = "The time of a refresh grows near-linearly with the number of parameters."
    large = [record for record in sizes(records) if record["result"]["parameters"] >= LEAST_SIZE]
    if len(large) < 3:
        return [missing(said, "Three sizes of 200 000 parameters and more are needed.")]
    count = [record["result"]["parameters"] for record in large]
    slope, error, _ = exponent(count, [fastest(record, "refresh") for record in large])
    plain, plain_error, _ = exponent(count, [fastest(record, "SGDM") for record in large])
    near = slope - 2 * error < NEAR[1] and slope + 2 * error > NEAR[0]
    verdict = HOLDS if near and NEAR[0] <= slope <= NEAR[1] else OPEN if near else FAILS
    last, _, _ = exponent(count[-2:], [fastest(record, "refresh") for record in large[-2:]])
    span = f"{len(large)} sizes from {count[0]:,} to {count[-1]:,} parameters".replace(",", "\u202f")
    found = [
        Statement(
            said,
            verdict,
            f"exponent {number(slope, 3)} ± {number(error, 2)}, between the two largest {number(last, 3)}; of a step "
            f"of SGDM {number(plain, 3)} ± {number(plain_error, 2)}",
            f"Least squares through the logarithms, {span}, with the standard error of the slope. Near-linear means "
            f"between {NEAR[0]} and {NEAR[1]}.",
        ),
        Statement(
            "It grows no faster than the number of parameters.",
            HOLDS if slope + 2 * error <= 1 else FAILS if slope - 2 * error > 1 else OPEN,
            f"exponent {number(slope, 3)} ± {number(error, 2)}",
            "Holds where two standard errors above the exponent are at most 1.",
        ),
    ]
    ratios = [fastest(record, "refresh") / fastest(record, "SGDM") for record in sizes(records)]
    found.append(
        Statement(
            "A refresh costs a fixed number of steps, whatever the size.",
            HOLDS if max(ratios) < 2 * min(ratios) else FAILS,
            f"{number(min(ratios), 3)} to {number(max(ratios), 3)} steps of SGDM, median "
            f"{number(float(np.median(ratios)), 3)}",
            "50 inner steps, each with a curvature product. Holds means that the most is less than twice the least.",
        )
    )
    return found


def charts(records: Records) -> list[Chart]:
    """Seconds over parameters, both logarithmic."""
    rows = sizes(records)
    if not rows:
        return []
    x = [float(record["result"]["parameters"]) for record in rows]
    lines = (("a refresh of U", "LLQR", "refresh"), ("a step of SAM", "SAM", "SAM"), ("a step of SGDM", "SGDM", "SGDM"))
    series = [Series(name, look, x, [fastest(record, what) for record in rows]) for name, look, what in lines]
    return [Chart("Seconds against parameters", "parameters", "seconds of one processor", series, True, True)]


def live() -> list[tuple[str, str]]:
    """A transformer with U in the network page."""
    state = {"network": "vit", "data": "digits", "methods": ["SGDM", "LLQR"], "steps": 200}
    return [("Watch the seconds of a small vision transformer in the network lab", "/network" + write_link(state))]


FIGURE_6 = Figure(
    key="6",
    title="What a refresh costs as the network grows",
    paper="The time of one update of U against the number of parameters, for LLQR with and without SAM: near-linear.",
    here="One refresh each (50 inner steps on 64 images) of vision transformers of width 16 to 256, and one step of "
    "SGDM and of SAM beside it.",
    settings=(
        ("network", "vision transformer, 4 blocks, 16 patches, widths 16, 32, 64, 128, 192, 256"),
        ("refresh", "diagonal U, ngd, 50 inner steps, batch 64"),
        ("clock", "one thread of the processor, after a first call of each; the least of two"),
    ),
    differs=(
        "The paper’s networks are far larger, and run on accelerators.",
        "SAM does not touch the refresh: with and without it the same code runs, so that there is one curve.",
        "Below 200 000 parameters most of the time is what every call costs whatever its size; the exponent is fitted "
        "above.",
    ),
    units=units,
    statements=statements,
    charts=charts,
    live=live,
)
