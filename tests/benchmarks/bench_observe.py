"""What a request pays for its id, its line in the log and its point in the metrics.

Run by `make bench`; writes tests/benchmarks/results/observe.md.
"""

from __future__ import annotations

import asyncio
import logging
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import httpx
from starlette.types import ASGIApp

from app.server import build
from app.telemetry.logs import configure_logs
from app.telemetry.settings import ObserveSettings
from app.web.requests import ObservedApp
from app.web.settings import web_settings
from tests.benchmarks.report import RESULTS, Report, draw_table

PATHS = (("/healthz", "/healthz", None), ("/toy/compute, kept", "/toy/compute", b"{}"))


@dataclass(frozen=True)
class Size:
    """Rounds, and requests of one way in a round."""

    rounds: int
    requests: int


FULL, SMALLEST = Size(15, 200), Size(1, 2)


async def time_requests(application: ASGIApp, path: str, content: bytes | None, count: int) -> float:
    """Microseconds of processor time of one request straight into the application, a mean over many."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=application), base_url="http://lab") as client:
        method = "GET" if content is None else "POST"
        began = time.process_time()
        for _ in range(count):
            answer = await client.request(method, path, content=content)
            answer.raise_for_status()
        return 1e6 * (time.process_time() - began) / count


@contextmanager
def logs_to_nowhere() -> Iterator[TextIO]:
    """Where the lines go; afterwards the logs are as they were."""
    root, client = logging.getLogger(), logging.getLogger("httpx")
    handlers, levels = list(root.handlers), (root.level, client.level)
    client.setLevel(logging.WARNING)  # the client's own lines are not what is measured
    try:
        with Path(os.devnull).open("w") as nowhere:
            yield nowhere
    finally:
        root.handlers[:] = handlers
        root.setLevel(levels[0])
        client.setLevel(levels[1])


async def measure(observed: ObservedApp, path: str, content: bytes | None, size: Size) -> dict[str, float]:
    """Medians in µs: without, with metrics only, and with a line in either form. Rounds alternate."""
    await time_requests(observed.app, path, content, 1)  # what is kept is kept from here on
    found: dict[str, list[float]] = {"without": [], "metrics": [], "logfmt": [], "json": []}
    with logs_to_nowhere() as nowhere:
        for _ in range(size.rounds):
            for name, times in found.items():
                level = "info" if name in ("logfmt", "json") else "error"
                form = "json" if name == "json" else "logfmt"
                configure_logs(ObserveSettings(log_format=form, log_level=level), nowhere)
                application = observed if name != "without" else observed.app
                times.append(await time_requests(application, path, content, size.requests))
    return {name: statistics.median(times) for name, times in found.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the table."""
    report = Report(__doc__, arguments, packages=("fastapi", "starlette", "structlog"))
    size = SMALLEST if report.smallest else FULL
    every = 1 + size.rounds * 4 * size.requests  # from one address: a quick machine would be told to ask less often
    observed, rows = build(replace(web_settings(), request_burst=len(PATHS) * every)), []
    for name, path, content in PATHS:
        times = asyncio.run(measure(observed, path, content, size))
        more = [f"{times[key] - times['without']:+.0f}" for key in ("metrics", "logfmt", "json")]
        ratio = f"{times['logfmt'] / times['without']:.2f}"
        rows.append((name, f"{times['without']:.0f}", *more, ratio))
    about = (
        "µs of processor time for one request straight into the application (client included, most of it), medians of "
        f"{size.rounds} × {size.requests}, in turns. Probes such as /healthz are not logged while they are answered "
        "well, so that the row's last columns show the noise of the measurement."
    )
    head = ("request", "without", "id and metrics", "… and a log line, key=value", "… JSON", "key=value ÷ without")
    report.write(RESULTS / "observe.md", "What watching costs", [about, "", *draw_table(head, rows)])


if __name__ == "__main__":
    main()
