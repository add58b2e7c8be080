"""The page Paper: charts are drawn in the scheme's colours, a printed page is whole, links lead on."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from app.paper import page as paper
from app.paper.figures import FIGURES
from tests.browser.waiting import WITHIN, first_true

READY = "potholeLab.paper?.state.values.scheme"
INK = """(id) => {
  const canvas = document.querySelector(`#${id} canvas`);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, k) => k % 4 === 3 && value > 0).length;
}"""


def until(page: Page, ready: Any) -> Any:
    return first_true(page, ready, WITHIN, lambda: f"the page says {page.locator('#notices').inner_text()!r}")


def test_charts_verdicts_and_links(page: Page) -> None:
    page.goto("/paper?scheme=dark")
    page.locator("#figure-6").wait_for(timeout=300_000)
    until(page, lambda: page.evaluate(READY) == "dark")
    told = paper.tables()["charts"]
    until(page, lambda: all(page.evaluate(INK, chart["id"]) > 1500 for chart in told))
    assert page.locator(".paper-figure").count() == len(FIGURES)
    assert page.locator(".top a[aria-current=page]").inner_text() == "Paper"
    second = page.locator("#figure-2 .claim.holds")
    assert second.first.locator(".counts").inner_text() == "0 of 60 reach the basin"
    assert page.locator(".paper-legend li:has(canvas)").count() == page.locator(".paper-legend li").count() > 8
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.evaluate("potholeLab.paper.actions.do('toggle-scheme')")
    until(page, lambda: page.evaluate("document.documentElement.dataset.scheme") == "light")
    page.evaluate("potholeLab.paper.actions.do('toggle-scheme')")
    until(page, lambda: page.evaluate("document.documentElement.dataset.scheme") == "dark")
    page.emulate_media(media="print")
    until(page, lambda: page.evaluate("document.documentElement.dataset.scheme") == "light")
    until(page, lambda: page.locator(".paper-figure details:not([open])").count() == 0)
    assert page.locator("#figure-2 canvas").first.is_visible()
    assert page.locator("#figure-2 .paper-links").is_hidden()
    page.emulate_media(media="screen")
    until(page, lambda: page.locator(".paper-figure details[open]").count() == 0)

    page.locator("#figure-3 .paper-links a").click()
    page.locator("#outcomes [data-outcome]").first.wait_for(state="attached", timeout=300_000)
    assert page.evaluate("potholeLab.toy.state.values.preset") == "figure-3"


def test_on_a_phone_nothing_is_wider_than_it(phone_page: Page) -> None:
    phone_page.goto("/paper")
    phone_page.locator("#figure-6").wait_for(timeout=300_000)
    until(phone_page, lambda: phone_page.evaluate(READY))
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390
