"""What is shown can be read: labels differ, a field shows what is computed, a link says what it leaves out."""

from __future__ import annotations

import pytest

from tests.browser.lab_page import LabPage

LABELS = """({ low, high, height }) => {
  const box = document.createElement("div");
  box.style.cssText = `position: fixed; width: 300px; height: ${height}px`;
  document.body.append(box);
  const chart = new potholeLab.LineChart(box);
  const said = [];
  const draw = chart.lines.context.fillText.bind(chart.lines.context);
  chart.lines.context.fillText = (text, ...place) => {
    if (chart.lines.context.textAlign === "right") said.push(text);
    draw(text, ...place);
  };
  chart.setSeries([], 100, [low, high]);
  box.remove();
  return said;
}"""

HARD = [(400, 400.0000001), (400, 400), (0, 0), (-3, 58), (0.0123, 0.0124), (-6.2, 5), (1e-9, 2e6), (99, 102)]


@pytest.fixture
def lab(page):
    return LabPage(page).open("/?preset=stiff-valley")


def test_labels_of_an_axis_differ_and_are_enough(lab):
    """400, 400, 400: the curvature along a stiff valley differs by a hair."""
    for low, high in HARD:
        for height in (120, 155, 300):
            labels = lab.page.evaluate(LABELS, {"low": low, "high": high, "height": height})
            assert len(set(labels)) == len(labels) >= 2, (low, high, height, labels)


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
