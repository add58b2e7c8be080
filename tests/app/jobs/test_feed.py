"""A numbered feed: what is above a number, thinned evenly, handed out in parts."""

from __future__ import annotations

import itertools

from app.jobs.feed import Feed
from tests.app.jobs.restarts import Clock


def test_a_feed_gives_what_is_above_a_number_and_never_a_number_twice() -> None:
    feed = Feed(10_000, Clock())
    for index in range(10):
        feed.append("progress", b"%d" % index)
    assert [entry.number for entry in feed.after(0)] == list(range(1, 11))
    assert [entry.raw for entry in feed.after(7)] == [b"7", b"8", b"9"]
    assert feed.after(10) == []


def test_a_long_feed_is_thinned_over_its_length_and_keeps_what_is_no_curve() -> None:
    feed = Feed(20_000, Clock())
    for index in range(2000):
        feed.append("change" if index % 100 == 50 else "progress", b"%0100d" % index)
    entries = feed.after(0)
    assert feed.held == sum(len(entry.raw) for entry in entries) <= 20_000
    numbers = [entry.number for entry in entries]
    assert numbers == sorted(set(numbers)) and numbers[-1] == 2000
    assert sum(entry.kind == "change" for entry in entries) == 20
    progress = [entry.number for entry in entries if entry.kind == "progress"]
    widest = max(after - before for before, after in itertools.pairwise(progress))
    assert progress[0] <= 200 and widest <= 200, "the curve is coarser, but has no hole of a tenth of its length"


def test_a_large_feed_is_handed_out_in_parts() -> None:
    feed = Feed(10**6, Clock())
    for _ in range(10):
        feed.append("progress", b"x" * 1000)
    part = feed.after(0, maximum_bytes=2500)
    assert [entry.number for entry in part] == [1, 2]
    assert [entry.number for entry in feed.after(0, maximum_bytes=10)] == [1]
