"""The layout of the instruments page: the toy lab's controls, a choice of instruments, and a place for each."""

from __future__ import annotations

from typing import Any

from dash import html

from app.components.layout import bench, control_panel, group, preset_group
from app.drawing.appearance import ENDING_COLOURS, PLAIN_ENDINGS, WINDOW_ENDS
from app.instruments.controls import TABLE, instrument_controls, read_instruments_link
from app.instruments.instrument import Instrument
from app.instruments.messages import InstrumentTables
from app.instruments.registry import INSTRUMENTS
from app.state.messages import Control
from app.toy.page import header
from app.toy.page import tables as toy_tables
from app.toy.presets import PRESETS
from app.web.pages import Page

SHOWN_ONLY = ("scheme", "methods", "preset", "tuning")
"""What decides something in the toy lab, but no number of an instrument; beside each method's own settings."""


def tables() -> InstrumentTables:
    """What the client code is told once."""
    told = toy_tables()
    for entry in told["controls"]:
        if entry["name"] in SHOWN_ONLY or entry["name"].startswith("own_"):
            entry["role"] = "view"
    own: list[Control] = [{**control.entry(), "kept": True} for control in instrument_controls()]
    return {
        **told,
        "page": "instruments",
        "controls": [*told["controls"], *own],
        "export": [*told["export"], TABLE.entry()],
        "instruments": [one.entry() for one in INSTRUMENTS.values()],
        "own_controls": [control["name"] for control in own],
        "ending_colours": {"several": list(ENDING_COLOURS), "plain": PLAIN_ENDINGS, "window": WINDOW_ENDS},
    }


def layout() -> Any:
    """The page."""
    others = html.Div(
        id="other-methods", className="legend", role="group", hidden=True, **{"aria-label": "Other methods compared"}
    )
    title = html.H1("Instruments", className="spoken")
    return bench(tables(), _controls(), [title, _tabs(), others, *map(_panel, INSTRUMENTS.values())], "lab instruments")


def _controls() -> Any:
    return control_panel(
        [
            preset_group({key: preset.title for key, preset in PRESETS.items()}),
            group("Surface", [html.Div(id="surface-choice"), html.Div(id="surface-controls")], reset="surface pits"),
            group("Walk", [html.Div(id="main-controls"), html.Div(id="walk-controls")], reset="main walk"),
            group("Preconditioner U", [html.Div(id="preconditioner-controls")], reset="preconditioner"),
        ]
    )


def _tabs() -> Any:
    tabs = [
        html.Button(
            one.title,
            id=f"tab-{key}",
            className="button instrument-tab",
            type="button",
            role="tab",
            **{"data-action": "instrument", "data-value": key},
            **{"aria-controls": f"panel-{key}", "aria-selected": "false"},
        )
        for key, one in INSTRUMENTS.items()
    ]
    return html.Div(
        tabs, id="instrument-tabs", className="instrument-tabs", role="tablist", **{"aria-label": "Instruments"}
    )


def _panel(one: Instrument) -> Any:
    return html.Section(
        id=f"panel-{one.key}",
        className="panel",
        role="tabpanel",
        hidden=True,
        **{"aria-labelledby": f"tab-{one.key}"},
        children=[
            html.P(one.about, className="caption"),
            html.Div(id=f"{one.key}-tools", className="tools"),
            html.Div(id=f"{one.key}-body", className="instrument-body"),
        ],
    )


PAGE = Page(
    path="/instruments",
    title="Instruments",
    script="instruments.js",
    layout=layout,
    header=header,
    read_link=read_instruments_link,
    parts=tuple(one.script for one in INSTRUMENTS.values()),
)
