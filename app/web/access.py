"""Under which name the lab may be asked, and from whose pages.

A page of another site may have its own name point to 127.0.0.1 a moment after it has been opened (DNS rebinding); the
browser then takes the lab for a part of that site and lets its scripts read and send all. What still tells the two
apart is the name in the Host header: a server that only this computer reaches is asked for by the names of this
computer and by no other. What another site's page sends without such a trick carries that site's origin.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.http import SAFE_METHODS, refuse
from app.web.origin import ANY, read_origin, read_site
from app.web.settings import WebSettings

OF_THIS_COMPUTER = ("localhost", "127.0.0.1", "[::1]")


def hosts_of(given: Sequence[str], asked: str, bound: str) -> tuple[str, ...]:
    """The names that are let in (without ports: a tunnel or a notebook's proxy brings its own); (): any name.

    given: POTHOLE_HOSTS, which wins;  asked: the address or name to listen on, as the command line has it;  bound: the
    address that is listened on. On a loopback address these are the names of this computer, with both of the above.
    """
    if given:
        return () if ANY in given else tuple(given)
    if not is_loopback(bound):
        return ()
    own = (f"[{name}]" if ":" in name else name for name in (bound, asked))
    return tuple(dict.fromkeys((*OF_THIS_COMPUTER, *own)))


def is_loopback(address: str) -> bool:
    """Whether nothing but this computer reaches an IP address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(ip, "ipv4_mapped", None)
    return (inner or ip).is_loopback


def describe_hosts(hosts: Sequence[str]) -> str:
    """The names, for the start-up line."""
    return ",".join(hosts) if hosts else "any name (POTHOLE_HOSTS lists some)"


class AllowedHosts:
    """400 for a Host header with none of these names, whatever its port; no names: all are let in."""

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        self.app = app
        sites = [] if ANY in names else [read_site(name) for name in names]
        self._names = {site.name for site in sites if site}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        named = Headers(scope=scope).getlist("host")
        if len(named) > 1:
            await refuse(scope, receive, send, 400, "A request names one host.")
        elif self._names and not (named and self._has(named[0])):
            problem = "The lab does not answer to this name; POTHOLE_HOSTS lists the names that it answers to."
            await refuse(scope, receive, send, 400, problem)
        else:
            await self.app(scope, receive, send)

    def _has(self, host: str) -> bool:
        site = read_site(host)
        return site is not None and site.name in self._names


class AllowedOrigins:
    """403 for what a page of another site sends, unless the settings list that site.

    A browser names the origin of the page and lets no page change it; scripts and programs send none. The same-origin
    policy does not hold for websockets: without this any site could follow runs from a visitor's browser.
    """

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self.app = app
        self._others = {read_origin(name) for name in settings.origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        only_reads = scope["type"] == "http" and scope["method"] in SAFE_METHODS
        if only_reads or self._may_send(Headers(scope=scope)):
            await self.app(scope, receive, send)
        else:
            problem = "Pages of other sites may not send requests here; POTHOLE_ORIGINS lists exceptions."
            await refuse(scope, receive, send, 403, problem)

    def _may_send(self, headers: Headers) -> bool:
        given = headers.getlist("origin")
        if not any(given):
            return True
        origin = read_origin(given[0]) if len(given) == 1 else None
        if origin is None:
            return False
        # The scheme of the lab's own pages is not compared: a proxy may have ended TLS.
        return origin in self._others or origin.site == read_site(headers.get("host", ""), origin.scheme)
