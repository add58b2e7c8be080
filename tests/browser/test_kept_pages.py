"""A page that is handed on is blank: nothing of one test is found by the next."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.browser.kept_pages import BLANK, KeptPages
from tests.browser.launch import DESKTOP
from tests.browser.waiting import WITHIN
from tests.server import Server

FOUND = "() => [localStorage.length, sessionStorage.length, document.cookie]"


def test_what_a_test_has_done_is_not_found_by_the_next(browser: Browser, server: Server) -> None:
    kept = KeptPages(browser, server.url)
    page = kept.take(DESKTOP)
    page.goto("/notes")
    page.evaluate(
        "() => { localStorage.a = sessionStorage.b = 1; document.cookie = 'c=1'; window.open('about:blank'); }"
    )
    assert page.evaluate(FOUND) == [1, 1, "c=1"]
    page.route("**/notes", lambda route: route.fulfill(body="not the page"))
    page.set_viewport_size({"width": 500, "height": 500})
    page.context.set_offline(True)
    page.emulate_media(media="print")
    kept.give_back(page)

    assert kept.take(DESKTOP) is page and page.url == f"{server.url}{BLANK}"
    assert page.context.pages == [page] and page.viewport_size == DESKTOP["viewport"]
    page.goto("/notes")
    assert page.evaluate(FOUND) == [0, 0, ""]
    assert page.evaluate("matchMedia('screen').matches")
    page.locator("h1").wait_for(timeout=1000 * WITHIN)  # neither offline nor led elsewhere

    other = kept.take(DESKTOP)
    assert other.context is not page.context, "who asks for a second one is another visitor"
    kept.give_back(page, whole=False)
    kept.give_back(other)
    assert page.is_closed(), "what a failed test leaves is not handed on"
    fresh = kept.take(DESKTOP, fresh=True)
    assert fresh is not other
    kept.give_back(fresh)
    assert fresh.is_closed()
    other.context.close()
