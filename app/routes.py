"""The toy lab's addresses: open a link, compute paths, test claims. JSON in, JSON out, bad input as sentences.

A plain route and not a Dash callback carries the paths: it answers with an HTTP status, can be aborted by the client
and leaves the renderer out of the way of a drag.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from app.cache import AnswerCache
from app.claims import claims_for
from app.link import left_out, read_link, write_link
from app.observe.metrics import watch_queue
from app.request import MAXIMUM_MESSAGES, BadRequest, parse_body, read_request, read_state
from app.settings import web_settings
from app.toy_compute import paths_answer
from app.toy_surface import surface_answer, surface_key

CLAIMS = AnswerCache(web_settings().cache_bytes / 32, "claims")
MAXIMUM_WAITING = 64
"""Computations that may wait for the one thread; beyond that the answer is 429 and the client asks again later."""


class Worker:
    """One thread for computations, so that the event loop stays free, and a bound on those that wait."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._waiting = 0
        watch_queue(name, lambda: self._waiting)

    async def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The function's value, computed in the thread. BadRequest ("busy") where too many wait already."""
        if self._waiting >= MAXIMUM_WAITING:
            raise Busy("The server is busy; the newest setting is asked for again shortly.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)
        finally:
            self._waiting -= 1


class Busy(BadRequest):
    """Too many computations wait."""


def json_response(content: bytes, status: int = 200) -> Response:
    """JSON that no cache keeps."""
    return Response(content, status_code=status, media_type="application/json", headers={"Cache-Control": "no-store"})


def refusal(error: BadRequest) -> Response:
    """The problems as sentences: 429 where the server is busy, else 422."""
    status = 429 if isinstance(error, Busy) else 422
    return json_response(orjson.dumps({"problems": error.problems}), status)


def toy_answer(raw: dict[str, Any]) -> bytes:
    """The answer to a posted state: the surface unless the browser has it (`have`), the paths, and notices."""
    request, notices = read_request(raw)
    surface = b"null" if raw.get("have") == surface_key(request) else surface_answer(request)
    return b'{"surface":%b,"paths":%b,"notices":%b}' % (surface, paths_answer(request), orjson.dumps(notices))


def opened(raw: dict[str, Any]) -> bytes:
    """The whole state that a link (`query`) or a part of a state (`state`) stands for, and what was changed in it."""
    query, state = raw.get("query", ""), raw.get("state")
    unknown: list[str] = []
    if state is None and isinstance(query, str):
        reading = read_link(query)
        unknown = left_out(query, reading.state)
    elif isinstance(state, dict):
        reading = read_state(state)
    else:
        raise BadRequest("The link must be text, or the state an object.")
    said = [*reading.problems, *unknown, *(notice.sentence for notice in reading.notices)]
    return orjson.dumps({"state": reading.state, "notices": said[:MAXIMUM_MESSAGES], "link": write_link(reading.state)})


def claims_answer(raw: dict[str, Any]) -> bytes:
    """The paper's statements about the posted settings, each with a verdict from runs made now, and their counts."""
    request, _ = read_request(raw)
    return CLAIMS.get(replace(request, scheme="light"), lambda: orjson.dumps({"claims": claims_for(request)}))


def add_routes(server: FastAPI) -> None:
    """Put the toy lab's addresses on the server."""
    paths, claims = Worker("paths"), Worker("claims")

    async def answer(request: Request, worker: Worker, function: Callable[[dict[str, Any]], bytes]) -> Response:
        try:
            raw = parse_body(await request.body())
            if worker is claims and await request.is_disconnected():
                return Response(status_code=204)  # nobody listens any more
            return json_response(await worker.run(function, raw))
        except BadRequest as error:
            return refusal(error)

    @server.post("/toy/compute", include_in_schema=False)
    async def compute(request: Request) -> Response:
        return await answer(request, paths, toy_answer)

    @server.post("/toy/claims", include_in_schema=False)
    async def test_claims(request: Request) -> Response:
        return await answer(request, claims, claims_answer)

    @server.post("/toy/open", include_in_schema=False)
    async def open_link(request: Request) -> Response:
        return await answer(request, paths, opened)
