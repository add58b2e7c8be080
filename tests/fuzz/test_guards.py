"""Heads of any kind against a server with a password, a trusted proxy, a name and another site: nobody gets in."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator

import pytest

from tests.fuzz import hostile
from tests.fuzz.addresses import CASES, SOCKETS
from tests.fuzz.wire import Answer, Line
from tests.server import Server

UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
PARTS = ("pothole_pass", "pothole_visitor", "Basic ", "Bearer ", "for=", "unknown", "127.0.0.1", "10.0.0.1:80", "[::1]")
SIGNS = (
    *PARTS,
    ";",
    ",",
    "=",
    ":",
    "%00",
    '"',
    " ",
    "a" * 300,
    "é",
    "9" * 50,
    "swordfis",
    "YTphYQ==",
    "https://lab",
    "\t",
)


@pytest.fixture(scope="module")
def guarded(start_server: Callable[..., Server]) -> Iterator[Server]:
    server = start_server(
        POTHOLE_PASSWORD="swordfish",
        POTHOLE_TRUSTED_PROXIES="127.0.0.1",
        POTHOLE_HOSTS="lab,127.0.0.1",
        POTHOLE_ORIGINS="https://friend.example",
        POTHOLE_REQUESTS_PER_SECOND="100000",
        POTHOLE_REQUEST_BURST="100000",
        POTHOLE_LOG_LEVEL="warning",
    )
    yield server
    assert server.exit_code is None, server.log()
    server.stop()
    assert not server.tracebacks(), server.log()[-6000:]


def odd(rng: random.Random) -> str:
    text = "".join(rng.choice([rng.choice(SIGNS), hostile.text(rng, 12)]) for _ in range(rng.randrange(8)))
    return "".join(sign for sign in text if sign.isprintable() or sign == "\t")


def ask(line: Line, method: str, path: str, rows: list[str], also: str = "") -> Answer:
    body = "{}" if method == "POST" else ""
    head = f"{method} {path} HTTP/1.1\r\n{also}Content-Length: {len(body)}\r\n" + "".join(f"{row}\r\n" for row in rows)
    return line.ask(f"{head}\r\n{body}".encode("latin-1", "replace"), method=method)


@pytest.mark.parametrize("kind", ["request", "websocket"])
def test_no_head_gets_in_without_the_password(guarded: Server, rng: random.Random, kind: str) -> None:
    line = Line(guarded.port)
    for case in range(CASES // 4):
        names = rng.choices(
            [
                *("Cookie", "Authorization", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via"),
                *("Origin", "Host", "X-Request-ID", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"),
            ],
            k=rng.randrange(9),
        )
        rows = [f"{name}: {odd(rng)}" for name in names]
        # Each from another address, or guesses would soon be all that is refused.
        rows += [f"X-Forwarded-For: 10.{case % 251}.{rng.randrange(256)}.{rng.randrange(256)}"] * (rng.random() < 0.9)
        rows += ["Host: lab"] * ("Host" not in names)
        if kind == "websocket":
            answer = ask(line, "GET", SOCKETS[0] + "?" + rng.choice(["job=x", "", "job=" + "j" * 16]), rows, UPGRADE)
            line.close()
        else:
            answer = ask(line, rng.choice(["GET", "POST"]), rng.choice(["/", "/toy/compute", "/metrics"]), rows)
        assert 400 <= answer.status < 500 or answer.status == 0, f"case {case}: {rows} gave {answer.status}"
    line.close()


@pytest.mark.parametrize("count", [0, 5000, 9000, 20_000])
@pytest.mark.parametrize("many", [0, 60, 200])
def test_a_websocket_s_head_may_be_long_and_of_many_rows(guarded: Server, count: int, many: int) -> None:
    """The right password among them, so that only the head's form may be in the way. What the websockets' library did
    not read was once never answered, and the server could not end."""
    rows = [f"Authorization: Basic {base64.b64encode(b'x:swordfish').decode()}", "Host: lab", f"Cookie: {'a' * count}"]
    rows.append("X-Forwarded-For: 198.51.100.7")  # who guessed before must wait, and is somebody else
    rows += [f"X-Row-{number}: b" for number in range(many)]
    line = Line(guarded.port)
    answer = ask(line, "GET", SOCKETS[0] + "?job=x", rows, UPGRADE)
    line.close()
    assert answer.status == (101 if count < 8000 and many < 100 else 431)


def test_who_has_the_password_gets_in(guarded: Server) -> None:
    line = Line(guarded.port)
    rows = [f"Authorization: Basic {base64.b64encode(b'x:swordfish').decode()}", "Host: lab"]
    assert ask(line, "GET", "/", [*rows, "X-Forwarded-For: 203.0.113.1"]).status == 200
    line.close()
