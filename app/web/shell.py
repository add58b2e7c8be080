"""The frame around every page: title, navigation, the page itself, and what the browser is told at the start."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from app.web.pages import PAGES, SHORTCUTS, Page

TITLE = "Pothole lab"
TAGLINE = "Who gets out of the sharp well?"
INDEX = """<!DOCTYPE html>
<html lang="en">
  <head>
    {%metas%}
    <title>{%title%}</title>
    {%favicon%}
    {%css%}
  </head>
  <body>
    <noscript>Pothole lab draws in the browser and needs JavaScript.</noscript>
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>"""


def shell() -> Any:
    """The layout of the application."""
    return html.Div([dcc.Location(id="address", refresh=False), html.Div(id="page")])


def framed(page: Page | None) -> list[Any]:
    """Header and content of a page; a plain sentence where there is none."""
    if page is None:
        lost = html.Main(className="lost", children=[html.H1("There is no such page"), _navigation(None, always=True)])
        return [_header(None), lost]
    return [_header(page), page.layout()]


def _header(page: Page | None) -> Any:
    own = page.header() if page is not None and page.header is not None else None
    return html.Header(
        className="top",
        children=[
            html.A(TITLE, href="/", className="brand"),
            html.Span(TAGLINE, className="tagline"),
            _navigation(page),
            html.Div([*(own or []), *_tools(page)], className="top-tools"),
        ],
    )


def _tools(page: Page | None) -> list[Any]:
    """The tools of every page in the navigation: the lecture and the sheet of keys."""
    if page is None or not page.in_navigation:
        return []
    tools = (("lecture", "Lecture", "Scenes, notes, projector (L)"), ("help", "?", "Keys (?)"))
    return [
        html.Button(
            text,
            className="button",
            type="button",
            title=title,
            **{"data-action": action, "aria-haspopup": "dialog", **({"aria-label": "Keys"} if text == "?" else {})},
        )
        for action, text, title in tools
    ]


def _navigation(page: Page | None, always: bool = False) -> Any:
    listed = [other for other in PAGES.values() if other.in_navigation]
    if len(listed) < 2 and not always:
        return None
    # Client code lets the pages' links take the setting along, or its look alone: a shortcut leads where it says.
    shortcuts = [html.A(title, href=address, className="shortcut") for title, address in SHORTCUTS.items()]
    links = [
        html.A(other.title, href=other.path, **({"aria-current": "page"} if other is page else {})) for other in listed
    ]
    return html.Nav([*shortcuts, *links], className="pages", **{"aria-label": "Pages"})
