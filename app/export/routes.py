"""The address of exports: a state and a wish in, a file out, bad input as sentences.

Files are made in a thread of their own and answered from memory: a drag does not wait for them, and nothing is left on
the server's disk. What goes wrong while the browser writes the file is the browser's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import FastAPI, Request, Response

from app.answers import refusal
from app.crowd.worker import Busy, Worker
from app.edge.visitor import visitor_of
from app.engine import default_engine
from app.export.controls import read_wish
from app.export.instruments import instrument_file
from app.export.making import MadeFile, made
from app.export.network.making import network_file
from app.export.network.wish import read_network_wish
from app.network.answers import told
from app.request import BadRequest, parse_body
from app.settings import web_settings

NOTICES = "x-pothole-notices"
"""Header with the sentences on clamped values: a JSON list, percent-encoded."""


class Exports:
    """One thread that makes files, and a bound on those that wait for it."""

    def __init__(self) -> None:
        self._worker = Worker("export", web_settings().exports)

    async def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The function's value, computed in the thread; Busy where too many wait for it."""
        try:
            return await self._worker.run(function, *arguments)
        except Busy:
            raise Busy("The server is busy with other exports; try again in a moment.") from None

    async def answer(self, request: Request, make: Callable[[Mapping[str, Any]], MadeFile]) -> Response:
        """The file that `make` makes of the posted object, or what is wrong with it."""
        try:
            raw = parse_body(await request.body())
            return file_response(await self.run(make, raw))
        except BadRequest as error:
            return refusal(error)


def file_response(file: MadeFile) -> Response:
    """A download that no cache keeps."""
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "Cache-Control": "no-store"}
    if file.notices:
        headers[NOTICES] = quote(orjson.dumps([notice.sentence for notice in file.notices]).decode())
    return Response(file.content, media_type=file.media_type, headers=headers)


def add_export_routes(server: FastAPI) -> None:
    """Put the exports' addresses on the server."""
    exports = Exports()

    @server.post("/export/toy", include_in_schema=False)
    async def toy(request: Request) -> Response:
        return await exports.answer(request, lambda raw: made(read_wish(raw)))

    @server.post("/export/network", include_in_schema=False)
    async def network(request: Request) -> Response:
        async def make() -> Response:
            wish = read_network_wish(parse_body(await request.body()))
            return file_response(await network_file(default_engine(), visitor_of(request), wish, exports.run))

        return await told(make)

    @server.post("/export/instruments", include_in_schema=False)
    async def instruments(request: Request) -> Response:
        return await exports.answer(request, instrument_file)
