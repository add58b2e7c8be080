"""The toy lab's addresses: open a link, compute paths, test claims, look closer, make files. JSON in, JSON out.

A plain route and not a Dash callback carries the paths: it answers with an HTTP status, can be aborted by the client
and leaves the renderer out of the way of a drag. What looks closer has a thread of its own, so that a cloud of many
walkers does not hold up the paths of a drag.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import orjson
from fastapi import FastAPI, Request, Response

from app.state.schema import Reader
from app.toy.anatomy import read_anatomy
from app.toy.answer import read_computation, write_answer
from app.toy.batch import compute_many, paths_key
from app.toy.claims import claims_for
from app.toy.cloud import read_cloud
from app.toy.cut import read_cut
from app.toy.export.controls import read_export
from app.toy.export.files import make_file
from app.toy.measured_cost import read_cost
from app.toy.presets import PRESETS
from app.toy.request import ToyRequest, base_of, read_request, read_toy
from app.toy.surface import surface_key, surface_of
from app.web.batch_processes import BatchProcesses
from app.web.batching import Batcher
from app.web.cache import Caches
from app.web.fair_queue import Visitor
from app.web.http import json_response, read_posted
from app.web.services import Services
from app.web.settings import WebSettings
from app.web.visitor import greet, visitor_in_queue

HEAVIEST_BATCH = 300_000
"""Walkers × steps of all methods after which a batch is closed: some 50 ms of one core."""


class Closer(Protocol):
    """A checked request of what looks closer at a run, hashable, that knows its answer."""

    def answer(self) -> bytes:
        """The JSON."""
        ...


INSPECTORS: dict[str, Callable[[Mapping[str, Any]], Closer]] = {
    "anatomy": read_anatomy,
    "cloud": read_cloud,
    "cost": read_cost,
    "cut": read_cut,
}
"""Address under /toy/ → how a posted state is read."""


def opened(raw: Mapping[str, Any]) -> bytes:
    """The whole state that a link (`query`) or a part of a state (`state`) stands for, and what was changed in it."""
    reading = read_toy(Reader.of_posted(raw))
    return orjson.dumps({"state": reading.state, "notices": reading.sentences(), "base": base_of(reading.state)})


def claims_answer(request: ToyRequest) -> bytes:
    """The paper's statements about the posted settings, each with a verdict from runs made now, and their counts."""
    return orjson.dumps({"claims": claims_for(request)})


def _first_requests() -> list[ToyRequest]:
    """What the pages' presets ask for first."""
    return [read_request({"preset": preset})[0] for preset in PRESETS]


@dataclass(frozen=True)
class ToyWork:
    """The threads of the toy lab: paths, many at a time; surfaces, claims and what looks closer, one at a time."""

    paths: Batcher[ToyRequest]
    surfaces: Batcher[ToyRequest]
    claims: Batcher[ToyRequest]
    closer: Batcher[Closer]

    @classmethod
    def begin(cls, settings: WebSettings, caches: Caches) -> ToyWork:
        """Threads start with their first work."""
        count = settings.side_processes
        return cls(
            paths=Batcher(
                "paths",
                compute_many,
                caches["paths"],
                key=paths_key,
                batch=settings.batch,
                settings=settings,
                weight=lambda request: len(request.methods) * request.steps,
                heaviest=HEAVIEST_BATCH,
                aside=BatchProcesses(compute_many, _first_requests, count) if count else None,
            ),
            surfaces=Batcher(
                "surfaces",
                lambda items: [surface_of(items[0])],
                caches["surfaces"],
                key=surface_key,
                settings=settings,
            ),
            claims=Batcher(
                "claims",
                lambda items: [claims_answer(items[0])],
                caches["claims"],
                key=lambda request: replace(request, scheme="light"),
                settings=settings,
            ),
            closer=Batcher("inspector", lambda items: [items[0].answer()], caches["inspector"], settings=settings),
        )

    def close(self) -> None:
        """End the processes."""
        self.paths.close()

    async def toy_answer(self, raw: Mapping[str, Any], visitor: Visitor, gone: Any = None) -> bytes:
        """The answer to a posted state: the surface unless the browser has it (`have`), the paths, and notices."""
        reading, request, wanted = read_computation(raw)
        surface = await self.surfaces.answer(request, visitor, gone) if wanted else None
        return write_answer(reading, surface, await self.paths.answer(request, visitor, gone))


def add_routes(server: FastAPI, services: Services) -> ToyWork:
    """Put the toy lab's addresses on the server."""
    work = ToyWork.begin(services.settings, services.caches)
    server.router.add_event_handler("shutdown", work.close)

    async def compute(request: Request) -> Response:
        raw = await read_posted(request)
        return json_response(await work.toy_answer(raw, visitor_in_queue(request), request.is_disconnected))

    # A plain route of Starlette's: what FastAPI does around a function takes a tenth of a millisecond of each request.
    server.add_route("/toy/compute", compute, methods=["POST"], include_in_schema=False)

    @server.post("/toy/open", include_in_schema=False)
    async def open_link(request: Request) -> Response:
        return greet(request, json_response(opened(await read_posted(request))))

    @server.post("/toy/claims", include_in_schema=False)
    async def test_claims(request: Request) -> Response:
        asked, _ = read_request(await read_posted(request))
        return json_response(await work.claims.answer(asked, visitor_in_queue(request), request.is_disconnected))

    def add_inspector(name: str, read: Callable[[Mapping[str, Any]], Closer]) -> None:
        @server.post(f"/toy/{name}", include_in_schema=False)
        async def look_closer(request: Request) -> Response:
            asked = read(await read_posted(request))
            return json_response(await work.closer.answer(asked, visitor_in_queue(request), request.is_disconnected))

    for name, read in INSPECTORS.items():
        add_inspector(name, read)

    @server.post("/export/toy", include_in_schema=False)
    async def export(request: Request) -> Response:
        return await services.exports.answer(request, read_export, make_file)

    return work
