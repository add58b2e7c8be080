"""Connections held to limits before there is a request: their number, a head's size and time, and who never reads.

uvicorn has no limit of its own on a head's size or time with the fast parser that it uses, so that a slow or endless
head would hold a connection, or memory, for as long as it likes; nor on how long an answer may wait to be taken.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from http import HTTPStatus
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.web.settings import WebSettings
from app.web.visitor import TrustedNetworks, limited_as


def refusal_of(status: int, problem: str) -> bytes:
    """A whole answer with one sentence, for a connection that ends with it."""
    text = orjson.dumps({"problems": [problem]})
    retry = "Retry-After: 5\r\n" if status == 429 else ""
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(text)}\r\n{retry}Connection: close\r\n\r\n"
    )
    return head.encode() + text


class DropsSilentReaders:
    """Part of a protocol: ends a connection whose other end has taken nothing of what waits to be sent for so long.

    Else it would stay for ever, a closed one too: closing waits for what is still to be sent.
    """

    settings: WebSettings
    transport: Any
    loop: asyncio.AbstractEventLoop
    _unsent = 0
    _has_drained = False
    _look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to look."""
        super().connection_made(transport)  # type: ignore[misc]
        self._look_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more."""
        self._look_no_more()
        super().connection_lost(exc)  # type: ignore[misc]

    def resume_writing(self) -> None:
        """Something has been taken, whatever has been added since."""
        self._has_drained = True
        super().resume_writing()  # type: ignore[misc]

    def _look_later(self) -> None:
        self._look = self.loop.call_later(self.settings.send_seconds, self._look_at_buffer)

    def _look_no_more(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _look_at_buffer(self) -> None:
        before, self._unsent = self._unsent, self.transport.get_write_buffer_size()
        if self._unsent and before and self._unsent >= before and not self._has_drained:
            self.transport.abort()
            return
        self._has_drained = False
        self._look_later()


class GuardedSocket(DropsSilentReaders, WebSocketsSansIOProtocol):
    """uvicorn's websocket. `limited` makes a class of it for these settings."""

    def data_received(self, data: bytes) -> None:
        """uvicorn does not see that there is a head which its library does not read: one with long lines, or many."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_complete:
            self.handshake_complete = self.close_sent = True
            self.transport.write(refusal_of(431, "The websocket’s head has lines that are too long, or too many."))
            self.transport.close()

    async def send(self, message: Any) -> None:
        """uvicorn takes a websocket that was refused with an answer of its own for one that the application forgot."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True


class GuardedProtocol(DropsSilentReaders, HttpToolsProtocol):
    """uvicorn's HTTP protocol with limits. `limited` makes a class of it for these settings."""

    proxies: TrustedNetworks
    open_connections: Counter[str]
    """By client, websockets not included: those are counted by SocketLimit."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_bytes = 0
        self._waiting_bytes = 0
        self._in_message = False
        self._ended_message = False
        self._refused = False
        self._running: Any = None
        self._deadline: asyncio.TimerHandle | None = None
        address = self.client[0] if self.client else ""
        self._address = limited_as(address)
        self._counted = True
        limits, held = self.settings, self.open_connections
        held[self._address] += 1
        # All clients of a proxy come from its address.
        own = 0 if self.proxies.include(address) else held[self._address]
        if own > limits.connections_per_client or held.total() > limits.connections:
            self._end(429, "Too many connections are open; try again shortly.")
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        # uvicorn tells the newest of several requests only, and the older one would write to what is closed.
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._ended_message = False
        try:
            super().data_received(data)
        except (ValueError, UnicodeError):  # an address that is no text
            self._end(400, "The request’s address is not valid.")
            return
        if self._refused or self._in_message or self._ended_message or not self._counted:
            return  # it was a body, or the end of one
        # All of it belonged to a head whose end has not come.
        self._waiting_bytes += len(data)
        if self._waiting_bytes > self.settings.head_bytes:
            self._refuse_head()
        elif not self._answering:
            self._await_head()

    # What the parser calls. After a refusal it goes on to the end of what it was given.
    def on_message_begin(self) -> None:
        if not self._refused:
            self._head_bytes = 0
            super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._head_bytes += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value) + len(b": \r\n")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stop_clock()
        self._waiting_bytes = 0
        if self._refused:
            return
        if self._head_bytes > self.settings.head_bytes:  # a whole one, which came in one piece
            self._refuse_head()
            return
        self._in_message = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._refused:
            return
        self._in_message = False
        self._ended_message = True
        self._stop_clock()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_message:  # a refused body: it is read past, but not for ever
            self._deadline = self.loop.call_later(self.settings.body_seconds, self.transport.close)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def handle_websocket_upgrade(self) -> None:
        if self._refused:
            return
        self._forget()
        self._look_no_more()
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

    def _refuse_head(self) -> None:
        self._end(431, f"The request’s head is larger than {self.settings.head_bytes} bytes.")

    def _end(self, status: int, problem: str) -> None:
        """One sentence, and the end of the connection."""
        self._refused = True
        self._stop_clock()
        if not self.transport.is_closing():
            self.transport.write(refusal_of(status, problem))
            self.transport.close()


def limited(settings: WebSettings) -> tuple[type[Any], type[Any]]:
    """The protocol classes for uvicorn under these settings: HTTP's and the websockets'."""
    own = {
        "settings": settings,
        "proxies": TrustedNetworks(settings.trusted_proxies),
        "open_connections": Counter(),
    }
    return type("LimitedProtocol", (GuardedProtocol,), own), type("LimitedSocket", (GuardedSocket,), own)
