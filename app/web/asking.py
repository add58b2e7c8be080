"""Who asks: the network address of a request, through trusted proxies, and the browser behind it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from starlette.requests import HTTPConnection

from app.web.fair_queue import Visitor
from app.web.settings import networks_of

VISITOR_COOKIE = "pothole_visitor"
"""Holds a browser's random name. It says who waits for what, and is no proof of anything."""
LONGEST_NAME = 64
MOST_PROXIES = 20


def visitor_of_request(request: HTTPConnection) -> Visitor:
    """(address, browser) for fair queues; what the connection does not say is ""."""
    address = request.client.host if request.client else ""
    return address, request.cookies.get(VISITOR_COOKIE, "")[:LONGEST_NAME]


class ClientFinder:
    """find(address, forwarded) → the client's address.

    address: the connection's other end;  forwarded: the X-Forwarded-For headers. Each proxy adds the address that it
    was asked from at the list's end, so the client is the last one that is not a trusted proxy itself; what stands
    before it may be made up. Nothing is believed of a connection that does not come from a trusted proxy.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._networks = networks_of(names)
        # The same few addresses ask again and again.
        self.trusts = lru_cache(maxsize=4096)(self._trusts)

    def _trusts(self, address: str) -> bool:
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._networks)

    def __call__(self, address: str, forwarded: Sequence[str]) -> str:
        """The client's address."""
        if not forwarded or not self.trusts(address):
            return address
        for named in reversed([part.strip() for header in forwarded for part in header.split(",")][-MOST_PROXIES:]):
            if _parsed(named) is None:
                return address
            address = named
            if not self.trusts(named):
                break
        return address


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # An IPv4 client of a socket that listens on IPv6.
    return getattr(address, "ipv4_mapped", None) or address
