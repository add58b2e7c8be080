"""Take the README's pictures: start the app by its command, open it as a person would, wait for the paths, look.

Run by `make screenshots`; writes assets/screenshots, which the page itself never loads, and, to be looked at, every
page and instrument in every theme into tests/artifacts. Names choose some: -m tests.browser.screenshots light network
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.benchmarks.running import browsing, serving
from tests.browser.lab_page import LabPage
from tests.browser.launch import DESKTOP, PHONE, new_context
from tests.browser.network_lab import NetworkPage
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
    "light": ("/?preset=figure-2&panel=hidden", DESKTOP),
    "dark": ("/?preset=figure-2&scheme=dark&panel=hidden", DESKTOP),
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
    "methods": ("/methods?preset=figure-2#method-gsam", DESKTOP),
    "paper": ("/paper", DESKTOP),
    **{
        f"{name}-{theme}": (f"/instruments?instrument={name}&preset=figure-2&{query}", DESKTOP)
        for name in INSTRUMENTS
        for theme, query in THEMES.items()
    },
    **{f"network-{theme}": (f"{RUN}&{query}", DESKTOP) for theme, query in THEMES.items()},
    "network-phone": (RUN, PHONE),
    **{
        f"{name}-{theme}": (f"/?preset=figure-2&{link}&{query}", DESKTOP)
        for name, link in CLOSER.items()
        for theme, query in THEMES.items()
    },
    **{f"{name}-phone": (f"/?preset=figure-2&{link}", PHONE) for name, link in CLOSER.items()},
}
"""Every page and instrument in every theme, for who changes them to look at: kept out of the repository."""
WHOLE = ("network-", "anatomy-", "cloud-")
"""Of those pictures, the ones that show the whole page and not the window."""
READY = {
    "/instruments": "[id$=-body][aria-busy=false] .heat-canvas",
    "/notes": "#notes-clock",
    "/methods": ".miniature[aria-label]",
    "/paper": ".paper-legend canvas",
}
"""What is there when a page that has no page object is drawn."""
SETTLE = 500
"""Milliseconds for what moves by itself (a fade, the last frame of a surface that is drawn by software) to come to
rest: nothing tells its end."""
WINDOW: dict[str, Any] = {"viewport": {"width": 390, "height": 600}}
LEAST = "data=two-moons&steps=4&batch_size=32&refresh_size=32&slice_asked=yes&slice_points=11"
SMALLEST = {"notes": ("/notes", WINDOW), "network": (f"/network?{LEAST}", WINDOW)}
"""The same by the shortest way, in a small window; the toy lab is drawn by its own benchmark."""


def take(browser: Browser, address: str, name: str, shot: tuple[str, dict[str, Any]], folder: Path) -> Path:
    """One picture; RuntimeError if the page had a problem: a broken page is no picture for a README."""
    link, settings = shot
    problems = PageProblems()
    context = new_context(browser, base_url=address, **settings)
    page = context.new_page()
    problems.watch(page)
    visit(page, link)
    if name == "anatomy":
        page.locator("#anatomy-section").evaluate("(panel) => panel.scrollIntoView({ block: 'end' })")
    page.wait_for_timeout(SETTLE)
    path = folder / f"{name}.png"
    page.screenshot(path=path, full_page=name.startswith(WHOLE))
    context.close()
    if problems.unexpected():
        raise RuntimeError("\n".join(problems.unexpected()))
    return path


def visit(page: Page, link: str) -> None:
    """Open a link and wait until all that it asks for is drawn."""
    where = link.partition("?")[0]
    if where == "/":
        LabPage(page).open(link).draw()
    elif where == "/network":
        NetworkPage(page).open(link).start()
        for panel in re.findall(r"(\w+)_asked=yes", link):
            page.locator(f"#{panel}-answer").wait_for(timeout=300_000)
            page.locator(f"#{panel}-panel[aria-busy=false]").wait_for(timeout=300_000)
    else:
        page.goto(link)
        page.locator(READY[where]).first.wait_for(timeout=300_000)


def shrink(path: Path) -> None:
    """Write a picture anew, smaller: with a palette where it would be larger than MOST."""
    with Image.open(path) as picture:
        whole = picture.convert("RGB")
    whole.save(path, optimize=True)
    if path.stat().st_size > MOST:
        whole.quantize(COLOURS, kmeans=4, dither=Image.Dither.NONE).save(path, optimize=True)


def main(arguments: Sequence[str] | None = None, browser: Browser | None = None, server: Server | None = None) -> None:
    """These pictures, or all, from one server; with --smallest two pages into a folder that goes again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"of {', '.join((*SHOTS, *LOOKED_AT))}; all where none is named")
    parser.add_argument("--smallest", action="store_true", help="two pages, in their least form; keeps nothing")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - {*SHOTS, *LOOKED_AT}
    if unknown:
        parser.error(f"no picture is called {', '.join(sorted(unknown))}")
    with serving(server) as lab, browsing(browser) as chrome, TemporaryDirectory() as nowhere:
        for folder in (FOLDER, ARTIFACTS):
            folder.mkdir(parents=True, exist_ok=True)
        every = SMALLEST if options.smallest else {**SHOTS, **LOOKED_AT}
        for name in options.names or every:
            folder = Path(nowhere) if options.smallest else FOLDER if name in SHOTS else ARTIFACTS
            path = take(chrome, lab.url, name, every[name], folder)
            if name in SHOTS:
                shrink(path)
            print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
