"""The address of exports: a state and a wish in, a file out, bad input as sentences.

Files are made in a process of their own and answered from memory: a drag does not wait for them, and nothing is left on
the server's disk. What goes wrong while the browser writes the file is the browser's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import FastAPI, Request, Response

from app.instruments.export.files import instrument_file, instrument_wish
from app.jobs import default_engine
from app.network.answers import told
from app.network.export.files import network_file
from app.network.export.request import read_network_wish
from app.toy.export.controls import read_wish
from app.toy.export.files import MadeFile, made
from app.web.cache import Caches
from app.web.fair_queue import Visitor
from app.web.http import refusal
from app.web.request import BadRequest, parse_body
from app.web.settings import WebSettings
from app.web.side_worker import SideWorker
from app.web.visitor import require_visitor, visitor_in_queue
from app.web.worker import Gone, Worker

NOTICES = "x-pothole-notices"
"""Header with the sentences on clamped values: a JSON list, percent-encoded."""
BUSY = "The server is busy with other exports; try again in a moment."
IN_THE_THREAD = ("py",)
"""Formats that are a few lines of text: not worth the way to a process, let alone its start."""


class Exports:
    """One thread that has one file after the other made in a process beside it, in turns by who asks."""

    def __init__(self, settings: WebSettings) -> None:
        self._worker = Worker("export", settings.exports, BUSY)
        self._aside: SideWorker | None = None
        if settings.side_processes:
            seconds = f"{settings.export_seconds:g} s"
            self._aside = SideWorker(
                "export", settings.export_seconds,
                f"This file was not made within {seconds}, the most that it may take: ask for a smaller one.",
                "The process that makes files ended while it made this one: ask for a smaller one, or try again.",
            )  # fmt: skip

    async def run(self, visitor: Visitor, gone: Gone, function: Callable[..., Any], *arguments: Any) -> Any:
        """The function's value, computed in the process; Busy where too many wait for it."""
        call = function if self._aside is None else partial(self._aside.call, function)
        return await self._worker.run(visitor, call, *arguments, gone=gone)

    async def answer(
        self, request: Request, read: Callable[[Mapping[str, Any]], Any], make: Callable[[Any], MadeFile]
    ) -> Response:
        """The file that `make` makes, in the process, of what `read` reads, in the thread, in the posted object; or
        what is wrong with that."""

        def made_of(raw: Mapping[str, Any]) -> MadeFile:
            wish = read(raw)
            if self._aside is None or wish.format in IN_THE_THREAD:
                return make(wish)
            return self._aside.call(make, wish)

        try:
            raw, visitor = parse_body(await request.body()), visitor_in_queue(request)
            return file_response(await self._worker.run(visitor, made_of, raw, gone=request.is_disconnected))
        except BadRequest as error:
            return refusal(error)

    def close(self) -> None:
        """End the process."""
        if self._aside is not None:
            self._aside.close()


def file_response(file: MadeFile) -> Response:
    """A download that no cache keeps."""
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "Cache-Control": "no-store"}
    if file.notices:
        headers[NOTICES] = quote(orjson.dumps([notice.sentence for notice in file.notices]).decode())
    return Response(file.content, media_type=file.media_type, headers=headers)


def add_export_routes(server: FastAPI, settings: WebSettings, caches: Caches) -> None:
    """Put the exports' addresses on the server."""
    exports = Exports(settings)
    server.router.add_event_handler("shutdown", exports.close)

    @server.post("/export/toy", include_in_schema=False)
    async def toy(request: Request) -> Response:
        return await exports.answer(request, read_wish, made)

    @server.post("/export/network", include_in_schema=False)
    async def network(request: Request) -> Response:
        async def make() -> Response:
            wish = read_network_wish(parse_body(await request.body()))
            run = partial(exports.run, visitor_in_queue(request), request.is_disconnected)
            return file_response(await network_file(default_engine(), require_visitor(request), wish, run))

        return await told(make)

    @server.post("/export/instruments", include_in_schema=False)
    async def instruments(request: Request) -> Response:
        read = partial(instrument_wish, kept=caches["instruments"], most=settings.walker_steps)
        return await exports.answer(request, read, instrument_file)
