"""What every answer carries and every body must pass: security headers and a limit on size."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.settings import WebSettings, web_settings


def content_security_policy(script_hashes: Sequence[str]) -> str:
    """Everything from this server, inline scripts by their hash only, no evaluation of text."""
    rules = {
        "default-src": "'self'",
        "script-src": " ".join(["'self'", *script_hashes]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def security_headers(script_hashes: Sequence[str]) -> tuple[tuple[bytes, bytes], ...]:
    """Headers for every answer."""
    headers = {
        "content-security-policy": content_security_policy(script_hashes),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "permissions-policy": "camera=(), microphone=(), geolocation=()",
        "cross-origin-opener-policy": "same-origin",
    }
    return tuple((name.encode(), value.encode()) for name, value in headers.items())


Check = Callable[[bytes], None]


class SecureApp:
    """Wraps an ASGI application: adds the headers, and refuses bodies before the application reads them.

    413 for a body over the limit, 400 where the address's check raises a ValueError. Dash answers every unknown
    address with the page; where `has_page` says no, that answer gets the status 404.
    """

    def __init__(
        self,
        app: ASGIApp,
        headers: tuple[tuple[bytes, bytes], ...],
        checks: Mapping[str, Check] | None = None,
        has_page: Callable[[str], bool] = lambda _path: True,
        settings: WebSettings | None = None,
    ) -> None:
        self.app = app
        self.headers = headers
        self.checks = dict(checks or {})
        self.has_page = has_page
        self.limit = (settings or web_settings()).body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] == 200 and not self.has_page(scope["path"]):
                    message["status"] = 404
                message["headers"] = [*message.get("headers", []), *self.headers]
            await send(message)

        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send_with_headers)
            return
        body = await read_body(receive, self.limit)
        if body is None:
            await _refuse(send_with_headers, 413, f"The request is larger than {self.limit} bytes.")
            return
        check = self.checks.get(scope["path"])
        if check is not None:
            try:
                check(body)
            except ValueError as error:
                await _refuse(send_with_headers, 400, str(error))
                return
        await self.app(scope, replay(body, receive), send_with_headers)


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """The whole body, or None as soon as it exceeds the limit."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(chunks)
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            return None
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def replay(body: bytes, receive: Receive) -> Receive:
    """A receive function that gives the body again, then what the connection says."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _refuse(send: Send, status: int, problem: str) -> None:
    text = json.dumps({"problems": [problem]}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
