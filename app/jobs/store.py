"""The jobs on disk, so that a scheduler that ends and comes back has them: in JSON and plain bytes, nothing executable.

    POTHOLE_STATE_DIR/<hash of the id>/journal    see `journal`; the last line may be torn
                                     /<blob>.<n>  a checkpoint or a result, named by the line that made it current
                     /<hash>.<n>.damaged          a job that could not be read; <blob>.<n>.damaged likewise

A change is on disk (given to the operating system, not forced to the platter) before any follower is told of it, so no
page shows what a scheduler killed a moment later has lost. When the journal outgrows what it describes it is written
anew beside the old one, which it then replaces in one step.

A full or broken disk stops no job: the feed says that it is not kept, and the store tries again. What cannot be read is
set aside under another name, for whoever wants to look, and takes nothing else with it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import re
import shutil
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from app.jobs.feed import Feed
from app.jobs.job import Job
from app.jobs.journal import numbers_of, read_lines, write_line

logger = logging.getLogger("pothole.store")
RETRY_SECONDS = 5.0
SMALLEST_REWRITE = 4_000_000
"""Bytes of a journal below which it is not written anew."""
FOLDER = re.compile(r"[0-9a-f]{32}\Z")
SET_ASIDE = re.compile(r"([0-9a-f]{32})\.\d+\.damaged\Z")
CHECKPOINT = "checkpoint"


@dataclass(frozen=True, eq=False)
class _Blob:
    """A file of a checkpoint or a result; `data` is the job's own object, not a copy."""

    file: str
    data: bytes
    check: int


Blobs = dict[str, _Blob]


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
        self.set_aside = {found[1] for path in folder.iterdir() if (found := SET_ASIDE.match(path.name))}
        """Names of folders of jobs that could not be read, now or earlier."""
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._lock = open(folder / "lock", "w", opener=_open_lock)  # noqa: SIM115
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
        if self._lock.closed:
            raise ValueError("the store is closed: its folder is another’s")
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

    def has_set_aside(self, job: str) -> bool:
        """Whether something was kept of a job that could not be read."""
        return _folder_name(job) in self.set_aside

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
        """The jobs that the folder holds, the first to come first. One that cannot be read is set aside, and told."""
        found = []
        for folder in sorted(path for path in self.folder.iterdir() if path.is_dir() and FOLDER.match(path.name)):
            try:
                found.append(self._job(folder, feed_bytes, wall))
            except (OSError, ValueError) as error:
                logger.warning("%s holds no job that can be read (%s); it is set aside", folder, _first_line(error))
                _put_aside(folder)
                self.set_aside.add(folder.name)
        yield from sorted(found, key=lambda job: job.place)

    # Inside

    def _append(self, kept: _Kept, job: Job) -> None:
        blobs, old = self._write_blobs(kept, job)
        numbers = _numbers(job, blobs)
        if job.feed.last == kept.number and numbers == kept.numbers:
            return
        line = write_line(numbers, job.feed.after(kept.number, sys.maxsize))
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
        line = write_line(numbers, job.feed.after(0, sys.maxsize), job.feed.shape)
        _replace(kept.folder / "journal", line)
        self._settle(kept, job, blobs, numbers, old)
        kept.bytes = kept.live = len(line)

    def _settle(self, kept: _Kept, job: Job, blobs: Blobs, numbers: bytes, old: list[str]) -> None:
        kept.number, kept.numbers, kept.blobs = job.feed.last, numbers, blobs
        for name in old:
            (kept.folder / name).unlink(missing_ok=True)

    def _write_blobs(self, kept: _Kept, job: Job) -> tuple[Blobs, list[str]]:
        """Write the blobs that are new; returns all current ones and the files that are current no more."""
        wanted = {**job.results, **({CHECKPOINT: job.checkpoint} if job.checkpoint is not None else {})}
        blobs: Blobs = {}
        for name, data in wanted.items():
            known = kept.blobs.get(name)
            if known is None or known.data is not data:
                kept.count += 1
                known = _Blob(f"blob.{kept.count}", data, zlib.crc32(data))
                _replace(kept.folder / known.file, data)
            blobs[name] = known
        current = {blob.file for blob in blobs.values()}
        return blobs, [blob.file for blob in kept.blobs.values() if blob.file not in current]

    def _job(self, folder: Path, feed_bytes: int, wall: Callable[[], float]) -> Job:
        line, entries, shape = read_lines(_read(folder / "journal"))
        if _folder_name(line.job.id) != folder.name:
            raise ValueError("it holds another job than its name says")
        feed = Feed(feed_bytes, wall)
        feed.restore(entries, **dict(shape))
        job = Job(feed=feed, followed=0.0, **dict(line.job))
        kept = _Kept(folder)
        # The next change writes all of it anew: into the same names, so they must not be taken for old ones.
        kept.count = max((int(file.rpartition(".")[2]) for file, _ in line.blobs.values()), default=0)
        for name, (file, check) in line.blobs.items():
            try:
                data = _read(folder / file)
                if zlib.crc32(data) != check:
                    raise ValueError("its bytes are not those that were written")
            except (OSError, ValueError) as error:
                logger.warning("%s cannot be read (%s); it is set aside", folder / file, error)
                _put_aside(folder / file)
                job.say("notice", sentence=f"The {name} on the disk is damaged and has been set aside.", damaged=name)
                if name == CHECKPOINT:
                    job.checkpoint_position = 0
            else:
                kept.blobs[name] = _Blob(file, data, check)
        blobs = {name: blob.data for name, blob in kept.blobs.items()}
        job.checkpoint, job.results = blobs.pop(CHECKPOINT, None), blobs
        self._kept[job.id] = kept
        current = {blob.file for blob in kept.blobs.values()}
        for path in folder.glob("blob.*"):
            if path.name not in current and not path.name.endswith(".damaged"):
                path.unlink(missing_ok=True)
        return job


def _folder_name(job: str) -> str:
    return hashlib.sha256(job.encode()).hexdigest()[:32]


def _open_lock(path: str, _flags: int) -> int:
    """Not waiting for another end, should somebody have put a pipe in its place."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)


def _numbers(job: Job, blobs: Blobs) -> bytes:
    return numbers_of(job, {name: (blob.file, blob.check) for name, blob in blobs.items()})


def _read(path: Path) -> bytes:
    """The bytes of a plain file; ValueError for what is none: reading a pipe would wait for ever."""
    if not path.is_file() or path.is_symlink():
        raise ValueError(f"there is no plain file {path.name}")
    return path.read_bytes()


def _put_aside(path: Path) -> None:
    """Give it a name that no job has, and that nothing has yet."""
    new = next(new for n in count(1) if not (new := path.with_name(f"{path.name}.{n}.damaged")).exists())
    with contextlib.suppress(OSError):
        path.rename(new)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


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
