"""The jobs on disk: what is there after a restart, torn lines, a full disk, damaged files, two schedulers."""

from __future__ import annotations

import errno
import json
import os
import weakref
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs import store as store_module
from app.jobs.context import JobContext
from app.jobs.errors import UnknownJob
from app.jobs.job import Job
from app.jobs.journal import Numbers
from app.jobs.registry import JobRegistry
from app.jobs.settings import EngineSettings
from app.jobs.store import RETRY_SECONDS, JobStore


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
        self.registry.submit(name, visitor, visitor, "count", "a job", "long", True, {"steps": 5})
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
    assert all(getattr(job, name) == getattr(other, name) for name in Numbers.model_fields)
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
    aside = journal.parent.with_name(f"{journal.parent.name}.1.damaged")
    assert (aside / "journal").read_bytes() == damage
    again = JobStore(tmp_path / "other", Clock())
    assert not again.has_set_aside("broken")
    again.close()


def test_what_was_set_aside_stays_and_the_job_is_said_to_have_been_there(tmp_path: Path) -> None:
    for n in (1, 2):
        first = Scheduler(tmp_path)
        assert first.store.has_set_aside("broken") == (n > 1) and not first.store.has_set_aside("sound")
        first.submit("broken")
        first.killed()
        (first.store._kept["broken"].folder / "journal").write_bytes(b"x")
        folder = Scheduler(tmp_path)
        assert folder.store.has_set_aside("broken") and not folder.registry.jobs
        folder.killed()
        assert len(list(tmp_path.glob("*.damaged"))) == n


@pytest.mark.parametrize("damage", ["gone", "other bytes", "a folder", "a pipe", "a link"])
def test_a_damaged_blob_takes_nothing_else_with_it(tmp_path: Path, damage: str) -> None:
    first = Scheduler(tmp_path)
    first.submit("run")
    first.registry.take("w", "long")
    first.report("run", 3, results={"weights/2": b"good"})
    first.report("run", 4, checkpoint=b"state", checkpoint_position=3)
    first.killed()
    (blob,) = [path for path in tmp_path.glob("*/blob.*") if path.read_bytes() == b"state"]
    blob.unlink()
    if damage == "other bytes":
        blob.write_bytes(b"statE")
    elif damage == "a folder":
        blob.mkdir()
    elif damage == "a pipe":
        os.mkfifo(blob)
    elif damage == "a link":
        blob.symlink_to("/dev/zero")
    second = Scheduler(tmp_path).registry
    job = second.jobs["run"]
    assert (job.checkpoint, job.checkpoint_position, job.results) == (None, 0, {"weights/2": b"good"})
    assert "The checkpoint on the disk is damaged and has been set aside." in said(job)
    assert "after step 4; the run starts again" in said(job)
    assert second.take("w", "long")["position"] == 4


@pytest.mark.parametrize("what", ["journal", "lock", ""])
def test_a_pipe_or_a_folder_in_a_files_place_holds_up_nothing(tmp_path: Path, what: str) -> None:
    first = Scheduler(tmp_path)
    first.submit("one")
    place = next(tmp_path.glob("*/journal")) if what == "journal" else tmp_path / (what or "lost+found")
    first.submit("two")
    first.killed()
    place.unlink(missing_ok=True)
    os.mkfifo(place) if what else place.mkdir()
    assert list(Scheduler(tmp_path).registry.jobs) == (["two"] if what == "journal" else ["one", "two"])
    assert what or place.is_dir(), "a folder of somebody else's is left alone"


WRONG = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
        st.sampled_from([2**53, -1, 10**400, "queued", "running", "long", "blob.1", "../../lock", 1e308, []]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)  # fmt: skip


def places_in(value: Any, path: tuple = ()) -> list[tuple]:
    """The path of every value in a JSON value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in pairs for place in places_in(inner, (*path, key)))]


def changed(value: Any, path: tuple, new: Any) -> Any:
    """The JSON value with another one in a place."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


def used(registry: JobRegistry) -> None:
    """All that pages and workers ask, of all jobs: what is refused has a sentence, and nothing else is raised."""
    for job in list(registry.jobs):
        owner = registry.jobs[job].visitor
        registry.summary(job, owner)
        registry.description(job)
        registry.listing(owner)
        registry.entries(job, 0)
        json.dumps(registry.summary(job))
    registry.state()
    registry.tick()
    registry.submit("new", "n", "n", "count", "a job", "long", True, {})
    while assignment := registry.take("w", "long") or registry.take("w", "short"):
        JobContext(assignment, 1, 1.0).settings(0)
        registry.report(assignment["job"], assignment["attempt"], position=1, checkpoint=b"c")
        registry.finish(assignment["job"], assignment["attempt"], "finish", "Finished.")
    assert registry.jobs["new"].state == "finished"


@given(data=st.data())
@settings(max_examples=150)
def test_valid_json_of_the_wrong_types_costs_one_job_at_most(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Any value anywhere in a journal replaced by any other: the other jobs are there and the queue works."""
    folder = tmp_path_factory.mktemp("wrong")
    first = Scheduler(folder)
    first.submit("sound", "b")
    first.submit("run")
    first.registry.take("w", "long")
    first.report("run", 1, checkpoint=b"state", checkpoint_position=1, applied=[(1, {"rate": 2.0})])
    first.killed()
    place = first.store._kept["run"].folder / "journal"
    lines = [json.loads(line) for line in place.read_bytes().splitlines()]
    for _ in range(data.draw(st.integers(1, 3))):
        spot = data.draw(st.sampled_from(places_in(lines)[1:]))
        lines = changed(lines, spot, data.draw(WRONG))
    place.write_text("".join(json.dumps(line) + "\n" for line in lines))
    second = Scheduler(folder)
    assert "sound" in second.registry.jobs
    used(second.registry)
    for job in second.registry.jobs.values():
        second.store.keep(job)
    second.killed()
    third = Scheduler(folder)
    assert {"sound", "new"} <= set(third.registry.jobs), "and what it has written can be read again"
    third.killed()


@given(data=st.data())
@settings(max_examples=100)
def test_any_bytes_in_any_file_cost_one_job_at_most(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    first = Scheduler(folder)
    first.submit("sound", "b")
    first.submit("run")
    first.registry.take("w", "long")
    first.report("run", 1, checkpoint=b"state", checkpoint_position=1, results={"weights/final": b"w" * 50})
    first.killed()
    files = [*sorted(first.store._kept["run"].folder.iterdir()), folder / "lock"]
    path = data.draw(st.sampled_from(files))
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 20)))
    path.write_bytes(whole[:start] + data.draw(st.binary(max_size=20)) + whole[end:])
    second = Scheduler(folder)
    assert "sound" in second.registry.jobs
    used(second.registry)
    second.killed()


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
