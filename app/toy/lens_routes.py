"""The addresses of what looks closer at the toy lab's runs. JSON in, JSON out, bad input as sentences.

They have a thread of their own, so that a cloud of many walkers does not hold up the paths of a drag.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from fastapi import FastAPI, Request, Response

from app.toy.anatomy import read_anatomy
from app.toy.cloud import read_cloud
from app.toy.measured_cost import read_cost
from app.web.batching import Coalescer
from app.web.cache import Caches
from app.web.http import json_response, refusal
from app.web.request import BadRequest, parse_body
from app.web.settings import WebSettings
from app.web.visitor import visitor_in_queue


class Asked(Protocol):
    """A checked request, hashable, that knows its answer."""

    def answer(self) -> bytes:
        """The JSON."""
        ...


READERS: dict[str, Callable[[Mapping[str, Any]], Asked]] = {
    "anatomy": read_anatomy,
    "cloud": read_cloud,
    "cost": read_cost,
}
"""Address under /toy/ → how a posted state is read."""


def add_lens_routes(server: FastAPI, settings: WebSettings, caches: Caches) -> None:
    """Put the addresses on the server."""
    lens: Coalescer[Asked] = Coalescer(
        "lens", lambda items: [items[0].answer()], caches["lens"], settings=settings
    )  # fmt: skip

    def add(name: str, read: Callable[[Mapping[str, Any]], Asked]) -> None:
        @server.post(f"/toy/{name}", include_in_schema=False)
        async def closer(request: Request) -> Response:
            try:
                asked = read(parse_body(await request.body()))
                return json_response(await lens.answer(asked, visitor_in_queue(request), request.is_disconnected))
            except BadRequest as error:
                return refusal(error)

    for name, read in READERS.items():
        add(name, read)
