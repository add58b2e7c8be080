"""The stream of a job to browsers: one websocket per follower, numbered entries out, nothing in.

    ws://…/network/follow?job=<id>&from=<last number seen>

Each message is one entry as JSON: {"number", "kind", "time", "data"}. Every HEARTBEAT seconds comes {"kind":
"heartbeat"}, so that a browser notices a dead connection. The last message is {"kind": "end", "data":
{"reason": "over" | "unknown" | "unavailable" | "refused", "sentence"}}; where a connection ends without it, the client
comes again with the last number it has, and misses nothing. A browser has nothing to say here: any message closes.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import orjson
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from app.jobs import Engine, Refused, Unavailable, UnknownJob, default_engine
from app.jobs.hub import Entry
from app.network.controls import is_job
from app.web.http import sentence

HEARTBEAT = 10.0
SEND_SECONDS = 30.0
"""A browser that has not taken a message for so long is let go; it comes again when it can."""
POLICY = 1008
MAXIMUM_NUMBER = 2**53


def message(entry: Entry) -> str:
    """An entry as it is sent; the JSON text of its data is passed on unread."""
    head = orjson.dumps({"number": entry.number, "kind": entry.kind, "time": entry.time})
    return (head[:-1] + b',"data":' + entry.raw + b"}").decode()


def asked(query: Any) -> tuple[str, int] | None:
    """(job, number) of the address, or None where it asks for nothing."""
    job, number = query.get("job", ""), query.get("from", "0")
    if not is_job(job) or not (number.isascii() and number.isdigit() and len(number) <= 16):
        return None
    return job, min(int(number), MAXIMUM_NUMBER)


async def send(socket: WebSocket, text: str) -> None:
    """Send one message; TimeoutError where it is not taken. (Before Python 3.12 `wait_for` may lose a cancellation that
    comes together with the end of what it waits for: a heart would beat on for ever.)"""
    async with asyncio.timeout(SEND_SECONDS):
        await socket.send_text(text)


async def stream(socket: WebSocket, engine: Engine, job: str, number: int) -> str:
    """Send a job's entries until its end; returns the last message, to be sent when nothing else is any more.

    WebSocketDisconnect or TimeoutError where the browser is gone.
    """
    reason, said = "over", ""
    try:
        async with contextlib.aclosing(engine.follow(job, number)) as entries:
            async for entry in entries:
                await send(socket, message(entry))
    except UnknownJob as error:
        reason, said = "unknown", sentence(error)
    except Refused as error:
        reason, said = "refused", sentence(error)
    except Unavailable as error:
        reason, said = "unavailable", sentence(error)
    return orjson.dumps({"kind": "end", "data": {"reason": reason, "sentence": said}}).decode()


async def beat(socket: WebSocket) -> None:
    """Send heartbeats for ever."""
    while True:
        await asyncio.sleep(HEARTBEAT)
        await send(socket, '{"kind":"heartbeat"}')


def add_follow_route(server: FastAPI) -> None:
    """Put the stream's address on the server."""

    @server.websocket("/network/follow")
    async def follow(socket: WebSocket) -> None:
        wish = asked(socket.query_params)
        if wish is None:
            await socket.close(POLICY)  # before it is accepted: the browser gets 403
            return
        await socket.accept()
        listening = asyncio.create_task(socket.receive())
        tasks = (
            listening,
            asyncio.create_task(stream(socket, default_engine(), *wish)),
            asyncio.create_task(beat(socket)),
        )
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            heard = listening.result()["type"] if listening.done() else ""
        finally:
            for task in tasks:
                task.cancel()
            _, end, _ = await asyncio.gather(*tasks, return_exceptions=True)
        if heard != "websocket.disconnect":
            with contextlib.suppress(RuntimeError, OSError, TimeoutError, WebSocketDisconnect):
                if isinstance(end, str) and not heard:  # no heartbeat comes after it
                    await send(socket, end)
                await socket.close(POLICY if heard else 1000)
