"""Exports: how long each takes and how large it is, and what a drag of a slider feels of those that are being made.

Run by `make bench`; writes tests/benchmarks/results/export.md.
"""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.toy.export.files import MAKERS
from tests.benchmarks.report import RESULTS, Report, draw_table
from tests.benchmarks.running import serving
from tests.server import Server

RATE = 20.0
"""Requests a second of a drag."""


@dataclass(frozen=True)
class Size:
    """Steps and frames of what is exported, widths of a picture and of a GIF, seconds of a drag, how often it is
    measured, in turns, and the servers' cores in each measurement."""

    steps: int
    frames: int
    width: int
    gif_width: int
    seconds: float
    rounds: int
    cores: tuple[int, ...]


FULL, SMALLEST = Size(600, 80, 1600, 720, 8.0, 1, (2, 1)), Size(10, 10, 320, 240, 0.1, 1, (1,))


def ask(server: Server, path: str, body: dict[str, Any]) -> bytes:
    """The answer to one posted object."""
    request = urllib.request.Request(f"{server.url}{path}", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=300) as answer:
        return answer.read()


def export(server: Server, size: Size, **what: Any) -> bytes:
    """A file of Figure 2."""
    widths = {"width": size.width, "gif_width": size.gif_width}
    body = {"preset": "figure-2", "steps": size.steps, "frames": size.frames, **widths, **what}
    return ask(server, "/export/toy", body)


class Drag:
    """A drag that asks for another learning rate each time; `times` are the milliseconds of every request."""

    def __init__(self, server: Server, size: Size, first: float) -> None:
        self.server, self.size, self.rate = server, size, first
        self.times, self.seconds, self.files = list[float](), 0.0, 0

    def go(self) -> None:
        """One drag: a request every 1/RATE s, or as soon as the one before is answered."""
        began = time.perf_counter()
        for k in range(round(RATE * self.size.seconds)):
            time.sleep(max(0.0, began + k / RATE - time.perf_counter()))
            self.rate += 1e-6  # no two ask for the same
            body = {"preset": "figure-2", "steps": self.size.steps, "have": "", "learning_rate": self.rate}
            sent = time.perf_counter()
            ask(self.server, "/toy/compute", body)
            self.times.append(1000 * (time.perf_counter() - sent))
        self.seconds += time.perf_counter() - began

    def go_beside_files(self) -> None:
        """The same while one GIF after the other is made."""
        going, failed = True, list[BaseException]()

        def make_files() -> None:
            try:
                while going:
                    export(self.server, self.size, format="gif", picture="all")
                    self.files += going
            except OSError as error:
                failed.append(error)

        maker = threading.Thread(target=make_files)
        maker.start()
        try:
            self.go()
        finally:
            going = False
            maker.join()
        if failed:
            raise failed[0]

    def row(self, what: str) -> tuple[str, ...]:
        """A line of the table."""
        middle, most, worst = (float(np.quantile(self.times, q)) for q in (0.5, 0.95, 1.0))
        files = f"{60 * self.files / self.seconds:.0f}" if self.files else "–"
        return what, f"{middle:.0f}", f"{most:.0f}", f"{worst:.0f}", f"{len(self.times) / self.seconds:.1f}", files


def time_formats(given: Server | None, size: Size) -> list[tuple[str, ...]]:
    """One row per format."""
    rows = []
    with serving(given) as server:
        export(server, size, format="png")  # what draws is imported
        for kind in MAKERS:
            began = time.perf_counter()
            content = export(server, size, format=kind, picture="map")
            rows.append((kind, f"{time.perf_counter() - began:.2f}", f"{len(content) / 1000:.0f}"))
    return rows


def time_first_file(given: Server | None, size: Size) -> str:
    """Seconds until the first PNG of a server is there, and of its second one: with the process and in the thread."""
    told = []
    for processes in ("1", "0"):
        with serving(given, POTHOLE_SIDE_PROCESSES=processes) as server:
            ask(server, "/toy/compute", {"preset": "figure-2", "steps": size.steps, "have": ""})
            times = []
            for width in (size.width, size.width + 10):
                began = time.perf_counter()
                export(server, size, format="png", width=width)
                times.append(time.perf_counter() - began)
        told.append(f"{times[0]:.1f} s and then {times[1]:.1f} s")
    return f"The first PNG of a server and the second one: {told[0]} with the process, {told[1]} in the thread."


def time_drags(given: Server | None, size: Size, cores: set[int]) -> list[tuple[str, ...]]:
    """The rows of servers with so many cores: alone, beside files that its thread makes, beside the process's."""
    with ExitStack() as stack:
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores)  # what is started now has these
        try:
            servers = [stack.enter_context(serving(given, POTHOLE_SIDE_PROCESSES=count)) for count in ("0", "1")]
        finally:
            os.sched_setaffinity(0, before)
        for server in servers:
            export(server, size, format="png")  # what draws is imported and compiled
        thread, process = servers
        alone, old, new = Drag(thread, size, 0.010), Drag(thread, size, 0.012), Drag(process, size, 0.014)
        turns: list[Callable[[], None]] = [alone.go, old.go_beside_files, new.go_beside_files]
        for _ in range(size.rounds):
            for turn in turns:
                turn()
    where = "two cores" if len(cores) > 1 else "one core"
    return [
        alone.row(f"{where}: nothing beside it"),
        old.row(f"{where}: GIFs beside it, in the thread (before)"),
        new.row(f"{where}: GIFs beside it, in the process (now)"),
    ]


def main(arguments: Sequence[str] | None = None, server: Server | None = None) -> None:
    """Measure and write the tables."""
    report = Report(__doc__, arguments, packages=("matplotlib", "numpy", "pillow"))
    size = SMALLEST if report.smallest else FULL
    kinds = time_formats(server, size)
    first = time_first_file(server, size)
    cores = sorted(os.sched_getaffinity(0))
    rows = [row for count in size.cores for row in time_drags(server, size, set(cores[:count]))]
    lines = [
        f"Figure 2, {size.steps} steps, four methods, the map alone; the GIF has {size.frames} frames. The first file "
        "of a process takes some seconds more: it is started, and what draws is imported.",
        "",
        *draw_table(("format", "s", "kB"), kinds),
        "",
        first,
        "",
        f"A drag: {RATE:.0f} requests a second by one client to /toy/compute for {size.seconds:g} s, {size.rounds} "
        "times in turns, each answered with paths and surface, while one GIF (map and charts) after the other is made. "
        "The client shares the cores. In the thread: POTHOLE_SIDE_PROCESSES=0, as all exports were made before.",
        "",
        *draw_table(("drag", "median, ms", "95 %, ms", "longest, ms", "requests/s", "GIFs a minute"), rows),
    ]
    report.write(RESULTS / "export.md", "Exports of the toy lab", lines)


if __name__ == "__main__":
    main()
