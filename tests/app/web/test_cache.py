"""What is kept of answers: as much as the settings say, all kinds together."""

from __future__ import annotations

import asyncio

import httpx
from hypothesis import given
from hypothesis import strategies as st

from app.server import CACHE_SHARES, build
from app.web.cache import AnswerCache, Caches
from app.web.settings import WebSettings


@given(st.dictionaries(st.text(max_size=5), st.floats(1e-3, 1e3), min_size=1), st.integers(0, 10**9))
def test_shares_add_up_to_the_whole(shares: dict[str, float], whole: int) -> None:
    """Whatever they are: five shares once added up to nine eighths of it."""
    assert whole - len(shares) - 1 <= Caches(whole, shares).maximum_bytes <= whole + 1


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60)), max_size=40))
def test_a_cache_holds_no_more_than_its_bound_and_drops_what_was_asked_for_longest_ago(asked) -> None:
    cache, newest = AnswerCache(100), None
    for key, size in asked:
        if len(cache.get((key, size), lambda size=size: bytes(size))) <= 100:
            newest = (key, size)
        assert cache.held == sum(map(len, cache._answers.values())) <= 100
    assert newest is None or cache.find(newest) is not None


def test_the_settings_that_are_passed_size_them_all() -> None:
    small, none = build(WebSettings(cache_bytes=100_000)), build(WebSettings(cache_bytes=0))
    assert 99_000 < small.caches.maximum_bytes <= 100_000 and none.caches.maximum_bytes == 0
    assert {small.caches[name].maximum_bytes > 0 for name in CACHE_SHARES} == {True}

    async def ask(application) -> None:
        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(transport=transport, base_url="http://lab") as browser:
            answer = await browser.post("/toy/compute", json={"steps": 20})
            assert answer.status_code == 200 and len(answer.content) > 1000

    asyncio.run(ask(small))
    asyncio.run(ask(none))
    assert 0 < small.caches["paths"].held <= 100_000 and none.caches["paths"].held == 0
