"""The rules of the engine's queue, on a clock that the test moves: bounds, fairness, loss, expiry, the feed."""

from __future__ import annotations

from typing import Any

import pytest

from app.jobs.errors import Refused, UnknownJob
from app.jobs.kinds import validated
from app.jobs.settings import EngineSettings
from tests.app.jobs.engine_jobs import KINDS
from tests.app.jobs.place import Place


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


def test_a_run_whose_page_is_closed_is_paused_and_goes_on_when_it_is_told_to() -> None:
    place = Place(unwatched_seconds=60, lease_seconds=10_000)
    job, unseen = place.submit("a", watched=True), place.submit("a")
    place.take()
    place.pass_time(50)
    place.registry.entries(job, 0)
    place.pass_time(50)
    assert not place.registry.report(job, 1)["leave"], "a page that follows is there"
    place.pass_time(11)
    assert place.registry.report(job, 1, checkpoint=b"c", checkpoint_position=3)["leave"]
    place.registry.finish(job, 1, "leave")
    assert place.state(job) == "paused" and place.state(unseen) == "queued", "the other is for nobody's eyes"
    assert "Nobody watched the run for a minute: it waits to be continued." in place.said(job)
    place.pass_time(30)
    place.registry.resume(job, "a")
    place.pass_time(30)
    assert place.state(job) == "queued", "who resumes it looks on"
    place.pass_time(31)
    assert place.state(job) == "paused", "one that waits is paused, too"
    assert place.said(job).count("Nobody watched the run") == 2


def test_runs_whose_pages_are_closed_do_not_keep_their_visitor_from_a_new_one() -> None:
    """Without its page there may be no way back to a run, and so none to stop it."""
    place = Place(unwatched_seconds=60, jobs_per_visitor=2, lease_seconds=10_000)
    older, newer = place.submit("a", watched=True), place.submit("a", watched=True)
    place.pass_time(40)
    with pytest.raises(Refused, match="stop one first"):
        place.submit("a")
    place.registry.entries(newer, 0)
    place.pass_time(30)
    assert [place.state(older), place.state(newer)] == ["paused", "queued"]
    place.submit("a", watched=True)
    assert [place.state(older), place.state(newer)] == ["stopped", "queued"]
    assert place.said(older).endswith("A newer job took its place.")
    place.registry.pause(newer, "a")
    with pytest.raises(Refused, match="stop one first"):
        place.submit("a")  # paused by hand, and looked at


def test_a_run_goes_on_unwatched_where_the_setting_says_so() -> None:
    place = Place(unwatched_seconds=0, lease_seconds=10_000)
    job = place.submit("a", watched=True)
    place.take()
    place.pass_time(800)
    assert place.state(job) == "running"
    for wrong in (1.0, 29.9):
        with pytest.raises(ValueError, match=r"POTHOLE_UNWATCHED_SECONDS must be 0 \(never\) or at least 30, not"):
            Place(unwatched_seconds=wrong)


def test_a_waiting_job_says_how_long() -> None:
    """From the time left of those before it; of one that has not begun, from what its like took."""
    place = Place(slice_seconds=1e6)

    def wait(job: str) -> dict[str, object] | None:
        return place.registry.summary(job)["wait"]

    first = place.submit("a", size=100)
    assert wait(first) is None, "no worker has a job: it waits for none"
    place.take()
    second, third = place.submit("a", size=300), place.submit("a")
    assert wait(second) == {"seconds": 0.0, "at_least": True}
    place.registry.report(first, 1, seconds_left=40.0)
    assert wait(second) == {"seconds": 40.0, "at_least": False}
    assert wait(third) == {"seconds": 40.0, "at_least": True}, "how long the second takes is not known"
    place.pass_time(10)
    assert wait(second) == {"seconds": 30.0, "at_least": False}, "the time goes on between two reports"
    place.registry.report(first, 1, seconds_left=90.0)
    assert wait(second) == {"seconds": 90.0, "at_least": False}, "a machine that becomes busy is told"
    place.pass_time(20)
    place.registry.finish(first, 1, "finish")
    assert place.take() == second
    assert wait(third) == {"seconds": 90.0, "at_least": False}, "three times the first, which took 30 s"
    assert wait(second) is None


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
    assert "too large to be kept" in place.said(first) and "POTHOLE_KEPT_BYTES" in place.said(first)
    place.registry.report(first, 1, checkpoint=b"x" * 1002)
    assert place.said(first).count("POTHOLE_KEPT_BYTES") == 1, "a checkpoint comes every few seconds"
    place.registry.report(second, 1, checkpoint=b"x" * 900)
    assert place.registry.jobs[second].checkpoint is None, "both run: neither's is thrown away for the other"
    place.registry.finish(first, 1, "finish")
    place.registry.report(second, 1, checkpoint=b"x" * 900)
    assert place.registry.jobs[second].checkpoint is not None
    assert first not in place.registry.jobs, "an ended job makes room"
    place.registry.report(second, 1, results={"a": b"x" * 600, "b": b"x" * 401})
    assert list(place.registry.jobs[second].results) == ["a"], "of results there may be as much as of a checkpoint"


@pytest.mark.parametrize(
    ("description", "sentence"),
    [
        (None, "must be an object"),
        ([], "must be an object"),
        ({1: 2}, "must be an object"),
        ({}, "kind must be one of background, computing, count, deaf"),
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
