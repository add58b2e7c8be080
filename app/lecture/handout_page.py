"""A handout to print: a lecture or the exercises with pictures, for the hall or, with answers, for the lecturer."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from app.components.layout import button
from app.web.pages import Page


def layout() -> Any:
    """The page. What it holds is asked of the server: /handout?scenes=exercises&answers=yes."""
    choices = [
        html.A("The lecture", href="/handout?scenes=lab", className="button"),
        html.A("The exercises", href="/handout?scenes=exercises", className="button"),
        html.A("With answers", id="handout-answers", className="button"),
        button("print", "Print"),
    ]
    return html.Main(
        className="handout",
        children=[
            dcc.Store(id="lab-tables", data={"page": "handout"}),
            dcc.Store(id="lab-started"),
            html.Div(id="notices", role="status", **{"aria-live": "polite"}),
            html.Div(choices, className="handout-tools", role="group", **{"aria-label": "Which handout"}),
            html.Article(id="handout-text", **{"aria-busy": "true"}),
        ],
    )


PAGE = Page("/handout", "Handout", "handout.js", layout, in_navigation=False)
