"""A first visit to the toy lab: bytes and requests, and how long until the first outcome and the first map are there.

Each visit is a new browser context, so nothing is cached; the server has been visited before and has its answers. With
latency the browser itself holds every answer back and lets no more through than the given rate, as Chromium's developer
tools do. `--of FOLDER` measures another checkout of the project in the same run, visit by visit in turns, for a before
and after.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser

from tests.benchmarks.report import RESULTS, Report, draw_table
from tests.benchmarks.running import browsing, serving
from tests.browser.launch import DESKTOP
from tests.browser.waiting import first_true
from tests.server import Server

LINK = "/?preset=figure-2"
OUTCOME = "#outcomes [data-outcome]"
PLOTLY = "#map-graph"
"""Only an older checkout has it: there the map comes after the first outcome, else with it."""
LINES = ((0, 0), (60, 20))
"""(latency in ms, Mbit/s; 0 is no limit)."""
WITHIN = 180_000

WATCH = """window.seen = {};
const found = (selector) => document.querySelector(selector) !== null;
const kinds = {
  outcome: () => found(OUTCOME),
  map: () => found(OUTCOME) && (!found(PLOTLY) || found(`${PLOTLY} .main-svg`)),
};
new MutationObserver(() => {
  for (const [name, is] of Object.entries(kinds)) {
    if (!(name in window.seen) && is()) window.seen[name] = performance.now();
  }
}).observe(document, { subtree: true, childList: true });"""
"""Times are the page's own: a busy driver does not count."""


@dataclass
class Visits:
    """What visits of one kind were like; times in seconds."""

    outcome: list[float] = field(default_factory=list)
    map: list[float] = field(default_factory=list)
    requests: int = 0
    kilobytes: float = 0.0


def visit(browser: Browser, url: str, latency: int, rate: int, found: Visits) -> None:
    """One visit in a new context. Bytes are those on the wire, with headers."""
    context = browser.new_context(base_url=url, **DESKTOP)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    limit = rate * 1_000_000 / 8 if rate else -1
    conditions = {"offline": False, "latency": latency, "downloadThroughput": limit, "uploadThroughput": limit}
    session.send("Network.emulateNetworkConditions", conditions)
    received: list[float] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.add_init_script(WATCH.replace("OUTCOME", f'"{OUTCOME}"').replace("PLOTLY", f'"{PLOTLY}"'))
    page.goto(LINK, wait_until="commit")
    page.locator(OUTCOME).first.wait_for(timeout=WITHIN)
    page.wait_for_load_state("networkidle", timeout=WITHIN)
    first_true(page, lambda: "map" in page.evaluate("window.seen"), WITHIN / 1000, lambda: "there is no map")
    times = page.evaluate("window.seen")
    found.outcome.append(times["outcome"] / 1000)
    found.map.append(times["map"] / 1000)
    found.requests, found.kilobytes = len(received), sum(received) / 1000
    context.close()


def describe(times: list[float]) -> str:
    """Median and worst, in seconds."""
    return f"{statistics.median(times):.2f} / {max(times):.2f} s"


def main(arguments: Sequence[str] | None = None, browser: Browser | None = None, server: Server | None = None) -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--of", metavar="FOLDER", type=Path, help="another checkout, measured in turns with this one")
    parser.add_argument("--visits", type=int, default=7, help="visits of each kind (7)")
    report = Report(__doc__, arguments, parser, packages=("dash", "playwright"))
    count, lines = (1, LINES[:1]) if report.smallest else (report.options.visits, LINES)
    with ExitStack() as stack:
        urls = {"this checkout": stack.enter_context(serving(server)).url}
        if report.options.of is not None:
            other = Server(folder=report.options.of.resolve())
            stack.callback(other.stop)
            urls = {"the other checkout": other.url, **urls}
        chrome = stack.enter_context(browsing(browser))
        for url in urls.values() if not report.smallest else ():
            visit(chrome, url, 0, 0, Visits())  # compiles, and fills the caches
        found = {(name, line): Visits() for line in lines for name in urls}
        for _ in range(count):
            for (name, line), visits in found.items():
                visit(chrome, urls[name], *line, visits)
        version = chrome.version
    rows = [
        (
            name,
            f"{latency} ms, {rate} Mbit/s" if latency else "none",
            visits.requests,
            f"{visits.kilobytes / 1000:.2f} MB",
            describe(visits.outcome),
            describe(visits.map),
        )
        for (name, (latency, rate)), visits in found.items()
    ]
    about = f"Median / worst of {count} first visits in turns, Chromium {version} without a window, {LINK}."
    head = ("of", "latency", "requests", "on the wire", "first outcome", "the map")
    report.write(RESULTS / "load.md", "A first visit", [about, "", *draw_table(head, rows)])


if __name__ == "__main__":
    main()
