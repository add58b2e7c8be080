"""The form of every answer of ours: JSON that no cache keeps, and what was refused as sentences."""

from __future__ import annotations

import orjson
from fastapi import Response

from app.crowd.worker import Busy
from app.request import BadRequest


def json_response(content: bytes, status: int = 200) -> Response:
    """JSON that no cache keeps."""
    return Response(content, status_code=status, media_type="application/json", headers={"Cache-Control": "no-store"})


def refusal(error: BadRequest) -> Response:
    """The problems as sentences: 429 where the server is busy, else 422."""
    busy = isinstance(error, Busy)
    response = json_response(orjson.dumps({"problems": error.problems}), 429 if busy else 422)
    if busy:
        response.headers["Retry-After"] = "1"
    return response
