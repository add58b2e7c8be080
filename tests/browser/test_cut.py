"""The cut on the page: it follows player, line, link and methods, and does not give away what is to be guessed."""

from __future__ import annotations

import numpy as np
import pytest

from app.toy.batch import recorded_run
from app.toy.cut import lines_of
from app.toy.request import read_request
from tests.browser.lab_page import LabPage

LANES = (
    """() => potholeLab.toy.cut.view.picture?.lanes.map(({ name, row }) => row && [name, row.step, row.s, row.kick])"""
)
IDLE = "potholeLab.toy.cut.idle"
INK = """() => potholeLab.toy.cut.view.frames.map(([x, y, w, h]) => {
  const { context, ratio } = potholeLab.toy.cut.view.live;
  const { data } = context.getImageData(x * ratio, y * ratio, w * ratio, h * ratio);
  return data.filter((value, index) => index % 4 === 3 && value > 40).length;
})"""


def known(lab: LabPage) -> LabPage:
    """Wait until all that is asked for is known and drawn."""
    lab.settle().until(lambda: lab.page.evaluate(IDLE))
    lab.page.evaluate("() => potholeLab.toy.cut.draw()")
    return lab


def written_in_link(lab: LabPage, words: str) -> None:
    """The link is written a moment after the state has changed."""
    lab.until(lambda: words in lab.page.evaluate("location.search"))


@pytest.fixture
def lab(page):
    return known(LabPage(page).open("/?preset=figure-2&noise_variance=0.1&step=22"))


def test_the_lanes_stand_where_the_run_stands_and_follow_scrubbing_line_link_and_methods(lab):
    page = lab.page
    request, _ = read_request({"preset": "figure-2", "noise_variance": 0.1})
    runs = {name: recorded_run(request, name) for name in ("SGDM", "SAM", "LLQR", "LLQR+SAM")}

    def stands(step: int, line: str) -> bool:
        rows = page.evaluate(LANES)
        assert [name for name, *_ in rows] == list(runs)
        for name, at, s, kick in rows:
            lines = lines_of(*runs[name], line)
            assert at == min(step, 599)
            assert np.allclose([s, kick], [lines.ball[at, 0], lines.kick[at]], rtol=1e-5, atol=1e-6)
        return True

    assert stands(22, "basin")
    assert min(page.evaluate(INK)) > 200
    for step in (23, 300, 600):
        page.evaluate("(step) => potholeLab.toy.player.hold(step)", step)
        known(lab)
        assert stands(step, "basin")
    page.get_by_role("radio", name="Along −g").check()
    known(lab)
    assert stands(600, "gradient")
    written_in_link(lab, "cut_line=gradient")
    lab.follow("/?preset=figure-2&noise_variance=0.1&step=22&cut_line=probe")
    known(lab)
    assert stands(22, "probe")
    page.locator("#legend [data-method=SGDM]").click()
    known(lab)
    assert [name for name, *_ in page.evaluate(LANES)] == ["SAM", "LLQR", "LLQR+SAM"]
    label = page.locator("#cut-picture").get_attribute
    lab.until(lambda: "LLQR+SAM" in (label("aria-label") or "") and "SGDM" not in label("aria-label"))


def test_play_never_waits_and_shows_the_players_step_or_the_nearest_that_is_known(lab):
    page = lab.page
    page.evaluate("() => { potholeLab.toy.player.hold(0); }")
    known(lab)
    shown = page.evaluate(
        """() => new Promise((done) => {
          const { player, cut, followers } = potholeLab.toy;
          const found = [];
          followers.push((step) => {
            found.push([step, ...cut.view.picture.lanes.map(({ row }) => row.step)]);
            if (step >= 200) { player.pause(); done(found); }
          });
          player.speed = 240;
          player.play();
        })"""
    )
    # Of the whole run every twelfth or thirteenth step is known from the first answer on, however late the others come.
    assert max(abs(own - step) for step, *rows in shown for own in rows) <= 7
    known(lab)
    step = page.evaluate("potholeLab.toy.player.step")
    assert step >= 200
    assert {own for _, own, *_ in page.evaluate(LANES)} == {step}


def test_a_drag_leaves_the_newest_cut_and_a_curve_needs_no_line(lab):
    page = lab.page
    page.evaluate("() => { for (const radius of [0.35, 0.4, 0.45]) potholeLab.toy.state.set({ radius }, 'slider'); }")
    lab.until(lambda: page.evaluate("potholeLab.toy.lastRequest.radius") == 0.45)
    known(lab)
    request, _ = read_request({"preset": "figure-2", "noise_variance": 0.1, "radius": 0.45})
    lines = lines_of(*recorded_run(request, "SAM"), "basin")
    (sam,) = [row for row in page.evaluate(LANES) if row[0] == "SAM"]
    assert np.isclose(sam[2], lines.ball[22, 0], rtol=1e-5)
    assert page.get_by_text("Along −g").is_visible()
    written_in_link(lab, "radius=0.45")
    lab.follow("/?preset=two-scale")
    known(lab)
    assert not page.get_by_text("Along −g").is_visible()
    assert page.locator("#cut-hint").inner_text() == "the loss itself"


def test_a_prediction_is_not_given_away(lab):
    page = lab.page
    lab.follow("/?preset=figure-2&step=22&predict=outcome")
    known(lab)
    hidden = page.evaluate(INK)
    label = page.locator("#cut-picture").get_attribute
    lab.until(lambda: "hidden" in (label("aria-label") or ""))
    assert "kick" not in label("aria-label")
    page.get_by_role("button", name="Reveal and play").click()
    page.evaluate("() => potholeLab.toy.player.hold(22)")
    known(lab)
    assert all(after > before for before, after in zip(hidden, page.evaluate(INK), strict=True))


def test_on_a_phone_four_lanes_stand_side_by_side_and_nothing_scrolls_sideways(phone_page):
    phone = phone_page
    known(LabPage(phone).open("/?preset=figure-2&step=22"))
    frames = phone.evaluate("potholeLab.toy.cut.view.frames")
    assert len({x for x, *_ in frames}) == 2
    assert all(w > 120 and h > 80 for *_, w, h in frames)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
