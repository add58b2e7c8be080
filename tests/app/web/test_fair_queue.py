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


@given(st.lists(VISITORS, min_size=1, max_size=60), VISITORS)
def test_room_is_made_by_whoever_has_most_of_it(arrivals, newcomer):
    """Of all addresses the fullest, within the newcomer's own the fullest browser; and never to have less than he."""
    queue: FairQueue = FairQueue()
    for number, visitor in enumerate(arrivals):
        queue.put(visitor, (visitor, number))
    held, of_one = Counter(address for address, _ in arrivals), Counter(arrivals)
    displaced = queue.make_room(newcomer)
    if displaced is None:
        assert len(queue) == len(arrivals)
        assert max(held.values()) <= held[newcomer[0]] + 1
        assert all(n <= of_one[newcomer] + 1 for (a, _), n in of_one.items() if a == newcomer[0])
        return
    visitor, number = displaced
    assert len(queue) == len(arrivals) - 1 and displaced not in list(queue)
    assert number == max(n for n, who in enumerate(arrivals) if who == visitor), "the last of its own"
    queue.put(newcomer, (newcomer, -1))
    if visitor[0] != newcomer[0]:
        assert held[visitor[0]] == max(held.values()) and held[visitor[0]] - 1 >= held[newcomer[0]] + 1
    else:
        assert of_one[visitor] - 1 >= of_one[newcomer] + 1


def test_one_address_with_made_up_names_leaves_room_for_others():
    """The attack: a queue filled by one address in half a second, and "full" for all others."""
    queue: FairQueue = FairQueue()
    for number in range(6):
        queue.put(("flood", f"made-up-{number}"), "flood")
    for visitor in (("home", ""), ("office", "")):
        assert queue.make_room(visitor) == "flood"
        queue.put(visitor, visitor[0])
    assert queue.make_room(("flood", "another name")) is None
    assert sorted(queue.take() for _ in range(3)) == ["flood", "home", "office"]


def test_what_is_not_done_with_its_turn_comes_before_its_owner_s_others_and_after_everybody_else():
    queue: FairQueue = FairQueue()
    for visitor, item in ((("a", "x"), "a1"), (("a", "x"), "a2"), (("b", ""), "b1")):
        queue.put(visitor, item)
    first = queue.take()
    queue.put(("a", "x"), first, first=True)
    assert [queue.take() for _ in range(3)] == ["b1", "a1", "a2"]
