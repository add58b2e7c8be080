"""The jobs on disk: what is there after a restart, torn lines, a full disk, damaged files, two schedulers."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs import store as store_module
from app.jobs.errors import UnknownJob
from app.jobs.registry import JobRegistry
from app.jobs.settings import EngineSettings
from app.jobs.store import RETRY_SECONDS, JobStore
from tests.app.jobs.restarts import Clock, Scheduler, said, same


def test_jobs_at_rest_are_the_same_after_a_restart(tmp_path: Path) -> None:
    first = Scheduler(tmp_path)
    for name in ("queued", "done", "paused"):
        first.submit(name)
    first.registry.take("w", "long")
    first.registry.report("queued", 1, [], results={"weights": b"\x00\xff"}, checkpoint=b"state", checkpoint_position=3)
    first.registry.change("queued", "a", {"rate": 2.0})
    first.registry.report("queued", 1, applied=[(4, {"rate": 2.0})])
    first.registry.finish("queued", 1, "finish", "Finished.")
    first.registry.stop("done", "a")
    first.registry.pause("paused", "a")
    for name in first.registry.jobs:
        first.kept(name)
    first.killed()
    second = Scheduler(tmp_path)
    assert list(second.registry.jobs) == ["queued", "done", "paused"]
    same(second.registry.jobs["queued"], first.registry.jobs["queued"])
    same(second.registry.jobs["done"], first.registry.jobs["done"])
    assert said(second.registry.jobs["paused"]).endswith("The engine was restarted; the run is paused as it was.")
    assert second.registry.result("queued", "weights") == b"\x00\xff"
    second.registry.resume("paused", "a")
    assert second.registry.take("w", "long")["job"] == "paused"


def test_a_running_job_goes_on_from_its_checkpoint_and_its_feed_without_a_gap(tmp_path: Path) -> None:
    first = Scheduler(tmp_path)
    first.submit("other", "b")
    first.submit("run")
    first.registry.stop("other", "b")
    first.registry.take("w", "long")
    first.report("run", 1)
    first.report("run", 2, checkpoint=b"before 2", checkpoint_position=2)
    first.report("run", 3)
    shown, _ = first.registry.entries("run", 0)
    first.killed()
    second = Scheduler(tmp_path)
    entries, over = second.registry.entries("run", 0)
    assert entries[: len(shown)] == shown and not over, "what a page has seen is there, under the same numbers"
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    assert "The engine was restarted after step 3; the run goes on from step 2." in said(second.registry.jobs["run"])
    # The old worker's last words come too late: it does not know of the restart.
    assert second.registry.report("run", 1, position=9) == {"abandon": True}
    assignment = second.registry.take("w2", "long")
    assert (assignment["checkpoint"], assignment["checkpoint_position"], assignment["position"]) == (b"before 2", 2, 3)
    assert assignment["attempt"] == 2


def test_a_job_that_waited_at_a_restart_is_told_and_keeps_its_place(tmp_path: Path) -> None:
    first = Scheduler(tmp_path)
    for name, visitor in (("one", "a"), ("two", "a"), ("three", "b")):
        first.submit(name, visitor)
    first.killed()
    second = Scheduler(tmp_path)
    for name, ahead in (("one", 0), ("three", 1), ("two", 2)):
        assert said(second.registry.jobs[name]).endswith("The engine was restarted; the run has kept its place.")
        assert second.registry.summary(name)["ahead"] == ahead
    second.submit("four", "c")
    assert [second.registry.take("w", "long")["job"] for _ in range(4)] == ["one", "three", "four", "two"]


def test_a_clock_that_is_set_back_between_jobs_changes_no_order(tmp_path: Path) -> None:
    """The order after a restart is that of arrival, not that of the dates."""
    first = Scheduler(tmp_path)
    for name, jump in (("one", 0.0), ("two", -5e8), ("three", 9e8), ("four", -9e8)):
        first.clock.now += jump
        first.submit(name, name)
    first.killed()
    second = Scheduler(tmp_path)
    assert list(second.registry.jobs) == ["one", "two", "three", "four"]
    assert [second.registry.take("w", "long")["job"] for _ in range(4)] == ["one", "two", "three", "four"]


@pytest.mark.parametrize(("wish", "state"), [("stop", "stopped"), ("pause", "paused")])
def test_what_was_wished_of_a_running_job_is_done(tmp_path: Path, wish: str, state: str) -> None:
    first = Scheduler(tmp_path)
    first.submit("run")
    first.registry.take("w", "long")
    getattr(first.registry, wish)("run", "a")
    first.kept("run")
    first.killed()
    assert Scheduler(tmp_path).registry.jobs["run"].state == state


def test_a_forgotten_job_leaves_nothing(tmp_path: Path) -> None:
    clock = Clock()
    first = Scheduler(tmp_path, clock, kept_seconds=10)
    first.submit("run")
    first.registry.stop("run", "a")
    first.kept("run")
    clock.now += 11
    first.registry.tick()
    first.store.forget_all_but(first.registry.jobs)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
    first.killed()
    with pytest.raises(UnknownJob):
        Scheduler(tmp_path).registry.summary("run")


@given(cut=st.integers(0, 400))
@settings(max_examples=60)
def test_a_torn_journal_gives_what_was_whole(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Killed in the middle of a line: all whole lines count, whatever is left of the last one."""
    folder = tmp_path_factory.mktemp("torn")
    first = Scheduler(folder)
    first.submit("run")
    first.registry.take("w", "long")
    journal = next(folder.glob("*/journal"))
    lengths = []
    for position in range(1, 4):
        first.report("run", position)
        lengths.append(journal.stat().st_size)
    first.killed()
    whole = journal.read_bytes()
    torn = min(lengths[0] + cut, len(whole))
    journal.write_bytes(whole[:torn])
    positions = [
        json.loads(e.raw)["rows"][0]["position"]
        for e in Scheduler(folder).registry.jobs["run"].feed.after(0)
        if e.kind == "progress"
    ]
    assert positions == [1 + index for index, length in enumerate(lengths) if length <= torn]


