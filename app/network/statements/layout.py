"""The panel of statements: how many seeds, the verdicts, the methods over all seeds."""

from __future__ import annotations

from typing import Any

from dash import html

from app.components.layout import button

ABOUT = (
    "Each statement is judged at the settings on the page, from several seeds. Both methods of a pair start from the "
    "same weights and see the same mini-batches; the dots are their differences or ratios, seed by seed. A statement "
    "holds where the whole interval of the mean bears it out, does not hold where none of it does, and cannot be told "
    "in between. Trained in the background; your own runs go first."
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
    return html.Section(
        id="statements-panel",
        className="explore-panel claims statements",
        children=[head, bar, html.P(ABOUT, className="caption"), html.Div(id="statements-claims"), table],
        **{"aria-label": "What holds over seeds"},
    )
