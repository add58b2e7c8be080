"""The addresses at which statements are asked for and stopped. Equal requests are one job, however many ask."""

from __future__ import annotations

import contextlib
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from app.jobs import Refused, default_engine
from app.network.controls import description_of, job_in, state_in
from app.network.shared_job import share_job, stop_shared
from app.network.statements.statement import COMPARED
from app.web.http import json_response, read_posted
from app.web.visitor import require_visitor, visitor_in_queue

WATCHING = ("evaluations", "watching", "snapshots", "plane")
"""Settings of a training that change nothing of it, only what is seen of it."""


def statements_of(state: dict[str, Any]) -> dict[str, Any]:
    """The job of statements that a state of the page asks for, but for the job that it goes on after."""
    described = description_of({**state, "methods": list(COMPARED)})
    trained = {name: value for name, value in described.items() if name not in WATCHING}
    return {**trained, "kind": "statements", "preset": state["preset"], "seeds": state["statements_seeds"]}


def add_statements_routes(server: FastAPI) -> None:
    """Put the addresses on the server."""

    @server.post("/network/statements", include_in_schema=False)
    async def ask(request: Request) -> Response:
        raw, visitor = await read_posted(request), require_visitor(request)
        reading = state_in(raw)
        if raw.get("replaces"):
            # What was asked before is of no use any more; it may have ended, or be somebody else's.
            with contextlib.suppress(Refused):
                await stop_shared(default_engine(), job_in(raw, "replaces"), visitor)
        address, _ = visitor_in_queue(request)
        after = job_in(raw, "after") if raw.get("after") else ""
        job = await share_job(default_engine(), visitor, statements_of(reading.state), address, after)
        return json_response(orjson.dumps({"job": job, "notices": reading.sentences()}))

    @server.post("/network/statements/stop", include_in_schema=False)
    async def stop(request: Request) -> Response:
        job, visitor = job_in(await read_posted(request)), require_visitor(request)
        with contextlib.suppress(Refused):  # it has ended, or is somebody else's
            await stop_shared(default_engine(), job, visitor)
        return json_response(b"{}")
