"""The explore part of the network page: six panels, each with its controls, its button and places for answers."""

from __future__ import annotations

from typing import Any

from dash import html

from app.components.layout import button, chart, picture

SLICE_GROUPS = ("plane", "random", "three", "sam", "frame", "data", "adaptive", "look")
ABOUT = {
    "slice": "The loss on a plane or a line through kept weights of the run, with the paths of all methods projected "
    "onto it. A slice shows two of very many directions: the table says for every path what it leaves out.",
    "curvature": "How sharp the kept weights are: the largest eigenvalues of the Hessian, each with its residual; its "
    "trace with its standard error; and the greatest rise of the loss within a ball, looked for in several steps.",
    "potholes": "A pothole is a direction in which the loss is sharp here and flat on average: a top eigenvector of "
    "H − H̄, with H̄ the mean Hessian over earlier points of the path. How much does a probe add to the step there, "
    "with the learned U and without, and beside directions that are sharp on average too, or random?",
    "between": "The loss on the way between two methods’ last weights. Where it rises above the line between the ends "
    "there is a barrier; often a bent way leads around it (Garipov et al. 2018).",
    "cuts": "The loss on lines through each method’s last weights, over training and test data. Every filter is moved "
    "in parts of its own length, so that the curves of long and short weights can be compared. Curvature at the point "
    "itself, relative to the weights or not, also says how low the training loss is there.",
    "rescaling": "One layer of a ReLU network times α, the next divided by α: the network computes the same, and its "
    "sharpness is another (Dinh et al. 2017). What a slice shows depends on how its directions are scaled.",
}


def explore_section() -> Any:
    """The panels; they are shown as soon as a run has kept weights."""
    return html.Section(
        id="explore",
        className="explore",
        children=[_slice(), _cuts(), _curvature(), _potholes(), _between(), _rescaling()],
        **{"aria-label": "Explore the run"},
    )


def _panel(key: str, title: str, ask: str, controls: list[Any], body: list[Any]) -> Any:
    head = html.Div(
        className="explore-head",
        children=[
            html.H2(title),
            button(f"explore-{key}", ask, id=f"{key}-ask"),
            button("explore-cancel", "Cancel", id=f"{key}-cancel", hidden=True, **{"data-value": key}),
            html.Span(id=f"{key}-status", className="hint explore-status"),
        ],
    )
    return html.Section(
        id=f"{key}-panel",
        className="explore-panel",
        hidden=True,
        **{"aria-label": title},
        children=[
            head,
            html.P(ABOUT[key], className="caption"),
            html.Div(controls, className="explore-controls"),
            *body,
        ],
    )


def _group(name: str) -> Any:
    return html.Div(id=f"explore-{name}-controls", className="explore-group")


def _answer(key: str, children: list[Any]) -> Any:
    return html.Div(id=f"{key}-answer", className="explore-answer", hidden=True, children=children)


def _slice() -> Any:
    player = html.Div(
        className="explore-player",
        role="group",
        **{"aria-label": "Kept weights"},
        children=[
            button("slice-play", "Play", id="slice-play"),
            html.Div(id="slice-scrubber", className="scrubber"),
            html.Output(id="slice-step", className="readout"),
        ],
    )
    pictures = html.Div(
        id="slice-pictures",
        className="pictures",
        children=[
            picture("slice-map", "Slice", ""),
            picture("slice-relief", "Loss over the plane", ""),
        ],
    )
    honesty = html.Div([html.H3("Honesty meter"), html.Div(id="slice-honesty", className="scroll")])
    words = html.P(id="slice-words", className="explore-words")
    body = _answer("slice", [pictures, player, honesty, words])
    panel = _panel("slice", "Slice of the loss", "Draw the slice", [_group(name) for name in SLICE_GROUPS], [body])
    panel.children[0].children.insert(2, button("slice-start", "Start and two solutions, test loss", id="slice-start"))
    return panel


def _chart(key: str, title: str, hint: str) -> Any:
    return chart(key, title, hint, "explore-chart")


def _curvature() -> Any:
    along = html.Div(
        id="curvature-along",
        className="charts",
        children=[
            _chart("curvature-eigenvalue", "Largest eigenvalue", "along the run"),
            _chart("curvature-trace", "Trace", "along the run"),
            _chart("curvature-sharpness", "SAM sharpness", "along the run"),
        ],
    )
    density = html.Div(
        _chart("curvature-density", "Spectral density", "share of eigenvalues per unit, by stochastic Lanczos"),
        id="curvature-spectrum",
    )
    table = html.Div(id="curvature-table", className="scroll")
    body = _answer("curvature", [table, density, along, html.P(id="curvature-words", className="explore-words")])
    return _panel("curvature", "Curvature", "Measure the curvature", [_group("curvature")], [body])


def _potholes() -> Any:
    chart = _chart(
        "potholes-factor",
        "What the probe adds with U, in parts of that without",
        "direction by direction; lines: to first order",
    )
    claims = html.Div(id="potholes-claims", className="statements")
    table = html.Div(id="potholes-table", className="scroll")
    body = _answer("potholes", [chart, table, claims, html.P(id="potholes-words", className="explore-words")])
    return _panel("potholes", "Potholes", "Look for potholes", [_group("potholes")], [body])


def _cuts() -> Any:
    charts = html.Div(
        className="charts two",
        children=[
            _chart("cuts-train", "Training loss", "on the cuts"),
            _chart("cuts-test", "Test loss", "on the cuts"),
        ],
    )
    table = html.Div(id="cuts-table", className="scroll")
    body = _answer("cuts", [charts, table, html.P(id="cuts-words", className="explore-words")])
    return _panel("cuts", "Cuts through the solutions", "Cut", [_group("cuts")], [body])


def _between() -> Any:
    chart = _chart("between-line", "Loss on the way", "training examples")
    table = html.Div(id="between-table", className="scroll")
    body = _answer("between", [chart, table, html.P(id="between-words", className="explore-words")])
    groups = [_group("between"), _group("curve")]
    return _panel("between", "Between two solutions", "Go the way", groups, [body])


def _rescaling() -> Any:
    charts = html.Div(
        className="charts two",
        children=[
            _chart("rescaling-plain", "Along an unscaled direction", "of the length of the weights"),
            _chart("rescaling-filter", "Along a filter-normalised direction", "the same seed"),
        ],
    )
    table = html.Div(id="rescaling-table", className="scroll")
    body = _answer("rescaling", [charts, table, html.P(id="rescaling-words", className="explore-words")])
    return _panel("rescaling", "Rescaled, and the same network", "Rescale", [_group("rescaling")], [body])
