"""What tests have a process beside the web process do. It imports nothing else: each such process reads this file."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from app.state.schema import BadRequest

LONG = 60.0


def who() -> int:
    """The process."""
    return os.getpid()


def wait_in(folder: str) -> int:
    """Leave a file named after this process, and wait where it is the first."""
    first = not any(Path(folder).iterdir())
    (Path(folder) / str(os.getpid())).touch()
    if first:
        time.sleep(LONG)
    return os.getpid()


def die() -> None:
    """As if the machine had run out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def refuse() -> None:
    """With two sentences."""
    raise BadRequest("This is wrong.", "So is that.")


def too_slow() -> None:
    """By its own clock."""
    raise TimeoutError("of its own")


def interrupts() -> bool:
    """Whether Ctrl+C does nothing here."""
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def sleep() -> None:
    """For longer than anybody waits."""
    time.sleep(LONG)
