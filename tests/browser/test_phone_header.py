"""The header of every page on a phone: two rows at most, and each target is as wide and high as a finger."""

from __future__ import annotations

import pytest

FINGER = 44
PAGES = ("/", "/instruments?resolution=12&runs=1&steps=60", "/network", "/methods", "/paper", "/nowhere")

MEASURED = """() => {
  const shown = [...document.querySelectorAll(".top a, .top button")].filter((node) => node.offsetParent !== null);
  return shown.map((node) => {
    const { top, left, right, width, height } = node.getBoundingClientRect();
    const cut = node.scrollWidth > node.clientWidth + 1;
    return { name: node.textContent, top: Math.round(top), left, right, width, height, cut };
  });
}"""


@pytest.mark.parametrize("query", ["", "theme=projector&scheme=dark"])
@pytest.mark.parametrize("path", PAGES)
def test_two_rows_of_finger_wide_targets(phone_page, page_problems, path, query):
    if path == "/nowhere":
        page_problems.allow("404")
    phone_page.goto(f"{path}{'&' if '?' in path else '?'}{query}")
    phone_page.locator(".top .brand").wait_for()
    if path != "/nowhere":
        phone_page.wait_for_function(
            "() => ['toy', 'instruments', 'network', 'methods', 'paper'].some((page) => potholeLab[page])"
        )
        if "projector" in query:
            phone_page.locator("html[data-theme=projector]").wait_for(state="attached")
    found = phone_page.evaluate(MEASURED)
    assert len(found) >= 1
    assert len({one["top"] for one in found}) <= 2, found
    for one in found:
        assert one["width"] >= FINGER and one["height"] >= FINGER, one
        assert one["left"] >= 0 and one["right"] <= 390 and not one["cut"], one
    assert phone_page.locator(".top").bounding_box()["height"] <= 2 * FINGER + 16
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_copied_link_is_said_without_a_third_row(phone_page):
    phone_page.goto("/instruments?resolution=12&runs=1&steps=60")
    button = phone_page.locator("[data-action=copy-link]")
    button.wait_for()
    phone_page.evaluate("document.querySelector('[data-action=copy-link]').textContent = 'Copied'")
    assert len({one["top"] for one in phone_page.evaluate(MEASURED)}) == 2
