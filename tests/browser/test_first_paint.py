"""Light and dark: the reader's system decides on a first visit, a link and the button win, and nothing flashes."""

from __future__ import annotations

from app.server import build
from app.web.pages import PAGES
from tests.browser.lab_page import LabPage

build()  # the server's own registration of pages: a page added there is tested here
WATCH = """window.schemes = [];
new MutationObserver((all) => {
  if (all.some(({ type }) => type === "attributes"))
    schemes.push(document.documentElement.dataset.scheme + (document.body ? "" : " at first"));
}).observe(document, { attributes: true, attributeFilter: ["data-scheme"], subtree: true });"""
"""What the page's root is told, and whether its body was there by then."""
GROUND = "getComputedStyle(document.body).backgroundColor"
DARK = "rgb(18, 22, 27)"


def test_the_system_decides_until_a_link_or_the_button_does(new_page, page_problems) -> None:
    page_problems.allow("404")  # the page that is not there
    page = new_page(fresh=True, color_scheme="dark")
    page.add_init_script(WATCH)
    lab = LabPage(page)
    for path in ("/nowhere", *sorted(PAGES, reverse=True)):  # the toy lab last
        page.goto(path)
        page.locator("main").wait_for()
        if page.locator("#scheme-button").count():
            page.locator("#scheme-button", has_text="Light").wait_for()  # what it leads to: the page's state is there
        told = page.evaluate("schemes")
        assert (told[0], {*told[1:]} <= {"dark"}) == ("dark at first", True), (path, told)
        assert page.evaluate(GROUND) == DARK, path

    lab.settle().until(lambda: "?" in page.url)
    assert "scheme" not in page.url, "who gets the link has a system of his own"
    page.locator("#scheme-button").click()
    lab.until(lambda: "scheme=light" in page.url)
    instruments = page.locator(".pages").get_by_role("link", name="Instruments")
    lab.until(lambda: "scheme=light" in (instruments.get_attribute("href") or ""))
    lab.open("/?preset=figure-2&steps=50&scheme=light")
    told = page.evaluate("schemes")
    assert (told[0], {*told[1:]} <= {"light"}) == ("light at first", True), told
    lab.until(lambda: "scheme=light" in page.url)
    page.emulate_media(color_scheme="light")
    lab.follow("/?preset=figure-2&steps=50&scheme=dark")
    assert page.evaluate(GROUND) == DARK
    page.locator("[data-action=preset][data-value=figure-3]").click()
    lab.until(lambda: "figure-3" in page.url)
    assert "scheme=dark" in page.url, "a preset leaves the colours that were chosen"

    network = page.locator(".pages").get_by_role("link", name="Network")
    lab.until(lambda: "scheme=dark" in (network.get_attribute("href") or ""))
    network.click()
    page.locator("#scheme-button", has_text="Light").wait_for()
    assert page.evaluate(GROUND) == DARK, "every page's links take the colours that were chosen along"
    page.goto("/network")
    page.locator("#scheme-button", has_text="Dark").wait_for()
    page.emulate_media(color_scheme="dark")  # dusk, with the page open
    page.locator("[data-action=preset][data-value=label-noise]").click()
    lab.until(lambda: "label-noise" in page.url)
    assert "scheme" not in page.url, "nobody has chosen any"
