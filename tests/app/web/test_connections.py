"""Connections whose other end does not read: dropped, and only they."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.web.connections import DropsSilentReaders, limited
from app.web.settings import WebSettings

MUCH = 30_000_000
"""Bytes: more than the system's own buffers take on both ends."""
SETTINGS = WebSettings(send_seconds=0.2)


class Sender(asyncio.Protocol):
    """Sends much as soon as somebody has come."""

    def __init__(self) -> None:
        self.loop, self.lost = asyncio.get_running_loop(), asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(bytes(MUCH))  # type: ignore[attr-defined]
        transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()

    def resume_writing(self) -> None:
        pass


class Guarded(DropsSilentReaders, Sender):
    settings = SETTINGS


async def served(kind: Callable[[], Sender], visit: Callable[[asyncio.StreamReader, Sender], object]) -> None:
    senders: list[Sender] = []

    def make() -> Sender:
        senders.append(kind())
        return senders[-1]

    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1], limit=4096)
        writer.transport.pause_reading()
        while not senders:
            await asyncio.sleep(0.01)
        await visit(reader, senders[0])  # type: ignore[misc]
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def test_who_never_reads_is_dropped() -> None:
    """The attack: 150 connections that ask and never read were all open after 50 s."""

    async def wait(_reader: asyncio.StreamReader, sender: Sender) -> None:
        async with asyncio.timeout(60):
            await sender.lost.wait()

    asyncio.run(served(Guarded, wait))


def test_without_the_guard_it_would_stay() -> None:
    """What the test above shows is the guard's doing."""

    async def wait(_reader: asyncio.StreamReader, sender: Sender) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10 * SETTINGS.send_seconds):
                await sender.lost.wait()

    asyncio.run(served(Sender, wait))


def test_who_reads_slowly_gets_all_of_it() -> None:
    """Longer than the limit in all, and never as long without taking anything."""

    async def read(reader: asyncio.StreamReader, _sender: Sender) -> None:
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        count, pauses = 0, 0
        while part := await reader.read(1_000_000):
            count += len(part)
            if count // 3_000_000 > pauses:
                pauses += 1
                await asyncio.sleep(SETTINGS.send_seconds / 2)
        assert count == MUCH and pauses * SETTINGS.send_seconds / 2 > 4 * SETTINGS.send_seconds

    # A machine that is busy may keep this very test from reading: a limit that it does not reach.
    patient = type("Patient", (Guarded,), {"settings": replace(SETTINGS, send_seconds=2.0)})
    asyncio.run(served(patient, read))


def test_both_kinds_of_connection_are_guarded() -> None:
    for protocol in limited(WebSettings(send_seconds=7.0)):
        assert issubclass(protocol, DropsSilentReaders) and protocol.settings.send_seconds == 7.0
