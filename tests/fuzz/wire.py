"""HTTP by hand: what no client library would send, on one connection or on many."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass

SECONDS = 60.0
"""A generous end of patience on a busy machine: an answer that takes longer is a hang."""
COOKIE = "pothole_visitor=" + "f" * 22


@dataclass
class Answer:
    """status 0: the server closed the connection without one."""

    status: int
    head: bytes
    body: bytes


class Line:
    """A connection to 127.0.0.1 that is opened anew whenever the server has closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._socket: socket.socket | None = None

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ask(self, request: bytes, seconds: float = SECONDS, method: str = "POST") -> Answer:
        """One request's answer. TimeoutError where none comes; a kept connection that has gone stale is tried anew."""
        fresh = self._socket is None
        try:
            answer = self._once(request, seconds, method)
        except (ConnectionError, BrokenPipeError):
            answer = Answer(0, b"", b"")
        if answer.status == 0:
            self.close()
            if not fresh:
                return self.ask(request, seconds, method)
        elif b"connection: close" in answer.head.lower():
            self.close()
        return answer

    def _once(self, request: bytes, seconds: float, method: str) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=seconds)
        self._socket.settimeout(seconds)
        self._socket.sendall(request)
        return read_answer(self._socket, seconds, method)


def read_answer(line: socket.socket, seconds: float = SECONDS, method: str = "POST") -> Answer:
    """One whole answer: by its length, in chunks, or until the end."""
    end, data = time.monotonic() + seconds, b""

    def more() -> bool:
        nonlocal data
        line.settimeout(max(0.01, end - time.monotonic()))
        part = line.recv(65_536)
        data += part
        return bool(part)

    while b"\r\n\r\n" not in data:
        if not more():
            return Answer(0, data, b"")
    head, _, data = data.partition(b"\r\n\r\n")
    status, lower = int(head.split(b" ", 2)[1]), head.lower()
    if method == "HEAD" or status in (101, 204, 304):
        return Answer(status, head, b"")
    for row in lower.split(b"\r\n"):
        if row.startswith(b"content-length:"):
            length = int(row.split(b":")[1])
            while len(data) < length and more():
                pass
            return Answer(status, head, data[:length])
    if b"transfer-encoding: chunked" in lower:
        while not data.endswith(b"0\r\n\r\n") and more():
            pass
        return Answer(status, head, data)
    while more():
        pass
    return Answer(status, head, data)


def request(method: str, path: str, body: bytes = b"", kind: str = "application/json", *rows: str) -> bytes:
    """An HTTP/1.1 request with a visitor's cookie."""
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Cookie: {COOKIE}", *rows]
    if body or method not in ("GET", "HEAD"):
        head += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode("latin-1", "replace") + b"\r\n\r\n" + body


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    with open(f"/proc/{pid}/status", encoding="ascii") as rows:
        return next(int(row.split()[1]) * 1024 for row in rows if row.startswith("VmRSS:"))
