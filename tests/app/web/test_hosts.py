"""DNS rebinding: a server that only this computer reaches answers to this computer's names, whatever the port in them;
one that others reach answers to any name until it is told its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

import app.server
from app.__main__ import main
from app.web.access import hosts_of
from app.web.settings import WebSettings, web_settings
from tests.app.web.guarded import Guarded
from tests.server import Server

pytestmark = pytest.mark.slow

OWN = ("localhost", "127.0.0.1", "[::1]")


@pytest.mark.parametrize(
    ("given", "asked", "bound", "expected"),
    [
        ((), "127.0.0.1", "127.0.0.1", OWN),
        ((), "localhost", "127.0.0.1", OWN),
        ((), "::1", "::1", OWN),
        ((), "127.0.0.2", "127.0.0.2", (*OWN, "127.0.0.2")),
        ((), "laptop", "127.0.1.1", (*OWN, "127.0.1.1", "laptop")),
        ((), "::ffff:127.0.0.1", "::ffff:127.0.0.1", (*OWN, "[::ffff:127.0.0.1]")),
        ((), "0.0.0.0", "0.0.0.0", ()),
        ((), "::", "::", ()),
        ((), "192.0.2.7", "192.0.2.7", ()),
        ((), "fe80::1%eth0", "fe80::1%eth0", ()),
        (("lab.example.org",), "127.0.0.1", "127.0.0.1", ("lab.example.org",)),
        (("lab.example.org",), "0.0.0.0", "0.0.0.0", ("lab.example.org",)),
        (("any",), "127.0.0.1", "127.0.0.1", ()),
    ],
)
def test_which_names_a_server_answers_to(given: tuple, asked: str, bound: str, expected: tuple) -> None:
    assert hosts_of(given, asked, bound) == expected


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", 200),
        ("localhost:8050", 200),
        ("LocalHost:9123", 200),
        ("127.0.0.1:8050", 200),
        ("[::1]:8050", 200),
        ("rebound.example:8050", 400),
        ("localhost.rebound.example", 400),
        ("", 400),
        ("127.0.0.1.rebound.example:8050", 400),
        ("::1", 400),
        ("192.0.2.7:8050", 400),
    ],
)
def test_the_door_of_a_server_on_this_computer(kind: str, host: str, expected: int) -> None:
    door = Guarded(WebSettings(hosts=hosts_of((), "127.0.0.1", "127.0.0.1")))
    assert door.status(kind=kind, host=host) == expected
    assert door.status(kind=kind, host=host, path="/healthz") == 200
    # A page of a rebound name is the lab's own in its browser's eyes: the origin agrees, and must not help.
    same = {"host": host, "origin": f"http://{host}"}
    assert door.status(kind=kind, method="POST", **same) == expected


def test_any_is_said_in_words_too() -> None:
    assert Guarded(WebSettings(hosts=("any",))).status(host="whatever.example") == 200


@pytest.mark.parametrize(
    ("variable", "bound", "expected"),
    [(None, "127.0.0.1", OWN), (None, "198.51.100.7", ()), ("lab.example.org", "127.0.0.1", ("lab.example.org",))],
)
def test_the_program_tells_the_door_where_it_listens(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, bound: str, expected: tuple
) -> None:
    """main() up to where the application is built: tests listen on nothing but this computer's own addresses."""
    seen: list[Any] = []

    def build(web: WebSettings, _observe: Any) -> None:
        seen.append(web.hosts)
        raise SystemExit("seen")

    if variable:
        monkeypatch.setenv("POTHOLE_HOSTS", variable)
    else:
        monkeypatch.delenv("POTHOLE_HOSTS", raising=False)
    web_settings.cache_clear()
    monkeypatch.setattr(app.server, "build", build)
    monkeypatch.setattr("app.__main__.listen", lambda *_: SimpleNamespace(getsockname=lambda: (bound, 8050)))
    monkeypatch.setattr("app.telemetry.logs.configure_logs", lambda _: None)
    with pytest.raises(SystemExit, match="seen"):
        main(["--no-browser", "--host", bound])
    web_settings.cache_clear()
    assert seen == [expected]


def asked(server: Server, host: str, path: str = "/toy/open") -> int:
    head = {"Host": host, "Origin": f"http://{host}"}
    return httpx.post(f"{server.url}{path}", json={}, headers=head, timeout=300).status_code


def socket_status(server: Server, host: str) -> int:
    """The answer to a websocket's opening under a name, as a page under that name would send it."""

    async def go() -> int:
        address = f"ws://{host}/network/follow?job={'j' * 16}&from=0"
        try:
            async with connect(
                address, host="127.0.0.1", port=server.port, origin=f"http://{host}", proxy=None, open_timeout=300
            ):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code

    return asyncio.run(go())


def test_a_running_server_on_this_computer(server: Server) -> None:
    """As it is by `make run`: also through an ssh tunnel or a notebook's proxy, whose port is another."""
    for host in (f"127.0.0.1:{server.port}", f"localhost:{server.port}", "localhost:9876", "[::1]:9876", "localhost"):
        assert asked(server, host) == 200
        assert socket_status(server, host) == 101
    for host in ("rebound.example", f"rebound.example:{server.port}", f"192.0.2.7:{server.port}"):
        assert asked(server, host) == 400
        assert socket_status(server, host) == 400
        for path in ("/", "/assets/lab.css", "/network"):
            answer = httpx.get(f"{server.url}{path}", headers={"Host": host}, timeout=300)
            assert answer.status_code == 400 and "POTHOLE_HOSTS" in answer.json()["problems"][0]
        assert httpx.get(f"{server.url}/healthz", headers={"Host": host}, timeout=300).status_code == 200
    assert "hosts=localhost,127.0.0.1,[::1]" in server.log()


def test_a_page_of_another_port_is_another_site(server: Server) -> None:
    head = {"Host": f"localhost:{server.port}", "Origin": "http://localhost:8888"}
    assert httpx.post(f"{server.url}/toy/open", json={}, headers=head, timeout=300).status_code == 403


def test_names_that_are_given_win(start_server: Callable[..., Server]) -> None:
    server = start_server(POTHOLE_HOSTS="lab.example.org,127.0.0.1")
    assert asked(server, "lab.example.org") == 200 and socket_status(server, "lab.example.org") == 101
    assert asked(server, "localhost") == 400 and socket_status(server, "localhost") == 400
    server.stop()
    assert not server.tracebacks(), server.log()
