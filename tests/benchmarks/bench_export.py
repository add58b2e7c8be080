"""Exports: how long each takes and how large it is, and what a drag of a slider feels of those that are being made.

Run by `make bench`; writes tests/benchmarks/results/export.md.
"""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from app.toy.export.files import MAKERS
from tests.server import Server

RESULT = Path(__file__).parent / "results" / "export.md"
RATE, SECONDS, ROUNDS = 20.0, 10.0, 2
"""Requests a second of a drag, how long it goes on, and how often it is measured, in turns with the others."""
GIF = {"preset": "figure-2", "format": "gif", "picture": "all"}


def asked(server: Server, path: str, body: dict[str, Any]) -> bytes:
    """The answer to one posted object."""
    request = urllib.request.Request(f"{server.url}{path}", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=300) as answer:
        return answer.read()


class Drag:
    """A drag that asks for another learning rate each time; `times` are the milliseconds of every request."""

    def __init__(self, server: Server) -> None:
        self.server, self.times, self.seconds, self.files = server, list[float](), 0.0, 0
        self._asked = 0

    def go(self) -> None:
        """One drag: a request every 1/RATE s, or as soon as the one before is answered."""
        began = time.perf_counter()
        for k in range(round(RATE * SECONDS)):
            time.sleep(max(0.0, began + k / RATE - time.perf_counter()))
            self._asked += 1
            # no two ask for the same, on either server
            rate = 0.01 + 1e-6 * self._asked + 1e-8 * (self.server.port % 90)
            sent = time.perf_counter()
            asked(self.server, "/toy/compute", {"preset": "figure-2", "have": "", "learning_rate": rate})
            self.times.append(1000 * (time.perf_counter() - sent))
        self.seconds += time.perf_counter() - began

    def go_beside_files(self) -> None:
        """The same while one GIF after the other is made."""
        going = True

        def export() -> None:
            while going:
                asked(self.server, "/export/toy", GIF)
                self.files += going

        maker = threading.Thread(target=export)
        maker.start()
        self.go()
        going = False
        maker.join()

    def row(self, what: str) -> str:
        """A line of the table."""
        middle, most, worst = (float(np.quantile(self.times, q)) for q in (0.5, 0.95, 1.0))
        files = f"{60 * self.files / self.seconds:.0f}" if self.files else "–"
        rate = len(self.times) / self.seconds
        return f"| {what} | {middle:.0f} | {most:.0f} | {worst:.0f} | {rate:.1f} | {files} |"


def formats(server: Server) -> list[str]:
    """One row per format."""
    lines = ["| format | s | kB |", "| --- | --- | --- |"]
    for kind in MAKERS:
        began = time.perf_counter()
        content = asked(server, "/export/toy", {"preset": "figure-2", "format": kind, "picture": "map"})
        lines.append(f"| {kind} | {time.perf_counter() - began:.2f} | {len(content) / 1000:.0f} |")
    return lines


def first_file() -> str:
    """Seconds until the first PNG of a server is there, and of its second one: with the process and in the thread."""
    told = []
    for processes in ("1", "0"):
        server = Server(POTHOLE_SIDE_PROCESSES=processes)
        try:
            asked(server, "/toy/compute", {"preset": "figure-2", "have": ""})
            times = []
            for width in (1600, 1610):
                began = time.perf_counter()
                asked(server, "/export/toy", {"preset": "figure-2", "format": "png", "width": width})
                times.append(time.perf_counter() - began)
        finally:
            server.stop()
        told.append(f"{times[0]:.1f} s and then {times[1]:.1f} s")
    return f"The first PNG of a server and the second one: {told[0]} with the process, {told[1]} in the thread."


def drags(cores: set[int]) -> list[str]:
    """The rows of a server with so many cores: alone, beside files that its thread makes, beside the process's."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)  # what is started now has these
    try:
        servers = [Server(POTHOLE_SIDE_PROCESSES=processes) for processes in ("0", "1")]
    finally:
        os.sched_setaffinity(0, before)
    thread, process = servers
    try:
        for server in servers:
            asked(server, "/export/toy", {"format": "png"})  # what draws is imported and compiled
            asked(server, "/toy/compute", {"preset": "figure-2", "have": ""})
        alone, old, new = Drag(thread), Drag(thread), Drag(process)
        turns: list[Callable[[], None]] = [alone.go, old.go_beside_files, new.go_beside_files]
        old._asked, new._asked = 10_000, 0
        for _ in range(ROUNDS):
            for turn in turns:
                turn()
    finally:
        for server in servers:
            server.stop()
    where = "two cores" if len(cores) > 1 else "one core"
    return [
        alone.row(f"{where}: nothing beside it"),
        old.row(f"{where}: GIFs beside it, in the thread (before)"),
        new.row(f"{where}: GIFs beside it, in the process (now)"),
    ]


def main() -> None:
    """Measure and write the tables."""
    server = Server()
    try:
        asked(server, "/export/toy", {"format": "png"})
        kinds = formats(server)
    finally:
        server.stop()
    first = first_file()
    cores = sorted(os.sched_getaffinity(0))
    rows = [*drags(set(cores[:2])), *drags(set(cores[:1]))]
    lines = [
        "# Exports of the toy lab",
        "",
        "Written by `make bench` (tests/benchmarks/bench_export.py): Figure 2, 600 steps, four methods, the map",
        "alone; the GIF has 80 frames. The first file of a process takes some seconds more: it is started, and what",
        "draws is imported. On two cores that others may use as well: the ratio is what counts.",
        "",
        *kinds,
        "",
        first,
        "",
        f"A drag: {RATE:.0f} requests a second by one client to /toy/compute for {SECONDS:.0f} s, {ROUNDS} times in",
        "turns, each answered with paths and surface, while one GIF (map and charts) after the other is made. The",
        "client shares the cores. In the thread: POTHOLE_SIDE_PROCESSES=0, as all exports were made before.",
        "",
        "| drag | median, ms | 95 %, ms | longest, ms | requests/s | GIFs a minute |",
        "| --- | --- | --- | --- | --- | --- |",
        *rows,
    ]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(RESULT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
