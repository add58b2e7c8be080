"""The layout of the toy lab. Buttons carry data-action, which the client code listens for; places carry an id."""

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
from app.drawing.appearance import ground_looks, looks
from app.toy.controls import controls, shown_methods, start_controls, surface_choice, surface_controls
from app.toy.cut import CUT_KEY
from app.toy.explanations import explanations, short_words
from app.toy.export.controls import CONTROLS as EXPORT_CONTROLS
from app.toy.messages import PresetEntry, SurfaceTable, ToyTables
from app.toy.pits import PITS
from app.toy.presets import PRESETS, Preset
from app.toy.request import PRESET, read_link, read_state
from app.web.pages import Page
from app.web.settings import web_settings
from geometry.surfaces import SURFACES, make_surface
from optimizers import METHODS
from optimizers.methods import grouped, toy_methods

CHARTS = (
    ("losses", "Loss", "L(θ)"),
    ("distance", "Distance", "‖θ − c‖"),
    ("curvature", "Local curvature", "largest eigenvalue of ∇²L(θ)"),
)


def tables() -> ToyTables:
    """What the client code is told once: controls, looks and presets."""
    return {
        "page": "toy",
        "controls": [control.entry() for control in (PRESET, surface_choice(), shown_methods(), *controls())],
        "surfaces": {key: _surface_table(key) for key in SURFACES},
        "methods": list(toy_methods()),
        "compared": list(METHODS),
        "groups": grouped(toy_methods()),
        "looks": looks(toy_methods()),
        "grounds": ground_looks(),
        "framed": bool(web_settings().frame_ancestors),
        "export": [control.entry() for control in EXPORT_CONTROLS],
        "explanations": explanations(),
        "short_words": {name: short_words(name, method) for name, method in toy_methods().items()},
        "presets": {key: preset_entry(preset) for key, preset in PRESETS.items()},
    }


def preset_entry(preset: Preset) -> PresetEntry:
    """What the client is told of a preset: its words, and its whole state."""
    state = read_state({"preset": preset.key}).state
    return {"title": preset.title, "question": preset.question, "caption": preset.caption, "state": state}


def _surface_table(key: str) -> SurfaceTable:
    surface = make_surface(key)
    parameters = (*surface_controls(key), PITS, *start_controls(surface))
    return {"description": surface.description, "controls": [control.entry() for control in parameters]}


def header() -> list[Any]:
    """The tools at the right of the header."""
    return header_tools(button("export", "Export…", id="export-button", **{"aria-haspopup": "dialog"}))


def layout() -> Any:
    """The page."""
    charts = html.Div([chart(*row) for row in CHARTS], className="charts")
    table = outcomes("Outcomes", "Outcomes", "Table of outcomes")
    stage = [_first_screen(), *_inspectors(), charts, table, _claims(), _help()]
    return bench(tables(), _controls(), stage, "lab toy")


def _controls() -> Any:
    return control_panel(
        [
            group("Surface", [html.Div(id="surface-choice"), html.Div(id="surface-controls")], reset="surface pits"),
            group("Walk", [html.Div(id="walk-controls")], reset="walk"),
            group("Each method its own", [html.Div(id="own-controls")], opened=False, reset="own"),
            group("Preconditioner U", [html.Div(id="preconditioner-controls")], reset="preconditioner"),
            group("Look closer", [html.Div(id="inspector-controls")]),
        ]
    )


def _first_screen() -> Any:
    """What a newcomer sees and needs, as high as the window: the question, the methods, the pictures, playback and the
    three settings that decide most."""
    return html.Section(
        id="first-screen", className="first-screen", children=[_heading(), _legend(), _pictures(), _dock()]
    )


def _heading() -> Any:
    words = [html.H1(id="question", className="question"), html.P(id="caption", className="caption")]
    presets = preset_row({key: preset.title for key, preset in PRESETS.items()})
    return html.Div([html.Div(words, className="heading-words"), presets], className="heading")


def _legend() -> Any:
    return html.Div(id="legend", className="legend", role="group", **{"aria-label": "Methods shown"})


