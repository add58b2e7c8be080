"""What benchmarks run against: a server, an engine and a browser, their own for as long as they last or given ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from app.jobs import Engine, EngineSettings
from tests.browser.chrome import HOW, find_chrome
from tests.browser.launch import launch
from tests.server import Server


@contextmanager
def serving(given: Server | None = None, **environment: str) -> Iterator[Server]:
    """A server with these settings, or the given one as it is. RuntimeError at its end where it printed a traceback."""
    server = given or Server(**environment)
    before = server.tracebacks()
    try:
        yield server
    finally:
        if given is None:
            server.stop()
    if server.tracebacks() > before:
        raise RuntimeError(f"the server printed a traceback:\n{server.log()[-4000:]}")


@contextmanager
def working(given: Engine | None = None, **settings: Any) -> Iterator[Engine]:
    """An engine with these settings, or the given one as it is."""
    engine = given or Engine(EngineSettings(**settings))
    try:
        yield engine
    finally:
        if given is None:
            engine.close()


@contextmanager
def browsing(given: Browser | None = None) -> Iterator[Browser]:
    """The system's Chrome or Chromium, or the given one."""
    if given is not None:
        yield given
        return
    chrome_path = find_chrome()
    if chrome_path is None:
        raise SystemExit(f"No Chrome or Chromium found. {HOW}")
    with sync_playwright() as playwright:
        browser = launch(playwright, chrome_path)
        yield browser
        browser.close()
