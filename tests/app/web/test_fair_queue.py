"""Nobody starves: whatever one address or browser piles up, everybody else's turn comes."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.fair_queue import FairQueue

VISITORS = st.tuples(st.sampled_from("ABC"), st.sampled_from(["", "x", "y"]))


@given(st.lists(VISITORS, max_size=60))
def test_everything_leaves_once_and_each_visitor_s_own_in_order(arrivals):
    queue: FairQueue = FairQueue()
    for number, visitor in enumerate(arrivals):
        queue.put(visitor, (visitor, number))
    assert len(queue) == len(arrivals) == len(list(queue))
    assert all(queue.of(visitor) == arrivals.count(visitor) for visitor in set(arrivals))
    left = [queue.take() for _ in arrivals]
    assert sorted(number for _, number in left) == list(range(len(arrivals)))
    for visitor in set(arrivals):
        own = [number for who, number in left if who == visitor]
        assert own == sorted(own)
    with pytest.raises(IndexError):
        queue.take()


@given(st.lists(VISITORS, min_size=1, max_size=60))
def test_addresses_that_wait_get_equal_shares(arrivals):
    """As long as all addresses have something waiting, none has had more than one turn more than another."""
    queue: FairQueue = FairQueue()
    for visitor in arrivals:
        queue.put(visitor, visitor)
    waiting = Counter(address for address, _ in arrivals)
    served: Counter = Counter(dict.fromkeys(waiting, 0))
    while min(waiting.values()) > 0:
        address, _ = queue.take()
        waiting[address] -= 1
        served[address] += 1
        assert max(served.values()) - min(served.values()) <= 1


def test_a_flood_delays_a_newcomer_by_one_turn():
    queue: FairQueue = FairQueue()
    for number in range(1000):
        queue.put(("flood", f"made-up-{number}"), "flood")
    queue.put(("home", ""), "home")
    assert "home" in [queue.take() for _ in range(2)]


def test_browsers_behind_one_address_take_turns():
    queue: FairQueue = FairQueue()
    for browser in ("a", "a", "a", "b", "c"):
        queue.put(("hall", browser), browser)
    assert [queue.take() for _ in range(5)] == ["a", "b", "c", "a", "a"]
