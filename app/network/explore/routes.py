"""Addresses of the explore part: ask for a job about a run, draw a slice. JSON in and out."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response

from app.jobs import Refused, default_engine
from app.network.answers import answered, job_in
from app.network.explore.controls import CURVATURE_CONTROLS, RESCALING_CONTROLS, SLICE_CONTROLS
from app.network.explore.figures import pictures_answer
from app.state.control import Control
from app.web.http import json_response, refusal
from app.web.request import BadRequest, parse_body
from app.web.settings import WebSettings
from app.web.visitor import require_visitor, visitor_in_queue
from app.web.worker import Worker

TABLES: dict[str, tuple[Control, ...]] = {
    "slice": SLICE_CONTROLS,
    "curvature": CURVATURE_CONTROLS,
    "rescaling": RESCALING_CONTROLS,
}


def read_wish(raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """(description of the job, notices about clamped values) of a posted {kind, run, state}. BadRequest with a
    sentence for each value that has the wrong type or does not exist."""
    kind, state = raw.get("kind"), raw.get("state")
    if not isinstance(kind, str) or kind not in TABLES:
        raise BadRequest(f"kind must be one of {', '.join(TABLES)}.")
    if not isinstance(state, dict):
        raise BadRequest("The state must be an object.")
    description: dict[str, Any] = {"kind": kind, "run": job_in(raw, "run")}
    notices: list[str] = []
    problems: list[str] = []
    for control in TABLES[kind]:
        try:
            description[control.name], notice = control.read(state.get(control.name, control.default))
        except (TypeError, ValueError) as error:
            problems.append(str(error))
            continue
        if notice:
            notices.append(notice)
    if problems:
        raise BadRequest(*problems)
    return description, notices


def add_explore_routes(server: FastAPI, settings: WebSettings) -> None:
    """Put the addresses on the server."""
    worker = Worker("pictures", settings.waiting)

    @server.post("/network/explore", include_in_schema=False)
    async def explore(request: Request) -> Response:
        async def do(raw: Mapping[str, Any]) -> dict[str, Any]:
            visitor = require_visitor(request)
            description, notices = read_wish(raw)
            if raw.get("replaces"):
                # What was asked before is of no use any more; it may have ended, or be somebody else's.
                with contextlib.suppress(Refused):
                    await default_engine().stop(job_in(raw, "replaces"), visitor)
            return {"job": await default_engine().submit(visitor, description), "notices": notices}

        return await answered(request, do)

    @server.post("/network/explore/stop", include_in_schema=False)
    async def stop(request: Request) -> Response:
        async def do(raw: Mapping[str, Any]) -> dict[str, Any]:
            with contextlib.suppress(Refused):
                await default_engine().stop(job_in(raw), require_visitor(request))
            return {}

        return await answered(request, do)

    @server.post("/network/explore/pictures", include_in_schema=False)
    async def pictures(request: Request) -> Response:
        try:
            raw, visitor = parse_body(await request.body()), visitor_in_queue(request)
            return json_response(await worker.run(visitor, pictures_answer, raw, gone=request.is_disconnected))
        except BadRequest as error:
            return refusal(error)
