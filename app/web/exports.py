"""Making files for visitors: one after the other, in turns by who asks, in a process of their own.

Files are answered from memory: a drag does not wait for them, and nothing is left on the server's disk. What goes wrong
while the browser writes the file is the browser's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import Request, Response

from app.web.fair_queue import Visitor
from app.web.http import read_posted
from app.web.made_file import MadeFile
from app.web.process_worker import ProcessWorker
from app.web.settings import WebSettings
from app.web.visitor import visitor_in_queue
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
        self._aside: ProcessWorker | None = None
        if settings.side_processes:
            self._aside = ProcessWorker(
                "export",
                settings.export_seconds,
                f"This file was not made within {settings.export_seconds:g} s, the most that it may take: ask for a "
                "smaller one.",
                "The process that makes files ended while it made this one: ask for a smaller one, or try again.",
            )

    async def run(self, visitor: Visitor, gone: Gone, function: Callable[..., Any], *arguments: Any) -> Any:
        """The function's value, computed in the process; Busy where too many wait for it."""
        call = function if self._aside is None else partial(self._aside.call, function)
        return await self._worker.run(visitor, call, *arguments, gone=gone)

    async def answer(
        self, request: Request, read: Callable[[Mapping[str, Any]], Any], make: Callable[[Any], MadeFile]
    ) -> Response:
        """The file that `make` makes, in the process, of what `read` reads, in the thread, in the posted object.

        BadRequest where that is wrong.
        """

        def make_posted(raw: Mapping[str, Any]) -> MadeFile:
            asked = read(raw)
            if self._aside is None or asked.format in IN_THE_THREAD:
                return make(asked)
            return self._aside.call(make, asked)

        raw, visitor = await read_posted(request), visitor_in_queue(request)
        return file_response(await self._worker.run(visitor, make_posted, raw, gone=request.is_disconnected))

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
