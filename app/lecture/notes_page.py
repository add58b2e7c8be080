"""The speaker's page: notes, what comes next, the clock. It follows the lecture's window in the same browser."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from app.components.layout import button
from app.web.pages import Page


def layout() -> Any:
    """The page."""
    controls = [
        button("notes-previous", "Previous scene", id="notes-previous"),
        button("notes-next", "Next scene", id="notes-next"),
        button("notes-restart", "Restart the clock"),
    ]
    return html.Main(
        className="notes-page",
        children=[
            dcc.Store(id="lab-tables", data={"page": "notes"}),
            dcc.Store(id="lab-started"),
            html.Div(
                className="notes-head",
                children=[
                    html.P(id="notes-place", className="hint"),
                    html.P(
                        className="clocks",
                        children=[
                            html.Span(id="notes-elapsed", title="Since the notes were opened or the clock restarted"),
                            html.Span(id="notes-clock", className="hint", title="Time of day"),
                        ],
                    ),
                ],
            ),
            html.H1("Notes", id="notes-title"),
            html.Div(
                "Open a lecture in another window: its notes appear here.",
                id="notes-text",
                className="notes-text",
                role="status",
                **{"aria-live": "polite"},
            ),
            html.P(["Next: ", html.Span("–", id="notes-following")], className="notes-next"),
            html.Div(controls, className="notes-tools", role="group", **{"aria-label": "Scenes and clock"}),
        ],
    )


PAGE = Page("/notes", "Notes", "notes.js", layout, in_navigation=False)
