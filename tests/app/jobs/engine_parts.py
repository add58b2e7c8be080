"""Parts of the engine as processes of their own, as `python -m app.processes` starts them, and waits for entries."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

from app.jobs.hub import Entry

ROOT = Path(__file__).resolve().parents[3]


class Part:
    """A scheduler or a worker as a process of its own."""

    def __init__(self, *arguments: str, before: Sequence[str] = (), **environment: str) -> None:
        """before: words before the command, such as those of a confined run."""
        self.process = subprocess.Popen(
            [*before, sys.executable, "-m", "app.processes", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()

    def children(self) -> list[psutil.Process]:
        """A worker's processes that run jobs: children of the one that watches over them."""
        return children(self.process.pid)

    def end(self, sign: int = signal.SIGTERM) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def children(process: int) -> list[psutil.Process]:
    """A process's children that Python's multiprocessing has started, and that live."""
    living = []
    for child in psutil.Process(process).children():
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended in between, or nobody has waited for it yet
            if "spawn_main" in " ".join(child.cmdline()):
                living.append(child)
    return living


async def until(feed: AsyncIterator[Entry], found: Callable[[Entry], Any]) -> list[Entry]:
    """Entries up to the first for which `found` holds, and that."""
    seen = []
    async for entry in feed:
        seen.append(entry)
        if found(entry):
            return seen
    raise AssertionError(f"the feed ended before: {[(e.kind, e.data) for e in seen][-3:]}")


def progress(entry: Entry) -> bool:
    """Whether an entry holds rows."""
    return entry.kind == "progress"


def reached(position: int) -> Callable[[Entry], bool]:
    """Whether an entry's rows have come to a position."""
    return lambda entry: progress(entry) and entry.data["rows"][-1]["position"] >= position


def rows(entries: list[Entry]) -> list[dict[str, Any]]:
    """All rows of entries."""
    return [row for entry in entries if entry.kind == "progress" for row in entry.data["rows"]]


def states(entries: list[Entry]) -> list[str]:
    """The states that entries tell, in order."""
    return [entry.data["state"] for entry in entries if entry.kind == "state"]


class Gates:
    """Places where a counting job waits for the test: {"kind": "count", "gates": gates.at(20, 40)}, gates.open(20)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def at(self, *steps: int) -> dict[str, str]:
        """For a job's description."""
        return {str(step): str(self._file(step)) for step in steps}

    def open(self, step: int) -> None:
        """Let pass whoever waits there, and whoever comes."""
        self._file(step).touch()

    def _file(self, step: int) -> Path:
        return self.folder / f"gate-{step}"
