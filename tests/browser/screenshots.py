"""Take the README's pictures: start the app by its command, open it as a person would, wait for the paths, look.

Run by `make screenshots`; writes assets/screenshots/{light,dark,phone}.png. The page itself never loads them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.browser.chrome import HOW, find_chrome
from tests.browser.launch import DESKTOP, PHONE, launch
from tests.browser.problems import PageProblems
from tests.server import Server

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "screenshots"
SHOTS: dict[str, tuple[str, dict[str, Any]]] = {
    "light": ("/?preset=figure-2", DESKTOP),
    "dark": ("/?preset=figure-2&scheme=dark", DESKTOP),
    "phone": ("/?preset=figure-2", PHONE),
}
SETTLE = 2500
"""Milliseconds after the paths have come: the surface is drawn by software and takes its time."""


def take(browser: Browser, address: str, name: str) -> Path:
    """One picture; RuntimeError if the page had a problem: a broken page is no picture for a README."""
    link, context = SHOTS[name]
    problems = PageProblems()
    page = browser.new_context(base_url=address, **context).new_page()
    problems.watch(page)
    page.goto(link)
    page.locator("#outcomes [data-outcome]").first.wait_for(timeout=60_000)
    page.wait_for_timeout(SETTLE)
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path)
    page.context.close()
    if problems.unexpected():
        raise RuntimeError("\n".join(problems.unexpected()))
    return path


def main() -> None:
    """All pictures, from one server."""
    chrome_path = find_chrome()
    if chrome_path is None:
        raise SystemExit(f"No Chrome or Chromium found. {HOW}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    server = Server()
    try:
        with sync_playwright() as playwright:
            browser = launch(playwright, chrome_path)
            for name in SHOTS:
                path = take(browser, server.url, name)
                print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
            browser.close()
    finally:
        server.stop()


if __name__ == "__main__":
    main()
