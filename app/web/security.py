"""What every answer carries and every body must pass: security headers and a limit on size."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.access import SAFE_METHODS, Door, Heads, Refusal
from app.web.settings import WebSettings, web_settings
from app.web.static_files import StaticFiles


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


Check = Callable[[bytes], bytes]
"""Gives the body that the application is to read, as JSON; ValueError with a sentence."""


class SecureApp:
    """Wraps an ASGI application: the door, the headers, and bodies that are refused before the application reads them.

    413 for a body over its limit, 408 for one that does not come, 400 where the address's check raises a ValueError.
    limits: addresses whose bodies may be larger or must be smaller than `body_bytes`. Dash answers every unknown
    address with the page; where `has_page` says no, that answer gets the status 404.
    """

    def __init__(
        self,
        app: ASGIApp,
        headers: tuple[tuple[bytes, bytes], ...],
        checks: Mapping[str, Check] | None = None,
        has_page: Callable[[str], bool] = lambda _path: True,
        settings: WebSettings | None = None,
        limits: Mapping[str, int] | None = None,
        files: StaticFiles | None = None,
    ) -> None:
        self.app = app
        self.headers = headers
        self.checks = dict(checks or {})
        self.has_page = has_page
        self.settings = settings or web_settings()
        self.limits = dict(limits or {})
        self.files = files
        self.door = Door(self.settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        own = self.headers

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] == 200 and not self.has_page(scope["path"]):
                    message["status"] = 404
                message["headers"] = [*message.get("headers", []), *own]
            await send(message)

        refusal = self.door.meet(scope)
        if refusal is not None:
            await _refuse(send_with_headers, refusal)
            return
        kept_pass = self.door.pass_cookie(scope)
        if kept_pass is not None:
            own = (*own, (b"set-cookie", kept_pass))
        if self.files is not None and self.files.serves(scope["path"]):
            await self.files(scope, receive, send_with_headers)
            return
        if scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send_with_headers)
            return
        limit = self.limits.get(scope["path"], self.settings.body_bytes)
        try:
            async with asyncio.timeout(self.settings.body_seconds):
                body = await read_body(scope, receive, limit)
            check = self.checks.get(scope["path"])
            if check is not None:
                body = check(body)
                scope["headers"] = [*(h for h in scope["headers"] if h[0] != b"content-type"), JSON_TYPE]
        except ClientGone:
            return
        except TooLarge:
            refusal = Refusal(413, f"The request is larger than {limit} bytes.")
        except TimeoutError:
            refusal = Refusal(408, "The request took too long to arrive.", ((b"connection", b"close"),))
        except ValueError as error:
            refusal = Refusal(400, str(error))
        if refusal is not None:
            await _refuse(send_with_headers, refusal)
            return
        await self.app(scope, replay(body, receive), send_with_headers)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self.door.meet(scope)
        if refusal is not None:
            if "websocket.http.response" in scope.get("extensions", {}):
                await _refuse(send, refusal, "websocket.http.response")
            else:
                await send({"type": "websocket.close", "code": 1008, "reason": refusal.problem})
            return
        client = scope["client"][0] if scope.get("client") else ""
        self.door.open_sockets[client] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.door.open_sockets[client] -= 1
            if not self.door.open_sockets[client]:
                del self.door.open_sockets[client]


JSON_TYPE = (b"content-type", b"application/json")


class TooLarge(Exception):
    """A body over its limit."""


class ClientGone(Exception):
    """The client has left before its body was there."""


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body; TooLarge as soon as it, or what the head says of it, exceeds the limit."""
    announced = Heads(scope).first(b"content-length")
    if announced.isdecimal() and (len(announced) > 15 or int(announced) > limit):
        raise TooLarge
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise TooLarge
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


async def _refuse(send: Send, refusal: Refusal, kind: str = "http.response") -> None:
    text = json.dumps({"problems": [refusal.problem]}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(text)).encode()),
        (b"cache-control", b"no-store"),
        *refusal.headers,
    ]
    await send({"type": f"{kind}.start", "status": refusal.status, "headers": headers})
    await send({"type": f"{kind}.body", "body": text})
