"""Whose job is next, and how much of the queue one address may have."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.errors import Refused
from tests.app.jobs.place import Place


def test_one_address_cannot_fill_the_queue() -> None:
    """Sixty-three made-up names of one address; each further address has half of what the others leave."""
    place = Place(queue_length=64)
    for taken, address in ((32, "flood"), (16, "second"), (8, "third")):
        for n in range(taken):
            place.submit(f"{address}{n}", address)
        with pytest.raises(Refused, match=f"your network address has {taken} jobs waiting, its share: try again"):
            place.submit(f"{address}-one-more", address)
    place.submit("somebody", "else")


def run_until_taken(place: Place, target: str, work: dict[str, float], on: list[str], slice_seconds: float) -> float:
    """Seconds until the target is taken, by a small engine: its workers are those that have the jobs of `on`."""
    began, registry = place.clock.now, place.registry
    busy = dict(enumerate(on))
    while True:
        place.clock.now += 1
        for worker, job in list(busy.items()):
            work[job] -= 1
            attempt = registry.jobs[job].attempt
            registry.jobs[job].followed = place.clock.now
            told = registry.report(job, attempt, seconds_left=work[job])
            if work[job] > 0 and not told["leave"]:
                continue
            registry.finish(job, attempt, "finish" if work[job] <= 0 else "leave")
            taken = place.take(f"w{worker}")
            assert taken is not None
            if taken == target:
                return place.clock.now - began
            busy[worker] = taken


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("slice_seconds", [20, 60, 10_000])
def test_the_wait_that_is_foreseen_is_the_wait_that_comes(workers: int, slice_seconds: int) -> None:
    """With turns, time slices and runs of several visitors; each second of a slice may come a second late."""
    place = Place(slice_seconds=slice_seconds)
    names = ("a", "a", "b", "c", "a", "d", "b")
    jobs = [place.submit(name) for name in names]
    work = {job: 30.0 + 25 * (number % 3) for number, job in enumerate(jobs)}
    on = [job for job in (place.take(f"w{n}") for n in range(workers)) if job]
    for job in jobs:
        # One that waits has been on a worker before, so that its time is known.
        place.registry.jobs[job].seconds_left = work[job]
    target = jobs[-1]
    told = place.registry.summary(target)["wait"]
    came = run_until_taken(place, target, work, on, slice_seconds)
    assert not told["at_least"]
    assert told["seconds"] == pytest.approx(came, abs=2 * len(names), rel=0.1)


def test_one_address_cannot_fill_it_with_paused_jobs_either() -> None:
    place = Place(queue_length=10, jobs_kept=20)
    jobs = [place.submit("v0", "flood")]
    for n in range(1, 10):
        place.registry.pause(jobs[-1], f"v{n - 1}")
        jobs.append(place.submit(f"v{n}", "flood"))
    place.registry.pause(jobs[-1], "v9")
    with pytest.raises(Refused, match="10 unfinished jobs, its share"):
        place.submit("v10", "flood")
    for n in range(5):
        place.registry.resume(jobs[n], f"v{n}")
    with pytest.raises(Refused, match="5 jobs waiting, its share"):
        place.registry.resume(jobs[5], "v5")
    assert place.state(jobs[5]) == "paused"
    place.submit("somebody", "else")


def test_workers_serve_visitors_in_turn() -> None:
    """Ten jobs of three visitors on one worker: nobody waits behind another's whole pile."""
    place = Place(jobs_per_visitor=8)
    for visitor in "aaaaaabbcc":
        place.submit(visitor)
    order = []
    while job := place.take():
        order.append(job[0])
        place.registry.finish(job, 1, "finish")
    assert "".join(order) == "abcabcaaaa"


def test_a_visitor_with_nothing_running_goes_first_on_two_workers() -> None:
    place = Place()
    first, _, _, other = place.submit("a"), place.submit("a"), place.submit("a"), place.submit("b")
    assert place.take("w1") == first
    assert place.take("w2") == other


def test_place_in_the_queue_is_the_order_of_turns() -> None:
    place = Place()
    jobs = [place.submit("a"), place.submit("a"), place.submit("b")]
    assert [place.registry.summary(job)["ahead"] for job in jobs] == [0, 2, 1]


def order_of(place: Place) -> str:
    """The visitors whose jobs are taken one after the other, each ending before the next is taken."""
    order = ""
    while job := place.take():
        order += job[0]
        place.registry.finish(job, place.registry.jobs[job].attempt, "finish")
    return order


def test_made_up_names_hold_up_another_address_by_one_job() -> None:
    place = Place()
    for name in "abcdefgh":
        place.submit(name, "flood")
    place.submit("Z", "other")
    assert order_of(place) == "aZbcdefgh"


def test_nobodys_second_job_comes_before_anothers_first() -> None:
    """Not behind one address, not between two, and not where the first ones come while the second waits."""
    place = Place()
    for name, address in (("a", "x"), ("a", "x"), ("b", "y"), ("b", "y"), ("c", "y"), ("d", "x"), ("e", "y")):
        place.submit(name, address)
    assert order_of(place) == "abdceab"
    place.submit("a", "x")
    place.submit("a", "x")
    first = place.take()
    for name in "fgh":
        place.submit(name, "y")
    place.registry.finish(first, 1, "finish")
    assert first[0] == "a" and order_of(place) == "fgha"


def test_a_stream_of_new_names_does_not_starve_a_second_job() -> None:
    """While jobs under new names keep coming from one address, another's second job waits for those that were there."""
    place = Place()
    second = [place.submit("Z", "other"), place.submit("Z", "other")][1]
    served = []
    for n in range(40):
        for copy in range(2):
            with contextlib.suppress(Refused):
                place.submit(f"n{n}-{copy}", "flood")
        job = place.take()
        served.append(job)
        place.registry.finish(job, 1, "finish")
    assert second in served[:12]


def test_a_flood_of_short_jobs_forgets_its_own_results_first() -> None:
    place = Place(jobs_kept=10, queue_length=10)
    other = place.submit("Z", "other")
    place.take()
    place.registry.finish(other, 1, "finish")
    for n in range(50):
        place.clock.now += 1
        job = place.submit(f"v{n}", "flood")
        place.take()
        place.registry.finish(job, 1, "finish")
    assert other in place.registry.jobs and len(place.registry.jobs) == 10


@given(
    st.lists(
        st.one_of(st.tuples(st.sampled_from("abcdef"), st.sampled_from("xyz")), st.just("take"), st.just("end")),
        max_size=60,
    )
)
def test_the_place_that_is_told_is_the_one_that_comes_true(acts: list[Any]) -> None:
    """Whatever has happened before: the jobs are taken in the order of the places told, and all are taken."""
    place, running = Place(jobs_per_visitor=3), []
    for act in acts:
        if act == "take":
            running.append(place.take())
        elif act == "end" and running:
            job = running.pop(0)
            if job:
                place.registry.finish(job, 1, "finish")
        elif act != "end":
            with contextlib.suppress(Refused):
                place.submit(*act)
    places = {job: place.registry.summary(job)["ahead"] for job in place.registry.jobs}
    told = sorted((ahead, job) for job, ahead in places.items() if ahead is not None)
    assert [ahead for ahead, _ in told] == list(range(len(told)))
    if told:
        assert place.take() == told[0][1]
