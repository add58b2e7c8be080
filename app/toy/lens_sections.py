"""The sections of the toy lab that look closer at its runs; the client code fills them and shows them when wanted."""

from __future__ import annotations

from typing import Any

from dash import html


def _button(action: str, text: str, title: str) -> Any:
    return html.Button(text, className="button", type="button", title=title, **{"data-action": action})


def lens_sections() -> list[Any]:
    """One section for each lens, hidden until the link or a control asks for it."""
    return [_own(), _cost(), _cloud(), _anatomy()]


def _own() -> Any:
    return html.Section(
        id="own-section",
        className="lens",
        hidden=True,
        **{"aria-label": "Each method its own"},
        children=[
            html.Div(
                className="lens-head",
                children=[
                    html.P(id="own-sentence", className="lens-sentence"),
                    html.Div(
                        _button("own-equal", "Equal again", "All methods with the same η and ρ"), className="lens-tools"
                    ),
                ],
            )
        ],
    )


def _cost() -> Any:
    return html.Section(
        id="cost-section",
        className="lens",
        hidden=True,
        **{"aria-labelledby": "cost-title"},
        children=[
            html.H2("At equal cost", id="cost-title"),
            html.P(id="cost-sentence", className="lens-sentence"),
            html.P(id="cost-now", className="hint"),
            html.P(id="cost-what", className="hint"),
        ],
    )


def _cloud() -> Any:
    return html.Section(
        id="cloud-section",
        className="lens",
        hidden=True,
        **{"aria-labelledby": "cloud-title"},
        children=[
            html.Div(className="lens-head", children=[
                html.H2("Cloud of walkers", id="cloud-title"),
                html.Div(_button("cloud-off", "Close", "Draw no cloud"), className="lens-tools"),
            ]),
            html.P(id="cloud-sentence", className="lens-sentence"),
            html.Div(id="cloud-counts", className="scroll"),
            html.P(id="cloud-now", className="hint"),
        ],
    )  # fmt: skip


def _anatomy() -> Any:
    return html.Section(
        id="anatomy-section",
        className="lens anatomy",
        hidden=True,
        **{"aria-labelledby": "anatomy-title"},
        children=[
            html.Div(
                className="lens-head",
                children=[
                    html.H2("Anatomy of a step", id="anatomy-title"),
                    html.Div(id="anatomy-methods", className="legend", role="group", **{"aria-label": "Taken apart"}),
                    html.Div(
                        className="lens-tools",
                        children=[
                            _button("anatomy-back", "Back", "One vector back (Shift+N)"),
                            _button("anatomy-next", "Next", "Next vector (N)"),
                            _button("anatomy-close", "Close", "Close the anatomy"),
                        ],
                    ),
                ],
            ),
            html.Div(
                className="anatomy-body",
                children=[
                    html.Div(id="anatomy-stack", className="anatomy-stack"),
                    html.Div(
                        children=[
                            html.P(id="anatomy-where", className="hint"),
                            html.Ol(id="anatomy-stages", className="anatomy-stages"),
                        ]
                    ),
                ],
            ),
        ],
    )
