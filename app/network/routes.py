"""The network page's addresses: open a link, start and steer a run, the surface under its paths, its files.

The training itself is the engine's: nothing of it runs or is imported here.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from functools import partial
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from app.jobs import Refused, Unavailable, UnknownJob, close_default_engine, default_engine
from app.jobs.kinds import register_kinds
from app.network.controls import (
    base_of,
    description_of,
    job_in,
    preset_for,
    read_network_link,
    read_network_state,
    state_in,
    state_of,
)
from app.network.explore.routes import add_explore_routes
from app.network.export.files import network_file
from app.network.export.request import read_network_export
from app.network.fairness.routes import add_fairness_routes
from app.network.follow import add_follow_route
from app.network.kinds import KINDS, RUNS
from app.network.landscape import share_landscape
from app.network.replays import replay_of
from app.network.shared_job import share_job
from app.network.statements.routes import add_statements_routes
from app.network.training.recorded_runs import recorded_runs
from app.state.schema import MOST_SENTENCES, BadRequest
from app.web.exports import file_response
from app.web.http import json_response, read_posted, sentence
from app.web.services import Services
from app.web.visitor import greet, known_visitor, require_visitor, visitor_in_queue

RECORDED_BY = "runs brought along"
"""Whose job shows them: no visitor's."""
ACTS = ("pause", "resume", "stop")


async def run_of(job: str, visitor: str) -> dict[str, Any]:
    """What the page is told of a run. UnknownJob, and Refused where the job is no training."""
    engine = default_engine()
    summary = await engine.summary(job, visitor)
    description = await engine.description(job)
    if description.pop("kind") not in RUNS:
        raise Refused("this job is no training run")
    return {"job": job, "description": description, **summary}


async def opened(query: Any, visitor: str) -> dict[str, Any]:
    """The whole state that a link stands for, and its run: whose settings win over the link's."""
    if not isinstance(query, str):
        raise BadRequest("The link must be text.")
    reading = read_network_link(query)
    state, run, said = reading.state, None, reading.sentences()
    base = base_of(state["preset"])
    if state["job"] or recorded_runs():
        try:
            # Runs that were trained elsewhere are no part of a link: they are what this lab shows.
            job = state["job"] or await show_recorded()
            run = await run_of(job, visitor)
            shown = state_of(run["description"], run["settings"])
            if "recorded" in run["description"]:
                del shown["steps"]  # those of another training loop
                base["methods"] = shown["methods"]
            state = {**state, **read_network_state({**state, **shown}).state}
            if "recorded" not in run["description"] and (preset := preset_for(state)) != state["preset"]:
                state["preset"], base = preset, base_of(preset)
        except (UnknownJob, Refused) as error:
            said.append(f"The run of this link cannot be shown: {error}. Its settings are here; start it again.")
            state["job"] = ""
        except Unavailable as error:
            said.append(f"{sentence(error)} The run of this link is looked for again when the page is reloaded.")
    unchanged = not run and not state["job"] and description_of(state) == description_of(base)
    replay = replay_of(state["preset"]) if unchanged else None
    told = {"state": state, "notices": said[:MOST_SENTENCES], "run": run, "base": base}
    return {**told, "replay": replay}


async def show_recorded() -> str:
    """The job that shows the runs that were trained elsewhere."""
    return await share_job(default_engine(), RECORDED_BY, {"kind": "recorded"})


_preparing: set[asyncio.Task[None]] = set()


def prepare_engine() -> None:
    """Have the engine ready for a run: whoever opens the page is about to start one; runs that were trained elsewhere
    are read at once. Nobody waits for it."""

    async def prepare() -> None:
        # It is not there, or being closed: the first run says so.
        with contextlib.suppress(RuntimeError, Refused, Unavailable):
            await (show_recorded() if recorded_runs() else default_engine().prepare())

    task = asyncio.create_task(prepare(), context=contextvars.Context())  # it belongs to no request
    _preparing.add(task)
    task.add_done_callback(_preparing.discard)


def answer_with(value: Any) -> Response:
    """The value as JSON."""
    return json_response(orjson.dumps(value))


def add_routes(server: FastAPI, services: Services) -> None:
    """Put the network page's addresses on the server, and its kinds of jobs into the engine."""
    register_kinds(KINDS)
    # Not left to the interpreter's end, which a signal does not wait for.
    server.router.add_event_handler("shutdown", partial(asyncio.to_thread, close_default_engine))
    if recorded_runs():
        server.router.add_event_handler("startup", prepare_engine)
    add_follow_route(server)
    add_explore_routes(server, services)
    add_statements_routes(server)
    add_fairness_routes(server)

    @server.post("/network/open", include_in_schema=False)
    async def open_link(request: Request) -> Response:
        raw = await read_posted(request)
        prepare_engine()
        return greet(request, answer_with(await opened(raw.get("query", ""), known_visitor(request))))

    @server.post("/network/start", include_in_schema=False)
    async def start(request: Request) -> Response:
        raw, visitor = await read_posted(request), require_visitor(request)
        reading = state_in(raw)
        if raw.get("replaces"):
            with contextlib.suppress(Refused):  # it has ended, or is somebody else's
                await default_engine().stop(job_in(raw, "replaces"), visitor)
        address, _ = visitor_in_queue(request)
        job = await default_engine().submit(visitor, description_of(reading.state), address)
        return answer_with({"run": await run_of(job, visitor), "notices": reading.sentences()})

    @server.post("/network/run", include_in_schema=False)
    async def tell(request: Request) -> Response:
        return answer_with(await run_of(job_in(await read_posted(request)), known_visitor(request)))

    @server.post("/network/act", include_in_schema=False)
    async def act(request: Request) -> Response:
        raw = await read_posted(request)
        action = raw.get("act")
        if not isinstance(action, str) or action not in ACTS:
            raise BadRequest(f"act must be one of {', '.join(ACTS)}.")
        job, visitor = job_in(raw), require_visitor(request)
        await run_of(job, visitor)  # a job that several share and one has paused would be of use to nobody
        await getattr(default_engine(), action)(job, visitor)
        return answer_with({})

    @server.post("/network/change", include_in_schema=False)
    async def change(request: Request) -> Response:
        raw = await read_posted(request)
        settings = raw.get("settings")
        if not isinstance(settings, dict):
            raise BadRequest("settings must be an object.")
        await default_engine().change(job_in(raw), require_visitor(request), settings)
        return answer_with({})

    @server.post("/network/ground", include_in_schema=False)
    async def ground(request: Request) -> Response:
        raw = await read_posted(request)
        require_visitor(request)
        address, _ = visitor_in_queue(request)
        job = await share_landscape(default_engine(), job_in(raw), raw.get("x"), raw.get("y"), address)
        return answer_with({"job": job})

    @server.post("/export/network", include_in_schema=False)
    async def export(request: Request) -> Response:
        asked = read_network_export(await read_posted(request))
        visitor = visitor_in_queue(request)
        run = partial(services.exports.run, visitor, request.is_disconnected)
        return file_response(await network_file(default_engine(), require_visitor(request), asked, run, visitor[0]))
