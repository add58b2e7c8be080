"""Two ways of a job's rows into a browser, in one run: Dash's websocket callback, and the lab's own stream.

Rows carry the time they were made at in the worker process; the page notes when its code has them. The server's CPU
seconds are those of the web process. Run by `make bench`; writes tests/benchmarks/results/follow.md.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from app.jobs import Engine, EngineSettings
from tests.benchmarks.streaming_jobs import KINDS
from tests.browser.chrome import find_chrome
from tests.browser.launch import DESKTOP, launch
from tests.server import free_port

RESULT = Path(__file__).parent / "results" / "follow.md"
ROOT = Path(__file__).resolve().parent.parent.parent
UPDATES, RATE, ROUNDS = 200, 20, 3
JOB = {"kind": "stamps", "count": UPDATES, "rate": RATE}
OWN = """async (job) => {
  const { followJob } = await import('/assets/network/follow.js');
  const lags = [];
  return new Promise((resolve) => followJob(job, {
    onEntry: ({ kind, data }) => {
      if (kind !== 'progress') return;
      const now = Date.now() / 1000;
      for (const row of data.rows) lags.push(now - row.made);
    },
    onEnd: () => resolve(lags),
  }));
}"""
NOTED = """(rows) => {
  const now = Date.now() / 1000;
  for (const row of rows ?? []) (window.lags ??= []).push(now - row.made);
  return '';
}"""


def serve(port: int) -> None:
    """One page with both ways, and the embedded engine."""
    import uvicorn
    from dash import Dash, Input, Output, dcc, html, set_props
    from fastapi import Response

    from app.network import follow
    from app.network.follow import add_follow_route

    engine = Engine(EngineSettings(kinds=KINDS, jobs_per_visitor=20))
    follow.default_engine = lambda: engine  # type: ignore[attr-defined]
    app = Dash(
        "bench", backend="fastapi", assets_folder=str(ROOT / "assets"), assets_ignore=r"\.js$", serve_locally=True
    )
    app.layout = html.Div([html.Button("Go", id="go"), dcc.Store(id="rows"), html.Div(id="noted")])
    app.clientside_callback(NOTED, Output("noted", "children"), Input("rows", "data"))

    @app.callback(Input("go", "n_clicks"), websocket=True, prevent_initial_call=True)
    async def stream(_clicks: int) -> None:
        job = await engine.submit("bench", JOB)
        async for entry in engine.follow(job):
            if entry.kind == "progress":
                set_props("rows", {"data": entry.data["rows"]})

    add_follow_route(app.server)

    @app.server.get("/bench/job")
    async def submit() -> Response:
        return Response(await engine.submit("bench", JOB))

    @app.server.get("/bench/cpu")
    async def cpu() -> Response:
        return Response(str(time.process_time()))

    app._setup_server()
    uvicorn.run(app.server, port=port, log_level="error", access_log=False)
    engine.close()


def ask(url: str, path: str) -> str:
    """The answer's text."""
    with urllib.request.urlopen(url + path, timeout=60) as answer:
        return answer.read().decode()


def by_own_stream(page: Page, url: str) -> list[float]:
    """Lags in seconds through the lab's stream."""
    return page.evaluate(OWN, ask(url, "/bench/job"))


def by_callback(page: Page, url: str) -> list[float]:
    """Lags in seconds through Dash's websocket callback; the store may drop rows that come too close together."""
    page.evaluate("() => { window.lags = []; document.getElementById('go').click(); }")
    end = time.monotonic() + UPDATES / RATE + 8
    while time.monotonic() < end and page.evaluate("window.lags.length") < UPDATES:
        page.wait_for_timeout(100)
    return page.evaluate("window.lags")


def measured(url: str) -> dict[str, tuple[list[float], list[float]]]:
    """Way → (lags of all rounds, CPU seconds of the web process in each round), in turns."""
    ways = {"the lab's own stream": by_own_stream, "Dash's websocket callback": by_callback}
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in ways}
    chrome = find_chrome()
    assert chrome is not None
    with sync_playwright() as playwright:
        browser = launch(playwright, chrome)
        page = browser.new_context(base_url=url, **DESKTOP).new_page()
        page.goto("/")
        page.locator("#go").wait_for()
        page.evaluate(OWN, ask(url, "/bench/job"))  # the engine starts with its first job
        for turn in range(ROUNDS):
            for name in sorted(ways, reverse=bool(turn % 2)):
                before = float(ask(url, "/bench/cpu"))
                found[name][0].extend(ways[name](page, url))
                found[name][1].append(float(ask(url, "/bench/cpu")) - before)
        browser.close()
    return found


def line(name: str, lags: list[float], cpu: list[float]) -> str:
    """One row of the table."""
    cuts = statistics.quantiles(lags, n=100)
    rate = len(lags) / (ROUNDS * UPDATES / RATE)
    return (
        f"| {name} | {rate:.1f} | {1e3 * cuts[49]:.1f} | {1e3 * cuts[94]:.1f} | {1e3 * max(lags):.0f} "
        f"| {statistics.median(cpu):.2f} |"
    )


def main() -> None:
    """Measure and write the table."""
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.bench_follow", "serve", str(port)], cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                ask(url, "/bench/cpu")
                break
            except OSError:
                time.sleep(0.2)
        found: dict[str, Any] = measured(url)
    finally:
        server.terminate()
        server.wait(30)
    lines = [
        "# A job's rows in a browser", "",
        f"Written by `make bench` (tests/benchmarks/bench_follow.py) on {os.cpu_count()} cores; load average at the"
        f" end: {os.getloadavg()[0]:.1f}.", "",
        f"{UPDATES} rows at {RATE}/s, from their making in the worker process to the page's code (headless Chromium);"
        f" {ROUNDS} rounds of each way, in turns:", "",
        "| way | rows/s | lag, median ms | p95 ms | slowest ms | CPU s of the web process a round |",
        "| --- | --- | --- | --- | --- | --- |",
        *(line(name, *values) for name, values in found.items()), "",
        "The lab's stream takes nothing from a browser: a message closes it. Dash's callback reads any message of any"
        " size as a request.", "",
    ]  # fmt: skip
    RESULT.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]))
    else:
        main()
