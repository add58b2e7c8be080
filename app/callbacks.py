"""The wiring between widgets and code: two server callbacks that lay out, the rest in the browser (assets/)."""

from __future__ import annotations

from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output

from app.control_widgets import table_entry, widgets
from app.controls import start_controls, surface_controls
from app.pages import page_at
from app.request import read_state
from app.shell import framed


def add_callbacks(app: Dash) -> None:
    """Register all callbacks."""

    @app.callback(Output("page", "children"), Input("address", "pathname"))
    def show_page(path: Any) -> list[Any]:
        """The page at the address bar's path."""
        return framed(page_at(path))

    @app.callback(
        Output("surface-controls", "children"),
        Output("surface-table", "data"),
        Input("surface-form", "data"),
        prevent_initial_call=True,
    )
    def show_surface_controls(state: Any) -> tuple[list[Any], list[dict[str, Any]]]:
        """Sliders for the surface's own parameters and the start, at the values of the posted state."""
        reading = read_state(state if isinstance(state, dict) else {})
        controls = (*surface_controls(reading.surface.key), *start_controls(reading.surface))
        return widgets(controls, reading.state), [table_entry(control) for control in controls]

    def in_browser(function: str, *wires: Any) -> None:
        app.clientside_callback(ClientsideFunction("potholeLab", function), *wires)

    # Dash makes the first call of a callback on inserted components only where it has an output.
    in_browser("start", Output("lab-started", "data"), Input("lab-tables", "data"))
    in_browser("surfaceTable", Input("surface-table", "data"))
    in_browser("sliderMoved", Input({"type": "slider", "name": ALL}, "value"))
    in_browser("numberTyped", Input({"type": "number", "name": ALL}, "value"))
    in_browser("choiceMade", Input({"type": "choice", "name": ALL}, "value"))
