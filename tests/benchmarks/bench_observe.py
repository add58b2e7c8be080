"""What a request pays for its id, its line in the log and its point in the metrics.

Run by `make bench`; writes tests/benchmarks/results/observe.md.
"""

from __future__ import annotations

import asyncio
import logging
import os
import statistics
import time
from pathlib import Path

import httpx
from starlette.types import ASGIApp

from app.server import build
from app.telemetry.logs import configure_logs
from app.telemetry.settings import ObserveSettings

RESULT = Path(__file__).parent / "results" / "observe.md"
ROUNDS, REQUESTS = 15, 200


async def microseconds(application: ASGIApp, path: str, content: bytes | None) -> float:
    """Processor time of one request straight into the application, a mean over many."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=application), base_url="http://lab") as client:
        method = "GET" if content is None else "POST"
        began = time.process_time()
        for _ in range(REQUESTS):
            await client.request(method, path, content=content)
        return 1e6 * (time.process_time() - began) / REQUESTS


async def measured(path: str, content: bytes | None) -> dict[str, float]:
    """Medians in µs: without, with metrics only, and with a line in either form. Rounds alternate."""
    observed = build()
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the client's own lines are not what is measured
    found: dict[str, list[float]] = {"without": [], "metrics": [], "logfmt": [], "json": []}
    with Path(os.devnull).open("w") as nowhere:
        for _ in range(ROUNDS):
            for name, times in found.items():
                level = "info" if name in ("logfmt", "json") else "error"
                form = "json" if name == "json" else "logfmt"
                configure_logs(ObserveSettings(log_format=form, log_level=level), nowhere)
                times.append(await microseconds(observed if name != "without" else observed.app, path, content))
    return {name: statistics.median(times) for name, times in found.items()}


async def main() -> None:
    """Measure and write."""
    rows = []
    for name, path, content in (("/healthz", "/healthz", None), ("/toy/compute, kept", "/toy/compute", b"{}")):
        times = await measured(path, content)
        more = [f"{times[key] - times['without']:+.0f}" for key in ("metrics", "logfmt", "json")]
        rows.append(f"| {name} | {times['without']:.0f} | {' | '.join(more)} |")
    text = (
        "# What watching costs\n\n"
        "µs of processor time for one request straight into the application (client included, most of it), medians of "
        f"{ROUNDS} × {REQUESTS}; probes such as /healthz are not logged while they are answered well, "
        "so that the row's last columns show the noise of the measurement. "
        "Written by `python -m tests.benchmarks.bench_observe`.\n\n"
        "| request | without | id and metrics | … and a log line, key=value | … JSON |\n|---|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )
    RESULT.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    asyncio.run(main())
