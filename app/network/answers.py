"""Answers of the network page's addresses: what the engine says as a status and sentences."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from fastapi import Request, Response

from app.jobs import Refused, Unavailable, UnknownJob
from app.network.controls import JOB
from app.state.schema import BadRequest
from app.web.http import json_response, parse_body, refusal


def sentence(error: Exception | str) -> str:
    """The words of an error as a sentence."""
    text = str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def problem(status: int, error: Exception) -> Response:
    """One problem as JSON."""
    return json_response(orjson.dumps({"problems": [sentence(error)]}), status)


async def told(make: Callable[[], Awaitable[Response]]) -> Response:
    """make()'s response. 422 for what is asked wrongly, 404 for a job that is not known, 409 where a rule forbids it (a
    full queue, somebody else's job), 503 where the engine does not answer."""
    try:
        return await make()
    except BadRequest as error:
        return refusal(error)
    except UnknownJob as error:
        return problem(404, error)
    except Refused as error:
        return problem(409, error)
    except Unavailable as error:
        return problem(503, error)


async def answered(request: Request, function: Callable[[Mapping[str, Any]], Awaitable[Any]]) -> Response:
    """The function's value as JSON, or what `told` says in its place."""

    async def make() -> Response:
        return json_response(orjson.dumps(await function(parse_body(await request.body()))))

    return await told(make)


def job_in(raw: Mapping[str, Any], key: str = "job") -> str:
    """The job id of a request; BadRequest where it is none."""
    job = raw.get(key)
    if not isinstance(job, str) or not JOB.match(job):
        raise BadRequest(f"{key} must be the id of a run.")
    return job
