"""The instruments' addresses. JSON in, JSON out, bad input as sentences.

A map comes in parts, each a request of its own that a browser leaves out when something newer is wanted. Coarse first
pictures have a thread of their own, so that none waits for the fine part of a picture that nobody wants any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from app.cache import AnswerCache
from app.instruments.basins import basins_answer
from app.instruments.controls import STRIDES, InstrumentRequest, own_state, read_instrument_request
from app.instruments.fairness import fairness_answer
from app.instruments.link import mended
from app.instruments.phase import phase_answer
from app.instruments.race import race_answer
from app.request import MAXIMUM_MESSAGES, BadRequest, parse_body, read_state
from app.routes import Worker, json_response, refusal
from app.settings import web_settings

ANSWERS = AnswerCache(web_settings().cache_bytes * 7 / 32, "instruments")
COMPUTATIONS: dict[str, Callable[[InstrumentRequest], bytes]] = {
    "phase": phase_answer,
    "race": race_answer,
    "fairness": fairness_answer,
    "basins": basins_answer,
}


def opened(raw: Mapping[str, Any]) -> bytes:
    """The toy lab's state and the instruments' own that a link (`query`) or a part of a state (`state`) stands for."""
    query, state = raw.get("query", ""), raw.get("state")
    if state is None and isinstance(query, str):
        whole, said = mended(query)
    elif isinstance(state, dict):
        reading = read_state(state)
        own, wrong = own_state(state)
        whole, said = {**reading.state, **own}, [*reading.problems, *wrong, *(n.sentence for n in reading.notices)]
    else:
        raise BadRequest("The link must be text, or the state an object.")
    return orjson.dumps({"state": whole, "notices": said[:MAXIMUM_MESSAGES]})


def add_instrument_routes(server: FastAPI) -> None:
    """Put the instruments' addresses on the server."""
    coarse, fine = Worker("instruments-coarse"), Worker("instruments-fine")

    @server.post("/instruments/open", include_in_schema=False)
    async def open_link(request: Request) -> Response:
        try:
            return json_response(opened(parse_body(await request.body())))
        except BadRequest as error:
            return refusal(error)

    @server.post("/instruments/{name}", include_in_schema=False)
    async def part(name: str, request: Request) -> Response:
        try:
            compute = COMPUTATIONS.get(name)
            if compute is None:
                raise BadRequest(f"There is no such instrument; there are {', '.join(COMPUTATIONS)}.")
            asked = read_instrument_request(parse_body(await request.body()))
            first = name == "phase" and asked.stride == STRIDES[0]
            if not first and await request.is_disconnected():
                return json_response(b"null", 204)
            worker = coarse if first else fine
            return json_response(await worker.run(ANSWERS.get, (name, asked), lambda: compute(asked)))
        except BadRequest as error:
            return refusal(error)
