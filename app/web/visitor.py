"""Who asks: the network address of a request, told by trusted proxies, and the browser behind it.

An address says who shares a limit. The browser's cookie holds a random name: a run belongs to the browser that started
it, and it proves nothing else. The cookie is given with the answer to a page's own first request, never with a page:
SameSite=Strict keeps it from a visit that comes over a link on another site, and such a visit must not be given a new
one over the old.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from fastapi import Request, Response
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from app.state.schema import BadRequest
from app.web.fair_queue import Visitor
from app.web.settings import networks_of

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NOBODY = ""
"""The address of one whom a trusted proxy names in no readable way."""
FORWARDING = ("x-forwarded-for", "x-forwarded-proto", "x-real-ip", "forwarded", "via")
"""Headers of which each says that somebody passed the request on."""
WITH_PORT = re.compile(r"\[([^\[\]]+)\](?::\d{1,5})?|([^:\[\]]+):\d{1,5}")
MOST_PROXIES = 20
HOME_PREFIX = 64
"""Bits of an IPv6 address that name a connection to the network: one customer chooses the others freely."""

VISITOR_COOKIE = "pothole_visitor"
LASTS = 30 * 24 * 3600
"""Seconds."""
FORM = re.compile(r"[A-Za-z0-9_-]{22}\Z")


def read_address(text: str) -> Address | None:
    """The address in 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1] or [2001:db8::1]:80; None for all else."""
    text = text.strip()
    found = WITH_PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address((found[1] or found[2]) if found else text)
    except ValueError:
        return None
    # An IPv4 client of a socket that listens on IPv6.
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(maxsize=4096)
def limited_as(address: str) -> str:
    """What shares one limit with an address: itself, or of IPv6 the network that its holder chooses addresses in."""
    parsed = read_address(address)
    if isinstance(parsed, ipaddress.IPv6Address) and not parsed.is_loopback:
        return str(ipaddress.ip_network((int(parsed), HOME_PREFIX), strict=False))
    return address if parsed is None else str(parsed)


def address_of(connection: Mapping[str, Any]) -> str:
    """The address of a request's or websocket's client, as TrustedProxies left it; "" where there is none."""
    client = connection.get("client")
    return client[0] if client else NOBODY


class TrustedNetworks:
    """The addresses whose word on others is believed."""

    def __init__(self, names: Sequence[str]) -> None:
        self._networks = networks_of(names)
        # The same few addresses ask again and again.
        self.include = lru_cache(maxsize=4096)(self._include)

    def _include(self, address: str) -> bool:
        parsed = read_address(address)
        return parsed is not None and any(parsed in network for network in self._networks)


class TrustedProxies:
    """Puts the address and the scheme that a trusted proxy tells into the scope.

    Each proxy adds the address that it was asked from at the end of X-Forwarded-For, so the client is the last one
    that is not a trusted proxy itself; what stands before it may be made up. Where that is unreadable, or a proxy
    passes a request on without it, the client is nobody, and never the proxy. What has been believed is taken out of
    the headers: where one of FORWARDING is left, somebody passed the request on who is not trusted to say for whom.
    """

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        self.app = app
        self._trusted = TrustedNetworks(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and self._trusted.include(address_of(scope)):
            self._believe(scope)
        await self.app(scope, receive, send)

    def client(self, address: str, forwarded: Sequence[str]) -> str:
        """The client's address for a connection from a trusted proxy's, and its X-Forwarded-For headers."""
        for named in reversed([part.strip() for header in forwarded for part in header.split(",")][-MOST_PROXIES:]):
            parsed = read_address(named)
            if parsed is None:
                return NOBODY
            address = str(parsed)
            if not self._trusted.include(address):
                break
        return address

    def _believe(self, scope: Scope) -> None:
        headers = MutableHeaders(scope=scope)
        if not any(name in headers for name in FORWARDING):
            return  # the proxy's own request
        forwarded = headers.getlist("x-forwarded-for")
        scope["client"] = (self.client(address_of(scope), forwarded) if forwarded else NOBODY, 0)
        scheme = headers.get("x-forwarded-proto", "").strip().lower()
        if scheme in ("http", "https"):
            scope["scheme"] = {"http": "ws", "https": "wss"}[scheme] if scope["type"] == "websocket" else scheme
        for name in FORWARDING:
            del headers[name]
        scope["headers"] = headers.raw


def known_visitor(connection: HTTPConnection) -> str:
    """The browser's name, or "" where it sent none of ours. For requests and for websockets."""
    sent = connection.cookies.get(VISITOR_COOKIE, "")
    return sent if FORM.match(sent) else ""


def visitor_in_queue(connection: HTTPConnection) -> Visitor:
    """(what shares one limit, browser) for fair queues; what the connection does not say is ""."""
    return limited_as(address_of(connection)), known_visitor(connection)


def require_visitor(request: Request) -> str:
    """The browser's name; BadRequest with a sentence where it sent none."""
    visitor = known_visitor(request)
    if not visitor:
        raise BadRequest("The browser sent no visitor cookie: allow cookies for this page, then reload it.")
    return visitor


def greet(request: Request, response: Response) -> Response:
    """The answer, with a fresh name where the browser sent none."""
    if not known_visitor(request):
        response.set_cookie(
            VISITOR_COOKIE,
            secrets.token_urlsafe(16),
            max_age=LASTS,
            path="/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
    return response
