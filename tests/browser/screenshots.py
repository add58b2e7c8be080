"""Take the README's pictures: start the app by its command, open it as a person would, wait for the paths, look.

Run by `make screenshots`; writes assets/screenshots, which the page itself never loads, and, to be looked at, every
page and instrument in every theme into tests/artifacts. Names choose some: -m tests.browser.screenshots light network
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chrome import HOW, find_chrome
from tests.browser.launch import DESKTOP, PHONE, launch, new_context
from tests.browser.problems import PageProblems
from tests.server import Server

ARTIFACTS = Path(__file__).resolve().parents[1] / "artifacts"
FOLDER = Path(__file__).resolve().parents[2] / "assets" / "screenshots"
INSTRUMENTS = ("phase", "race", "fairness", "basins", "two-scale")
CLOSER = {"anatomy": "anatomy=on&anatomy_stage=7&steps=100&step=12", "cloud": "cloud=64&steps=100"}
RUN = "/network?data=two-moons&steps=100&slice_asked=yes&curvature_asked=yes"
"""A training whose slice and curvature are asked for when it ends."""
MOST = 250_000
"""Bytes of a picture in the README; one that would be larger gets a palette of so many colours:"""
COLOURS = 255
THEMES = {"light": "scheme=light", "dark": "scheme=dark", "projector": "theme=projector"}
SHOTS: dict[str, tuple[str, dict[str, Any]]] = {
    "light": ("/?preset=figure-2", DESKTOP),
    "dark": ("/?preset=figure-2&scheme=dark", DESKTOP),
    "phone": ("/?preset=figure-2", PHONE),
    "phase": ("/instruments?instrument=phase&preset=figure-2", DESKTOP),
    "fairness": ("/instruments?instrument=fairness&preset=figure-2&scheme=dark", DESKTOP),
    "anatomy": ("/?preset=stiff-valley&anatomy=on&step=3&panel=hidden&scheme=dark", DESKTOP),
    "network": (RUN, DESKTOP),
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
    **{f"{name}-{theme}": (f"{RUN}&{query}", DESKTOP) for name, theme, query in [
        ("network", theme, query) for theme, query in THEMES.items()]},
    "network-phone": (RUN, PHONE),
    **{f"{name}-{theme}": (f"/?preset=figure-2&{link}&{query}", DESKTOP) for name, link in CLOSER.items()
       for theme, query in THEMES.items()},
    **{f"{name}-phone": (f"/?preset=figure-2&{link}", PHONE) for name, link in CLOSER.items()},
}  # fmt: skip
"""Every page and instrument in every theme, for who changes them to look at: kept out of the repository."""
WHOLE = ("network-", "anatomy-", "cloud-")
"""Of those pictures, the ones that show the whole page and not the window."""
READY = {
    "/instruments": "[id$=-body][aria-busy=false] .heat-canvas",
    "/notes": "#notes-clock",
    "/network": "#start-button",
    "/": "#map-graph .main-svg",
}
SETTLE = 2500
"""Milliseconds after the paths have come: the surface is drawn by software and takes its time."""


def take(browser: Browser, address: str, name: str) -> Path:
    """One picture; RuntimeError if the page had a problem: a broken page is no picture for a README."""
    link, context = {**SHOTS, **LOOKED_AT}[name]
    problems = PageProblems()
    page = new_context(browser, base_url=address, **context).new_page()
    problems.watch(page)
    page.goto(link)
    page.locator(READY[link.partition("?")[0]]).first.wait_for(timeout=120_000)
    if link.startswith("/network"):
        train(page)
    if name in SHOTS and "anatomy" in name:
        page.locator("#anatomy-section").evaluate("(panel) => panel.scrollIntoView({ block: 'end' })")
    page.wait_for_timeout(SETTLE)
    path = (FOLDER if name in SHOTS else ARTIFACTS) / f"{name}.png"
    page.screenshot(path=path, full_page=name.startswith(WHOLE))
    if name in SHOTS:
        with Image.open(path) as picture:
            whole = picture.convert("RGB")
        whole.save(path, optimize=True)
        if path.stat().st_size > MOST:
            whole.quantize(COLOURS, kmeans=4, dither=Image.Dither.NONE).save(path, optimize=True)
    page.context.close()
    if problems.unexpected():
        raise RuntimeError("\n".join(problems.unexpected()))
    return path


def train(page: Page) -> None:
    """Start the run of the link and wait for its end and for what is asked of it then."""
    page.locator("#start-button").click()
    for panel in ("slice", "curvature"):
        page.locator(f"#{panel}-answer").wait_for(timeout=120_000)
        page.locator(f"#{panel}-panel[aria-busy=false]").wait_for(timeout=120_000)


def main(names: list[str]) -> None:
    """These pictures, or all, from one server."""
    unknown = set(names) - {*SHOTS, *LOOKED_AT}
    if unknown:
        raise SystemExit(f"No picture is called {', '.join(sorted(unknown))}.")
    chrome_path = find_chrome()
    if chrome_path is None:
        raise SystemExit(f"No Chrome or Chromium found. {HOW}")
    for folder in (FOLDER, ARTIFACTS):
        folder.mkdir(parents=True, exist_ok=True)
    server = Server()
    try:
        with sync_playwright() as playwright:
            browser = launch(playwright, chrome_path)
            for name in names or (*SHOTS, *LOOKED_AT):
                path = take(browser, server.url, name)
                print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
            browser.close()
    finally:
        server.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
