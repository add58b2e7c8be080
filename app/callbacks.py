"""The wiring of the pages: which page is shown, and the start of its client code. All else happens in assets/."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output

from app.web.pages import page_at
from app.web.shell import framed


def add_callbacks(app: Dash) -> None:
    """Register all callbacks."""

    @app.callback(Output("page", "children"), Input("address", "pathname"))
    def show_page(path: Any) -> list[Any]:
        """The page at the address bar's path."""
        return framed(page_at(path))

    # Dash makes the first call of a callback on inserted components only where it has an output.
    app.clientside_callback(
        ClientsideFunction("potholeLab", "start"), Output("lab-started", "data"), Input("lab-tables", "data")
    )
