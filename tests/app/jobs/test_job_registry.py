"""The rules of the engine's queue, on a clock that the test moves: bounds, fairness, loss, expiry, the feed."""

from __future__ import annotations

import contextlib
import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.errors import Refused, UnknownJob
from app.jobs.feed import Feed
from app.jobs.kinds import validated
from app.jobs.registry import JobRegistry
from app.jobs.settings import EngineSettings
from app.jobs.states import ENDED, TRANSITIONS, Event, State
from tests.app.jobs.engine_jobs import KINDS


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Place:
    """A registry on such a clock, with short ways to say what the tests say often."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.settings = EngineSettings(kinds=KINDS, **settings)
        self.registry = JobRegistry(self.settings, self.clock, self.clock)
        self.count = 0

    def submit(self, visitor: str, address: str = "", resumable: bool = True, lane: str = "long") -> str:
        """A job of a visitor, who has an address of his own where none is given."""
        self.count += 1
        name = f"{visitor}{self.count}"
        return self.registry.submit(name, visitor, address or visitor, "count", "a job", lane, resumable, {})

    def take(self, worker: str = "w") -> str | None:
        assignment = self.registry.take(worker, "long")
        return assignment["job"] if assignment else None

    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds
        self.registry.tick()

    def state(self, job: str) -> str:
        return self.registry.jobs[job].state

    def said(self, job: str) -> str:
        return " ".join(json.loads(e.raw).get("sentence", "") for e in self.registry.jobs[job].feed.after(0))


def test_the_queue_and_each_visitors_part_of_it_are_bounded() -> None:
    place = Place(queue_length=5, jobs_per_visitor=2)
    for visitor in "aabbc":
        place.submit(visitor)
    with pytest.raises(Refused, match="you have 2 unfinished jobs and may have 2"):
        place.submit("a")
    with pytest.raises(Refused, match="the queue is full"):
        place.submit("d")
    place.take()
    place.submit("d")


def test_jobs_known_are_bounded_and_the_oldest_ended_goes_first() -> None:
    place = Place(jobs_kept=3)
    first, second, third = (place.submit(visitor) for visitor in "abc")
    place.registry.stop(second, "b")
    place.clock.now += 1
    place.registry.stop(first, "a")
    place.submit("a")
    assert second not in place.registry.jobs and first in place.registry.jobs
    place.submit("b")
    assert first not in place.registry.jobs
    with pytest.raises(Refused, match="there are 3 unfinished jobs: try again"):
        place.submit("d")
    place.registry.stop(third, "c")
    place.submit("d")


def test_submitting_twice_under_one_id_is_one_job_and_ids_cannot_be_taken_over() -> None:
    place = Place()
    place.registry.submit("j", "a", "x", "count", "", "long", True, {})
    place.registry.submit("j", "a", "x", "count", "", "long", True, {})
    assert len(place.registry.jobs) == 1
    with pytest.raises(Refused):
        place.registry.submit("j", "b", "x", "count", "", "long", True, {})


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


def test_one_address_cannot_fill_the_queue() -> None:
    """Sixty-three made-up names of one address; each further address has half of what the others leave."""
    place = Place(queue_length=64)
    for taken, address in ((32, "flood"), (16, "second"), (8, "third")):
        for n in range(taken):
            place.submit(f"{address}{n}", address)
        with pytest.raises(Refused, match=f"your network address has {taken} jobs waiting, its share: try again"):
            place.submit(f"{address}-one-more", address)
    place.submit("somebody", "else")


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


@pytest.mark.parametrize("state", State)
def test_the_table_of_transitions_is_what_the_registry_does(state: State) -> None:
    """Every state with every event: a job in it comes to where the table says, and no ended job comes to life."""
    for event in Event:
        place = Place()
        job = place.registry.jobs[place.submit("a")]
        place.registry.jobs[job.id].state = state
        place.registry._apply(job, event)
        assert job.state is TRANSITIONS[state].get(event, state)
        assert (job.state in ENDED) == (not job.unfinished)
    assert state not in ENDED or not TRANSITIONS[state]


def test_every_state_can_be_reached_and_left() -> None:
    reached, border = set(), {State.QUEUED}
    while border:
        reached |= border
        border = {after for state in border for after in TRANSITIONS[state].values()} - reached
    assert reached == set(State)
    assert {state for state in State if not TRANSITIONS[state]} == {State.FINISHED, State.STOPPED, State.FAILED}


def test_a_worker_that_ends_in_good_order_has_lost_nothing() -> None:
    place = Place(restarts=0)
    job, other = place.submit("a"), place.submit("b")
    for attempt in (1, 2, 3):
        assert place.take("w1") == job
        place.registry.report(job, attempt, checkpoint=b"c", checkpoint_position=attempt, position=attempt)
        place.registry.finish(job, attempt, "leave", "Its worker was shut down; it goes on with the next one.")
        place.registry.worker_gone("w1")
    assert place.state(job) == "queued" and "killed or lost" not in place.said(job)
    assert place.said(job).count("Its worker was shut down") == 3
    assert place.take("w2") == job, "it goes first, as it has lost its place through no fault of its own"
    assert place.take("w2") == other


def test_a_long_run_makes_way_for_another_visitor_and_goes_on_after_it() -> None:
    place = Place(slice_seconds=60)
    long = place.submit("a")
    place.take()
    own = place.submit("a")
    place.clock.now += 61
    assert place.registry.report(long, 1)["leave"] is False, "one's own next job is no reason"
    other = place.submit("b")
    assert place.registry.report(long, 1, checkpoint=b"x", checkpoint_position=7)["leave"]
    place.registry.finish(long, 1, "leave")
    assert "Makes way" in place.said(long)
    assert place.take() == other
    place.registry.finish(other, 1, "finish")
    again = place.registry.take("w", "long")
    assert again["job"] in (own, long)
    if again["job"] == long:
        assert (again["checkpoint"], again["checkpoint_position"], again["attempt"]) == (b"x", 7, 2)


def test_a_lost_worker_gives_its_job_to_the_next_from_the_checkpoint_and_the_feed_says_so() -> None:
    place = Place()
    job, other = place.submit("a"), place.submit("b")
    place.take("w1")
    place.registry.report(job, 1, [("progress", b'{"rows":[]}')], position=30, checkpoint=b"c", checkpoint_position=20)
    place.registry.worker_gone("w1")
    again = place.registry.take("w2", "long")
    assert again["job"] == job, "it goes first: it has lost its place through no fault of its own"
    assert (again["checkpoint"], again["checkpoint_position"], again["position"]) == (b"c", 20, 30)
    assert "killed or lost after step 30; the run goes on from step 20" in place.said(job)
    assert place.registry.report(job, 1)["abandon"], "the old worker, should it live after all, is told to let go"
    assert not place.registry.report(job, 2)["abandon"]
    assert place.take("w1") == other


def test_a_job_that_kills_its_workers_is_given_up() -> None:
    place = Place(restarts=2)
    job = place.submit("a")
    for worker in "123":
        assert place.take(worker) == job
        place.registry.worker_gone(worker)
    assert place.state(job) == "failed"
    assert "3 times without progress" in place.said(job)


def test_a_silent_worker_loses_its_job() -> None:
    place = Place(lease_seconds=30)
    job = place.submit("a")
    place.take()
    place.pass_time(20)
    place.registry.report(job, 1)
    place.pass_time(20)
    assert place.state(job) == "running"
    place.pass_time(31)
    assert place.state(job) == "queued" and "was silent" in place.said(job)


def test_a_job_that_does_not_answer_a_stop_is_given_up() -> None:
    place = Place()
    job = place.submit("a")
    place.take()
    place.registry.stop(job, "a")
    place.registry.report(job, 1)
    place.pass_time(place.settings.unresponsive_seconds + 1)
    assert place.state(job) == "stopped"
    assert place.registry.report(job, 1)["abandon"]


def test_jobs_that_nobody_follows_expire() -> None:
    place = Place(unfollowed_seconds=100, kept_seconds=200)
    followed, left = place.submit("a"), place.submit("b")
    place.clock.now += 90
    place.registry.entries(followed, 0)
    place.pass_time(20)
    assert (place.state(followed), place.state(left)) == ("queued", "stopped")
    assert "Nobody followed it for 1.66667 minutes" in place.said(left)
    place.pass_time(201)
    assert left not in place.registry.jobs
    with pytest.raises(UnknownJob):
        place.registry.entries(left, 0)


def test_a_job_may_not_run_for_ever() -> None:
    place = Place(longest_seconds=50, unfollowed_seconds=1e6)
    job = place.submit("a")
    place.take()
    place.pass_time(51)
    assert place.registry.report(job, 1)["leave"]


def test_only_the_owner_may_touch_a_job() -> None:
    place = Place()
    job = place.submit("a")
    for act in (place.registry.stop, place.registry.pause, place.registry.resume):
        with pytest.raises(Refused, match="only who started"):
            act(job, "b")
    with pytest.raises(Refused, match="only who started"):
        place.registry.change(job, "b", {"rate": 1.0})


def test_pause_while_queued_and_while_running() -> None:
    place = Place()
    job = place.submit("a")
    place.registry.pause(job, "a")
    assert place.take() is None
    place.registry.resume(job, "a")
    assert place.take() == job
    place.registry.pause(job, "a")
    assert place.registry.report(job, 1, checkpoint=b"c", checkpoint_position=3)["leave"]
    place.registry.finish(job, 1, "leave")
    assert place.state(job) == "paused"
    place.registry.resume(job, "a")
    assert place.registry.take("w", "long")["checkpoint"] == b"c"


def test_a_resume_that_meets_the_pause_on_its_way_wins() -> None:
    place = Place()
    job = place.submit("a")
    place.take()
    place.registry.pause(job, "a")
    place.registry.report(job, 1)
    place.registry.resume(job, "a")
    place.registry.finish(job, 1, "leave")
    assert place.state(job) == "queued"


def test_changes_are_bounded_and_refused_after_the_end() -> None:
    place = Place(changes_per_job=2)
    job = place.submit("a")
    place.registry.change(job, "a", {"rate": 1.0})
    place.registry.change(job, "a", {"rate": 2.0})
    with pytest.raises(Refused, match="can be changed 2 times"):
        place.registry.change(job, "a", {"rate": 3.0})
    place.registry.stop(job, "a")
    with pytest.raises(Refused, match="has ended"):
        place.registry.stop(job, "a")


def test_what_jobs_keep_is_bounded() -> None:
    place = Place(kept_bytes=1000, all_kept_bytes=1500)
    first, second = place.submit("a"), place.submit("b")
    place.take("w1")
    place.take("w2")
    place.registry.report(first, 1, checkpoint=b"x" * 900)
    place.registry.report(first, 1, checkpoint=b"x" * 1001)
    assert len(place.registry.jobs[first].checkpoint) == 900
    assert "too large to be kept" in place.said(first)
    place.registry.report(second, 1, checkpoint=b"x" * 900)
    assert place.registry.jobs[second].checkpoint is None, "both run: neither's is thrown away for the other"
    place.registry.finish(first, 1, "finish")
    place.registry.report(second, 1, checkpoint=b"x" * 900)
    assert place.registry.jobs[second].checkpoint is not None
    assert first not in place.registry.jobs, "an ended job makes room"


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


@pytest.mark.parametrize(
    ("description", "sentence"),
    [
        (None, "must be an object"),
        ([], "must be an object"),
        ({1: 2}, "must be an object"),
        ({}, "kind must be one of computing, count, deaf"),
        ({"kind": "rm -rf"}, "kind must be one of"),
        ({"kind": ["count"]}, "kind must be one of"),
        ({"kind": "count", "steps": -1}, "steps must be a whole number from 1 to 1000000, not -1"),
        ({"kind": "count", **{str(i): i for i in range(200)}}, "at most 100 settings"),
    ],
)
def test_a_bad_description_gets_a_sentence(description: Any, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        validated(description, KINDS)


@pytest.mark.parametrize("text", ["many", "-1", "nan", "inf", "1.5"])
def test_a_bad_setting_in_the_environment_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="POTHOLE_QUEUE_LENGTH must be a whole number of at least 1"):
        EngineSettings.from_environment({"POTHOLE_QUEUE_LENGTH": text})


def test_settings_come_from_the_environment() -> None:
    settings = EngineSettings.from_environment({"POTHOLE_SCHEDULER": "tcp://x:1", "POTHOLE_KEPT_SECONDS": "2.5"})
    assert (settings.scheduler, settings.kept_seconds, settings.queue_length) == ("tcp://x:1", 2.5, 64)


def test_every_setting_has_a_meaning() -> None:
    table = EngineSettings.table()
    assert len({variable for variable, _, _ in table}) == len(table) >= 20
    assert all(text for _, _, text in table)
