"""Names of sites as browsers and people write them, brought to one form before they are compared.

Lab.Example, lab.example., and lab.example:443 of https are one site; so are [::1] and [0:0:0:0:0:0:0:1].
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

PORTS = {"http": 80, "https": 443}
"""Schemes, with the port that may be left out."""
ORIGIN = re.compile(r"(https?)://([^/]+)/?")
ANY = "any"
"""In a setting that lists sites: whoever asks."""
LONGEST = 300
"""Characters: more than any name of the network may have."""
SITE = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:/?#@\\\[\]]+)(?::(\d{0,5}))?")


class Site(NamedTuple):
    """A host's name, or its address, and the port."""

    name: str
    port: int


class Origin(NamedTuple):
    """Where a page comes from."""

    scheme: str
    site: Site

    def __str__(self) -> str:
        """As an Origin header has it."""
        port = "" if self.site.port == PORTS[self.scheme] else f":{self.site.port}"
        return f"{self.scheme}://{self.site.name}{port}"


def read_site(host: str, scheme: str = "http") -> Site | None:
    """The site of a Host header or a setting, asked for by a scheme; None where it names none."""
    found = SITE.fullmatch(host.strip().lower()) if len(host) <= LONGEST else None
    if found is None:
        return None
    try:
        name, port = _read_name(found[1]), int(found[2] or PORTS[scheme])
    except ValueError:
        return None
    return Site(name, port) if name and port < 65_536 else None


def read_origin(text: str) -> Origin | None:
    """The origin of an Origin header or a setting; None where it is none ("null" among them)."""
    found = ORIGIN.fullmatch(text.strip().lower()) if len(text) <= LONGEST else None
    site = read_site(found[2], found[1]) if found else None
    return Origin(found[1], site) if found and site else None


def _read_name(name: str) -> str:
    if name.startswith("["):
        return f"[{ipaddress.IPv6Address(name[1:-1])}]"
    name = name.removesuffix(".")
    # A browser sends the letters of other alphabets in this form; a setting may have them as they are read.
    return name if name.isascii() else name.encode("idna").decode()
