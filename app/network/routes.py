"""The network page's addresses: open a link, start and steer a run, the surface under its paths. JSON in and out.

The training itself is the engine's: nothing of it runs or is imported here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from app.jobs import Refused, Unavailable, UnknownJob, default_engine
from app.network.answers import answered, job_in, sentence
from app.network.controls import description_of, read_network_link, read_network_state, state_of
from app.network.follow import add_follow_route
from app.network.ground import ground_of
from app.web.http import json_response, refusal
from app.web.request import MAXIMUM_MESSAGES, BadRequest, parse_body, strangers
from app.web.visitor import greet, known_visitor, require_visitor

ACTS = ("pause", "resume", "stop")


async def run_of(job: str, visitor: str) -> dict[str, Any]:
    """What the page is told of a run. UnknownJob, and Refused where the job is no training."""
    engine = default_engine()
    summary = await engine.summary(job, visitor)
    description = await engine.description(job)
    if description.pop("kind") != "train":
        raise Refused("this job is no training run")
    return {"job": job, "description": description, **summary}


async def opened(raw: Mapping[str, Any], visitor: str) -> dict[str, Any]:
    """The whole state that a link (`query`) stands for, and its run: whose settings win over the link's."""
    query = raw.get("query", "")
    if not isinstance(query, str):
        raise BadRequest("The link must be text.")
    reading, said = read_network_link(query)
    state, run = reading.state, None
    said = [*reading.problems, *said, *reading.notices]
    if state["job"]:
        try:
            run = await run_of(state["job"], visitor)
            state = {**state, **read_network_state({**state, **state_of(run["description"], run["settings"])}).state}
        except (UnknownJob, Refused) as error:
            said.append(f"The run of this link cannot be shown: {error}. Its settings are here; start it again.")
            state["job"] = ""
        except Unavailable as error:
            said.append(f"{sentence(error)} The run of this link is looked for again when the page is reloaded.")
    return {"state": state, "notices": said[:MAXIMUM_MESSAGES], "run": run}


def add_network_routes(server: FastAPI) -> None:
    """Put the network page's addresses on the server."""
    add_follow_route(server)

    @server.post("/network/open", include_in_schema=False)
    async def open_link(request: Request) -> Response:
        try:
            raw = parse_body(await request.body())
            answer = json_response(orjson.dumps(await opened(raw, known_visitor(request))))
        except BadRequest as error:
            answer = refusal(error)
        return greet(request, answer)

    @server.post("/network/start", include_in_schema=False)
    async def start(request: Request) -> Response:
        async def do(raw: Mapping[str, Any]) -> dict[str, Any]:
            visitor, state = require_visitor(request), raw.get("state")
            if not isinstance(state, dict):
                raise BadRequest("The state must be an object.")
            reading = read_network_state(state)
            if reading.problems:
                raise BadRequest(*reading.problems)
            if raw.get("replaces"):
                with contextlib.suppress(Refused):  # it has ended, or is somebody else's
                    await default_engine().stop(job_in(raw, "replaces"), visitor)
            job = await default_engine().submit(visitor, description_of(reading.state))
            said = [*reading.notices, *strangers(state, reading.state)]
            return {"run": await run_of(job, visitor), "notices": said[:MAXIMUM_MESSAGES]}

        return await answered(request, do)

    @server.post("/network/run", include_in_schema=False)
    async def tell(request: Request) -> Response:
        async def do(raw: Mapping[str, Any]) -> dict[str, Any]:
            return await run_of(job_in(raw), known_visitor(request))

        return await answered(request, do)

    @server.post("/network/act", include_in_schema=False)
    async def act(request: Request) -> Response:
        async def do(raw: Mapping[str, Any]) -> dict[str, Any]:
            wish = raw.get("act")
            if not isinstance(wish, str) or wish not in ACTS:
                raise BadRequest(f"act must be one of {', '.join(ACTS)}.")
            await getattr(default_engine(), wish)(job_in(raw), require_visitor(request))
            return {}

        return await answered(request, do)

    @server.post("/network/change", include_in_schema=False)
    async def change(request: Request) -> Response:
        async def do(raw: Mapping[str, Any]) -> dict[str, Any]:
            settings = raw.get("settings")
            if not isinstance(settings, dict):
                raise BadRequest("settings must be an object.")
            await default_engine().change(job_in(raw), require_visitor(request), settings)
            return {}

        return await answered(request, do)

    @server.post("/network/ground", include_in_schema=False)
    async def ground(request: Request) -> Response:
        async def do(raw: Mapping[str, Any]) -> dict[str, Any]:
            require_visitor(request)
            return {"job": await ground_of(default_engine(), job_in(raw), raw.get("x"), raw.get("y"))}

        return await answered(request, do)
