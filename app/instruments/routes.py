"""The instruments' addresses. JSON in, JSON out, bad input as sentences.

A map comes in parts, each a request of its own that a browser leaves out when something newer is wanted. Coarse first
pictures have a thread of their own, so that none waits for the fine part of a picture that nobody wants any more; fine
ones are made in steps, between which others have their turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from app.instruments.controls import read_instruments, read_part
from app.instruments.export.files import check_work, compute_in_steps, compute_part, make_file, read_export
from app.instruments.instrument import STRIDES, InstrumentRequest
from app.instruments.registry import INSTRUMENTS
from app.state.schema import BadRequest, Reader
from app.toy.request import base_of
from app.web.batching import Batcher
from app.web.http import json_response, read_posted
from app.web.services import Services
from app.web.visitor import greet, visitor_in_queue


def opened(raw: Mapping[str, Any]) -> bytes:
    """The toy lab's state and the instruments' own that a link (`query`) or a part of a state (`state`) stands for."""
    reading = read_instruments(Reader.of_posted(raw))
    base = base_of(reading.state, read_instruments)
    return orjson.dumps({"state": reading.state, "notices": reading.sentences(), "base": base})


def _compute_one(items: Sequence[tuple[str, InstrumentRequest]]) -> list[bytes]:
    return [compute_part(*item) for item in items]


def add_routes(server: FastAPI, services: Services) -> None:
    """Put the instruments' addresses on the server."""
    kept, most = services.caches["instruments"], services.settings.walker_steps
    coarse, fine = (
        Batcher(f"instruments-{name}", _compute_one, kept, settings=services.settings, in_steps=compute_in_steps)
        for name in ("coarse", "fine")
    )

    @server.post("/instruments/open", include_in_schema=False)
    async def open_link(request: Request) -> Response:
        return greet(request, json_response(opened(await read_posted(request))))

    @server.post("/instruments/{name}", include_in_schema=False)
    async def part(name: str, request: Request) -> Response:
        if name not in INSTRUMENTS:
            raise BadRequest(f"There is no such instrument; there are {', '.join(INSTRUMENTS)}.")
        asked, reading = read_part(await read_posted(request), name)
        check_work(name, asked, most)
        worker = coarse if name == "phase" and asked.stride == STRIDES[0] else fine
        answer = await worker.answer((name, asked), visitor_in_queue(request), request.is_disconnected)
        # Answers are kept as bytes for all who ask the same; what one request held too much is said beside them.
        said = reading.left_out
        return json_response(answer[:-1] + b',"left_out":' + orjson.dumps(said) + b"}" if said else answer)

    @server.post("/export/instruments", include_in_schema=False)
    async def export(request: Request) -> Response:
        return await services.exports.answer(request, partial(read_export, kept=kept, most=most), make_file)
