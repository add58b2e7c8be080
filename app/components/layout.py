"""The parts that pages are laid out of. Buttons carry data-action, which the client code listens for; places an id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html


def bench(told: Mapping[str, Any], controls: Any, stage: list[Any], kind: str = "lab") -> Any:
    """The frame of every page with pictures: what the client code is told, notices, controls, stage, spoken words."""
    return html.Div(
        className=kind,
        children=[
            dcc.Store(id="lab-tables", data=told),
            dcc.Store(id="lab-started"),
            html.Div(id="notices", role="status", **{"aria-live": "polite"}),
            html.Section(id="lecture-bar", className="lecture-bar", hidden=True, **{"aria-label": "Lecture"}),
            html.Section(id="lecture-card", className="lecture-card", hidden=True, **{"aria-label": "Scene"}),
            controls,
            html.Main(className="stage", children=stage),
            html.Div(id="spoken", className="spoken", role="status", **{"aria-live": "polite"}),
        ],
    )


def button(action: str, text: Any, value: str = "", **more: Any) -> Any:
    """A button that the client code hears of by its action, and by a value where it has one."""
    what = {"data-action": action, **({"data-value": value} if value else {})}
    return html.Button(text, className="button", type="button", **{**what, **more})


def header_tools(*first: Any) -> list[Any]:
    """The tools at the right of the header: what a page has of its own, then those of every page."""
    return [
        *first,
        button("copy-link", "Copy link"),
        button("toggle-scheme", "Dark", id="scheme-button"),
        button("toggle-controls", "Controls", id="controls-button", **{"aria-controls": "controls"}),
    ]


def group(title: str, children: Sequence[Any], opened: bool = True, reset: str = "") -> Any:
    """A titled group of controls that can be folded; `reset`: the names of groups that a button sets back."""
    back = [button("reset", "Reset", value=reset, title=f"{title}: as the preset has it")] if reset else []
    return html.Details([html.Summary(title), *back, *children], open=opened, className="group")


def control_panel(groups: Sequence[Any]) -> Any:
    """The panel with the groups of controls."""
    return html.Aside(list(groups), id="controls", className="controls", **{"aria-label": "Controls"})


def preset_row(titles: Mapping[str, str]) -> Any:
    """A button for each preset (key → title)."""
    buttons = [
        html.Button(
            title,
            className="button preset",
            type="button",
            **{"data-action": "preset", "data-value": key, "aria-pressed": "false"},
        )
        for key, title in titles.items()
    ]
    return html.Div(buttons, className="presets", role="group", **{"aria-label": "Presets"})


def preset_group(titles: Mapping[str, str]) -> Any:
    """The group of controls with the presets."""
    return group("Presets", [preset_row(titles)])


def player(*more: Any) -> Any:
    """The bar with playback, step and speed, which the client code fills, and at its end what a page has more."""
    return html.Div(list(more), id="player", className="player", role="group", **{"aria-label": "Playback"})


def picture(key: str, title: str, hint: str) -> Any:
    """A figure that the browser draws, with its title and what one may do with it."""
    return html.Figure(
        className="picture",
        id=f"{key}-picture",
        children=[
            html.Figcaption([html.Span(title, id=f"{key}-title"), html.Span(hint, className="hint", id=f"{key}-hint")]),
            html.Div(className="canvas-stack", id=f"{key}-stack"),
        ],
    )


def chart(key: str, title: str, hint: str, kind: str = "chart-stack", **place: Any) -> Any:
    """A figure with a line chart that the browser draws; `place`: what its place has more."""
    return html.Figure(
        className="chart",
        children=[
            html.Figcaption([html.Span(title), html.Span(hint, className="hint", id=f"{key}-hint")]),
            html.Div(id=f"{key}-chart", className=kind, **place),
        ],
    )


def outcomes(title: str, label: str, table: str) -> Any:
    """The section with a row for each method; its label, and that of its table, which may be scrolled."""
    place = html.Div(id="outcomes", className="scroll", tabIndex=0, role="region", **{"aria-label": table})
    return html.Section([html.H2(title), place], className="outcomes", **{"aria-label": label})
