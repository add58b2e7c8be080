"""Waiting for what a page comes to: asked from outside, as the page's policy forbids Playwright's own way."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Request

QUIET = 1200
"""Milliseconds without a request and without work, until a page counts as done."""
IDLE = "() => new Promise((done) => requestIdleCallback(() => requestIdleCallback(done)))"
WITHIN = 300.0
"""Seconds that a page may take."""
SHORTEST, LONGEST = 40.0, 160.0
"""Milliseconds between two questions: each wakes three processes, so whoever waits for long asks less often."""


def first_true(page: Page, ready: Callable[[], Any], seconds: float, told: Callable[[], str]) -> Any:
    """The first true value of `ready`, asked again and again; AssertionError with `told` when none comes."""
    end = time.monotonic() + seconds
    pause = SHORTEST
    while time.monotonic() < end:
        value = ready()
        if value:
            return value
        page.wait_for_timeout(pause)
        pause = min(1.2 * pause, LONGEST)
    raise AssertionError(f"what the test waits for did not come within {seconds:g} s; {told()}")


def settled(page: Page, link: str, within: bool = False) -> Page:
    """Open a link and wait until nothing is asked for or drawn any more: pictures and statements have come.

    within: go there as the page's back button does; loading a page costs seconds of a processor's time.
    An answer that is still out counts as asking, however long a busy machine takes for it.
    """
    out: set[Request] = set()
    asked: list[str] = []

    def begin(request: Request) -> None:
        out.add(request)
        asked.append(request.url)

    def end(request: Request) -> None:
        out.discard(request)

    def quiet() -> bool:
        before = len(asked)
        page.wait_for_timeout(QUIET)
        page.evaluate(IDLE)  # a slow machine may draw for seconds between two requests
        return not out and len(asked) == before

    listeners = {"request": begin, "requestfinished": end, "requestfailed": end}
    for event, listener in listeners.items():
        page.on(event, listener)
    if within:
        page.evaluate(
            "(link) => { history.pushState(null, '', link); dispatchEvent(new PopStateEvent('popstate')); }", link
        )
    else:
        page.goto(link)
    page.locator("main").wait_for()
    first_true(page, quiet, WITHIN, lambda: f"{link} still asks: {asked[-3:]}")
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    return page
