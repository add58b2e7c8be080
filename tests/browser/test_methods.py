"""The page Methods: each method's run beside its words, played in view, still where less motion is asked for."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from optimizers.methods import toy_methods
from tests.browser.lab_page import LabPage
from tests.browser.waiting import WITHIN, first_true

LINK = "/methods?steps=60"
STATE = """() => [...potholeLab.methods.miniatures.values()].map((one) =>
  [one.name, one.ready, one.player.playing, one.player.step, one.player.steps, one.words.textContent])"""
NOTE = """() => {
  window.played = [];  // whose run has begun to play, as a look now and then may miss it
  for (const one of potholeLab.methods.miniatures.values()) {
    const { onPlaying } = one.player;
    one.player.onPlaying = (playing) => {
      if (playing) window.played.push(one.name);
      onPlaying(playing);
    };
  }
}"""


def until(page: Page, ready: Any) -> Any:
    return first_true(page, ready, WITHIN, lambda: f"the page says {page.locator('#notices').inner_text()!r}")


def opened(page: Page, link: str = LINK) -> Page:
    """The page with every run drawn."""
    page.goto(link)
    page.locator(".miniature").first.wait_for()
    until(page, lambda: page.evaluate("potholeLab.methods?.miniatures.size > 0"))
    until(page, lambda: all(one[1] for one in page.evaluate(STATE)))
    page.evaluate(NOTE)
    return page


def run_of(page: Page, name: str) -> dict[str, Any]:
    (found,) = [one for one in page.evaluate(STATE) if one[0] == name]
    return dict(zip(("name", "ready", "playing", "step", "steps", "words"), found, strict=True))


def test_runs_play_in_view_and_lead_into_the_toy_lab(page: Page) -> None:
    opened(page)
    told = page.evaluate(STATE)
    assert {one[0] for one in told} == set(toy_methods())
    assert {one[4] for one in told} == {60}
    assert "Annular well" in page.locator("#methods-ground").inner_text()
    gnp = page.locator("#method-gnp")
    figure = gnp.locator("figure")
    figure.evaluate("(node) => node.scrollIntoView({ block: 'center' })")
    until(page, lambda: "GNP" in page.evaluate("played"))
    assert "Lion" not in page.evaluate("played"), "what is out of view rests"
    until(page, lambda: not run_of(page, "GNP")["playing"] and run_of(page, "GNP")["step"] == 60)
    assert figure.get_attribute("aria-label").endswith(run_of(page, "GNP")["words"])
    figure.get_by_role("button", name="Play GNP").click()
    until(page, lambda: page.evaluate("played").count("GNP") == 2)

    gnp.get_by_role("link", name="Open in the toy lab").click()
    lab = LabPage(page)
    page.locator("#outcomes [data-outcome]").first.wait_for(state="attached")
    lab.until(lambda: "GNP" in lab.outcomes())
    assert list(lab.outcomes()) == ["SGDM", "SAM", "LLQR", "LLQR+SAM", "GNP"]
    assert lab.state("steps") == 60, "at the setting of the page"


def test_less_motion_keeps_it_still_until_somebody_plays_it(new_page: Any) -> None:
    page = opened(new_page(reduced_motion="reduce"))
    figure = page.locator("#method-sam figure")
    figure.evaluate("(node) => node.scrollIntoView({ block: 'center' })")
    until(page, lambda: page.evaluate("[...potholeLab.methods.miniatures.values()].some((one) => one.showing)"))
    assert page.evaluate("played") == []
    figure.get_by_role("button", name="Play SAM").click()
    until(page, lambda: page.evaluate("played") == ["SAM"])

    # On paper: light, and nothing folded.
    page.evaluate("potholeLab.methods.state.set({ scheme: 'dark' }, 'user')")
    until(page, lambda: page.evaluate("document.documentElement.dataset.scheme") == "dark")
    page.emulate_media(media="print")
    until(page, lambda: page.evaluate("document.documentElement.dataset.scheme") == "light")
    until(page, lambda: page.locator(".method-card details:not([open])").count() == 0)
    assert page.locator("#method-sam figure canvas").first.is_visible()
    assert page.get_by_role("button", name="Play SAM").is_hidden()
    page.emulate_media(media="screen")
    until(page, lambda: page.locator(".method-card details[open]").count() == 0)
