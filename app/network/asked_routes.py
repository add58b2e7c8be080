"""The two addresses of a background job that anybody may ask for: ask, stop. Equal requests are one job."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import orjson
from fastapi import FastAPI, Request, Response

from app.jobs import Engine, Refused
from app.jobs.kinds import Description
from app.network.controls import job_in, state_in
from app.network.shared_job import share_job, stop_shared
from app.state.schema import State
from app.web.http import json_response, read_posted
from app.web.visitor import require_visitor, visitor_in_queue

WATCHING = ("evaluations", "watching", "snapshots", "plane")
"""Settings of a training that change nothing of it, only what is seen of it."""


def add_asked_routes(
    server: FastAPI, address: str, described: Callable[[State], Description], engine: Callable[[], Engine]
) -> None:
    """Put `address` and `address`/stop on the server. described: the job that a state asks for, but for the job that it
    goes on after."""

    @server.post(address, include_in_schema=False)
    async def ask(request: Request) -> Response:
        raw, visitor = await read_posted(request), require_visitor(request)
        reading = state_in(raw)
        if raw.get("replaces"):
            # What was asked before is of no use any more; it may have ended, or be somebody else's.
            with contextlib.suppress(Refused):
                await stop_shared(engine(), job_in(raw, "replaces"), visitor)
        where, _ = visitor_in_queue(request)
        after = job_in(raw, "after") if raw.get("after") else ""
        job = await share_job(engine(), visitor, described(reading.state), where, after)
        return json_response(orjson.dumps({"job": job, "notices": reading.sentences()}))

    @server.post(f"{address}/stop", include_in_schema=False)
    async def stop(request: Request) -> Response:
        job, visitor = job_in(await read_posted(request)), require_visitor(request)
        with contextlib.suppress(Refused):  # it has ended, or is somebody else's
            await stop_shared(engine(), job, visitor)
        return json_response(b"{}")
