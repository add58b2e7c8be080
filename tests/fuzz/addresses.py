"""What is fuzzed: every address that the application has, asked of the application itself; and how many cases."""

from __future__ import annotations

import os

from fastapi import FastAPI
from starlette.routing import WebSocketRoute

from app.server import build

CASES = int(os.environ.get("FUZZ_CASES", "400"))
"""Cases in all; `make fuzz` sets many more."""


def application() -> FastAPI:
    """The FastAPI application inside its wrappers."""
    app = build()
    while not isinstance(app, FastAPI):
        app = app.app  # type: ignore[attr-defined]
    return app


ROUTES = [route for route in application().routes if hasattr(route, "path")]
ADDRESSES = sorted(
    {(method, route.path) for route in ROUTES for method in getattr(route, "methods", None) or ()}
    | {("POST", "/_dash-update-component")}
)
SOCKETS = sorted(route.path for route in ROUTES if isinstance(route, WebSocketRoute))
