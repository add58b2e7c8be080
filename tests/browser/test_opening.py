"""Opening the page by its address, on a desktop and on a phone: it shows paths, stays on this machine, keeps quiet."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.browser.problems import PageProblems
from tests.browser.waiting import settled


@pytest.mark.parametrize("width", ["page", "phone_page"])
def test_page_opens(width: str, request: pytest.FixtureRequest, page_problems: PageProblems) -> None:
    page: Page = request.getfixturevalue(width)
    settled(page, "/")
    page.locator("#outcomes [data-outcome]").first.wait_for()
    assert page.title() == "Pothole lab"
    visible = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert visible[0] <= visible[1], "the page is wider than the screen"
    addresses = [urlsplit(url) for url in page_problems.requests]
    assert addresses
    assert {address.hostname for address in addresses if address.scheme in ("http", "ws")} == {"127.0.0.1"}
    # The README's pictures lie among the assets, and only there.
    assert not [address.path for address in addresses if "screenshots" in address.path]
