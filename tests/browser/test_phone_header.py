"""The header of every page on a phone: two rows at most, and each target is as wide and high as a finger."""

from __future__ import annotations

import pytest

from tests.browser.launch import PHONE

FINGER = 44
PAGES = ("/", "/instruments?resolution=12&runs=1&steps=60", "/network", "/methods", "/paper")
GO = "(link) => { history.pushState(null, '', link); dispatchEvent(new PopStateEvent('popstate')); }"
"""As the page's back button does."""

MEASURED = """() => {
  const shown = [...document.querySelectorAll(".top a, .top button")].filter((node) => node.offsetParent !== null);
  return shown.map((node) => {
    const { top, left, right, width, height } = node.getBoundingClientRect();
    const cut = node.scrollWidth > node.clientWidth + 1;
    return { name: node.textContent, top: Math.round(top), left, right, width, height, cut };
  });
}"""

WIDEST = """() => {
  window.widest = 0;
  const look = () => {
    widest = Math.max(widest, document.documentElement?.scrollWidth ?? 0);
    requestAnimationFrame(look);
  };
  look();
}"""
"""How wide the page has been at most, at any of its frames."""


def check_header(page):
    found = page.evaluate(MEASURED)
    assert len(found) >= 1
    assert len({one["top"] for one in found}) <= 2, found
    for one in found:
        assert one["width"] >= FINGER and one["height"] >= FINGER, one
        assert one["left"] >= 0 and one["right"] <= 390 and not one["cut"], one
    assert page.locator(".top").bounding_box()["height"] <= 2 * FINGER + 16
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    return found


@pytest.mark.parametrize("path", PAGES)
def test_two_rows_of_finger_wide_targets(phone_page, path):
    phone_page.goto(path)
    phone_page.locator(".top .brand").wait_for()
    phone_page.wait_for_function(
        "() => ['toy', 'instruments', 'network', 'methods', 'paper'].some((page) => potholeLab[page])"
    )
    check_header(phone_page)
    if path.startswith("/instruments"):
        phone_page.evaluate("document.querySelector('[data-action=copy-link]').textContent = 'Copied'")
        assert len({one["top"] for one in check_header(phone_page)}) == 2, "a copied link is said without a third row"
    look = f"{path}{'&' if '?' in path else '?'}theme=projector&scheme=dark"
    phone_page.evaluate(GO, look)
    phone_page.locator("html[data-theme=projector][data-scheme=dark]").wait_for(state="attached")
    check_header(phone_page)


def test_a_page_is_never_wider_than_the_phone_while_it_opens(new_page):
    """It was for some frames, by swatches that were not drawn yet; and a phone shows a wide page smaller."""
    page = new_page(fresh=True, **PHONE)
    page.add_init_script(f"({WIDEST})()")
    for path in ("/", "/network"):
        page.goto(path)
        page.locator("#legend button[aria-pressed=true]").first.wait_for()
        assert page.evaluate("widest") <= 390, path


def test_a_page_that_is_not_there_has_such_a_header_too(phone_page, page_problems):
    page_problems.allow("404")
    phone_page.goto("/nowhere")
    phone_page.locator(".top .brand").wait_for()
    check_header(phone_page)