def test_the_journal_does_not_outgrow_its_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "SMALLEST_REWRITE", 20_000)
    first = Scheduler(tmp_path, feed_bytes=10_000)
    first.submit("run")
    first.registry.take("w", "long")
    largest = 0
    for position in range(1, 1200):
        job = first.report("run", position, checkpoint=bytes(100), checkpoint_position=position)
        largest = max(largest, sum(path.stat().st_size for path in tmp_path.glob("*/*")))
    assert job.feed.thinned > 0 and largest < 120_000
    first.killed()
    second = Scheduler(tmp_path, feed_bytes=10_000).registry.jobs["run"]
    assert second.feed.last >= job.feed.last and second.feed.after(0)[0] == job.feed.after(0)[0]
    assert len(list(tmp_path.glob("*/blob.*"))) == 1


def test_a_full_disk_stops_no_job_and_is_said_once_and_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Scheduler(tmp_path)
    first.submit("run")
    first.registry.take("w", "long")
    first.report("run", 1)
    whole = store_module._replace

    def full(path: Path, data: bytes) -> None:
        path.with_name(f"{path.name}.new").write_bytes(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store_module, "_replace", full)
    for position in range(2, 6):
        job = first.report("run", position, checkpoint=b"x" * position, checkpoint_position=position)
        first.clock.now += RETRY_SECONDS + 1
    assert job.position == 5 and job.state == "running"
    assert said(job).count("is not kept on the disk (No space left on device): a restart of the engine would lose") == 1
    monkeypatch.setattr(store_module, "_replace", whole)
    job = first.report("run", 6)
    assert said(job).count("The run is kept on the disk again.") == 1
    first.killed()
    second = Scheduler(tmp_path).registry.jobs["run"]
    assert (second.position, second.checkpoint) == (6, b"xxxxx")
    assert second.feed.after(0)[: job.feed.last] == job.feed.after(0)
    assert not list(tmp_path.glob("*/*.new"))


def test_nothing_is_written_after_the_folder_has_been_given_up(tmp_path: Path) -> None:
    """What is the next scheduler's is not touched by the last one's end."""
    first = Scheduler(tmp_path)
    first.submit("run")
    first.killed()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match="closed"):
        first.store.keep(first.registry.jobs["run"])
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_two_schedulers_do_not_share_a_folder(tmp_path: Path) -> None:
    first = Scheduler(tmp_path)
    with pytest.raises(OSError, match="another process keeps its jobs"):
        JobStore(tmp_path, Clock())
    first.killed()
    JobStore(tmp_path, Clock()).close()


def test_what_cannot_be_written_as_json_is_said_and_stops_nothing(tmp_path: Path) -> None:
    first = Scheduler(tmp_path)
    first.registry.submit("run", "a", "a", "count", "a job", "long", True, {"steps": 2**70})
    assert "not kept on the disk" in said(first.kept("run"))


def test_a_wall_clock_that_jumps_moves_no_rule(tmp_path: Path) -> None:
    """Leases and expiry run on the steady clock; the wall clock only dates entries."""
    steady, wall = Clock(), Clock(1e9)
    registry = JobRegistry(EngineSettings(), steady, wall)
    registry.submit("run", "a", "a", "count", "a job", "long", True, {})
    registry.take("w", "long")
    for jump in (-9e8, 5e9, -1e9):
        wall.now += jump
        steady.now += 1
        registry.tick()
        assert registry.jobs["run"].state == "running"
        registry.report("run", 1, [("progress", b"{}")], position=1)
    assert [entry.number for entry in registry.entries("run", 0)[0]] == [1, 2, 3, 4, 5]
    steady.now += registry.settings.lease_seconds + 1
    registry.tick()
    assert registry.jobs["run"].state == "queued", "and the lease still ends by the steady clock"
