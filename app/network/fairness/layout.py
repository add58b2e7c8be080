"""The panel of the fair comparison: what is asked, the settings tried, the methods' curves, verdicts, table."""

from __future__ import annotations

from typing import Any

from dash import html

from app.components.layout import button, chart
from app.network.statements.statement import LEAST_IN_WORDS

ABOUT = (
    "Equal learning rates favour whom they suit. Here every method of the legend is tuned over as many settings, on a "
    "seed of its own, and then judged on fresh ones, each at its best. The verdicts are for equal steps, gradient "
    f"evaluations or processor seconds, whichever the curves are drawn against. {LEAST_IN_WORDS} Your own runs go "
    "first."
)


def fairness_section() -> Any:
    """The panel."""
    head = html.Div(
        className="explore-head",
        children=[
            html.H2("Each method at its best"),
            button("fairness", "Tune and compare", id="fairness-ask"),
            button("fairness-cancel", "Cancel", id="fairness-cancel", hidden=True),
            html.Span(id="fairness-status", className="hint explore-status"),
        ],
    )
    progress = {"role": "progressbar", "aria-label": "Part of the comparison done", "aria-valuenow": "0"}
    bar = html.Div(
        html.Div(id="fairness-bar"), id="fairness-progress", className="run-progress", hidden=True, **progress
    )
    charts = html.Div(
        className="charts two",
        children=[
            chart("fairness-rates", "By learning rate", "", "explore-chart"),
            chart("fairness-curves", "Each at its best", "", "explore-chart"),
        ],
    )
    table = html.Div(
        id="fairness-table", className="scroll", tabIndex=0, role="region", **{"aria-label": "Methods at their best"}
    )
    answer = html.Div(
        id="fairness-answer",
        className="explore-answer",
        hidden=True,
        children=[charts, html.Div(id="fairness-claims"), table],
    )
    controls = html.Div(html.Div(id="fairness-controls", className="explore-group"), className="explore-controls")
    return html.Section(
        id="fairness-panel",
        className="explore-panel claims statements",
        children=[head, bar, html.P(ABOUT, className="caption"), controls, answer],
        **{"aria-label": "Each method at its best"},
    )
