"""What a newcomer sees without scrolling, at the sizes of laptops, projectors and phones."""

from __future__ import annotations

import pytest

from tests.browser.launch import PHONE

SIZES = {
    "1280x720": {"width": 1280, "height": 720},
    "1366x768": {"width": 1366, "height": 768},
    "1440x900": {"width": 1440, "height": 900},
    "1920x1080": {"width": 1920, "height": 1080},
}
NEEDED = {
    "η": "[data-control=learning_rate] .slider",
    "ρ": "[data-control=radius] .slider",
    "noise": "[data-control=noise_variance] .slider",
    "Play": "#play-button",
    "title": "#question",
}
MEASURED = """(selectors) => Object.fromEntries(Object.entries(selectors).map(([name, selector]) => {
  const { left, top, right, bottom } = document.querySelector(selector).getBoundingClientRect();
  return [name, { left, top, right, bottom }];
}))"""


def check(page) -> None:
    size = page.viewport_size
    assert page.evaluate("scrollY") == 0
    for name, box in page.evaluate(MEASURED, NEEDED).items():
        assert box["right"] > box["left"] and box["bottom"] > box["top"], name
        assert box["left"] >= 0 and box["top"] >= 0, (name, box)
        assert box["right"] <= size["width"] and box["bottom"] <= size["height"], (name, box)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


@pytest.mark.parametrize("query", ["", "&theme=projector&scenes=lab", "&panel=shown"])
def test_the_main_settings_and_play_are_on_the_first_screen(page, query):
    page.set_viewport_size(SIZES["1280x720"])
    page.goto(f"/?preset=figure-2&step=3000{query}")
    page.locator("#outcomes [data-outcome]").first.wait_for()
    if "scenes" in query:
        page.locator("#lecture-bar .scene-title").wait_for()
    for size in SIZES.values():
        page.set_viewport_size(size)
        page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        check(page)


def test_they_are_on_a_phone_s_first_screen(new_page):
    page = new_page(**PHONE)
    page.goto("/?preset=figure-2&step=3000")
    page.locator("#outcomes [data-outcome]").first.wait_for()
    check(page)
