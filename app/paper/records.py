"""Records of units as files: written whole or not at all, read back where they are what would be computed today.

A file holds the figure, the unit, its settings and its result; the seconds that it took; versions and machine; and the
command that computes it anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from app import __version__
from app.paper.results import is_whole
from app.paper.units import Unit

FOLDER = Path(__file__).with_name("records")
DIGITS = 6
"""Significant digits of what is kept."""
Record = dict[str, Any]


def path_of(unit: Unit, folder: Path = FOLDER) -> Path:
    """Where its record is."""
    return folder / unit.figure / f"{unit.slug}.json"


def read(unit: Unit, folder: Path = FOLDER) -> Record | None:
    """Its record; None where there is none, its file is damaged, or it was made with other settings."""
    try:
        record: Record = orjson.loads(path_of(unit, folder).read_bytes())
        fits = record["settings"] == unit.settings and record["experiment"] == unit.experiment
        return record if fits and is_whole(record) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def read_all(units: Iterable[Unit], folder: Path = FOLDER) -> dict[str, Record]:
    """name → record, of those that have one."""
    found = {unit.name: read(unit, folder) for unit in units}
    return {name: record for name, record in found.items() if record is not None}


class ClaimedError(Exception):
    """Another process computes the unit."""


def compute(unit: Unit, folder: Path = FOLDER, again: bool = True) -> Record:
    """Compute a unit and keep its record. The file is there with all that belongs into it, or not at all.

    again: though it has been computed meanwhile. ClaimedError where another process is at it.
    """
    path = path_of(unit, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    with claim(path.with_name(f".{path.stem}.claim")):
        known = None if again else read(unit, folder)
        return known or _compute(unit, path)


@contextlib.contextmanager
def claim(path: Path) -> Iterator[None]:
    """Hold a file that no other process can hold at the same time; the system frees it when this one ends, however."""
    with path.open("w") as file:  # what cannot be kept need not be computed for minutes
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ClaimedError("another process computes it") from None
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _compute(unit: Unit, path: Path) -> Record:
    began, busy = time.perf_counter(), time.process_time()
    result = unit.compute()
    record = {
        "figure": unit.figure,
        "unit": unit.name,
        "experiment": unit.experiment,
        "settings": unit.settings,
        "result": rounded(result),
        "processor_seconds": round(time.process_time() - busy, 3),
        "seconds": round(time.perf_counter() - began, 3),
        "command": f"python -m app.paper --only {unit.key} --again",
        "made": made(),
    }
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_bytes(orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    return record


def made() -> dict[str, Any]:
    """By what, on what and when: Pothole lab, Python, packages, processor, load average."""
    packages = {name: version(name) for name in ("torch", "numpy", "scipy", "numba")}
    return {
        "by": f"Pothole lab {__version__}",
        "python": platform.python_version(),
        **packages,
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "day": datetime.now(UTC).date().isoformat(),
    }


def processor() -> str:
    """The processor in its maker's words, where the system tells them."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return text.split("model name")[1].split(":", 1)[1].splitlines()[0].strip()
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def rounded(tree: Any) -> Any:
    """Numbers with DIGITS significant digits: no more of them mean anything, and files stay small. NaN becomes null."""
    if isinstance(tree, dict):
        return {key: rounded(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [rounded(value) for value in tree]
    if isinstance(tree, float):
        return float(f"{tree:.{DIGITS}g}") if tree == tree and abs(tree) != float("inf") else None
    return tree
