"""What the browser is started with."""

from __future__ import annotations

import psutil
from playwright.sync_api import Browser

SWITCH = "--disable-features="


def test_what_playwright_turns_off_stays_off(browser: Browser) -> None:
    """Chrome takes the last list alone: an upgrade of Playwright's has to be followed."""
    assert browser.is_connected()
    ours = {process.pid for process in psutil.Process().children(recursive=True)}
    commands = [process.info["cmdline"] or () for process in psutil.process_iter(["cmdline"]) if process.pid in ours]
    # Its renderers have that switch, too, and lower numbers than it where the machine counts from the start again.
    started = next(
        command
        for command in commands
        if "--remote-debugging-pipe" in command and not any(word.startswith("--type=") for word in command)
    )
    lists = [set(word.removeprefix(SWITCH).split(",")) for word in started if word.startswith(SWITCH)]
    assert len(lists) == 2, "Playwright's own and ours"
    assert lists[0] < lists[1], f"missing in launch.py: {sorted(lists[0] - lists[1])}"
