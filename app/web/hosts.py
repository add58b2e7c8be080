"""Under which names a server answers. A page of another site may have its own name point to 127.0.0.1 a moment after it
has been opened (DNS rebinding); the browser then takes the lab for a part of that site and lets its scripts read and
send all. What still tells the two apart is the name in the Host header: a server that only this computer reaches is
asked for by the names of this computer and by no other.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

ANY = "any"
"""In POTHOLE_HOSTS: whatever the name is."""
OF_THIS_COMPUTER = ("localhost", "127.0.0.1", "[::1]")


def hosts_of(given: Sequence[str], asked: str, bound: str) -> tuple[str, ...]:
    """The names that the door lets in (without ports: a tunnel or a notebook's proxy brings its own); (): any name.

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


def told(hosts: Sequence[str]) -> str:
    """The names, for the start-up line."""
    return ",".join(hosts) if hosts else "any name (POTHOLE_HOSTS lists some)"
