"""Connections held to limits before there is a request: their number, the size of a head, and how long it takes.

uvicorn has no limit of its own on a head's size or time with the fast parser that it uses, so that a slow or endless
head would hold a connection, or memory, for as long as it likes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.web.asking import ClientFinder
from app.web.settings import WebSettings


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with limits. `limited` makes a class of it for these settings."""

    settings: WebSettings
    finder: ClientFinder
    open_connections: Counter[str]
    """By address, websockets not included: those are counted at the door."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_bytes = 0
        self._in_message = False
        self._ended_message = False
        self._deadline: asyncio.TimerHandle | None = None
        self._address = self.client[0] if self.client else ""
        self._counted = True
        limits, held = self.settings, self.open_connections
        held[self._address] += 1
        # All clients of a proxy come from its address.
        own = 0 if self.finder.trusts(self._address) else held[self._address]
        if own > limits.connections_per_client or held.total() > limits.connections:
            self._end(429, "Too many connections are open; try again shortly.")
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._ended_message = False
        try:
            super().data_received(data)
        except (ValueError, UnicodeError):  # an address that is no text
            self._end(400, "The request's address is not valid.")
            return
        if self._in_message or self._ended_message or not self._counted:
            return  # it was a body, or the end of one
        # All of it belonged to a head whose end has not come.
        self._head_bytes += len(data)
        if self._head_bytes > self.settings.head_bytes:
            self._end(431, f"The request's head is larger than {self.settings.head_bytes} bytes.")
        elif not self._answering:
            self._await_head()

    def on_headers_complete(self) -> None:
        self._stop_clock()
        self._head_bytes = 0
        self._in_message = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_message = False
        self._ended_message = True
        self._stop_clock()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_message:  # a refused body: it is read past, but not for ever
            self._deadline = self.loop.call_later(self.settings.body_seconds, self.transport.close)

    def handle_websocket_upgrade(self) -> None:
        self._forget()
        super().handle_websocket_upgrade()

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(
                self.settings.head_seconds, self._end, 408, "The request took too long to arrive."
            )

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _forget(self) -> None:
        self._stop_clock()
        if self._counted:
            self._counted = False
            self.open_connections[self._address] -= 1
            if not self.open_connections[self._address]:
                del self.open_connections[self._address]

    def _end(self, status: int, problem: str) -> None:
        """One sentence, and the end of the connection."""
        self._stop_clock()
        if self.transport.is_closing():
            return
        phrase = {400: "Bad Request", 408: "Request Timeout", 429: "Too Many Requests"}.get(status, "Refused")
        text = orjson.dumps({"problems": [problem]})
        retry = "Retry-After: 5\r\n" if status == 429 else ""
        head = (
            f"HTTP/1.1 {status} {phrase}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
            f"{retry}Connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + text)
        self.transport.close()


def limited(settings: WebSettings) -> type[Any]:
    """The protocol class for uvicorn under these settings."""
    own = {"settings": settings, "finder": ClientFinder(settings.trusted_proxies), "open_connections": Counter()}
    return type("LimitedProtocol", (GuardedProtocol,), own)
