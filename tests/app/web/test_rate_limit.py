"""How much one client may ask for."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.rate_limit import SocketLimit, TokenBuckets
from app.web.settings import WebSettings
from tests.app.web.guarded import Guarded, scope_of


def test_rate():
    door = Guarded(WebSettings(requests_per_second=2, request_burst=5))
    assert [door.status() for _ in range(7)] == [200] * 5 + [429] * 2
    assert door.ask().headers["retry-after"] == "1"
    assert door.status(client="198.51.100.8") == 200
    assert [door.status(path="/healthz") for _ in range(20)] == [200] * 20
    assert door.status(kind="websocket") == 429


def test_the_wall_clock_may_jump():
    """A clock that is set right, by days, gives nobody more and nobody less."""
    door = Guarded(WebSettings(requests_per_second=2, request_burst=5))
    assert [door.status() for _ in range(6)][-1] == 429
    for jump in (1e6, -2e6):
        door.wall += jump
        assert door.status() == 429
    door.now += 0.5
    assert [door.status(), door.status()] == [200, 429]


def test_a_network_of_addresses_has_one_limit():
    door = Guarded(WebSettings(requests_per_second=2, request_burst=5))
    assert [door.status(client=f"2001:db8::{n}") for n in range(1, 7)] == [200] * 5 + [429]


def test_files_count_little():
    door = Guarded(WebSettings(requests_per_second=0.1, request_burst=5))
    assert [door.status(path="/assets/lab.css") for _ in range(90)] == [200] * 90
    assert 429 in [door.status(path="/assets/lab.css") for _ in range(20)]


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0.01, 3)), max_size=60))
def test_a_bucket_gives_no_more_than_burst_and_rate(steps):
    now = [0.0]
    buckets = TokenBuckets(2.0, 5.0, clock=lambda: now[0])
    given_out = 0.0
    for pause, cost in steps:
        now[0] += pause
        wait = buckets.take("a", cost)
        if wait:
            assert buckets.tokens("a") < cost
            assert wait == pytest.approx((cost - buckets.tokens("a")) / 2.0)
        else:
            given_out += cost
        assert given_out <= 5.0 + 2.0 * now[0] + 1e-9


def test_sockets():
    async def go() -> None:
        end, statuses = asyncio.Event(), []

        async def holds(scope, receive, send) -> None:
            statuses.append(101)
            await end.wait()

        async def send(message) -> None:
            statuses.append(message.get("status"))

        limit = SocketLimit(holds, WebSettings(sockets=3, sockets_per_client=2))

        async def open_socket(client: str) -> int:
            asyncio.get_running_loop().create_task(limit(scope_of(kind="websocket", client=client), None, send))
            await asyncio.sleep(0)
            return [status for status in statuses if status][-1]

        assert [await open_socket(client) for client in ("a", "a", "a", "b", "c")] == [101, 101, 429, 101, 429]
        end.set()
        await asyncio.sleep(0.01)
        assert not limit.open
        assert await open_socket("c") == 101

    asyncio.run(go())
