"""Two ways of a job's rows into a browser, in one run: Dash's websocket callback, and the lab's own stream.

Rows carry the time they were made at in the worker process; the page notes when its code has them. The server's CPU
seconds are those of the web process. Run by `make bench`; writes tests/benchmarks/results/follow.md.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from app.jobs import Engine, EngineSettings
from tests.benchmarks.report import RESULTS, Report, draw_table, in_milliseconds
from tests.benchmarks.running import browsing
from tests.benchmarks.streaming_jobs import KINDS
from tests.browser.launch import DESKTOP
from tests.browser.waiting import first_true
from tests.server import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
RATE = 20
"""Rows a second."""


@dataclass(frozen=True)
class Size:
    """Rows of a job, and how often each way is measured, in turns."""

    rows: int
    rounds: int


FULL, SMALLEST = Size(200, 2), Size(3, 1)
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
  for (const row of rows ?? []) {
    (window.lags ??= []).push(now - row.made);
    window.last = row.position;
  }
  return '';
}"""


def serve(port: int, rows: int) -> None:
    """One page with both ways, and the embedded engine."""
    import uvicorn
    from dash import Dash, Input, Output, dcc, html, set_props
    from fastapi import Response

    from app.network import follow
    from app.network.follow import add_follow_route

    engine = Engine(EngineSettings(kinds=KINDS, jobs_per_visitor=20))
    job = {"kind": "stamps", "count": rows, "rate": RATE}
    follow.default_engine = lambda: engine  # type: ignore[attr-defined]
    app = Dash(
        "bench", backend="fastapi", assets_folder=str(ROOT / "assets"), assets_ignore=r"\.js$", serve_locally=True
    )
    app.layout = html.Div([html.Button("Go", id="go"), dcc.Store(id="rows"), html.Div(id="noted")])
    app.clientside_callback(NOTED, Output("noted", "children"), Input("rows", "data"))

    @app.callback(Input("go", "n_clicks"), websocket=True, prevent_initial_call=True)
    async def stream(_clicks: int) -> None:
        async for entry in engine.follow(await engine.submit("bench", job)):
            if entry.kind == "progress":
                set_props("rows", {"data": entry.data["rows"]})

    add_follow_route(app.server)

    @app.server.get("/bench/job")
    async def submit() -> Response:
        return Response(await engine.submit("bench", job))

    @app.server.get("/bench/cpu")
    async def cpu() -> Response:
        return Response(str(time.process_time()))

    uvicorn.run(app.server, port=port, log_level="error", access_log=False)
    engine.close()


def ask(url: str, path: str) -> str:
    """The answer's text."""
    with urllib.request.urlopen(url + path, timeout=60) as answer:
        return answer.read().decode()


def follow_own_stream(page: Page, url: str, _size: Size) -> list[float]:
    """Lags in seconds through the lab's stream."""
    return page.evaluate(OWN, ask(url, "/bench/job"))


def follow_callback(page: Page, _url: str, size: Size) -> list[float]:
    """Lags in seconds through Dash's websocket callback; the store may drop rows that come too close together, so that
    only the last one is waited for."""
    page.evaluate("() => { window.lags = []; window.last = 0; document.getElementById('go').click(); }")
    first_true(page, lambda: page.evaluate("window.last") == size.rows, 120, lambda: "rows through the callback")
    return page.evaluate("window.lags")


def measure(given: Browser | None, url: str, size: Size) -> dict[str, tuple[list[float], list[float]]]:
    """Way → (lags of all rounds, CPU seconds of the web process in each round), in turns."""
    ways = {"the lab's own stream": follow_own_stream, "Dash's websocket callback": follow_callback}
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in ways}
    with browsing(given) as browser:
        context = browser.new_context(base_url=url, **DESKTOP)
        page = context.new_page()
        page.goto("/")
        page.locator("#go").wait_for()
        page.evaluate(OWN, ask(url, "/bench/job"))  # the engine starts with its first job
        for turn in range(size.rounds):
            for name in sorted(ways, reverse=bool(turn % 2)):
                before = float(ask(url, "/bench/cpu"))
                found[name][0].extend(ways[name](page, url, size))
                found[name][1].append(float(ask(url, "/bench/cpu")) - before)
        context.close()
    return found


def describe(name: str, lags: list[float], cpu: list[float], size: Size) -> tuple[str, ...]:
    """One row of the table."""
    rate = len(lags) / (size.rounds * size.rows / RATE)
    lag = (*in_milliseconds(lags), f"{1e3 * max(lags):.0f}")
    return name, f"{rate:.1f}", *lag, f"{statistics.median(cpu):.2f}"


def wait_for_server(url: str, server: subprocess.Popen[bytes]) -> None:
    """Return as soon as it answers; RuntimeError where it ends instead."""
    while server.poll() is None:
        try:
            ask(url, "/bench/cpu")
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the server ended with {server.returncode} before it answered")


def main(arguments: Sequence[str] | None = None, browser: Browser | None = None) -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", type=int, nargs=2, metavar=("PORT", "ROWS"), help="only serve the page")
    report = Report(__doc__, arguments, parser, packages=("dash", "distributed", "uvicorn"))
    if report.options.serve:
        serve(*report.options.serve)
        return
    size, port = SMALLEST if report.smallest else FULL, free_port()
    command = [sys.executable, "-m", "tests.benchmarks.bench_follow", "--serve", str(port), str(size.rows)]
    server = subprocess.Popen(command, cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for_server(url, server)
        found = measure(browser, url, size)
    finally:
        server.send_signal(signal.SIGINT)  # uvicorn returns at this one, and the engine is closed
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
    head = ("way", "rows/s", "lag, median ms", "p95 ms", "slowest ms", "CPU s of the web process a round")
    lines = [
        f"{size.rows} rows at {RATE}/s, from their making in the worker process to the page's code (headless "
        f"Chromium); {size.rounds} rounds of each way, in turns:",
        "",
        *draw_table(head, (describe(name, *values, size) for name, values in found.items())),
        "",
        "The lab's stream takes nothing from a browser: a message closes it. Dash's callback reads any message of any "
        "size as a request.",
    ]
    report.write(RESULTS / "follow.md", "A job's rows in a browser", lines)


if __name__ == "__main__":
    main()
