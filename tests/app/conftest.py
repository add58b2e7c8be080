"""The application without a network: requests go straight into its ASGI interface."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from app.network import routes
from app.server import build


@pytest.fixture(scope="module")
def loop():
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def application(loop):
    """The application, started as a server starts it."""
    built = build()

    async def start() -> None:
        messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive() -> dict:
            return next(messages)

        async def send(message: dict) -> None:
            assert not message["type"].endswith("failed"), message

        await built({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)

    loop.run(start())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routes, "prepare_engine", lambda: None)  # nobody trains here: no worker processes are started
        yield built


@pytest.fixture
def call(application, loop):
    """call(method, path, content) → response, straight into the ASGI application."""

    def request(method: str, path: str, content: bytes | None = None) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(app=application)
            async with httpx.AsyncClient(transport=transport, base_url="http://lab") as client:
                headers = {"content-type": "application/json"}
                return await client.request(method, path, content=content, headers=headers)

        return loop.run(go())

    return request


@pytest.fixture
def post(call):
    """post(path, value) → response; text is sent as it is."""

    def send(path: str, value: object) -> httpx.Response:
        text = value if isinstance(value, str) else json.dumps(value)
        return call("POST", path, text.encode())

    return send
