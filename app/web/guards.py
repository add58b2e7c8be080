"""Who is let in: the guards in their order, the same for pages, requests and websockets."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.access import AllowedHosts, AllowedOrigins
from app.web.password import Password
from app.web.rate_limit import RateLimit, SocketLimit
from app.web.settings import WebSettings
from app.web.visitor import TrustedProxies

OPEN = ("/healthz", "/readyz")
"""Asked by machines that know neither the lab's name nor its password; nothing is computed there."""


class OpenAddresses:
    """Leads the open addresses past the guards, and whatever is neither a request nor a websocket."""

    def __init__(self, app: ASGIApp, guarded: ASGIApp) -> None:
        self.app, self.guarded = app, guarded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_open = scope["type"] not in ("http", "websocket") or scope["path"] in OPEN
        await (self.app if is_open else self.guarded)(scope, receive, send)


def guard(
    app: ASGIApp,
    settings: WebSettings,
    key: bytes = b"",
    clock: Callable[[], float] = time.monotonic,
    wall: Callable[[], float] = time.time,
) -> ASGIApp:
    """The application behind its guards. key: the server's secret for cookies, where there is a password."""
    guarded: ASGIApp = SocketLimit(app, settings)
    if settings.password:
        guarded = Password(guarded, settings, key, clock, wall)
    guarded = AllowedHosts(AllowedOrigins(guarded, settings), settings.hosts)
    return TrustedProxies(OpenAddresses(app, RateLimit(guarded, settings, clock)), settings.trusted_proxies)
