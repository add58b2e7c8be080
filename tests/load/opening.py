"""A lecture hall opens the page: each browser asks for it, for all that it names, and for the first picture."""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import dataclass

from tests.load.browsers import Connection, connect, posted

CONNECTIONS = 6
"""A browser's connections to one server."""
SECONDS = 300.0


@dataclass
class Opened:
    """seconds until all was there; bytes that came; statuses other than 200."""

    seconds: float
    size: int
    wrong: list[int]


def got(path: str) -> bytes:
    """A request for a file, as a browser with an empty cache makes it."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip, deflate, br\r\n\r\n".encode()


async def open_page(port: int, index: int) -> Opened:
    """One browser opens the toy lab."""
    begin, size, wrong = time.monotonic(), 0, []

    async def ask(line: Connection, request: bytes) -> bytes:
        nonlocal size
        status, body = await line.ask(request, SECONDS)
        size += len(body)
        if status != 200:
            wrong.append(status)
        return body

    lines = [await connect(port)]
    page = (await ask(lines[0], got("/"))).decode()
    named = list(re.findall(r'(?:src|href)="(/[^"]+)"', page))
    lines += [await connect(port) for _ in range(CONNECTIONS - 1)]
    queue = [*named, "/_dash-layout", "/_dash-dependencies"]

    async def load(line: Connection) -> None:
        while queue:
            await ask(line, got(queue.pop(0)))

    await asyncio.gather(*(load(line) for line in lines))
    browser = f"opener{index}"
    callback = {
        "output": "page.children",
        "outputs": {"id": "page", "property": "children"},
        "inputs": [{"id": "address", "property": "pathname", "value": "/"}],
        "changedPropIds": [],
    }
    await ask(lines[0], posted("/_dash-update-component", callback, browser))
    state = json.loads(await ask(lines[0], posted("/toy/open", {"query": ""}, browser)))["state"]
    await ask(lines[0], posted("/toy/compute", state, browser))
    for line in lines:
        await line.close()
    return Opened(time.monotonic() - begin, size, wrong)


async def everybody(port: int, browsers: int) -> list[Opened]:
    """All at the same moment."""
    return await asyncio.gather(*(open_page(port, index) for index in range(browsers)))
