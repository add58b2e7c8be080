"""The layout of the toy lab. Buttons carry data-action, which the client code listens for; places carry an id."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from app.appearance import looks
from app.state.control_entries import entry
from app.toy.controls import CONTROLS, SURFACE, start_controls, surface_controls
from app.toy.export.controls import CONTROLS as EXPORT_CONTROLS
from app.toy.figures import EMPTY
from app.toy.lens_sections import lens_sections
from app.toy.link import link_problems
from app.toy.presets import PRESETS, preset_values
from app.toy.request import METHOD_NAMES
from app.web.pages import Page
from geometry.surfaces import SURFACES, make_surface

GRAPH_CONFIG = {
    "displaylogo": False,
    "displayModeBar": False,
    "plotlyServerURL": "",
    "modeBarButtonsToRemove": ["sendChartToCloud"],
    "responsive": True,
    "scrollZoom": False,
}
RELIEF_CONFIG = {**GRAPH_CONFIG, "scrollZoom": True}
CHARTS = (
    ("losses", "Loss", "L(θ)"),
    ("distance", "Distance", "‖θ − c‖"),
    ("curvature", "Local curvature", "largest eigenvalue of ∇²L(θ)"),
)


def tables() -> dict[str, Any]:
    """What the client code is told once: controls, looks and presets."""
    return {
        "page": "toy",
        "controls": [entry(control) for control in (SURFACE, *CONTROLS)],
        "surfaces": {key: _surface_table(key) for key in SURFACES},
        "methods": list(METHOD_NAMES),
        "looks": looks(METHOD_NAMES),
        "export": [entry(control) for control in EXPORT_CONTROLS],
        "presets": {key: {"caption": preset.caption, **preset_values(key)} for key, preset in PRESETS.items()},
    }


def _surface_table(key: str) -> dict[str, Any]:
    surface = make_surface(key)
    controls = (*surface_controls(key), *start_controls(surface))
    return {"description": surface.description, "controls": [entry(control) for control in controls]}


def header() -> list[Any]:
    """The tools at the right of the header."""
    return [
        button("export", "Export…", id="export-button", **{"aria-haspopup": "dialog"}),
        button("copy-link", "Copy link"),
        button("toggle-scheme", "Dark", id="scheme-button"),
        button("toggle-controls", "Controls", id="controls-button", **{"aria-controls": "controls"}),
    ]


def bench(told: dict[str, Any], controls: Any, stage: list[Any], kind: str = "lab") -> Any:
    """The frame of every page with pictures: what the client code is told, notices, controls, stage, spoken words."""
    return html.Div(
        className=kind,
        children=[
            dcc.Store(id="lab-tables", data=told),
            dcc.Store(id="lab-started"),
            html.Div(id="notices", role="status", **{"aria-live": "polite"}),
            html.Section(id="lecture-bar", className="lecture-bar", hidden=True, **{"aria-label": "Lecture"}),
            controls,
            html.Main(className="stage", children=stage),
            html.Div(id="spoken", className="spoken", role="status", **{"aria-live": "polite"}),
        ],
    )


def layout() -> Any:
    """The page."""
    stage = [_heading(), _pictures(), player(), *lens_sections(), _charts(), _table(), _claims(), _help()]
    return bench(tables(), _controls(), stage)


def _icon(name: str) -> Any:
    return html.Span(className=f"icon {name}", **{"aria-hidden": "true"})


def button(action: str, text: Any, **more: Any) -> Any:
    """A button that the client code hears of by its action."""
    return html.Button(text, className="button", type="button", **{"data-action": action, **more})


def _controls() -> Any:
    presets = [
        html.Button(
            preset.title, className="button preset", type="button",
            **{"data-action": "preset", "data-value": key, "aria-pressed": "false"},
        )
        for key, preset in PRESETS.items()
    ]  # fmt: skip
    return html.Aside(
        id="controls",
        className="controls",
        **{"aria-label": "Controls"},
        children=[
            group("Presets", [html.Div(presets, className="presets")]),
            group("Surface", [html.Div(id="surface-choice"), html.Div(id="surface-controls")]),
            group("Walk", [html.Div(id="walk-controls")]),
            group("Each method its own", [html.Div(id="own-controls")], open=False),
            group("Preconditioner U", [html.Div(id="preconditioner-controls")]),
            group("Look closer", [html.Div(id="lens-controls")]),
        ],
    )


def group(title: str, children: list[Any], open: bool = True) -> Any:  # noqa: A002 - the element's own word
    """A titled group of controls that can be folded."""
    return html.Details([html.Summary(title), *children], open=open, className="group")


def _heading() -> Any:
    legend = html.Div(id="legend", className="legend", role="group", **{"aria-label": "Methods shown"})
    return html.Div([html.P(id="caption", className="caption"), legend], className="heading")


def picture(key: str, title: str, config: dict[str, Any], hint: str) -> Any:
    """A figure: a plotly graph under the canvases that paths are drawn on."""
    return html.Figure(
        className="picture",
        id=f"{key}-picture",
        children=[
            html.Figcaption([html.Span(title, id=f"{key}-title"), html.Span(hint, className="hint", id=f"{key}-hint")]),
            html.Div(
                className="canvas-stack",
                id=f"{key}-stack",
                children=[
                    dcc.Graph(id=f"{key}-graph", figure=EMPTY, config=config, responsive=True, className="graph")
                ],
            ),
        ],
    )


def _pictures() -> Any:
    return html.Div(
        className="pictures",
        children=[
            picture("map", "Map", GRAPH_CONFIG, "Click or drag to set the start"),
            picture("relief", "Surface", RELIEF_CONFIG, "Drag to turn, scroll to zoom"),
        ],
    )


def player() -> Any:
    """The bar with playback, step and speed."""
    return html.Div(
        id="player",
        className="player",
        role="group",
        **{"aria-label": "Playback"},
        children=[
            button("home", _icon("first"), title="First step (Home)", **{"aria-label": "First step"}),
            button("back", _icon("back"), title="One step back (←)", **{"aria-label": "One step back"}),
            button("play", "Play", id="play-button", title="Play or pause (space)"),
            button("forward", _icon("forward"), title="One step on (→)", **{"aria-label": "One step on"}),
            button("end", _icon("last"), title="Last step (End)", **{"aria-label": "Last step"}),
            html.Div(id="scrubber", className="scrubber"),
            html.Output(id="step-readout", className="readout"),
            html.Div(id="speed", className="speed"),
            button("loop", "Loop", id="loop-button", **{"aria-pressed": "false"}),
        ],
    )


def _charts() -> Any:
    return html.Div(
        className="charts",
        children=[
            html.Figure(
                className="chart",
                children=[
                    html.Figcaption([html.Span(title), html.Span(unit, className="hint", id=f"{key}-unit")]),
                    html.Div(id=f"{key}-chart", className="chart-stack"),
                ],
            )
            for key, title, unit in CHARTS
        ],
    )


def _table() -> Any:
    return html.Section(
        className="outcomes",
        children=[
            html.H2("Outcomes"),
            html.Div(
                id="outcomes", className="scroll", tabIndex=0, role="region", **{"aria-label": "Table of outcomes"}
            ),
        ],
        **{"aria-label": "Outcomes"},
    )


def _claims() -> Any:
    return html.Section(
        id="claims-section",
        className="claims",
        hidden=True,
        children=[html.H2("Statements, tested here"), html.Div(id="claims", **{"aria-live": "polite"})],
    )


def _help() -> Any:
    return html.P(["Every key is on the sheet that ", html.Kbd("?"), " opens."], className="hint keys")


PAGE = Page("/", "Toy lab", "toy.js", layout, header, link_problems)
