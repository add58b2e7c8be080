"""The layout of the network page: controls, the run with its buttons, live picture and curves, places for more."""

from __future__ import annotations

from typing import Any

from dash import html

from app.components.layout import (
    bench,
    button,
    chart,
    control_panel,
    group,
    header_tools,
    outcomes,
    picture,
    player,
    preset_row,
)
from app.drawing.appearance import SCHEMES, ground_looks, looks
from app.network.controls import controls, read_network_link
from app.network.controls_of_u import SETTINGS_OF_U
from app.network.explore.layout import explore_section
from app.network.export.request import MOMENT, export_controls
from app.network.fairness.layout import fairness_section
from app.network.messages import NetworkTables
from app.network.presets import PRESETS
from app.network.statements.layout import statements_section
from app.network.statements.statement import STATEMENTS
from app.network.training import user_models
from app.network.training.recorded_runs import recorded_runs, shown_names
from app.network.training.settings import CHANGEABLE, METHOD_NAMES
from app.web.pages import Page
from optimizers.methods import grouped

CURVES = (
    ("train_loss", "Training loss", "over the training data"),
    ("test_accuracy", "Test accuracy", "share of the test examples"),
    ("sharpness", "Sharpness", "λmax of the Hessian"),
    ("test_loss", "Test loss", "over the test data"),
    ("train_accuracy", "Training accuracy", "share of the training examples"),
    ("loss", "Mini-batch loss", "at θ + ε, as a training loop sees it"),
)
BESIDE = 2
"""So many of the curves stand beside the picture, the others below."""


def tables() -> NetworkTables:
    """What the client code is told once."""
    networks, data = user_models.networks(), user_models.data_sets()
    return {
        "page": "network",
        "controls": [control.entry() for control in controls()],
        "methods": list(shown_names()),
        "groups": _groups(),
        "looks": looks(shown_names()),
        "export": [control.entry() for control in (*export_controls(), MOMENT)],
        "changeable": list(CHANGEABLE),
        "networks": {key: row[1] for key, row in networks.items()},
        "data": {key: row[1] for key, row in data.items()},
        "fits": {key: [each for each in data if user_models.fits(key, each)] for key in networks},
        "settings_of_u": {
            key: {"title": title, "values": values, "words": words}
            for key, (title, values, words) in SETTINGS_OF_U.items()
        },
        "presets": {
            key: {"title": preset.title, "question": preset.question, "caption": preset.caption}
            for key, preset in PRESETS.items()
        },
        "statements": {key: [one.text for one in rows] for key, rows in STATEMENTS.items()},
        "curves": [key for key, _, _ in CURVES],
        "schemes": {name: {"stops": list(s.low_to_high), "line": s.contour_line} for name, s in SCHEMES.items()},
        "grounds": ground_looks(),
    }


def _groups() -> dict[str, list[str]]:
    """Methods that the legend does not open with; beside runs that were brought along that is all of them."""
    groups = grouped(METHOD_NAMES)
    if not recorded_runs():
        return groups
    known = {name for names in groups.values() for name in names}
    return {"Methods": [name for name in METHOD_NAMES if name not in known], **groups}


def layout() -> Any:
    """The page."""
    charts = [chart(key, title, unit, role="img", **{"aria-label": f"{title}: {unit}"}) for key, title, unit in CURVES]
    live = html.Div(
        className="pictures live",
        children=[
            picture("plane", "Live picture", ""),
            html.Div([_boundary(), *charts[:BESIDE]], className="chart-column"),
        ],
    )
    stage = [
        html.H1("Network", className="spoken"),
        _heading(),
        _run(),
        live,
        player(),
        html.Div(charts[BESIDE:], className="charts"),
        outcomes("Methods", "Methods, as they are now", "Table of methods"),
        statements_section(),
        fairness_section(),
        explore_section(),
    ]
    return bench(tables(), _controls(), stage, "lab network")


def _controls() -> Any:
    suggested = html.Div(id="settings-of-u", className="settings-of-u")
    return control_panel(
        [
            group("Network and data", [html.Div(id="task-controls"), html.Div(id="task-hint", className="hint")]),
            group("Step", [html.Div(id="walk-controls")]),
            group("Training", [html.Div(id="training-controls")]),
            group("Preconditioner U", [suggested, html.Div(id="preconditioner-controls")], opened=False),
            group("Live picture", [html.Div(id="plane-controls")], opened=False),
        ]
    )


def _heading() -> Any:
    legend = html.Div(id="legend", className="legend", role="group", **{"aria-label": "Methods that are trained"})
    text = (
        "A real network learns by several methods at once: same first weights, same mini-batches, same noise, and the "
        "toy lab’s own step. Click a method to train it or not; change the step’s settings while it trains."
    )
    question = html.H2(id="preset-question")
    words = html.Div([question, html.P(id="preset-caption", className="caption")], id="preset-words", hidden=True)
    offered = {} if recorded_runs() else PRESETS  # beside runs that were brought along, nothing else is shown
    presets = preset_row({key: preset.title for key, preset in offered.items()})
    general = html.P(text, id="caption", className="caption")
    head = html.Div([html.Div([words, general]), presets], className="preset-heading")
    return html.Div([head, legend], className="heading")


def _run() -> Any:
    """The run: what it is at, how far it is, what can be done with it."""
    buttons = html.Div(
        className="run-buttons",
        children=[
            button("start", "Start", id="start-button"),
            button("pause", "Pause", id="pause-button", hidden=True),
            button("stop", "Stop", id="stop-button", hidden=True),
            html.Div(id="axis-switch", className="axis-switch"),
            html.Div(id="export", className="export"),
        ],
    )
    progress = html.Div(html.Div(id="run-bar"), id="run-progress", className="run-progress")
    said = html.Ul(id="run-said", className="run-said", **{"aria-live": "polite"})
    status = html.Div([html.P(id="run-status", className="run-status"), progress, said], className="run-words")
    return html.Section([status, buttons], id="run", className="run", **{"aria-label": "Training run"})


def _boundary() -> Any:
    hint = html.Span("in the plane of the data", className="hint")
    said = {"role": "img", "aria-label": "Decision boundary of each method, in the plane of the data"}
    place = html.Div(id="boundary-stack", className="chart-stack", **said)
    caption = html.Figcaption([html.Span("Decision boundary"), hint])
    return html.Figure([caption, place], id="boundary-picture", className="chart", hidden=True)


PAGE = Page("/network", "Network", "network.js", layout, header_tools, read_network_link)
