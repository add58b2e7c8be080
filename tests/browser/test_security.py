"""The password as a person meets it."""

from __future__ import annotations

import json
from collections.abc import Callable

from playwright.sync_api import Browser

from tests.browser.launch import DESKTOP
from tests.browser.problems import PageProblems
from tests.server import Server


def test_a_password_is_asked_and_kept(
    browser: Browser, page_problems: PageProblems, start_server: Callable[..., Server]
) -> None:
    """Without it: a refusal. With it: the page, its pictures, and no second question in the same browser."""
    server = start_server(POTHOLE_PASSWORD="swordfish", POTHOLE_LOG_LEVEL="warning")
    stranger = browser.new_context(base_url=server.url, **DESKTOP)
    refused = stranger.request.get("/")
    assert refused.status == 401
    assert json.loads(refused.text()) == {"problems": ["This lab asks for a password."]}
    stranger.close()
    guest = browser.new_context(
        base_url=server.url, http_credentials={"username": "guest", "password": "swordfish"}, **DESKTOP
    )
    page = guest.new_page()
    page_problems.watch(page)
    page_problems.allow("401")  # the browser reports the question that it then answers itself
    page.goto("/")
    page.locator("#outcomes [data-outcome]").first.wait_for()
    kept = [cookie for cookie in guest.cookies() if cookie["name"] == "pothole_pass"]
    assert (
        len(kept) == 1 and kept[0]["httpOnly"] and kept[0]["sameSite"] == "Lax" and "swordfish" not in kept[0]["value"]
    )
    again = browser.new_context(base_url=server.url, storage_state=guest.storage_state(), **DESKTOP)
    assert again.request.get("/").status == 200
    again.close()
    guest.close()
    server.stop()
    assert not server.tracebacks(), server.log()
