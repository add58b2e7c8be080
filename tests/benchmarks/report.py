"""What all benchmarks share: the option --smallest, calls timed in turns, and a table that says how it was made."""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results"


class Report:
    """A benchmark's options, and at its end its table.

    Report(__doc__, arguments) reads `arguments` (None: the command line's); `options.smallest` asks for every part at
    the least size, which proves that it runs and nothing else, so that nothing is written.
    """

    def __init__(
        self,
        about: str | None,
        arguments: Sequence[str] | None = None,
        parser: argparse.ArgumentParser | None = None,
        packages: Sequence[str] = ("numpy",),
        command: str = "make bench",
    ) -> None:
        parser = parser or argparse.ArgumentParser()
        parser.description = about
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.add_argument("--smallest", action="store_true", help="every part at its least size; writes nothing")
        self.options = parser.parse_args(arguments)
        self.smallest: bool = self.options.smallest
        self._command, self._packages, self._began, self._load = command, packages, time.monotonic(), os.getloadavg()[0]

    def write(self, path: Path, title: str, lines: Iterable[str]) -> None:
        """Print the table with what it was measured on; write it into `path`, but not in the smallest form."""
        versions = ", ".join(f"{name} {version(name)}" for name in self._packages)
        head = (
            f"Written by `{self._command}` in {time.monotonic() - self._began:.0f} s: "
            f"{len(os.sched_getaffinity(0))} cores of {name_processor()}, Python {platform.python_version()}, "
            f"{versions}; load average {self._load:.1f} when it began, {os.getloadavg()[0]:.1f} at its end."
        )
        text = "\n".join([f"# {title}", "", head, "", *lines]).rstrip() + "\n"
        print(text)
        if not self.smallest:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")


def time_in_turns(
    calls: Mapping[str, Callable[[], object]], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Seconds of each call in each round but the first, which is not counted unless it is the only one. In turns, so
    that whatever else the machine does meets all of them alike and their ratios hold."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            began = clock()
            call()
            found[name].append(clock() - began)
    return {name: times[1:] or times for name, times in found.items()}


def in_milliseconds(seconds: Sequence[float]) -> tuple[str, str]:
    """Median and 95th percentile; of a short stretch a slow machine may have seen one time alone, or none (“–”)."""
    if not seconds:
        return "–", "–"
    middle, late = 1e3 * np.percentile(seconds, (50, 95))
    return f"{middle:.1f}", f"{late:.1f}"


def draw_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """The lines of a markdown table."""
    return ["| " + " | ".join(map(str, row)) + " |" for row in (head, ["---"] * len(head), *rows)]


def name_processor() -> str:
    """The processor in its maker's words, where the system tells them."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return text.split("model name")[1].split(":", 1)[1].splitlines()[0].strip()
    except (OSError, IndexError):
        return platform.processor() or platform.machine()
