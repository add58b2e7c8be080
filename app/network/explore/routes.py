"""Addresses of the explore part: ask for a job about a run, draw a slice. JSON in and out."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from app.jobs import Refused, default_engine
from app.jobs.kinds import Description
from app.network.controls import job_in
from app.network.explore.controls import TABLES, with_runs
from app.network.explore.figures import pictures_answer
from app.state.schema import BadRequest, read_values
from app.web.http import json_response, read_posted
from app.web.services import Services
from app.web.visitor import require_visitor, visitor_in_queue
from app.web.worker import Worker


def read_job(raw: Mapping[str, Any]) -> tuple[Description, list[str]]:
    """(description of the job, notices about clamped values) of a posted {kind, run, state}. BadRequest with a
    sentence for each value that has the wrong type or does not exist."""
    kind, state = raw.get("kind"), raw.get("state")
    if not isinstance(kind, str) or kind not in TABLES:
        raise BadRequest(f"kind must be one of {', '.join(TABLES)}.")
    if not isinstance(state, dict):
        raise BadRequest("The state must be an object.")
    run = job_in(raw, "run")
    values, notices = read_values(state, with_runs(TABLES[kind]))
    return {"kind": kind, "run": run, **values}, [notice.sentence for notice in notices]


def add_explore_routes(server: FastAPI, services: Services) -> None:
    """Put the addresses on the server."""
    worker = Worker("pictures", services.settings.waiting)

    @server.post("/network/explore", include_in_schema=False)
    async def explore(request: Request) -> Response:
        raw, visitor = await read_posted(request), require_visitor(request)
        description, notices = read_job(raw)
        if raw.get("replaces"):
            # What was asked before is of no use any more; it may have ended, or be somebody else's.
            with contextlib.suppress(Refused):
                await default_engine().stop(job_in(raw, "replaces"), visitor)
        address, _ = visitor_in_queue(request)
        job = await default_engine().submit(visitor, description, address)
        return json_response(orjson.dumps({"job": job, "notices": notices}))

    @server.post("/network/explore/stop", include_in_schema=False)
    async def stop(request: Request) -> Response:
        job = job_in(await read_posted(request))
        with contextlib.suppress(Refused):
            await default_engine().stop(job, require_visitor(request))
        return json_response(b"{}")

    @server.post("/network/explore/pictures", include_in_schema=False)
    async def draw(request: Request) -> Response:
        raw, visitor = await read_posted(request), visitor_in_queue(request)
        return json_response(await worker.run(visitor, pictures_answer, raw, gone=request.is_disconnected))
