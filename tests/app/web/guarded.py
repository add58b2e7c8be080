"""A request straight to the guards, with a clock that a test may jump."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from app.web.guards import guard
from app.web.settings import WebSettings

KEY = bytes(range(32))


def scope_of(path="/", kind="http", method="GET", client="198.51.100.7", **headers) -> Scope:
    """A scope; `x_forwarded_for="…"` is the header X-Forwarded-For, and a list stands for several of a name."""
    pairs = [
        (name.replace("_", "-").encode(), one.encode("latin-1"))
        for name, value in headers.items()
        for one in (value if isinstance(value, list) else [value])
    ]
    own = {"method": method} if kind == "http" else {"extensions": {"websocket.http.response": {}}}
    scheme = "http" if kind == "http" else "ws"
    return {"type": kind, "path": path, "client": (client, 5), "headers": pairs, "scheme": scheme, **own}


@dataclass
class Told:
    """An answer."""

    status: int
    headers: Headers
    scope: Scope
    """As the application found it, where it was asked."""


@dataclass
class Guarded:
    """Guards before an application that answers everything with 200, and a websocket's opening with 101."""

    settings: WebSettings = field(default_factory=WebSettings)
    key: bytes = KEY

    def __post_init__(self) -> None:
        self.now = self.wall = 1e9
        self.reached: Scope = {}
        self.app = guard(self._answer, self.settings, self.key, lambda: self.now, lambda: self.wall)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.reached = scope
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
        else:
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b""})

    def ask(self, **about: Any) -> Told:
        """The answer to `scope_of(**about)`."""
        start, *_ = self.messages(scope_of(**about))
        return Told(start.get("status", 101), Headers(raw=start.get("headers", [])), self.reached)

    def messages(self, scope: Scope) -> list[dict]:
        """All that is sent in answer to a scope."""
        sent: list[dict] = []

        async def send(message: dict) -> None:
            sent.append(message)

        async def receive() -> dict:
            raise AssertionError("nobody here reads a body")

        self.reached = {}
        asyncio.run(self.app(scope, receive, send))
        return sent

    def status(self, **about: Any) -> int:
        """Its status; 200 for a websocket that is let in, as for a request."""
        status = self.ask(**about).status
        return 200 if status == 101 else status


def basic(password: str, user: str = "anybody") -> str:
    """An Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
