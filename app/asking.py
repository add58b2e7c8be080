"""Who asks: the network address of a request, through trusted proxies, and the browser behind it."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import HTTPConnection

from app.fair_queue import Visitor

VISITOR_COOKIE = "pothole_visitor"
"""Holds a browser's random name. It says who waits for what, and is no proof of anything."""
LONGEST_NAME = 64
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def visitor_of_request(request: HTTPConnection) -> Visitor:
    """(address, browser) for fair queues; what the connection does not say is ""."""
    address = request.client.host if request.client else ""
    return address, request.cookies.get(VISITOR_COOKIE, "")[:LONGEST_NAME]


def networks_of(names: Sequence[str]) -> tuple[Network, ...]:
    """Networks from addresses ("10.0.0.7") and networks ("10.0.0.0/8"); ValueError that quotes what is neither."""
    found = []
    for name in names:
        try:
            found.append(ipaddress.ip_network(name, strict=False))
        except ValueError:
            raise ValueError(
                f"POTHOLE_TRUSTED_PROXIES must name addresses or networks such as 127.0.0.1 or 10.0.0.0/8, not {name!r}"
            ) from None
    return tuple(found)


def client_finder(names: Sequence[str]) -> Callable[[str, Sequence[str]], str]:
    """find(address, forwarded) → the client's address.

    address: the connection's other end;  forwarded: the X-Forwarded-For headers. Each proxy adds the address that it
    was asked from at the list's end, so the client is the last one that is not a trusted proxy itself; what stands
    before it may be made up. Nothing is believed of a connection that does not come from a trusted proxy.
    """
    trusted = networks_of(names)

    def is_trusted(address: str) -> bool:
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in trusted)

    def find(address: str, forwarded: Sequence[str]) -> str:
        if not trusted or not is_trusted(address):
            return address
        for named in reversed([part.strip() for header in forwarded for part in header.split(",")]):
            if _parsed(named) is None:
                return address
            address = named
            if not is_trusted(named):
                break
        return address

    return find


def _parsed(text: str) -> Any:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
