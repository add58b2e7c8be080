"""The instruments' addresses. JSON in, JSON out, bad input as sentences.

A map comes in parts, each a request of its own that a browser leaves out when something newer is wanted. Coarse first
pictures have a thread of their own, so that none waits for the fine part of a picture that nobody wants any more; fine
ones are made in steps, between which others have their turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from app.instruments.basins import basins_answer
from app.instruments.controls import OWN_CONTROLS, STRIDES, InstrumentRequest, own_state, read_instrument_request
from app.instruments.fairness import fairness_answer
from app.instruments.link import mended
from app.instruments.phase import phase_steps
from app.instruments.race import race_answer
from app.instruments.repeats import MOST_STEPS
from app.instruments.two_scale import two_scale_answer
from app.toy.request import read_state, toy_keys
from app.web.batching import Coalescer
from app.web.cache import Caches
from app.web.http import json_response, refusal
from app.web.request import MAXIMUM_MESSAGES, BadRequest, parse_body, strangers
from app.web.settings import WebSettings
from app.web.visitor import greet, visitor_in_queue

Computation = Callable[[InstrumentRequest], bytes | Iterator[bytes | None]]
COMPUTATIONS: dict[str, Computation] = {
    "phase": phase_steps,
    "race": race_answer,
    "fairness": fairness_answer,
    "basins": basins_answer,
    "two-scale": two_scale_answer,
}

INSTRUMENT_KEYS = frozenset({control.name for control in OWN_CONTROLS} | {"method", "stride"})
"""What a posted instrument's request may hold beside the toy lab's state."""


def opened(raw: Mapping[str, Any]) -> bytes:
    """The toy lab's state and the instruments' own that a link (`query`) or a part of a state (`state`) stands for."""
    query, state = raw.get("query", ""), raw.get("state")
    if state is None and isinstance(query, str):
        whole, said = mended(query)
    elif isinstance(state, dict):
        reading = read_state(state)
        own, wrong = own_state(state, reading.state["surface"])
        whole, said = {**reading.state, **own}, [*reading.problems, *wrong, *(n.sentence for n in reading.notices)]
    else:
        raise BadRequest("The link must be text, or the state an object.")
    return orjson.dumps({"state": whole, "notices": said[:MAXIMUM_MESSAGES]})


def part_in_steps(item: tuple[str, InstrumentRequest]) -> Iterator[bytes | None]:
    """The JSON of one part of an instrument's picture, after None for each step on the way to it."""
    name, asked = item
    answer = COMPUTATIONS[name](asked)
    if isinstance(answer, bytes):
        yield answer
    else:
        yield from answer


def one_part(items: Sequence[tuple[str, InstrumentRequest]]) -> list[bytes]:
    """The JSON of one part of an instrument's picture, all at once."""
    (item,) = items
    *_, answer = part_in_steps(item)
    assert answer is not None
    return [answer]


def check_work(name: str, asked: InstrumentRequest, most: float) -> None:
    """BadRequest where a part of a map has more walkers × steps than one request may have."""
    if name not in ("phase", "basins"):
        return
    points = (asked.resolution / asked.stride) ** 2
    runs = asked.runs if name == "phase" else 1
    work = points * runs * len(asked.methods) * min(asked.toy.steps, MOST_STEPS)
    if work > most:
        raise BadRequest(f"This picture takes {work:.3g} walkers × steps and may take {most:.3g}: ask for less of it.")


def add_instrument_routes(server: FastAPI, settings: WebSettings, caches: Caches) -> None:
    """Put the instruments' addresses on the server."""
    coarse, fine = (
        Coalescer(f"instruments-{name}", one_part, caches["instruments"], settings=settings, in_steps=part_in_steps)
        for name in ("coarse", "fine")
    )

    @server.post("/instruments/open", include_in_schema=False)
    async def open_link(request: Request) -> Response:
        try:
            answer = json_response(opened(parse_body(await request.body())))
        except BadRequest as error:
            answer = refusal(error)
        return greet(request, answer)

    @server.post("/instruments/{name}", include_in_schema=False)
    async def part(name: str, request: Request) -> Response:
        try:
            if name not in COMPUTATIONS:
                raise BadRequest(f"There is no such instrument; there are {', '.join(COMPUTATIONS)}.")
            raw = parse_body(await request.body())
            asked = read_instrument_request(raw, name)
            check_work(name, asked, settings.walker_steps)
            worker = coarse if name == "phase" and asked.stride == STRIDES[0] else fine
            answer = await worker.answer((name, asked), visitor_in_queue(request), request.is_disconnected)
            said = strangers(raw, toy_keys(asked.toy) | INSTRUMENT_KEYS)
            # Answers are kept as bytes for all who ask the same; what one request held too much is said beside them.
            return json_response(answer[:-1] + b',"left_out":' + orjson.dumps(said) + b"}" if said else answer)
        except BadRequest as error:
            return refusal(error)
