"""What goes wrong on a page without anybody asserting it: console errors, exceptions, failed or outside requests."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request, WebSocket

HERE = "127.0.0.1"
INLINE = ("data", "blob", "about")
CANCELLED = "net::ERR_ABORTED"
"""Latest wins: the page itself cancels requests that a newer one has overtaken, and so does leaving it."""


class PageProblems:
    """Problems of all watched pages, in the order in which they came up."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._allowed: list[re.Pattern[str]] = []
        self.requests: list[str] = []
        self._watched: list[Page] = []
        self._listeners: dict[Any, Callable[[Any], None]] = {
            "console": self._console,
            "pageerror": lambda error: self._found.append(f"exception on the page: {error.stack or error}"),
            "crash": lambda _: self._found.append("the page crashed"),
            "request": self._request,
            "requestfailed": self._failed,
            "websocket": self._websocket,
        }

    def allow(self, pattern: str) -> None:
        """Problems in which this regular expression is found are what the test wants to see."""
        self._allowed.append(re.compile(pattern))

    def unexpected(self) -> list[str]:
        """The problems that no test asked for."""
        return [found for found in self._found if not any(pattern.search(found) for pattern in self._allowed)]

    def watch(self, page: Page) -> None:
        """Listen to a page; call it before the page goes anywhere."""
        for event, listener in self._listeners.items():
            page.on(event, listener)
        self._watched.append(page)

    def leave(self) -> None:
        """Listen no more: others get these pages."""
        for page in self._watched:
            for event, listener in self._listeners.items():
                page.remove_listener(event, listener)
        self._watched.clear()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            place = message.location.get("url", "")
            self._found.append(f"console error: {message.text} ({place})")

    def _request(self, request: Request) -> None:
        self.requests.append(request.url)
        self._check_address(request.url)

    def _failed(self, request: Request) -> None:
        if request.failure != CANCELLED:
            self._found.append(f"request failed: {request.method} {request.url}: {request.failure}")

    def _websocket(self, socket: WebSocket) -> None:
        self.requests.append(socket.url)
        self._check_address(socket.url)

    def _check_address(self, url: str) -> None:
        address = urlsplit(url)
        if address.scheme not in INLINE and address.hostname != HERE:
            self._found.append(f"request to elsewhere: {url}")
