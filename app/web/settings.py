"""All limits and addresses of the web process in one table; each can be set by an environment variable.

`python -m app --settings` prints it, together with the engine's. A client is a network address: the connection's own,
or, behind a trusted proxy, the one that the proxy names. A whole lecture hall may share one address, so the limits per
client are wide; where every visitor has an address of her own they may be much narrower.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from app.state.environment import SettingsTable, setting
from app.web.origin import ANY, read_origin, read_site

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks_of(names: Sequence[str]) -> tuple[Network, ...]:
    """Networks from addresses ("10.0.0.7") and networks ("10.0.0.0/8"); ValueError that quotes what is neither."""
    try:
        return tuple(ipaddress.ip_network(name, strict=False) for name in names if name != "none")
    except ValueError:
        raise ValueError(
            "POTHOLE_TRUSTED_PROXIES must be none, or addresses and networks such as 127.0.0.1,10.0.0.0/8, "
            f"not {','.join(names)!r}"
        ) from None


@dataclass(frozen=True)
class WebSettings(SettingsTable):
    """The web process's settings; `WebSettings.from_environment()` reads those that the environment names."""

    # What one request may ask for
    body_bytes: int = setting(65_536, "POTHOLE_BODY_BYTES", "size of a request’s body", 1024, 100_000_000, unit="bytes")
    walker_steps: int = setting(
        200_000_000, "POTHOLE_WALKER_STEPS", "walkers × steps of one request, all methods together", 10_000
    )
    head_bytes: int = setting(32_768, "POTHOLE_HEAD_BYTES", "size of a request’s head", 4096, unit="bytes")
    head_seconds: float = setting(
        10.0, "POTHOLE_HEAD_SECONDS", "a connection that has not sent a whole request head is closed", 0.1, unit="s"
    )
    body_seconds: float = setting(10.0, "POTHOLE_BODY_SECONDS", "a body that takes longer is refused", 0.1, unit="s")

    idle_seconds: int = setting(30, "POTHOLE_IDLE_SECONDS", "a connection without a request is closed", 1, unit="s")
    send_seconds: float = setting(
        default=30.0,
        variable="POTHOLE_SEND_SECONDS",
        text="a connection that takes nothing of what is sent for so long is dropped",
        least=0.1,
        unit="s",
    )

    # What one client may ask for
    requests_per_second: float = setting(
        600.0, "POTHOLE_REQUESTS_PER_SECOND", "requests of one client in the long run; a file counts a twentieth", 0.1
    )
    request_burst: int = setting(1200, "POTHOLE_REQUEST_BURST", "requests of one client at once", 1)
    connections: int = setting(2000, "POTHOLE_CONNECTIONS", "open connections in all", 1)
    connections_per_client: int = setting(1000, "POTHOLE_CONNECTIONS_PER_CLIENT", "open connections of one address", 1)
    sockets: int = setting(500, "POTHOLE_SOCKETS", "open websockets in all", 1)
    sockets_per_client: int = setting(250, "POTHOLE_SOCKETS_PER_CLIENT", "open websockets of one client", 1)
    socket_message_bytes: int = setting(
        16_384, "POTHOLE_SOCKET_MESSAGE_BYTES", "size of a websocket message from a browser", 256, unit="bytes"
    )

    # What is computed and kept
    waiting: int = setting(256, "POTHOLE_WAITING", "toy requests that may wait; the next is answered with 429", 1)
    waiting_per_visitor: int = setting(8, "POTHOLE_WAITING_PER_VISITOR", "waiting toy requests of one browser", 1)
    batch: int = setting(64, "POTHOLE_BATCH", "toy requests that are computed in one call; 1: one by one", 1, 256)
    side_processes: int = setting(
        default=2,
        variable="POTHOLE_SIDE_PROCESSES",
        text="processes that compute batches while a crowd waits; 0: none, nor one for exports",
        least=0,
        most=64,
    )
    cache_bytes: int = setting(
        128_000_000, "POTHOLE_CACHE_BYTES", "answers kept in memory, all kinds together", unit="bytes"
    )

    exports: int = setting(6, "POTHOLE_EXPORTS", "exports that may wait; the next is answered with 429", 1)
    export_seconds: float = setting(
        180.0, "POTHOLE_EXPORT_SECONDS", "an export that its process has not made by then is stopped", 1, unit="s"
    )
    export_pixels: int = setting(
        80_000_000, "POTHOLE_EXPORT_PIXELS", "frames × width × height of one animation", 1_000_000, unit="pixels"
    )

    # Who is let in
    hosts: tuple[str, ...] = setting(
        default=(),
        variable="POTHOLE_HOSTS",
        text="names under which the lab may be asked for (Host header, any port); any: every name; empty: on a "
        "loopback address localhost, 127.0.0.1 and [::1], on others any",
    )
    origins: tuple[str, ...] = setting(
        (), "POTHOLE_ORIGINS", "other sites, https://host, whose pages may send requests; empty: only the lab’s own"
    )
    frame_ancestors: tuple[str, ...] = setting(
        default=(),
        variable="POTHOLE_FRAME_ANCESTORS",
        text="sites, https://host, whose pages may show the lab in a frame; any: every site; empty: only the lab’s own",
    )
    trusted_proxies: tuple[str, ...] = setting(
        default=(),
        variable="POTHOLE_TRUSTED_PROXIES",
        text="addresses or networks whose X-Forwarded-For and -Proto are believed; empty or none: nobody’s",
    )
    wrong_passwords: int = setting(10, "POTHOLE_WRONG_PASSWORDS", "wrong passwords of one client within a minute", 1)
    password: str = setting("", "POTHOLE_PASSWORD", "asked of every visitor (any user name); empty: none", secret=True)

    # What is shown
    scenes: str = setting("", "POTHOLE_SCENES", "the lecture’s scene file; empty: app/lecture/scenes.md")

    def __post_init__(self) -> None:
        # A wrong one is told at the start and not at the first request.
        networks_of(self.trusted_proxies)
        for name in self.hosts:
            if read_site(name) is None:
                raise ValueError(f"POTHOLE_HOSTS must be any, or names such as lab.example.org, not {name!r}")
        for site in self.frame_ancestors:
            if site != ANY and read_origin(site) is None:
                raise ValueError(
                    f"POTHOLE_FRAME_ANCESTORS must be any, or sites such as https://course.example.org, not {site!r}"
                )
        for origin in self.origins:
            if read_origin(origin) is None:
                raise ValueError(f"POTHOLE_ORIGINS must be sites such as https://lab.example.org, not {origin!r}")


@cache
def web_settings() -> WebSettings:
    """This process's settings, read from the environment once."""
    return WebSettings.from_environment()
