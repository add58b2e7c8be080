"""How soon a slice of the page's default run is there: the first coarse picture, and the exact one.

`make bench`, or alone: .venv/bin/python -m tests.benchmarks.bench_explore. Writes tests/benchmarks/results/explore.md.
Asked of the server alone, and by a click in a real Chromium up to the frame in which the map is drawn. The
first slice of all finds nothing in memory, on the page and in the worker: it is measured in several servers and pages
that have just been started.
"""

from __future__ import annotations

import json
import statistics
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser
from websockets.sync.client import connect

from tests.benchmarks.report import RESULTS, Report, draw_table
from tests.benchmarks.running import browsing, serving
from tests.browser.launch import new_context
from tests.browser.network_lab import NetworkPage
from tests.server import Server

KINDS = ("pca", "random")
VISITOR = "S" * 22


@dataclass(frozen=True)
class Size:
    """Steps of the run, points of an axis, slices of each kind, newly started servers that the first is measured in,
    and the settings of the run that are not the page's own."""

    steps: int
    points: int
    rounds: int
    fresh: int
    settings: dict[str, Any]


FULL = Size(100, 51, 6, 3, {})
SMALLEST = Size(4, 11, 1, 1, {"data": "two-moons", "batch_size": 32, "refresh_size": 32})

WATCH = """() => {
  window.asked = { at: 0, shown: null };
  document.addEventListener('pothole:slice', () => {
    requestAnimationFrame(() => { asked.shown ??= performance.now() - asked.at; });
  });
}"""


def ask(server: Server, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to one posted object."""
    headers = {"Content-Type": "application/json", "Cookie": f"pothole_visitor={VISITOR}"}
    request = urllib.request.Request(f"{server.url}{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read())


def follow(server: Server, job: str) -> Iterator[dict[str, Any]]:
    """A job's entries until its end, as the page gets them."""
    address = f"ws://127.0.0.1:{server.port}/network/follow?job={job}&from=0"
    with connect(address, origin=server.url, compression=None, max_size=2**24, open_timeout=60, proxy=None) as socket:
        for text in socket:
            entry = json.loads(text)
            if entry["kind"] == "end":
                return
            if entry["kind"] == "state" and entry["data"]["state"] == "failed":
                raise RuntimeError(entry["data"]["sentence"])
            yield entry


def time_server(server: Server, size: Size) -> dict[str, list[tuple[float, float]]]:
    """{kind: (seconds to the first picture, to the exact one)}, each slice with a seed of its own."""
    run = ask(server, "/network/start", {"state": {"steps": size.steps, **size.settings}})["run"]["job"]
    for _ in follow(server, run):
        pass
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    for kind in KINDS:
        for seed in range(1, size.rounds + 1):
            began, first = time.perf_counter(), 0.0
            state = {"slice_kind": kind, "slice_seed": seed, "slice_points": size.points}
            job = ask(server, "/network/explore", {"kind": "slice", "run": run, "state": state})["job"]
            for entry in follow(server, job):
                rows = entry["data"]["rows"] if entry["kind"] == "progress" else []
                if not first and any("picture" in row for row in rows):
                    first = time.perf_counter() - began
            found[kind].append((first, time.perf_counter() - began))
    return found


def open_run(chrome: Browser, server: Server, size: Size) -> NetworkPage:
    """A page whose run is over."""
    page = new_context(chrome, base_url=server.url, viewport={"width": 1440, "height": 1000}).new_page()
    query = "&".join(f"{name}={value}" for name, value in {"steps": size.steps, **size.settings}.items())
    lab = NetworkPage(page).open(f"/network?{query}")
    lab.start()
    lab.until(lambda: lab.run()["final"])
    page.evaluate(WATCH)
    return lab


def click(lab: NetworkPage, kind: str, seed: int, size: Size) -> float:
    """Seconds from the click to the drawn coarse map; returns when the slice is whole."""
    lab.page.evaluate(
        """(state) => {
          potholeLab.network.explore.current = {};
          potholeLab.network.state.set(state, "run");
          asked.shown = null; asked.at = performance.now();
          document.getElementById("slice-ask").click();
        }""",
        {"slice_kind": kind, "slice_seed": seed, "slice_points": size.points},
    )
    lab.until(lambda: lab.page.evaluate("potholeLab.network.explore.current.slice && asked.shown !== null"))
    return lab.page.evaluate("asked.shown") / 1000


def describe(values: list[float]) -> tuple[str, str]:
    """Median and largest, in milliseconds."""
    return f"{1000 * statistics.median(values):.0f}", f"{1000 * max(values):.0f}"


def main(arguments: Sequence[str] | None = None, browser: Browser | None = None, server: Server | None = None) -> None:
    """Measure and write the table."""
    report = Report(__doc__, arguments, packages=("dash", "torch"))
    size = SMALLEST if report.smallest else FULL
    firsts: list[float] = []
    clicked: dict[str, list[float]] = {}
    with browsing(browser) as chrome:
        for fresh in range(size.fresh):
            with serving(server) as lab_server:
                lab = open_run(chrome, lab_server, size)
                firsts.append(click(lab, KINDS[0], 0, size))
                if fresh == size.fresh - 1:
                    for kind in KINDS:
                        clicked[kind] = [click(lab, kind, seed, size) for seed in range(1, size.rounds + 1)]
                    lab.page.context.close()
                    asked = time_server(lab_server, size)
                else:
                    lab.page.context.close()
    rows = [(KINDS[0], "first coarse map drawn in the browser", *describe(firsts))]
    for kind in KINDS:
        rows.append((kind, "coarse picture, from the server", *describe([one for one, _ in asked[kind]])))
        rows.append((kind, "coarse map drawn in the browser", *describe(clicked[kind])))
        rows.append((kind, "exact picture, from the server", *describe([whole for _, whole in asked[kind]])))
    about = (
        f"The page's default network and data, {size.steps} steps, four methods; {size.points} × {size.points} points "
        f"over all training data; WebGL in software. Milliseconds from asking, of {size.rounds} slices after the "
        f"first, and of the first slice in each of {size.fresh} newly started servers and pages."
    )
    lines = [about, "", *draw_table(("plane", "what", "median", "largest"), rows)]
    report.write(RESULTS / "explore.md", "Slices of a trained network on the page", lines)


if __name__ == "__main__":
    main()
