"""The layout of the network page: controls, the button that trains, the toy lab's pictures and player."""

from __future__ import annotations

from typing import Any

from dash import html

from app.appearance import looks
from app.control_entries import entry
from app.network.controls import CONTROLS
from app.network.picture import POINTS
from app.pages import Page
from app.request import METHOD_NAMES
from app.toy_page import GRAPH_CONFIG, RELIEF_CONFIG, bench, button, group, picture, player

CHARTS = (
    ("losses", "Training loss", "at the real weights"),
    ("distance", "Off the plane", "‖θ − projection‖"),
    ("curvature", "Drawn height", "loss of the slice under the path"),
)


def tables() -> dict[str, Any]:
    """What the client code is told once."""
    return {
        "page": "network",
        "controls": [entry(control) for control in CONTROLS],
        "defaults": {control.name: control.default for control in CONTROLS},
        "methods": list(METHOD_NAMES),
        "looks": looks(METHOD_NAMES),
    }


def header() -> list[Any]:
    """The tools at the right of the header."""
    return [
        button("toggle-scheme", "Dark", id="scheme-button"),
        button("toggle-controls", "Controls", id="controls-button", **{"aria-controls": "controls"}),
    ]


def layout() -> Any:
    """The page."""
    pictures = [
        picture("map", "Slice", GRAPH_CONFIG, "Paths are projected onto the plane"),
        picture("relief", "Loss over the plane", RELIEF_CONFIG, "Drag to turn, scroll to zoom"),
    ]
    runs = html.Section(
        className="outcomes",
        children=[html.H2("Runs"), html.Div(id="outcomes", className="scroll")],
        **{"aria-label": "Runs"},
    )
    stage = [_heading(), html.Div(className="pictures", children=pictures), player(), _charts(), runs]
    return bench(tables(), _controls(), stage)


def _controls() -> Any:
    train = button("train", "Train", id="train-button")
    return html.Aside(
        id="controls",
        className="controls",
        **{"aria-label": "Controls"},
        children=[
            group("Training", [html.Div(id="train-controls"), train]),
            group("Preconditioner U", [html.Div(id="preconditioner-controls")]),
            group("Slice", [html.Div(id="slice-controls")]),
        ],
    )


def _heading() -> Any:
    text = (
        "A small network (an MLP) learns scikit-learn's handwritten digits by four methods: same first weights, same "
        "mini-batches, the same step as in the toy lab, with a diagonal U. The picture is a slice of its real loss, "
        f"{POINTS} × {POINTS} points over all training data. A slice shows two of many directions: the charts say how "
        "far each path is from what is drawn."
    )
    legend = html.Div(id="legend", className="legend", role="group", **{"aria-label": "Methods shown"})
    return html.Div([html.P(text, id="caption", className="caption"), legend], className="heading")


def _charts() -> Any:
    return html.Div(
        className="charts",
        children=[
            html.Figure(
                className="chart",
                children=[
                    html.Figcaption([html.Span(title), html.Span(unit, className="hint")]),
                    html.Div(id=f"{key}-chart", className="chart-stack"),
                ],
            )
            for key, title, unit in CHARTS
        ],
    )


PAGE = Page("/network", "Network", layout, header)
