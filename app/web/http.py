"""The form of every answer of ours: JSON that no cache keeps, and what was refused as sentences."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from fastapi import Response
from starlette.types import Receive, Scope, Send

from app.web.request import BadRequest

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""Of requests that change nothing and have no body."""


def json_response(content: bytes, status: int = 200) -> Response:
    """JSON that no cache keeps."""
    return Response(content, status_code=status, media_type="application/json", headers={"Cache-Control": "no-store"})


def refusal(error: BadRequest) -> Response:
    """The problems as sentences, with the status of their kind."""
    response = json_response(orjson.dumps({"problems": error.problems}), error.status)
    if error.status in (429, 503):
        response.headers["Retry-After"] = "1"
    return response


async def refuse(
    scope: Scope, receive: Receive, send: Send, status: int, problem: str, headers: Mapping[str, str] | None = None
) -> None:
    """Answer a request, or the opening of a websocket, with one sentence on why it is refused."""
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": problem})
        return
    response = json_response(orjson.dumps({"problems": [problem]}), status)
    response.headers.update(headers or {})
    await response(scope, receive, send)
