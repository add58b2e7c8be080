"""The manual's table of keys is the help sheets' of all pages together: nothing is missing, nothing is left over."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page

MANUAL = Path(__file__).resolve().parents[2] / "docs" / "using" / "keys.md"
Keys = set[tuple[str, str]]


def in_the_manual() -> Keys:
    rows = re.findall(r"^\| (?!key|---)(.+?) \| (.+?) \| .+? \|$", MANUAL.read_text(encoding="utf-8"), re.MULTILINE)
    return {(key, what) for key, what in rows}


def on_the_sheet(page: Page) -> Keys:
    page.keyboard.press("?")
    page.locator("dialog[open] .key-list").first.wait_for()
    rows = page.locator("dialog[open] .key-list").evaluate_all(
        "(lists) => lists.flatMap((list) => [...list.querySelectorAll('dt')].map((dt) => "
        "[[...dt.querySelectorAll('kbd')].map((kbd) => kbd.textContent).join(' '), dt.nextElementSibling.textContent]))"
    )
    page.keyboard.press("Escape")
    return {(key, what) for key, what in rows}


def test_manual_lists_every_key(new_page) -> None:
    page = new_page()
    seen: Keys = set()
    page.goto("/?preset=figure-2&scenes=lab&scene=1&predict=outcome&step=0&speed=1000&pace=even&steps=100")
    page.locator("#reveal:enabled").wait_for(timeout=300_000)  # there are paths to play
    seen |= on_the_sheet(page)
    page.keyboard.press("r")
    page.locator("#predict-verdict:not(:empty)").wait_for()
    seen |= on_the_sheet(page)
    page.goto("/instruments?instrument=basins&preset=figure-2&resolution=12")
    page.locator("[id$=-body][aria-busy=false] .heat-canvas").first.wait_for(timeout=300_000)
    seen |= on_the_sheet(page)
    page.goto("/network")
    page.locator("#start-button").wait_for()
    seen |= on_the_sheet(page)
    page.goto("/notes")
    page.locator("#notes-clock").wait_for()
    seen |= on_the_sheet(page)
    assert seen == in_the_manual()
