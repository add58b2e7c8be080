"""Exports: how long each takes and how large it is, and what a drag of a slider feels of one that is being made.

Run by `make bench`; writes tests/benchmarks/results/export.md.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np

from app.export.making import MAKERS
from tests.server import Server

RESULT = Path(__file__).parent / "results" / "export.md"
DRAG = 150
"""Requests of a drag, one after the other, each with another learning rate."""


def asked(server: Server, path: str, body: dict[str, Any]) -> bytes:
    """The answer to one posted object."""
    request = urllib.request.Request(f"{server.url}{path}", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=120) as answer:
        return answer.read()


def drag(server: Server, first: int) -> np.ndarray:
    """Milliseconds of every request of a drag; no two drags ask for the same."""
    times = []
    for k in range(DRAG):
        began = time.perf_counter()
        asked(server, "/toy/compute", {"preset": "figure-2", "have": "", "learning_rate": 0.01 + 1e-5 * (first + k)})
        times.append(1000 * (time.perf_counter() - began))
    return np.array(times)


def table(server: Server) -> list[str]:
    """One row per format."""
    lines = ["| format | s | kB |", "| --- | --- | --- |"]
    for kind in MAKERS:
        began = time.perf_counter()
        content = asked(server, "/export/toy", {"preset": "figure-2", "format": kind, "picture": "map"})
        lines.append(f"| {kind} | {time.perf_counter() - began:.2f} | {len(content) / 1000:.0f} |")
    return lines


def main() -> None:
    """Measure and write the table."""
    server = Server()
    try:
        asked(server, "/export/toy", {"format": "png"})  # what draws is imported and compiled
        rows = table(server)
        alone = drag(server, 0)
        going = True

        def export() -> None:
            while going:
                asked(server, "/export/toy", {"preset": "figure-2", "format": "gif", "picture": "all"})

        maker = threading.Thread(target=export)
        maker.start()
        beside = drag(server, DRAG)
        going = False
        maker.join()
    finally:
        server.stop()
    told = [f"{np.median(times):.0f} / {np.quantile(times, 0.95):.0f}" for times in (alone, beside)]
    lines = [
        "# Exports of the toy lab",
        "",
        "Written by `make bench` (tests/benchmarks/bench_export.py): Figure 2, 600 steps, four methods, the map",
        "alone; the GIF has 80 frames. The first picture of a process takes about a second more: what draws is",
        "imported then. On two cores that others may use as well: the ratio is what counts.",
        "",
        *rows,
        "",
        f"A drag of {DRAG} requests, each answered with paths and surface; median / 95th percentile in ms:",
        f"alone {told[0]}, while one GIF after the other is made beside it {told[1]}.",
    ]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(RESULT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
