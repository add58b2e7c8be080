"""Opening the page by its address, on a desktop and on a phone: it shows paths, stays on this machine, keeps quiet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.browser.launch import DESKTOP, PHONE
from tests.browser.problems import PageProblems
from tests.browser.waiting import settled


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_page_opens(size: dict[str, Any], new_page: Callable[..., Page], page_problems: PageProblems) -> None:
    page = new_page(fresh=True, **size)
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