def _dock() -> Any:
    """Playback, and the settings that stand beside the pictures."""
    more = button(
        "toggle-controls",
        "More settings",
        id="more-settings",
        title="Surface, momentum, U and what looks closer (C)",
        **{"aria-controls": "controls", "aria-expanded": "false"},
    )
    freeze = button("freeze", "Freeze this run", id="freeze-button", **{"aria-pressed": "false"})
    return html.Div(
        className="dock",
        children=[
            player(freeze),
            html.P(id="frozen", className="frozen", role="status", hidden=True),
            html.Div([html.Div(id="main-controls", className="main-controls"), more], className="main-settings"),
        ],
    )


def _pictures() -> Any:
    return html.Div(
        className="pictures",
        children=[
            picture("map", "Map", ""),
            _cut(),
            picture("relief", "Surface", ""),
        ],
    )


def _cut() -> Any:
    words = [html.Span("Cut"), html.Span(className="hint", id="cut-hint"), html.Div(id="cut-controls")]
    stack = html.Div(className="canvas-stack", id="cut-stack")
    key = html.P(CUT_KEY, className="hint", id="cut-key")
    return html.Figure([html.Figcaption(words), stack, key], className="picture cut", id="cut-picture", role="group")


def _claims() -> Any:
    return html.Section(
        id="claims-section",
        className="claims",
        hidden=True,
        children=[html.H2("Statements, tested here"), html.Div(id="claims", **{"aria-live": "polite"})],
    )


def _help() -> Any:
    return html.P(["Every key is on the sheet that ", html.Kbd("?"), " opens."], className="hint keys")


def _inspectors() -> list[Any]:
    """One section for each inspector, hidden until the link or a control asks for it."""
    equal = button("own-equal", "Equal again", title="All methods with the same η and ρ")
    own = html.Section(
        [_inspector_head([html.P(id="own-sentence", className="inspector-sentence")], [equal])],
        id="own-section",
        className="inspector",
        hidden=True,
        **{"aria-label": "Each method its own"},
    )
    cost = [
        html.H2("At equal cost", id="cost-title"),
        html.P(id="cost-sentence", className="inspector-sentence"),
        html.P(id="cost-now", className="hint"),
        html.P(id="cost-what", className="hint"),
    ]
    close = button("cloud-off", "Close", title="Draw no cloud")
    cloud = [
        _inspector_head([html.H2("Cloud of walkers", id="cloud-title")], [close]),
        html.P(id="cloud-sentence", className="inspector-sentence"),
        html.Div(id="cloud-counts", className="scroll"),
        html.P(id="cloud-now", className="hint"),
    ]
    return [own, _inspector("cost", cost), _inspector("cloud", cloud), _anatomy()]


def _inspector(key: str, children: list[Any], kind: str = "inspector") -> Any:
    """An inspector that its title names."""
    return html.Section(
        children, id=f"{key}-section", className=kind, hidden=True, **{"aria-labelledby": f"{key}-title"}
    )


def _inspector_head(words: list[Any], tools: list[Any]) -> Any:
    return html.Div([*words, html.Div(tools, className="inspector-tools")], className="inspector-head")


def _anatomy() -> Any:
    methods = html.Div(id="anatomy-methods", className="legend", role="group", **{"aria-label": "Taken apart"})
    tools = [
        button("anatomy-back", "Back", title="One vector back (Shift+N)"),
        button("anatomy-next", "Next", title="Next vector (N)"),
        button("anatomy-close", "Close", title="Close the anatomy"),
    ]
    words = [html.P(id="anatomy-where", className="hint"), html.Ol(id="anatomy-stages", className="anatomy-stages")]
    body = [html.Div(id="anatomy-stack", className="anatomy-stack"), html.Div(words)]
    head = _inspector_head([html.H2("Anatomy of a step", id="anatomy-title"), methods], tools)
    return _inspector("anatomy", [head, html.Div(body, className="anatomy-body")], "inspector anatomy")


PAGE = Page("/", "Toy lab", "toy.js", layout, header, read_link)
