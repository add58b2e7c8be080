"""Clients that are slow, endless, broken or too many: each is ended with a sentence, and the others are served on."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

import pytest

from tests.fuzz.wire import Answer, Line, read_answer, request, resident

LARGE_FILE = "/_dash-component-suites/plotly/package_data/plotly.min.js"
PATIENCE = 60.0
"""Much longer than the server's own limit of 2 s in these tests."""


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def pour(line: socket.socket, pieces) -> Answer:
    """Send until the server answers or hangs up; its answer."""
    with suppress(ConnectionError, TimeoutError):
        for piece in pieces:
            line.sendall(piece)
    try:
        return read_answer(line, PATIENCE)
    except ConnectionError:
        return Answer(0, b"", b"")


def served(port: int) -> None:
    line = Line(port)
    assert line.ask(request("POST", "/toy/compute", b'{"steps": 10}')).status == 200
    line.close()


def test_a_body_of_20_mb_is_413(fuzzed):
    before = resident(fuzzed.process.pid)
    for announced in (True, False):
        with dial(fuzzed.port) as line:
            if announced:
                head = request("POST", "/toy/compute", b"x").replace(b"Content-Length: 1", b"Content-Length: 20000000")
                answer = pour(line, [head[:-1], *(b"x" * 100_000 for _ in range(200))])
            else:
                head = b"POST /toy/compute HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                answer = pour(
                    line, [head, *(b"186a0\r\n" + b"x" * 100_000 + b"\r\n" for _ in range(200)), b"0\r\n\r\n"]
                )
            # The answer may be lost where the server had to hang up on a client that went on sending.
            assert answer.status in (413, 0)
    assert resident(fuzzed.process.pid) - before < 50_000_000
    served(fuzzed.port)


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "99999999999999999999999", "1, 2", "٣", ""])
def test_a_wrong_length_is_400_or_413(fuzzed, length):
    with dial(fuzzed.port) as line:
        head = f"POST /toy/compute HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{{}}"
        answer = pour(line, [head.encode()])
    assert answer.status in (400, 408, 411, 413, 422)
    served(fuzzed.port)


def test_a_body_that_does_not_come_is_408(fuzzed):
    with dial(fuzzed.port) as line:
        line.sendall(b'POST /toy/compute HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{"a"')
        served(fuzzed.port)
        assert read_answer(line, PATIENCE).status == 408


def test_a_drip_of_a_head_is_408(fuzzed):
    """A byte now and then does not hold a connection: what counts is when the head is whole."""
    with dial(fuzzed.port) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        with suppress(ConnectionError):
            for _ in range(40):
                line.sendall(b"X-A: b\r\n")
                time.sleep(0.1)
        assert read_answer(line, PATIENCE).status in (408, 0)
    served(fuzzed.port)


def test_silence_is_ended(fuzzed):
    with dial(fuzzed.port) as line:
        assert read_answer(line, PATIENCE).status == 408


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET / HTTP/1.1\r\n", *(b"X-%d: %b\r\n" % (i, b"v" * 1000) for i in range(3000))],
        [b"GET /" + b"a" * 3_000_000],
        [b"GET / HTTP/1.1\r\nX: " + b"y" * 3_000_000],
        [b"\r\n" * 1_000_000],
        [b"GET / HTTP/1.1\r\nCookie: " + b"a=b; " * 400_000 + b"\r\n\r\n"],
    ],
    ids=["many headers", "a long address", "a long header", "empty lines", "a large cookie"],
)
def test_an_endless_head_is_ended(fuzzed, pieces):
    before = resident(fuzzed.process.pid)
    with dial(fuzzed.port) as line:
        assert pour(line, pieces).status in (431, 414, 408, 400, 0)
    assert resident(fuzzed.process.pid) - before < 50_000_000
    served(fuzzed.port)


@pytest.mark.parametrize("also", ["", "Connection: Upgrade\r\nUpgrade: websocket\r\n"], ids=["http", "websocket"])
@pytest.mark.parametrize(
    "head",
    [
        "GET / HTTP/1.1\r\nHost: localhost\r\n%sCookie: " + "a" * 60_000 + "\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\n%s" + "X-A: b\r\n" * 8000 + "\r\n",
        "GET /?" + "a" * 60_000 + " HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
    ],
    ids=["one header", "many headers", "the address"],
)
def test_a_large_head_in_one_piece_is_431(fuzzed, head, also):
    """Whole at once, it once passed the limit that one in two pieces did not."""
    with dial(fuzzed.port) as line:
        assert pour(line, [(head % also).encode()]).status == 431
    served(fuzzed.port)


