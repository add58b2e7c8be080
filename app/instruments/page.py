"""The layout of the instruments page: the toy lab's controls, a choice of instruments, and a place for each."""

from __future__ import annotations

from typing import Any

from dash import html

from app.instruments.controls import INSTRUMENT, OWN_CONTROLS
from app.instruments.export.tables import TABLES
from app.instruments.link import link_problems
from app.state.control_entries import entry
from app.toy.page import bench, button, group
from app.toy.page import header as toy_header
from app.toy.page import tables as toy_tables
from app.toy.presets import PRESETS
from app.web.pages import Page

ABOUT = {
    "phase": "How many runs reach the flat basin, and when, at each pair of settings, on one scale for all methods.",
    "race": "LLQR learns U from the wide landscape and unlearns it in the well, within k/(1 − β) steps. Who is faster?",
    "fairness": "Equal learning rates favour whom they suit. Here every method is tuned over as many settings.",
    "basins": "Where each start ends: one walker from every point of the map.",
    "two-scale": "In a hard-edged pothole SAM's bouncing has closed forms. Each stands beside what the real step does.",
}


def tables() -> dict[str, Any]:
    """What the client code is told once."""
    return {
        **toy_tables(),
        "page": "instruments",
        "own": [entry(c) for c in OWN_CONTROLS],
        "about": ABOUT,
        "exported": TABLES,
    }


def layout() -> Any:
    """The page."""
    return bench(tables(), _controls(), [_tabs(), *(_panel(key) for key in ABOUT)], "lab instruments")


def _controls() -> Any:
    presets = [
        button("preset", preset.title, **{"data-value": key, "aria-pressed": "false"})
        for key, preset in PRESETS.items()
    ]
    return html.Aside(
        id="controls",
        className="controls",
        **{"aria-label": "Controls"},
        children=[
            group("Presets", [html.Div(presets, className="presets")]),
            group("Surface", [html.Div(id="surface-choice"), html.Div(id="surface-controls")]),
            group("Walk", [html.Div(id="walk-controls")]),
            group("Preconditioner U", [html.Div(id="preconditioner-controls")]),
        ],
    )


def _tabs() -> Any:
    tabs = [
        html.Button(
            title, id=f"tab-{key}", className="button instrument-tab", type="button", role="tab",
            **{"data-action": "instrument", "data-value": key},
            **{"aria-controls": f"panel-{key}", "aria-selected": "false"},
        )
        for key, title in INSTRUMENT.options
        if key in ABOUT
    ]  # fmt: skip
    return html.Div(tabs, className="instrument-tabs", role="tablist", **{"aria-label": "Instruments"})


def _panel(key: str) -> Any:
    return html.Section(
        id=f"panel-{key}",
        className="panel",
        role="tabpanel",
        hidden=True,
        **{"aria-labelledby": f"tab-{key}"},
        children=[
            html.P(ABOUT[key], className="caption"),
            html.Div(id=f"{key}-tools", className="tools"),
            html.Div(id=f"{key}-body", className="instrument-body"),
        ],
    )


PAGE = Page("/instruments", "Instruments", "instruments.js", layout, toy_header, link_problems)
