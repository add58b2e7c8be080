"""The sentence beside Figures 4 and 5: Adam is blind to a diagonal U that stays constant."""

from __future__ import annotations

from typing import Any

from app.components.claim import FAILS, HOLDS
from app.paper.figure import Records
from app.paper.statement import Statement, missing
from app.paper.units import Unit
from app.state.numbers_as_text import number

NAME = "Adam and a constant U"
SETTINGS: dict[str, Any] = {"seed": 0, "data": "digits", "steps": 100, "batch_size": 64, "learning_rate": 1e-3}
LEAST_SEEN = 0.1
"""Part of its way by which a path must end elsewhere, for U to count as seen."""


def unit(smallest: bool) -> Unit:
    """The check; its record is Figure 4's."""
    return Unit("4", NAME, "blindness:run", {**SETTINGS, **({"steps": 3} if smallest else {})}, 4.0)


def statements(records: Records) -> list[Statement]:
    """What the check says."""
    said = (
        "AdamW does not see a diagonal U that stays constant: what acts here is its change, its other blocks, or SAM."
    )
    record = records.get("4", {}).get(NAME)
    if record is None:
        return [missing(said)]
    blind, bare, seen = (record["result"][name] for name in ("diagonal", "without_e", "rotated"))
    return [
        Statement(
            said,
            HOLDS if blind < LEAST_SEEN < seen else FAILS,
            f"the path ends {number(100 * blind, 2)} % of its way from AdamW’s own ({number(100 * bare, 2)} % with e "
            f"at 10⁻¹⁶ for 10⁻⁸); with U in another basis {number(100 * seen, 3)} %",
            "Both averages of Adam scale with a constant factor, which cancels. Checked in float64 on the digits: 100 "
            "steps of AdamW with and without a U whose diagonal is drawn between 0.2 and 5, and with that U turned by "
            "a random rotation in each layer.",
        )
    ]
