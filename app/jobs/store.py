"""The jobs on disk, so that a scheduler that ends and comes back has them: in JSON and plain bytes, nothing executable.

    POTHOLE_STATE_DIR/<hash of the id>/journal    one line of JSON for each change; the last line may be torn
                                     /<blob>.<n>  a checkpoint or a result, named by the line that made it current

A change is on disk (given to the operating system, not forced to the platter) before any follower is told of it, so no
page shows what a scheduler killed a moment later has lost. A line holds the job's numbers as they are after the change
and what the change has added to the feed. When the journal outgrows what it describes it is written anew beside the
old one, which it then replaces in one step.

A full or broken disk stops no job: the feed says that it is not kept, and the store tries again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from app.jobs.feed import Feed, Stored
from app.jobs.job import Job

logger = logging.getLogger("pothole.store")
FORMAT = 1
PLAIN = (
    "id",
    "visitor",
    "kind",
    "lane",
    "label",
    "resumable",
    "description",
    "submitted",
    "state",
    "sentence",
    "wish",
    "wish_sentence",
    "attempt",
    "lost",
    "urgent",
    "ran",
    "position",
    "noted",
    "total",
    "settings",
    "version",
    "applied",
    "checkpoint_position",
)
"""Fields of a job that are kept as they are. Times on a steady clock mean nothing to another process."""
RETRY_SECONDS = 5.0
SMALLEST_REWRITE = 4_000_000
"""Bytes of a journal below which it is not written anew."""


Blobs = dict[str, tuple[str, bytes]]
"""name ("checkpoint" or a result's) → its file and what that holds: the job's own object, not a copy."""


@dataclass
class _Kept:
    """What the disk has of one job."""

    folder: Path
    number: int = -1
    numbers: bytes = b""
    bytes: int = 0
    live: int = 0
    """Bytes of the journal when it was written anew last."""
    blobs: Blobs = field(default_factory=dict)
    count: int = 0
    broken_since: float | None = None


class JobStore:
    """Keeps jobs in a folder. OSError where the folder cannot be used, or another process keeps its jobs there."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._lock = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise OSError(f"another process keeps its jobs in {folder}") from None

    def close(self) -> None:
        """Let another process have the folder."""
        self._lock.close()

    def keep(self, job: Job) -> None:
        """Bring the disk up to date with a job; a no-operation where nothing has changed.

        Where that fails the job's feed says so once, and it is tried again after RETRY_SECONDS.
        """
        kept = self._kept.setdefault(job.id, _Kept(self.folder / _folder_name(job.id)))
        was_broken = kept.broken_since is not None
        if kept.broken_since is not None and self._clock() - kept.broken_since < RETRY_SECONDS:
            return
        try:
            if was_broken or kept.number < 0 or kept.bytes > max(SMALLEST_REWRITE, 2 * kept.live):
                self._write_anew(kept, job)
            else:
                self._append(kept, job)
        except (OSError, TypeError, ValueError) as error:
            kept.broken_since = self._clock()
            if not was_broken:
                logger.warning("job %s is not kept: %s", job.id, error)
                why = getattr(error, "strerror", None) or str(error)
                sentence = (
                    f"The run goes on but is not kept on the disk ({why}): a restart of the engine would lose it."
                )
                job.say("notice", sentence=sentence, kept=False)
            return
        kept.broken_since = None
        if was_broken and job.unfinished:
            job.say("notice", sentence="The run is kept on the disk again.", kept=True)
            self.keep(job)

    def forget(self, job: str) -> None:
        """Remove what is kept of a job."""
        kept = self._kept.pop(job, None)
        if kept is not None:
            shutil.rmtree(kept.folder, ignore_errors=True)

    def forget_all_but(self, jobs: Any) -> None:
        """Remove what is kept of jobs that the registry no longer knows."""
        for job in [job for job in self._kept if job not in jobs]:
            self.forget(job)

    def read(self, feed_bytes: int, wall: Callable[[], float]) -> Iterator[Job]:
        """The jobs that the folder holds, the first submitted first. One that cannot be read is put aside, and told."""
        found = []
        for folder in sorted(path for path in self.folder.iterdir() if path.is_dir() and path.suffix != ".damaged"):
            try:
                found.append(self._job(folder, feed_bytes, wall))
            except (OSError, ValueError, KeyError, TypeError) as error:
                logger.warning("%s holds no job that can be read (%s); it is put aside", folder, error)
                with contextlib.suppress(OSError):
                    folder.rename(folder.with_suffix(".damaged"))
        yield from sorted(found, key=lambda job: job.submitted)

    # Inside

    def _append(self, kept: _Kept, job: Job) -> None:
        blobs, old = self._write_blobs(kept, job)
        numbers = _numbers(job, blobs)
        if job.feed.last == kept.number and numbers == kept.numbers:
            return
        line = _line(numbers, job.feed.after(kept.number, sys.maxsize), {})
        with (kept.folder / "journal").open("ab", buffering=0) as journal:
            # A disk that is nearly full takes a part; what it says of the rest is the reason that people are told.
            left = memoryview(line)
            while left:
                left = left[journal.write(left) :]
        self._settle(kept, job, blobs, numbers, old)
        kept.bytes += len(line)

    def _write_anew(self, kept: _Kept, job: Job) -> None:
        kept.folder.mkdir(mode=0o700, exist_ok=True)
        blobs, old = self._write_blobs(kept, job)
        numbers = _numbers(job, blobs)
        line = _line(numbers, job.feed.after(0, sys.maxsize), job.feed.shape)
        _replace(kept.folder / "journal", line)
        self._settle(kept, job, blobs, numbers, old)
        kept.bytes = kept.live = len(line)

    def _settle(self, kept: _Kept, job: Job, blobs: Blobs, numbers: bytes, old: list[str]) -> None:
        kept.number, kept.numbers, kept.blobs = job.feed.last, numbers, blobs
        for name in old:
            (kept.folder / name).unlink(missing_ok=True)

    def _write_blobs(self, kept: _Kept, job: Job) -> tuple[Blobs, list[str]]:
        """Write the blobs that are new; returns all current ones and the files that are current no more."""
        wanted = {**job.results, **({"checkpoint": job.checkpoint} if job.checkpoint is not None else {})}
        blobs: Blobs = {}
        for name, data in wanted.items():
            known = kept.blobs.get(name)
            if known is None or known[1] is not data:
                kept.count += 1
                known = (f"blob.{kept.count}", data)
                _replace(kept.folder / known[0], data)
            blobs[name] = known
        current = {file for file, _ in blobs.values()}
        return blobs, [file for file, _ in kept.blobs.values() if file not in current]

    def _job(self, folder: Path, feed_bytes: int, wall: Callable[[], float]) -> Job:
        whole = (folder / "journal").read_bytes()
        lines = [orjson.loads(line) for line in whole[: whole.rfind(b"\n") + 1].splitlines()]
        if not lines or lines[0].get("format") != FORMAT:
            raise ValueError("another format")
        numbers, feed = lines[-1]["job"], Feed(feed_bytes, wall)
        entries = [Stored(n, kind, time, raw.encode()) for line in lines for n, kind, time, raw in line["entries"]]
        feed.restore(entries, **lines[0]["feed"])
        blobs = {name: (folder / file).read_bytes() for name, file in lines[-1]["blobs"].items()}
        job = Job(feed=feed, followed=0.0, **{name: numbers[name] for name in PLAIN})
        job.applied = [(step, settings) for step, settings in numbers["applied"]]
        kept = self._kept[job.id] = _Kept(folder)
        kept.blobs = {name: (file, blobs[name]) for name, file in lines[-1]["blobs"].items()}
        job.checkpoint, job.results = blobs.pop("checkpoint", None), blobs
        # The next change writes all of it anew: into the same names, so they must not be taken for old ones.
        kept.count = max((int(file.rpartition(".")[2]) for file in lines[-1]["blobs"].values()), default=0)
        for path in folder.glob("blob.*"):
            if path.name not in lines[-1]["blobs"].values():
                path.unlink(missing_ok=True)
        return job


def _folder_name(job: str) -> str:
    return hashlib.sha256(job.encode()).hexdigest()[:32]


def _numbers(job: Job, blobs: Blobs) -> bytes:
    files = {name: file for name, (file, _) in blobs.items()}
    return orjson.dumps({"job": {name: getattr(job, name) for name in PLAIN}, "blobs": files})


def _line(numbers: bytes, entries: list[Stored], feed: dict[str, int]) -> bytes:
    rows = [(entry.number, entry.kind, entry.time, entry.raw.decode()) for entry in entries]
    head = orjson.dumps({"format": FORMAT, "entries": rows, "feed": feed})
    return head[:-1] + b"," + numbers[1:] + b"\n"


def _replace(path: Path, data: bytes) -> None:
    """Write a whole file beside the old one and put it in its place in one step."""
    beside = path.with_name(f"{path.name}.new")
    try:
        with beside.open("wb") as file:
            file.write(data)
        os.replace(beside, path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
