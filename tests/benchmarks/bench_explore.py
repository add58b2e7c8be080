"""How soon a slice of the page's default run is there: the first coarse picture, and the exact one.

`make bench`, or alone: .venv/bin/python -m tests.benchmarks.bench_explore (about four minutes). Writes
tests/benchmarks/results/explore.md. Asked through the engine alone, and by a click in a real Chromium up to the frame
in which plotly has drawn the map. The first slice of all finds nothing in memory, on the page and in the worker: it is
measured in several servers and pages that have just been started.
"""

from __future__ import annotations

import asyncio
import os
import platform
import statistics
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from app.jobs import Engine, EngineSettings
from tests.browser.chrome import HOW, find_chrome
from tests.browser.launch import launch, new_context
from tests.server import Server

RESULT = Path(__file__).with_name("results") / "explore.md"
ROUNDS = 12
FRESH = 5
"""Servers and pages that the first slice is measured in."""
STEPS = 100
KINDS = ("pca", "random")

WATCH = """() => {
  window.asked = { at: 0, shown: null };
  document.addEventListener('pothole:slice', () => {
    const plot = document.querySelector('#slice-map-graph .js-plotly-plot');
    const drawn = () => {
      plot.removeListener('plotly_afterplot', drawn);
      requestAnimationFrame(() => { asked.shown ??= performance.now() - asked.at; });
    };
    plot.on('plotly_afterplot', drawn);
  });
}"""


async def engine_times() -> dict[str, list[tuple[float, float]]]:
    """{kind: (seconds to the first picture, to the exact one)}, each slice with a seed of its own."""
    engine = Engine(EngineSettings())
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    try:
        run = await engine.submit("bench", {"kind": "train", "steps": STEPS})
        async for _ in engine.follow(run):
            pass
        for kind in KINDS:
            for seed in range(ROUNDS):
                began, first = time.perf_counter(), 0.0
                description = {"kind": "slice", "run": run, "slice_kind": kind, "slice_seed": seed}
                job = await engine.submit("bench", description)
                async for entry in engine.follow(job):
                    rows: list[dict[str, Any]] = entry.data["rows"] if entry.kind == "progress" else []
                    if not first and any("picture" in row for row in rows):
                        first = time.perf_counter() - began
                found[kind].append((first, time.perf_counter() - began))
    finally:
        engine.close()
    return found


def until(page: Page, ready: str, seconds: float = 120.0) -> None:
    """Wait for a true value; the page's policy forbids Playwright's own way."""
    end = time.monotonic() + seconds
    while not page.evaluate(ready):
        if time.monotonic() > end:
            raise TimeoutError(ready)
        page.wait_for_timeout(20)


def trained(page: Page) -> None:
    """Train the default run on the page."""
    page.goto(f"/network?steps={STEPS}")
    until(page, "Boolean(window.potholeLab?.network?.state.values.network)")
    page.locator("#start-button").click()
    until(page, "potholeLab.network.run?.final === true")
    page.evaluate(WATCH)


def click(page: Page, kind: str, seed: int) -> float:
    """Seconds from the click to the drawn coarse map; returns when the slice is whole."""
    page.evaluate(
        """([kind, seed]) => {
          potholeLab.network.explore.current = {};
          potholeLab.network.state.set({ slice_kind: kind, slice_seed: seed }, "run");
          asked.shown = null; asked.at = performance.now();
          document.getElementById("slice-ask").click();
        }""",
        [kind, seed],
    )
    until(page, "potholeLab.network.explore.current.slice && asked.shown !== null")
    return page.evaluate("asked.shown") / 1000


def browser_times(chrome: str) -> tuple[list[float], dict[str, list[float]]]:
    """(seconds of the first slice in each of FRESH new servers, {kind: seconds of the others in the last of them})."""
    firsts: list[float] = []
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with sync_playwright() as playwright:
        browser = launch(playwright, chrome)
        for fresh in range(FRESH):
            server = Server()
            try:
                context = new_context(browser, base_url=server.url, viewport={"width": 1440, "height": 1000})
                page = context.new_page()
                trained(page)
                firsts.append(click(page, KINDS[0], 0))
                if fresh == FRESH - 1:
                    for kind in KINDS:
                        found[kind] = [click(page, kind, seed) for seed in range(1, ROUNDS)]
                context.close()
            finally:
                server.stop()
        browser.close()
    return firsts, found


def spread(values: list[float]) -> str:
    """Median and largest, in milliseconds."""
    return f"{1000 * statistics.median(values):.0f} | {1000 * max(values):.0f}"


def main() -> None:
    """Measure and write the table."""
    chrome = find_chrome()
    if chrome is None:
        raise SystemExit(HOW)
    asked = asyncio.run(engine_times())
    firsts, clicked = browser_times(chrome)
    lines = [
        "# Slices of a trained network on the page",
        "",
        f"Written by `make bench` (tests/benchmarks/bench_explore.py). The page's default network and data, {STEPS} "
        f"steps, four methods; 51 × 51 points over all training data. {os.cpu_count()} cores, {platform.machine()}, "
        "WebGL in software.",
        "",
        f"Milliseconds from asking, of {ROUNDS - 1} slices after the first, and of the first slice in each of {FRESH} "
        f"newly started servers and pages. From the engine the first took {1000 * asked[KINDS[0]][0][0]:.0f} ms.",
        f"Load average of the last 5 minutes: {os.getloadavg()[1]:.1f}; where it is far above 1, others worked too.",
        "",
        "| plane | what | median | largest |",
        "| --- | --- | --- | --- |",
        f"| {KINDS[0]} | first coarse map drawn in the browser | {spread(firsts)} |",
    ]
    for kind in KINDS:
        lines.append(f"| {kind} | coarse picture, from the engine | {spread([one for one, _ in asked[kind][1:]])} |")
        lines.append(f"| {kind} | coarse map drawn in the browser | {spread(clicked[kind])} |")
        lines.append(f"| {kind} | exact picture, from the engine | {spread([whole for _, whole in asked[kind][1:]])} |")
    RESULT.write_text("\n".join([*lines, ""]), encoding="utf-8")
    print(RESULT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
