"""Bodies of requests: read whole, within a limit on size and time, and checked before the application reads them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.http import SAFE_METHODS, refuse
from app.web.settings import WebSettings

Check = Callable[[bytes], bytes]
"""Gives the body that the application is to read, as JSON; ValueError with a sentence."""


class TooLarge(Exception):
    """A body over its limit."""


class ClientGone(Exception):
    """The client has left before its body was there."""


class BodyLimit:
    """413 for a body over its limit, 408 for one that does not come, 400 where its address's check raises a ValueError.

    checks: by address.
    """

    def __init__(self, app: ASGIApp, settings: WebSettings, checks: Mapping[str, Check] | None = None) -> None:
        self.app = app
        self._bytes, self._seconds = settings.body_bytes, settings.body_seconds
        self._checks = dict(checks or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._seconds):
                body = await read_body(scope, receive, self._bytes)
            check = self._checks.get(scope["path"])
            if check is not None:
                body = check(body)
                MutableHeaders(scope=scope)["content-type"] = "application/json"
        except ClientGone:
            return
        except TooLarge:
            await refuse(scope, receive, send, 413, f"The request is larger than {self._bytes} bytes.")
        except TimeoutError:
            problem = "The request took too long to arrive."
            await refuse(scope, receive, send, 408, problem, {"Connection": "close"})
        except ValueError as error:
            await refuse(scope, receive, send, 400, str(error))
        else:
            await self.app(scope, replay(body, receive), send)


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body; TooLarge as soon as it, or what the head says of it, exceeds the limit."""
    announced = Headers(scope=scope).get("content-length", "")
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
