"""What axe-core finds on a page.

Its script is injected by the browser's own debugger and not by the page, so that the page's policy stays in force.
"""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
GRAVE = ("serious", "critical")


def findings(page: Page) -> list[str]:
    """Each serious or critical finding with the elements it is about."""
    page.evaluate(AXE)
    found = page.evaluate("async () => (await axe.run(document, { resultTypes: ['violations'] })).violations")
    return [
        f"{one['impact']} {one['id']}: {one['help']}: "
        + " | ".join(
            f"{node['target'][-1]} {node['any'][0]['message'] if node['any'] else ''}" for node in one["nodes"]
        )
        for one in found
        if one["impact"] in GRAVE
    ]
