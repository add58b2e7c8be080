"""The network page in a real browser: it trains, draws, plays and answers a slice that is changed."""

import re


def trained(page, query=""):
    page.goto(f"/network{query}")
    page.wait_for_function("() => document.querySelectorAll('#outcomes tbody tr').length === 4", timeout=120_000)


def test_train_draw_and_play(page):
    trained(page, "?steps=40&refresh_every=20")
    rows = page.locator("#outcomes tbody tr").all_inner_texts()
    assert [re.split(r"\s", row)[0] for row in rows] == ["SGDM", "SAM", "LLQR", "LLQR+SAM"]
    assert page.locator("#step-readout").inner_text() == "step 40 of 40"
    page.keyboard.press("Home")
    assert page.locator("#step-readout").inner_text() == "step 0 of 40"
    page.locator("#play-button").click()
    page.wait_for_function("() => document.getElementById('step-readout').textContent === 'step 40 of 40'")
    before = page.locator("#outcomes").inner_text()
    page.locator("input[value=pca]").check()
    page.wait_for_function("(old) => document.getElementById('outcomes').innerText !== old", arg=before, timeout=60_000)
    page.wait_for_function("() => location.search.includes('plane=pca')")


def test_a_broken_link_is_said_and_the_page_goes_on(page, page_problems):
    page_problems.allow("422")
    page.goto("/network?steps=soon")
    page.get_by_text("Steps T must be").wait_for()
    assert page.locator("#train-button").is_enabled()


def test_a_phone_shows_one_picture_below_the_other(phone_page):
    trained(phone_page, "?steps=20")
    flat, relief = (phone_page.locator(f"#{name}-picture").bounding_box() for name in ("map", "relief"))
    assert relief["y"] >= flat["y"] + flat["height"]
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390
