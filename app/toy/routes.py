"""The toy lab's addresses: open a link, compute paths, test claims. JSON in, JSON out, bad input as sentences.

A plain route and not a Dash callback carries the paths: it answers with an HTTP status, can be aborted by the client
and leaves the renderer out of the way of a drag.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from app.toy.batch import compute_many, paths_key
from app.toy.claims import claims_for
from app.toy.link import left_out, read_link, write_link
from app.toy.presets import PRESETS
from app.toy.request import ToyRequest, read_request, read_state, toy_keys
from app.toy.surface import surface_key, surface_of
from app.web.batching import Coalescer
from app.web.cache import Caches
from app.web.fair_queue import Visitor
from app.web.http import json_response, refusal
from app.web.request import MAXIMUM_MESSAGES, BadRequest, parse_body, strangers
from app.web.settings import WebSettings
from app.web.side_process import SideProcesses
from app.web.visitor import greet, visitor_in_queue

HEAVIEST_BATCH = 300_000
"""Walkers × steps of all methods after which a batch is closed: some 50 ms of one core."""


def opened(raw: Mapping[str, Any]) -> bytes:
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


def claims_answer(request: ToyRequest) -> bytes:
    """The paper's statements about the posted settings, each with a verdict from runs made now, and their counts."""
    return orjson.dumps({"claims": claims_for(request)})


def _first_requests() -> list[ToyRequest]:
    """What the pages' presets ask for first."""
    return [read_request({"preset": preset})[0] for preset in PRESETS]


@dataclass(frozen=True)
class ToyWork:
    """The three threads of the toy lab: paths, many at a time; surfaces and claims, one at a time."""

    paths: Coalescer[ToyRequest]
    surfaces: Coalescer[ToyRequest]
    claims: Coalescer[ToyRequest]

    @classmethod
    def begin(cls, settings: WebSettings, caches: Caches) -> ToyWork:
        """Threads start with their first work."""
        count = settings.side_processes
        return cls(
            Coalescer(
                "paths", compute_many, caches["paths"], key=paths_key, batch=settings.batch, settings=settings,
                weight=lambda request: len(request.methods) * request.steps, heaviest=HEAVIEST_BATCH,
                aside=SideProcesses(compute_many, _first_requests, count) if count else None,
            ),
            Coalescer("surfaces", lambda items: [surface_of(items[0])], caches["surfaces"],
                      key=surface_key, settings=settings),
            Coalescer("claims", lambda items: [claims_answer(items[0])], caches["claims"],
                      key=lambda request: replace(request, scheme="light"), settings=settings),
        )  # fmt: skip

    def close(self) -> None:
        """End the processes."""
        self.paths.close()

    async def toy_answer(self, raw: Mapping[str, Any], visitor: Visitor, gone: Any = None) -> bytes:
        """The answer to a posted state: the surface unless the browser has it (`have`), the paths, and notices."""
        request, notices = read_request(raw)
        surface = b"null"
        if raw.get("have") != surface_key(request):
            surface = await self.surfaces.answer(request, visitor, gone)
        paths = await self.paths.answer(request, visitor, gone)
        said = orjson.dumps(strangers(raw, toy_keys(request)))
        return b'{"surface":%b,"paths":%b,"notices":%b,"left_out":%b}' % (surface, paths, orjson.dumps(notices), said)


def add_routes(server: FastAPI, settings: WebSettings, caches: Caches) -> ToyWork:
    """Put the toy lab's addresses on the server."""
    work = ToyWork.begin(settings, caches)
    server.router.add_event_handler("shutdown", work.close)

    async def compute(request: Request) -> Response:
        try:
            raw = parse_body(await request.body())
            return json_response(await work.toy_answer(raw, visitor_in_queue(request), request.is_disconnected))
        except BadRequest as error:
            return refusal(error)

    # A plain route of Starlette's: what FastAPI does around a function takes a tenth of a millisecond of each request.
    server.add_route("/toy/compute", compute, methods=["POST"], include_in_schema=False)

    @server.post("/toy/claims", include_in_schema=False)
    async def test_claims(request: Request) -> Response:
        try:
            asked, _ = read_request(parse_body(await request.body()))
            return json_response(await work.claims.answer(asked, visitor_in_queue(request), request.is_disconnected))
        except BadRequest as error:
            return refusal(error)

    @server.post("/toy/open", include_in_schema=False)
    async def open_link(request: Request) -> Response:
        try:
            answer = json_response(opened(parse_body(await request.body())))
        except BadRequest as error:
            answer = refusal(error)
        return greet(request, answer)

    return work
