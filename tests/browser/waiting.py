"""Waiting for what a page comes to: asked from outside, as the page's policy forbids Playwright's own way."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page


def first_true(page: Page, ready: Callable[[], Any], seconds: float, pause: int, told: Callable[[], str]) -> Any:
    """The first true value of `ready`, asked every `pause` milliseconds; AssertionError with `told` when none comes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = ready()
        if value:
            return value
        page.wait_for_timeout(pause)
    raise AssertionError(f"what the test waits for did not come within {seconds:g} s; {told()}")
