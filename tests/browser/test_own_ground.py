"""Ground of one's own on the pages: a formula that is typed, what cannot be read, potholes dug and taken back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.lab_page import WITHIN, LabPage

GOOD = "x^2/4 + y^2/4 + sin(3*x)*cos(2*y)"


@pytest.fixture
def lab(page) -> LabPage:
    return LabPage(page)


def test_a_formula_is_typed_and_what_cannot_be_read_leaves_the_picture(lab) -> None:
    page = lab.open("/?surface=formula&steps=60").page
    first = lab.state("surface.formula")
    key = page.evaluate("potholeLab.toy.surface.key")
    field = page.locator('[data-field="surface.formula"]')
    fault = page.locator(".field-fault")
    field.fill("x^2 + (y")
    expect(fault).to_have_text("The formula opens a bracket that it does not close.", timeout=1000 * WITHIN)
    expect(field).to_have_attribute("aria-invalid", "true")
    assert lab.state("surface.formula") == first, "the state keeps the last good formula, and so does the link"
    assert page.evaluate("potholeLab.toy.surface.key") == key
    lab.drag("learning_rate", 0.4, 0.5)
    lab.settle()
    expect(page.locator("#notices .notice.error")).to_have_count(0)
    field.fill(GOOD)
    field.press("Enter")
    lab.until(lambda: GOOD in page.evaluate("potholeLab.toy.surface.key"))
    expect(fault).to_be_hidden()
    lab.until(lambda: "sin(3*x)" in page.url)
    page.goto(page.url)
    page.locator("#outcomes [data-outcome]").first.wait_for(timeout=1000 * WITHIN)
    expect(field).to_have_value(GOOD)


def test_potholes_are_dug_by_a_click_changed_and_taken_back(lab) -> None:
    page = lab.open("/?surface=quadratic-bowl&steps=60").draw().page
    start = lab.state("start_x")
    dig = page.get_by_role("button", name="Dig a pothole")
    box = page.locator("#map-stack .pad").bounding_box()

    def click(across: float, up: float) -> None:
        dig.click()
        expect(dig).to_have_attribute("aria-pressed", "true")
        page.mouse.click(box["x"] + across * box["width"], box["y"] + up * box["height"])
        expect(dig).to_have_attribute("aria-pressed", "false")

    undo = page.locator('[data-control="pits"]').get_by_role("button", name="Undo")
    page.evaluate("performance.now = () => 900")  # whoever digs in the first second can take it back, too
    click(0.4, 0.4)
    expect(undo).to_be_visible(timeout=1000 * WITHIN)
    page.evaluate("delete performance.now")
    click(0.6, 0.6)
    lab.until(lambda: ";" in lab.state("pits"))
    lab.settle()
    assert lab.state("start_x") == start, "the start stays while a pothole is dug"
    names = page.evaluate("potholeLab.toy.surface.minima.map((minimum) => minimum.name)")
    assert any("dug pothole" in name for name in names)
    two = lab.state("pits")
    field = page.locator('[data-field="pits.1.depth"]')
    field.fill("2.5")
    field.press("Enter")
    lab.until(lambda: re.fullmatch(r"[^;]+;[^,]+,[^,]+,2\.5,[^,]+", lab.state("pits")))
    page.get_by_role("button", name="Fill pothole 1").click()
    lab.until(lambda: ";" not in lab.state("pits"))
    while undo.is_visible():
        undo.click()
    lab.until(lambda: lab.state("pits") == "")
    assert lab.settle().state("start_x") == start

    # Escape leaves digging; the key begins it, and an arrow key on the map digs beside the start
    page.keyboard.press("o")
    expect(dig).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(dig).to_have_attribute("aria-pressed", "false")
    page.locator("#map-stack .pad").focus()
    page.keyboard.press("o")
    page.keyboard.press("ArrowRight")
    lab.until(lambda: lab.state("pits"))
    assert lab.state("start_x") == start

    page.goto(f"/instruments?surface=quadratic-bowl&steps=40&resolution=12&instrument=basins&pits={two}")
    expect(page.locator("#pits-rows > li")).to_have_count(2, timeout=1000 * WITHIN)
