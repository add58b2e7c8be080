"""The form of requests and answers: JSON in, JSON that no cache keeps out, and what is refused as sentences.

A route lets BadRequest and the engine's errors rise: `add_refusals` makes their answers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from starlette.types import Receive, Scope, Send

from app.jobs.errors import Refused, Unavailable, UnknownJob
from app.state.control import describe
from app.state.schema import BadRequest

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""Of requests that change nothing and have no body."""
EXACT_DIGITS = 18
"""Whole numbers with more characters are read as any other number is: no browser has them exactly, and neither JSON's
fast writer nor a float takes them all."""
STATUS = {UnknownJob: 404, Refused: 409, Unavailable: 503}
"""A job that is not known; what a rule forbids (a full queue, somebody else's job); an engine that does not answer."""


def parse_body(body: bytes) -> Mapping[str, Any]:
    """The JSON object in a request's body; BadRequest for anything else. Its size has been checked before."""
    try:
        raw = json.loads(body, parse_int=_whole)
    except (ValueError, RecursionError):
        raise BadRequest("The request is not valid JSON.") from None
    if not isinstance(raw, dict):
        raise BadRequest(f"The request must be a JSON object, not {describe(raw)}.")
    return raw


def _whole(digits: str) -> float:
    """The number; beyond what a float holds the last one that it does. ValueError where Python reads it as none."""
    value, largest = int(digits), int(sys.float_info.max)
    return value if len(digits) <= EXACT_DIGITS else float(min(max(value, -largest), largest))


async def read_posted(request: Request) -> Mapping[str, Any]:
    """The JSON object that was posted; BadRequest for anything else."""
    return parse_body(await request.body())


def json_response(content: bytes, status: int = 200) -> Response:
    """JSON that no cache keeps."""
    return Response(content, status_code=status, media_type="application/json", headers={"Cache-Control": "no-store"})


def refusal(error: BadRequest) -> Response:
    """The problems as sentences, with the status of their kind."""
    response = json_response(orjson.dumps({"problems": error.problems}), error.status)
    if error.status in (429, 503):
        response.headers["Retry-After"] = "1"
    return response


def sentence(error: Exception | str) -> str:
    """The words of an error as a sentence."""
    text = str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def add_refusals(server: FastAPI) -> None:
    """Answer with sentences where a route raises BadRequest or what the engine raises."""

    async def answer_bad_request(_request: Request, error: Exception) -> Response:
        assert isinstance(error, BadRequest)
        return refusal(error)

    async def answer_engine(_request: Request, error: Exception) -> Response:
        status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
        return json_response(orjson.dumps({"problems": [sentence(error)]}), status)

    server.add_exception_handler(BadRequest, answer_bad_request)
    for kind in STATUS:
        server.add_exception_handler(kind, answer_engine)


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
