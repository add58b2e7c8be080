"""The panel of statements: how many seeds, the verdicts, the methods over all seeds."""

from __future__ import annotations

from typing import Any

from dash import html

from app.components.layout import button
from app.network.statements.statement import LEAST_IN_WORDS

ABOUT = (
    "Judged at the settings on the page: both methods of a pair from the same first weights, with the same "
    "mini-batches, seed by seed. A statement holds where the whole interval of the mean bears it out, does not hold "
    f"where none of it does, and cannot be told in between. {LEAST_IN_WORDS} Dots are seeds, the bar is the interval, "
    "shaded is where the statement wants the mean. Your own runs go first."
)


def statements_section() -> Any:
    """The panel."""
    head = html.Div(
        className="explore-head",
        children=[
            html.H2("What holds over seeds"),
            html.Div(id="statements-controls", className="statements-controls"),
            button("statements", "Test the statements", id="statements-ask"),
            button("statements-cancel", "Cancel", id="statements-cancel", hidden=True),
            html.Span(id="statements-status", className="hint explore-status"),
        ],
    )
    progress = {"role": "progressbar", "aria-label": "Part of the training done", "aria-valuenow": "0"}
    bar = html.Div(html.Div(id="statements-bar"), id="statements-progress", className="run-progress", **progress)
    table = html.Div(
        id="statements-table", className="scroll", tabIndex=0, role="region", **{"aria-label": "Methods over all seeds"}
    )
    recorded = html.P(id="statements-recorded", className="hint", hidden=True)
    claims = html.Div(id="statements-claims")
    return html.Section(
        id="statements-panel",
        className="explore-panel claims statements",
        children=[head, bar, html.P(ABOUT, className="caption"), recorded, claims, table],
        **{"aria-label": "What holds over seeds"},
    )
