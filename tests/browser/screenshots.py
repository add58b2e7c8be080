"""Take the README's pictures: start the app by its command, open it as a person would, wait for the paths, look.

Run by `make screenshots`; writes assets/screenshots/{light,dark,phone}.png, which the page itself never loads, and,
to be looked at, every instrument in every theme into tests/artifacts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.browser.chrome import HOW, find_chrome
from tests.browser.launch import DESKTOP, PHONE, launch
from tests.browser.problems import PageProblems
from tests.server import Server

ARTIFACTS = Path(__file__).resolve().parents[1] / "artifacts"
FOLDER = Path(__file__).resolve().parents[2] / "assets" / "screenshots"
INSTRUMENTS = ("phase", "race", "fairness", "basins")
THEMES = {"light": "scheme=light", "dark": "scheme=dark", "projector": "theme=projector"}
SHOTS: dict[str, tuple[str, dict[str, Any]]] = {
    "light": ("/?preset=figure-2", DESKTOP),
    "dark": ("/?preset=figure-2&scheme=dark", DESKTOP),
    "phone": ("/?preset=figure-2", PHONE),
}
LOOKED_AT: dict[str, tuple[str, dict[str, Any]]] = {
    "toy-projector": ("/?preset=figure-2&theme=projector", DESKTOP),
    "scene": ("/?scenes=lab&scene=1&theme=projector&panel=hidden", DESKTOP),
    "notes": ("/notes", DESKTOP),
    **{
        f"{name}-{theme}": (f"/instruments?instrument={name}&preset=figure-2&{query}", DESKTOP)
        for name in INSTRUMENTS
        for theme, query in THEMES.items()
    },
}
"""Every instrument in every theme, for who changes them to look at: kept out of the repository, in tests/artifacts."""
READY = {
    "/instruments": "[id$=-body][aria-busy=false] .heat-canvas",
    "/notes": "#notes-clock",
    "/": "#map-graph .main-svg",
}
SETTLE = 2500
"""Milliseconds after the paths have come: the surface is drawn by software and takes its time."""


def take(browser: Browser, address: str, name: str) -> Path:
    """One picture; RuntimeError if the page had a problem: a broken page is no picture for a README."""
    link, context = {**SHOTS, **LOOKED_AT}[name]
    problems = PageProblems()
    page = browser.new_context(base_url=address, **context).new_page()
    problems.watch(page)
    page.goto(link)
    page.locator(READY[link.partition("?")[0]]).first.wait_for(timeout=120_000)
    page.wait_for_timeout(SETTLE)
    path = (FOLDER if name in SHOTS else ARTIFACTS) / f"{name}.png"
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
    for folder in (FOLDER, ARTIFACTS):
        folder.mkdir(parents=True, exist_ok=True)
    server = Server()
    try:
        with sync_playwright() as playwright:
            browser = launch(playwright, chrome_path)
            for name in (*SHOTS, *LOOKED_AT):
                path = take(browser, server.url, name)
                print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
            browser.close()
    finally:
        server.stop()


if __name__ == "__main__":
    main()
