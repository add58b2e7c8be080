"""Around the whole application: an id for every request, one line in the log and one point in the metrics."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.telemetry.metrics import REQUESTS, SENT, SOCKETS

logger = logging.getLogger("pothole.request")
SANE_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
PROBES = ("/healthz", "/readyz", "/metrics")
"""Asked for every few seconds by machines: logged at the level "debug" while they are answered well."""
LONGEST_PATH = 200


def request_id(headers: list[tuple[bytes, bytes]]) -> str:
    """The id that the client or a proxy gave in X-Request-ID, if it is short and plain, or a new one."""
    for name, value in headers:
        if name == b"x-request-id" and SANE_ID.fullmatch(value):
            return value.decode()
    return secrets.token_hex(8)


def templates(routes: list[Any], has_page: Callable[[str], bool]) -> Callable[[str], str]:
    """path → the template of the first route that fits it: a label with few values, whatever paths are asked for.

    Dash's route for everything else gives the path itself where there is a page, and "other" where there is none.
    """
    patterns = [(route.path_regex, route.path) for route in routes if hasattr(route, "path_regex")]
    patterns = [(pattern, path) for pattern, path in patterns if not path.startswith("/{")]

    @lru_cache(maxsize=1024)
    def template(path: str) -> str:
        for pattern, name in patterns:
            if pattern.match(path):
                return name
        return "/" + path.strip("/") if has_page(path) else "other"

    return template


class ObservedApp:
    """Wraps an ASGI application; nothing of a request is changed but for the header X-Request-ID in its answer."""

    def __init__(self, app: ASGIApp, template: Callable[[str], str]) -> None:
        self.app = app
        self.template = template

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        name = request_id(scope["headers"])
        # Each request is a task of its own, and so has a context of its own: nothing needs to be unbound.
        structlog.contextvars.bind_contextvars(request_id=name)
        status, size = 0, 0

        async def watched(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", name.encode())]
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            status = status or 500
            raise
        finally:
            # 499: the client had gone before there was an answer.
            self._tell(scope, "request", status or 499, time.perf_counter() - began, size, method=scope["method"])

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, name = time.perf_counter(), request_id(scope["headers"])
        structlog.contextvars.bind_contextvars(request_id=name)
        opened, code, size = False, 1006, 0
        gauge = SOCKETS.labels(self.template(scope["path"]))

        async def heard() -> Message:
            nonlocal code
            message = await receive()
            if message["type"] == "websocket.disconnect":
                code = message.get("code", 1005)
            return message

        async def watched(message: Message) -> None:
            nonlocal opened, code, size
            if message["type"] == "websocket.accept" and not opened:
                opened = True
                gauge.inc()
            elif message["type"] == "websocket.http.response.start":
                code = message["status"]  # refused, with a reason
                message["headers"] = [*message.get("headers", []), (b"x-request-id", name.encode())]
            elif message["type"] == "websocket.close":
                code = message.get("code", 1000) if opened else 403
            elif message["type"] == "websocket.send":
                size += len(message.get("text") or message.get("bytes") or b"")
            await send(message)

        try:
            await self.app(scope, heard, watched)
        finally:
            if opened:
                gauge.dec()
            self._tell(scope, "websocket", code, time.perf_counter() - began, size, opened=opened)

    def _tell(self, scope: Scope, event: str, status: int, seconds: float, size: int, **more: Any) -> None:
        path, route = scope["path"], self.template(scope["path"])
        SENT.labels(route).inc(size)
        if event == "request":
            REQUESTS.labels(route, f"{status // 100}xx").observe(seconds)
        level = logging.DEBUG if path in PROBES and status < 400 else logging.INFO
        if not logger.isEnabledFor(level):
            return
        client = scope.get("client")
        raw = scope.get("raw_path") or path.encode()
        logger.log(
            level,
            event,
            extra={
                **more,
                "path": raw[:LONGEST_PATH].decode("ascii", "backslashreplace"),
                "status": status,
                "ms": round(1e3 * seconds, 2),
                "bytes": size,
                "client": client[0] if client else "",
            },
        )
