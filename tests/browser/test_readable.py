"""What is shown can be read: a field shows what is computed, a link says what it leaves out."""

from __future__ import annotations

import pytest

from tests.browser.lab_page import LabPage


@pytest.fixture
def lab(page):
    return LabPage(page).open("/?preset=stiff-valley")


def test_a_field_shows_what_is_computed(lab):
    """A typed value off the control's grid was rounded by the server alone."""
    for name, typed, kept in [("steps", "128.7", 130), ("noise_variance", "1e-30", 0), ("radius", "0.12345", 0.12)]:
        lab.type(name, typed)
        assert lab.state(name) == kept
        assert float(lab.field(name).input_value()) == kept
        lab.until(lambda name=name, kept=kept: lab.page.evaluate("potholeLab.toy.lastRequest")[name] == kept)
    assert lab.page.locator("#step-readout").inner_text() == "step 130 of 130"


def test_a_link_says_what_it_leaves_out(lab):
    lab.follow("/?preset=stiff-valley&banana=1")
    lab.until(lambda: any("“banana”" in notice for notice in lab.notices()))
