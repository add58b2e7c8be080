"""Many browsers at once, for a few seconds: every answer comes and is right, a greedy one takes nobody's turn."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator

import pytest

from app.toy.batch import compute_paths
from app.toy.request import read_request
from tests.load.browsers import connect, crowd, drag, posted, preset_states
from tests.load.followers import follow_run
from tests.load.opening import everybody
from tests.server import Server


@pytest.fixture(scope="module")
def lab(start_server: Callable[..., Server]) -> Iterator[Server]:
    # All browsers here have one address: its rate must not be what is met first, which refuses the polite one as well.
    server = start_server(
        POTHOLE_LOG_LEVEL="warning", POTHOLE_REQUESTS_PER_SECOND="1000000", POTHOLE_REQUEST_BURST="1000000"
    )
    yield server
    assert server.exit_code is None and not server.tracebacks(), server.log()
    server.stop()


@pytest.fixture(scope="module")
def states(lab):
    return asyncio.run(preset_states(lab.port))


def test_every_answer_of_a_crowd_comes_and_is_right(lab, states):
    """Thirty browsers, whose requests are computed in batches of the server's making; 90 answers are computed again
    here, each alone, and must be the same to the last byte."""
    told = asyncio.run(crowd(lab.port, 30, 2.0, 3.0, states, keep=3, grace=300.0))
    assert [browser.wrong for browser in told] == [[]] * 30
    assert [len(browser.latencies) for browser in told] == [6] * 30
    assert [browser.late for browser in told] == [0] * 30
    kept = [answer for browser in told for answer in browser.kept]
    assert len(kept) == 90
    for state, body in kept:
        answer = json.loads(body)
        assert answer["surface"] is None
        assert answer["paths"] == json.loads(compute_paths(read_request(state)[0]))


def test_a_greedy_browser_takes_nobody_s_turn(lab, states):
    """Twenty-four connections of one browser ask without pause; another browser asks one thing after the other."""

    async def go():
        over = asyncio.Event()
        refused = answered = 0

        async def greedy(number):
            nonlocal refused, answered
            line = await connect(lab.port)
            for state in drag(1000 + number, states):
                if over.is_set():
                    break
                status, _ = await line.ask(posted("/toy/compute", state, "greedy"), 300.0)
                answered += status == 200
                refused += status == 429
            await line.close()

        tasks = [asyncio.create_task(greedy(number)) for number in range(24)]
        await asyncio.sleep(0.5)
        line, polite = await connect(lab.port), []
        for _, state in zip(range(12), drag(7, states), strict=False):
            before = answered
            status, _ = await line.ask(posted("/toy/compute", state, "polite"), 300.0)
            polite.append((status, answered - before))
        await line.close()
        over.set()
        await asyncio.gather(*tasks)
        return refused, polite

    refused, polite = asyncio.run(go())
    assert [status for status, _ in polite] == [200] * 12
    assert refused > 0
    # Her request waits for the batch that runs and for its share of the next, not for all that the other has waiting.
    assert sorted(passed for _, passed in polite)[len(polite) // 2] <= 64


def test_a_hall_opens_the_page(lab):
    opened = asyncio.run(everybody(lab.port, 20))
    assert [browser.wrong for browser in opened] == [[]] * 20
    assert len({browser.size for browser in opened}) <= 3  # all get the same files; the page's first answer may vary


def test_followers_miss_nothing(lab):
    told = asyncio.run(follow_run(lab.port, 20, 2.0))
    assert [browser.wrong for browser in told] == [""] * 20
    longest = max((browser.numbers for browser in told), key=len)
    assert longest, "nothing was heard of the run"
    for browser in told:
        # Each gets every entry from where it begins, in order: the feed's numbers, with no gap that another has not.
        assert browser.numbers == longest[: len(browser.numbers)]