def test_a_large_head_after_a_whole_request_is_431(fuzzed):
    with dial(fuzzed.port) as line:
        large = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 60_000 + b"\r\n\r\n"
        line.sendall(request("POST", "/toy/open", b"{}") + large + request("POST", "/toy/open", b"{}"))
        data = b""
        with suppress(ConnectionError):
            while part := line.recv(65_536):
                data += part
    assert b" 431 " in data and data.count(b"HTTP/1.1 200") <= 1


def test_a_head_within_the_limit_passes(fuzzed):
    with dial(fuzzed.port) as line:
        assert pour(line, [b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 30_000 + b"\r\n\r\n"]).status == 200


def test_who_asks_and_never_reads_is_dropped(start_server):
    server = start_server(POTHOLE_SEND_SECONDS="0.5", POTHOLE_IDLE_SECONDS="1", POTHOLE_LOG_LEVEL="warning")
    silent = []
    for _ in range(20):
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", server.port))
        line.sendall(request("GET", LARGE_FILE, b"") * 20)
        silent.append(line)

    def is_open(line: socket.socket) -> bool:
        try:
            line.send(b"x")
        except OSError:
            return False
        return True

    end = time.monotonic() + 120
    while (left := [line for line in silent if is_open(line)]) and time.monotonic() < end:
        time.sleep(0.2)
    for line in silent:
        line.close()
    assert not left
    served(server.port)
    server.stop()
    assert not server.tracebacks(), server.log()


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfe\x00",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET \xff\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST /toy/compute HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"POST /toy/compute HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"POST /toy/compute HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n{}",
        b"POST /toy/compute HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /toy/compute HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
        b"GET //evil.example/.. HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /" + b"%2e" * 300 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    ids=range(19),
)
def test_what_is_no_http_is_ended(fuzzed, raw):
    with dial(fuzzed.port) as line:
        assert pour(line, [raw]).status in (0, 100, 200, 400, 403, 404, 405, 408, 413, 422)
    served(fuzzed.port)


def test_many_requests_in_one_piece(fuzzed):
    """Pipelined: each is answered, in order."""
    with dial(fuzzed.port) as line:
        line.sendall(request("POST", "/toy/open", b"{}") * 50)
        data = b""
        while data.count(b"HTTP/1.1 200") < 50:
            part = line.recv(65_536)
            assert part
            data += part


def test_a_large_body_that_comes_after_its_head_is_read(fuzzed):
    """Its last piece is larger than a head may be, and is no head."""
    with dial(fuzzed.port) as line:
        head, body = request("POST", "/toy/open", b'{"query": "?%s"}' % (b"x" * 60_000)).split(b"\r\n\r\n", 1)
        line.sendall(head + b"\r\n\r\n")
        time.sleep(0.2)
        assert pour(line, [body]).status == 200


def test_those_who_leave_early_leave_nothing_behind(fuzzed):
    body = request("POST", "/toy/compute", b'{"steps": 3000, "start_x": %.6f}')
    for number in range(100):
        with dial(fuzzed.port) as line:
            line.sendall(body.replace(b"%.6f", b"%.6f" % (number / 1000)))
    served(fuzzed.port)


def test_too_many_connections_are_told(start_server):
    server = start_server(POTHOLE_CONNECTIONS="30", POTHOLE_TRUSTED_PROXIES="none", POTHOLE_LOG_LEVEL="warning")
    lines = [dial(server.port) for _ in range(40)]
    answers = [read_answer(line, PATIENCE).status for line in lines[32:]]
    assert set(answers) == {429}
    for line in lines:
        line.close()
    for _ in range(300):  # all of them are counted out again
        line = Line(server.port)
        status = line.ask(request("POST", "/toy/compute", b'{"steps": 10}')).status
        line.close()
        if status == 200:
            break
        time.sleep(0.1)
    assert status == 200
    server.stop()
    assert not server.tracebacks(), server.log()
