"""The server: Dash on FastAPI, the toy lab's routes, security headers. `build()` gives an ASGI application."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dash import Dash
from dash.backends._fastapi import FastAPIDashServer, get_current_request
from fastapi import FastAPI

from app.callbacks import add_callbacks
from app.instruments.page import PAGE as INSTRUMENTS_PAGE
from app.instruments.routes import add_instrument_routes
from app.lecture.notes_page import PAGE as NOTES_PAGE
from app.lecture.routes import add_lecture_routes
from app.lecture.source import load_scenes
from app.network.explore.routes import add_explore_routes
from app.network.page import PAGE as NETWORK_PAGE
from app.network.routes import add_network_routes
from app.telemetry.settings import ObserveSettings
from app.toy.lens_routes import add_lens_routes
from app.toy.page import PAGE as TOY_PAGE
from app.toy.routes import add_routes
from app.web.dash_guard import check_callback
from app.web.exports import add_export_routes
from app.web.health import ADDRESSES as HEALTH_ADDRESSES
from app.web.health import add_health_routes
from app.web.pages import PAGES, page_at, register
from app.web.requests import ObservedApp, templates
from app.web.security import SecureApp, security_headers
from app.web.settings import WebSettings, web_settings
from app.web.shell import INDEX, TITLE, shell
from app.web.static_files import StaticFiles

ASSETS = Path(__file__).resolve().parent.parent / "assets"


class LabDash(Dash):
    """Dash with one script of ours for a page: its entry among the client code, with all that this imports."""

    files: StaticFiles

    def interpolate_index(self, **parts: Any) -> str:
        """The page that Dash makes, with the script of the page that is asked for before Dash's own start."""
        page = page_at(get_current_request().url.path)
        if page is not None:
            parts["scripts"] += f'\n<script src="{self.files.marked(f"pages/{page.script}")}"></script>'
        return super().interpolate_index(**parts)


class Backend(FastAPIDashServer):
    """Dash on FastAPI without its websocket, which takes any message of any size: runs have a stream of their own."""

    websocket_capability = False

    @staticmethod
    def create_app(name: str = "app", config: dict[str, Any] | None = None) -> FastAPI:  # noqa: ARG004
        """A server without FastAPI's own pages, which load scripts from elsewhere."""
        return FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


ROUTES = ("/toy/", "/network/", "/instruments/", "/lecture/", "/export/")
OWN_ADDRESSES = ("/_dash-", "/_reload-hash", "/_favicon.ico", "/assets/", *ROUTES)


def has_page(path: str) -> bool:
    """Whether there is something at an address: a page, or what pages are made of."""
    return path.startswith(OWN_ADDRESSES) or path in HEALTH_ADDRESSES or page_at(path) is not None


def build(settings: WebSettings | None = None, observe: ObserveSettings | None = None) -> ObservedApp:
    """The application, ready for an ASGI server; the tables given stand in for the environment's.

    SceneFileError where the settings name a scene file that cannot be used.
    """
    settings = settings or web_settings()
    for page in (TOY_PAGE, INSTRUMENTS_PAGE, NETWORK_PAGE, NOTES_PAGE):
        if page.path not in PAGES:
            register(page)
    scenes = load_scenes(settings.scenes)
    app = LabDash(
        "app",
        backend=Backend,
        assets_folder=str(ASSETS),
        assets_ignore=r"\.js$",
        index_string=INDEX,
        title=TITLE,
        update_title=None,
        serve_locally=True,
        suppress_callback_exceptions=True,
    )
    add_routes(app.server, settings)
    add_lens_routes(app.server, settings)
    add_instrument_routes(app.server, settings)
    add_network_routes(app.server)
    add_export_routes(app.server, settings)
    add_explore_routes(app.server)
    add_lecture_routes(app.server, scenes)
    add_health_routes(app.server, observe or ObserveSettings.from_environment())
    app.layout = shell
    add_callbacks(app)
    # Dash does this at the first request, but too late for it: a server opened at a page other than "/" would answer
    # without any of its scripts.
    app._setup_server()
    known = {name: entry for name, entry in app.callback_map.items() if "callback" in entry}
    checks = {"/_dash-update-component": lambda body: check_callback(body, known)}
    files = app.files = StaticFiles(ASSETS, app.registered_paths)
    secure = SecureApp(app.server, security_headers(app.csp_hashes()), checks, has_page, settings, files=files)
    return ObservedApp(secure, templates(app.server.routes, has_page))
