"""Any damage to the state folder costs the job that it is in, and nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.context import JobContext
from app.jobs.registry import JobRegistry
from app.jobs.store import JobStore
from tests.app.jobs.restarts import Clock, Scheduler, said


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
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.sampled_from([2**53, -1, 10**400, "queued", "running", "long", "blob.1", "../../lock", 1e308, []]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


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
