"""The cloud of walkers in a real browser: by its control, through the link, while playing, on a curve, on a phone."""

from __future__ import annotations

import pytest

from tests.browser.lab_page import LabPage


@pytest.fixture
def lab(page):
    return LabPage(page)


def answered(lab):
    return lab.until(lambda: lab.page.evaluate("potholeLab.toy.cloud.answer?.sentence"))


def live_pixels(lab):
    """Pixels of the map's layer of walkers that are not empty."""
    return lab.page.evaluate(
        """() => {
          const { live } = potholeLab.toy.pictures.map.paths;
          const { data } = live.context.getImageData(0, 0, live.canvas.width, live.canvas.height);
          let count = 0;
          for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count += 1;
          return count;
        }"""
    )


def test_a_cloud_by_its_control_and_its_link(lab):
    lab.open("/?preset=figure-3&steps=200&step=20")
    before = live_pixels(lab)
    lab.type("cloud", "64")
    said = answered(lab)
    assert said.startswith("Of 64 walkers each, these reach the flat basin: SGDM 0;")
    assert lab.page.locator("#cloud-sentence").inner_text() == said
    assert live_pixels(lab) > before
    assert "By the step shown, of 64 walkers have arrived" in lab.page.locator("#cloud-now").inner_text()
    lab.page.keyboard.press("End")
    rows = lab.page.locator("#cloud-counts tbody tr")
    reached = rows.nth(3).locator("td").first.inner_text()
    lab.until(lambda: f"LLQR+SAM {reached.split()[0]}." in lab.page.locator("#cloud-now").inner_text())
    assert "cloud=64" in lab.link()
    lab.page.locator("[data-action=cloud-off]").click()
    assert lab.page.locator("#cloud-section").is_hidden()
    assert lab.state("cloud") == 0


def test_a_change_of_the_walk_asks_for_the_cloud_anew(lab):
    lab.open("/?preset=figure-2&steps=100&cloud=16&cloud_spread=0.01")
    before = answered(lab)
    lab.type("learning_rate", "0.05")
    lab.until(lambda: lab.page.evaluate("potholeLab.toy.cloud.answer?.sentence") != before)


def test_on_a_curve_with_its_ghost_on_a_phone(phone_page):
    lab = LabPage(phone_page)
    lab.open("/?preset=two-scale&radius=0.6&cloud=32&step=30")
    answered(lab)
    assert lab.page.evaluate("potholeLab.toy.cloud.ghosts.length") == 1
    assert lab.overflow() <= 0
