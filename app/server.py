"""The server: Dash on FastAPI, the routes of all features, the guards. `build()` gives an ASGI application."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output
from dash.backends._fastapi import FastAPIDashServer, get_current_request
from fastapi import FastAPI

from app import ASSETS, MANUAL
from app.instruments.page import PAGE as INSTRUMENTS_PAGE
from app.instruments.routes import add_routes as add_instrument_routes
from app.jobs.settings import EngineSettings
from app.lecture.handout_page import PAGE as HANDOUT_PAGE
from app.lecture.notes_page import PAGE as NOTES_PAGE
from app.lecture.routes import add_routes as add_lecture_routes
from app.lecture.scenes import load_scenes
from app.network.page import PAGE as NETWORK_PAGE
from app.network.routes import add_routes as add_network_routes
from app.paper.page import PAGE as PAPER_PAGE
from app.telemetry.settings import ObserveSettings
from app.toy.methods_page import PAGE as METHODS_PAGE
from app.toy.page import PAGE as TOY_PAGE
from app.toy.routes import add_routes as add_toy_routes
from app.web.bodies import BodyLimit
from app.web.cache import Caches
from app.web.dash_guard import check_callback
from app.web.exports import Exports
from app.web.guards import guard
from app.web.health import ADDRESSES as HEALTH_ADDRESSES
from app.web.health import add_health_routes
from app.web.http import add_refusals
from app.web.manual import inline_scripts
from app.web.pages import PAGES, MissingPages, page_at, register
from app.web.password import server_key
from app.web.requests import ObservedApp, templates
from app.web.security import SecurityHeaders
from app.web.services import Services
from app.web.settings import WebSettings, web_settings
from app.web.shell import INDEX, TITLE, framed, shell
from app.web.static_files import StaticFiles

UNUSED = ("/dash_table/",)
"""Scripts of Dash that the pages do without."""


class LabDash(Dash):
    """Dash with two scripts of ours for a page: what is to be known before it is painted, and its entry among the
    client code, with all that this imports."""

    files: StaticFiles

    def interpolate_index(self, **parts: Any) -> str:
        """The page that Dash makes, with the script of the page that is asked for before Dash's own start."""
        parts["css"] += f'\n<script src="{self.files.marked("pages/first_paint.js")}"></script>'
        page = page_at(get_current_request().url.path)
        if page is not None:
            wanted = [tag for tag in parts["scripts"].splitlines() if not any(name in tag for name in UNUSED)]
            parts["scripts"] = "\n".join(wanted)
            parts["scripts"] += f'\n<script src="{self.files.marked(f"pages/{page.script}")}"></script>'
        return super().interpolate_index(**parts)


class Backend(FastAPIDashServer):
    """Dash on FastAPI without its websocket, which takes any message of any size: runs have a stream of their own."""

    websocket_capability = False

    @staticmethod
    def create_app(name: str = "app", config: dict[str, Any] | None = None) -> FastAPI:  # noqa: ARG004
        """A server without FastAPI's own pages, which load scripts from elsewhere."""
        return FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


CACHE_SHARES = {"paths": 14, "surfaces": 7, "instruments": 6, "inspector": 4, "claims": 1}
"""Of POTHOLE_CACHE_BYTES. An answer of paths has about 100 kB at 600 steps, a surface about 300 kB."""
ROUTES = ("/toy/", "/network/", "/instruments/", "/lecture/", "/export/")
OWN_ADDRESSES = ("/_dash-", "/_reload-hash", "/_favicon.ico", "/assets/", *ROUTES)


def has_page(path: str) -> bool:
    """Whether there is something at an address: a page, or what pages are made of."""
    return path.startswith(OWN_ADDRESSES) or path in HEALTH_ADDRESSES or page_at(path) is not None


class Application(ObservedApp):
    """The whole application, with the parts that a start warms up."""

    files: StaticFiles
    caches: Caches


def build(settings: WebSettings | None = None, observe: ObserveSettings | None = None) -> Application:
    """The application, ready for an ASGI server; the tables given stand in for the environment's.

    SceneFileError where the settings name a scene file that cannot be used; ValueError where the key of the password's
    cookies cannot be kept in the state folder.
    """
    settings = settings or web_settings()
    caches = Caches(settings.cache_bytes, CACHE_SHARES)
    key = server_key(EngineSettings.from_environment().state_folder) if settings.password else b""
    for page in (TOY_PAGE, INSTRUMENTS_PAGE, NETWORK_PAGE, METHODS_PAGE, PAPER_PAGE, NOTES_PAGE, HANDOUT_PAGE):
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
    services = Services(settings, caches, Exports(settings))
    app.server.router.add_event_handler("shutdown", services.exports.close)
    add_refusals(app.server)
    for add_routes in (add_toy_routes, add_instrument_routes, add_network_routes):
        add_routes(app.server, services)
    add_lecture_routes(app.server, scenes)
    add_health_routes(app.server, observe or ObserveSettings.from_environment())
    app.layout = shell
    add_callbacks(app)
    # Dash does this at the first request, but too late for it: a server opened at a page other than "/" would answer
    # without any of its scripts.
    app._setup_server()
    known = {name: entry for name, entry in app.callback_map.items() if "callback" in entry}
    checks = {"/_dash-update-component": lambda body: check_callback(body, known)}
    answering = BodyLimit(MissingPages(app.server, has_page), settings, checks)
    files = app.files = StaticFiles(answering, ASSETS, app.registered_paths, client_parts(), MANUAL)
    scripts = [*app.csp_hashes(), *inline_scripts(MANUAL)]
    secure = SecurityHeaders(guard(files, settings, key), scripts, settings.frame_ancestors)
    application = Application(secure, templates(app.server.routes, has_page))
    application.files, application.caches = files, caches
    return application


def client_parts() -> dict[str, tuple[str, ...]]:
    """The modules of each page's script that its entry does not import."""
    return {page.script: page.parts for page in PAGES.values() if page.parts}


def add_callbacks(app: Dash) -> None:
    """Which page is shown, and the start of its client code. All else happens in assets/."""

    @app.callback(Output("page", "children"), Input("address", "pathname"))
    def show_page(path: Any) -> list[Any]:
        """The page at the address bar's path."""
        return framed(page_at(path))

    # Dash makes the first call of a callback on inserted components only where it has an output.
    app.clientside_callback(
        ClientsideFunction("potholeLab", "start"), Output("lab-started", "data"), Input("lab-tables", "data")
    )
