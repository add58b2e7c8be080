"""The form of every answer of ours: JSON that no cache keeps, and what was refused as sentences."""

from __future__ import annotations

import orjson
from fastapi import Response

from app.state.schema import BadRequest


def json_response(content: bytes, status: int = 200) -> Response:
    """JSON that no cache keeps."""
    return Response(content, status_code=status, media_type="application/json", headers={"Cache-Control": "no-store"})


def refusal(error: BadRequest) -> Response:
    """The problems as sentences, with the status of their kind."""
    response = json_response(orjson.dumps({"problems": error.problems}), error.status)
    if error.status in (429, 503):
        response.headers["Retry-After"] = "1"
    return response
