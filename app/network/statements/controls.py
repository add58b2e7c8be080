"""What may be asked of statements: how many seeds, and whether a link asks for them."""

from __future__ import annotations

from app.network.explore.controls import NO_YES
from app.network.training.settings import Number
from app.state.control import ChoiceControl, Control, NumberControl

SEEDS = Number(8, 2, 64, whole=True)
STATEMENTS_CONTROLS: tuple[Control, ...] = (
    NumberControl(
        name="statements_seeds",
        symbol="",
        label="Seeds",
        minimum=SEEDS.minimum,
        maximum=SEEDS.maximum,
        default=SEEDS.default,
        help="From how many seeds each statement is judged, from the page’s seed on. More seeds, narrower intervals.",
        group="statements",
        step=1,
        integer=True,
    ),
    ChoiceControl(
        "statements_asked", "Statements asked for", NO_YES, "no", "Whether a link has them judged.", "statements-asked"
    ),
)
