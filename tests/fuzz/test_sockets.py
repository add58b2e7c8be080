"""Websockets: wrong origins, too many, too large, binary, nonsense; an address that is no socket."""

from __future__ import annotations

import asyncio
import os
import random

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.fuzz import hostile, wishes
from tests.fuzz.addresses import CASES, SOCKETS

SECONDS = 300.0


def address(port: int, path: str, job: str = "j" * 16) -> str:
    return f"ws://127.0.0.1:{port}{path}?job={job}&from=0"


def opened(port: int, path: str, origin: str | None = None, job: str = "j" * 16, **options):
    own = {"origin": f"http://127.0.0.1:{port}" if origin is None else origin, "open_timeout": SECONDS}
    return connect(address(port, path, job), compression=None, proxy=None, **{**own, **options})


@pytest.mark.parametrize("path", [*SOCKETS, "/no/such/socket", "/toy/compute", "/"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"])
def test_another_site_s_page_gets_no_socket(fuzzed, path, origin):
    async def go():
        with pytest.raises(InvalidStatus) as refused:
            async with opened(fuzzed.port, path, origin):
                pass
        assert refused.value.response.status_code == 403

    asyncio.run(go())


@pytest.mark.parametrize("path", ["/no/such/socket", "/toy/compute", "/", "/assets/lab.css"])
def test_an_address_without_a_socket_refuses(fuzzed, path):
    async def go():
        with pytest.raises(InvalidStatus) as refused:
            async with opened(fuzzed.port, path):
                pass
        assert 400 <= refused.value.response.status_code < 500

    asyncio.run(go())


@pytest.mark.parametrize("path", SOCKETS)
def test_messages_of_any_kind(fuzzed, finished_run, path):
    """Text, bytes, JSON, nonsense and giants: the server answers or closes, and lives."""
    rng = random.Random(int(os.environ.get("FUZZ_SEED", "0")))

    async def go():
        for _ in range(max(5, CASES // 16)):
            kind = rng.random()
            if kind < 0.4:
                message = hostile.text_of(rng.choice(hostile.VALUES))
            elif kind < 0.6:
                message = hostile.text(rng, 400)
            elif kind < 0.8:
                message = rng.randbytes(rng.randrange(2000))
            else:
                message = "x" * rng.choice([16_000, 17_000, 2_000_000])
            try:
                job = rng.choice(["j" * 16, finished_run, *wishes.JOBS])
                async with opened(fuzzed.port, path, job=job) as socket:
                    await socket.send(message)
                    async with asyncio.timeout(SECONDS):
                        async for _ in socket:
                            pass
            except (ConnectionClosed, InvalidStatus, ConnectionError):
                pass

    asyncio.run(go())


@pytest.mark.parametrize("path", SOCKETS)
def test_addresses_of_any_kind(fuzzed, finished_run, path):
    rng = random.Random(1)

    async def go():
        for _ in range(max(5, CASES // 16)):
            query = "".join(
                c for c in hostile.query(rng) if c.isascii() and c.isprintable() and c not in ' #<>"{}|\\^`'
            )
            number = rng.choice(["0", "-1", "5", "9" * 16, "9" * 40, "1e3", "x", "", "%00"])
            known = f"job={finished_run}&from={number}&" if rng.random() < 0.3 else ""
            url = f"ws://127.0.0.1:{fuzzed.port}{path}?{known}{query.lstrip('?')}"
            try:
                async with connect(url, origin=f"http://127.0.0.1:{fuzzed.port}", proxy=None, open_timeout=SECONDS):
                    status = 101
            except InvalidStatus as refused:
                status = refused.response.status_code
            assert status == 101 or 400 <= status < 500

    asyncio.run(go())


@pytest.mark.parametrize("path", SOCKETS[:1])
def test_too_many_sockets_are_429(fuzzed, path):
    """One client may have 20 here. Those who hold theirs say nothing and get heartbeats or an end."""

    async def go():
        held, refused = [], []
        for _ in range(60):
            try:
                held.append(await opened(fuzzed.port, path))
            except InvalidStatus as error:
                refused.append(error.response.status_code)
        for socket in held:
            await socket.close()
        assert set(refused) <= {429}
        async with asyncio.timeout(SECONDS):
            while True:  # all of them are counted out again
                try:
                    async with opened(fuzzed.port, path):
                        return
                except InvalidStatus:
                    await asyncio.sleep(0.1)

    asyncio.run(go())
