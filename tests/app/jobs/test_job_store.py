"""The jobs on disk: what is there after a restart, torn lines, a full disk, damaged files, two schedulers."""

from __future__ import annotations

import errno
import json
import weakref
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs import store as store_module
from app.jobs.errors import UnknownJob
from app.jobs.job import Job
from app.jobs.registry import JobRegistry
from app.jobs.settings import EngineSettings
from app.jobs.store import PLAIN, RETRY_SECONDS, JobStore


class Clock:
    """Seconds that pass when told to."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Scheduler:
    """A registry and its store over a folder, as the scheduler process puts them together."""

    def __init__(self, folder: Path, clock: Clock | None = None, **limits: Any) -> None:
        self.clock = clock or Clock()
        self.registry = JobRegistry(EngineSettings(**limits), self.clock, self.clock)
        self.store = JobStore(folder, self.clock)
        weakref.finalize(self, self.store.close)
        self.registry.restore(self.store.read(self.registry.settings.feed_bytes, self.clock))

    def submit(self, name: str, visitor: str = "a") -> Job:
        self.clock.now += 1
        self.registry.submit(name, visitor, "count", "a job", "long", True, {"steps": 5})
        return self.kept(name)

    def kept(self, name: str) -> Job:
        job = self.registry.jobs[name]
        self.store.keep(job)
        return job

    def report(self, name: str, position: int, **more: Any) -> Job:
        rows = json.dumps({"rows": [{"position": position}]}).encode()
        attempt = self.registry.jobs[name].attempt
        self.registry.report(name, attempt, [("progress", rows)], position=position, total=5, **more)
        return self.kept(name)

    def killed(self) -> None:
        """Its end without any word: only the lock goes with the process."""
        self.store.close()


def same(job: Job, other: Job) -> None:
    assert {name: getattr(job, name) for name in PLAIN} == {name: getattr(other, name) for name in PLAIN}
    assert job.feed.after(0) == other.feed.after(0) and job.feed.shape == other.feed.shape
    assert (job.checkpoint, job.results) == (other.checkpoint, other.results)


def said(job: Job) -> str:
    return " ".join(json.loads(entry.raw).get("sentence", "") for entry in job.feed.after(0))


def test_jobs_at_rest_are_the_same_after_a_restart(tmp_path: Path) -> None:
    first = Scheduler(tmp_path)
    for name in ("queued", "done", "paused"):
        first.submit(name)
    first.registry.take("w", "long")
    first.registry.report("queued", 1, [], results={"weights": b"\x00\xff"}, checkpoint=b"state", checkpoint_position=3)
    first.registry.change("queued", "a", {"rate": 2.0})
    first.registry.report("queued", 1, applied=[(4, {"rate": 2.0})])
    first.registry.finish("queued", 1, "finished", "Finished.")
    first.registry.stop("done", "a")
    first.registry.pause("paused", "a")
    for name in first.registry.jobs:
        first.kept(name)
    first.killed()
    second = Scheduler(tmp_path)
    assert list(second.registry.jobs) == ["queued", "done", "paused"]
    for name, job in second.registry.jobs.items():
        same(job, first.registry.jobs[name])
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


@pytest.mark.parametrize(
    "damage",
    [b"", b"{}\n", b"not JSON\n", b'{"format": 99}\n', b'{"format": 1, "job": {}, "entries": [], "feed": {}}\n'],
)
def test_a_damaged_job_is_put_aside_and_the_others_are_there(tmp_path: Path, damage: bytes) -> None:
    first = Scheduler(tmp_path)
    first.submit("broken")
    journal = next(tmp_path.glob("*/journal"))
    first.submit("sound")
    first.killed()
    journal.write_bytes(damage)
    assert list(Scheduler(tmp_path).registry.jobs) == ["sound"]
    assert journal.parent.with_suffix(".damaged").exists()


def test_a_missing_blob_is_damage_too(tmp_path: Path) -> None:
    first = Scheduler(tmp_path)
    first.submit("run")
    first.registry.take("w", "long")
    first.report("run", 1, checkpoint=b"state", checkpoint_position=1)
    first.killed()
    next(tmp_path.glob("*/blob.*")).unlink()
    assert not Scheduler(tmp_path).registry.jobs


def test_two_schedulers_do_not_share_a_folder(tmp_path: Path) -> None:
    first = Scheduler(tmp_path)
    with pytest.raises(OSError, match="another process keeps its jobs"):
        JobStore(tmp_path, Clock())
    first.killed()
    JobStore(tmp_path, Clock()).close()


def test_what_cannot_be_written_as_json_is_said_and_stops_nothing(tmp_path: Path) -> None:
    first = Scheduler(tmp_path)
    first.registry.submit("run", "a", "count", "a job", "long", True, {"steps": 2**70})
    assert "not kept on the disk" in said(first.kept("run"))


def test_a_wall_clock_that_jumps_moves_no_rule(tmp_path: Path) -> None:
    """Leases and expiry run on the steady clock; the wall clock only dates entries."""
    steady, wall = Clock(), Clock(1e9)
    registry = JobRegistry(EngineSettings(), steady, wall)
    registry.submit("run", "a", "count", "a job", "long", True, {})
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
