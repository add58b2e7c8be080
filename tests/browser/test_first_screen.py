"""What a newcomer sees without scrolling, at the sizes of laptops, projectors and phones."""

from __future__ import annotations

import pytest

from tests.browser.lab_page import LabPage
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
    "cut": "#cut-picture",
}
MEASURED = """(selectors) => Object.fromEntries(Object.entries(selectors).map(([name, selector]) => {
  const { left, top, right, bottom } = document.querySelector(selector).getBoundingClientRect();
  return [name, { left, top, right, bottom }];
}))"""

CUT_OFF = """() => [...document.querySelectorAll(".first-screen :is(.caption, .method-words, figcaption .hint)")]
  .filter((words) => words.checkVisibility() && words.scrollWidth > words.clientWidth + 1)
  .map((words) => words.innerText)"""
"""Words of which only a beginning is shown."""


def outside(page, needed) -> list[str]:
    """What is not wholly within the window, and where it is."""
    size = page.viewport_size
    boxes = page.evaluate(MEASURED, needed)
    return [
        f"{name}: {box}"
        for name, box in boxes.items()
        if not (0 <= box["left"] < box["right"] <= size["width"] and 0 <= box["top"] < box["bottom"] <= size["height"])
    ]


def check(page, needed=NEEDED) -> None:
    """All of it comes to stand within the window: heights are measured a moment after the window has changed."""
    lab = LabPage(page)
    try:
        lab.until(lambda: not outside(page, needed))
    except AssertionError:
        raise AssertionError(f"at {page.viewport_size}: {outside(page, needed)}") from None
    assert page.evaluate("scrollY") == 0
    assert lab.overflow() <= 0


@pytest.mark.parametrize(
    "query", ["", "&theme=projector&frozen=%3Fradius%3D1", "&theme=projector&scenes=lab", "&panel=shown"]
)
def test_the_main_settings_and_play_are_on_the_first_screen(page, query):
    page.set_viewport_size(SIZES["1280x720"])
    page.goto(f"/?preset=figure-2&step=3000{query}")
    lab = LabPage(page)
    page.locator("#outcomes [data-outcome]").first.wait_for(state="attached")
    needed = NEEDED
    if "frozen" in query:  # a row of words more
        page.get_by_text("Frozen: ρ 1 → now 0.3").wait_for()
    if "scenes" in query:  # a scene on the projector shows what it needs: pictures and playback
        page.locator("#lecture-bar .scene-title").wait_for()
        needed = {name: NEEDED[name] for name in ("cut", "Play")}
    for size in SIZES.values():
        page.set_viewport_size(size)
        check(page, needed)
        if "theme=projector" in query and "scenes" not in query:
            lab.until(lambda: page.evaluate(CUT_OFF) == [])


def test_after_the_reveal_a_projector_shows_verdict_and_cut(page):
    page.set_viewport_size(SIZES["1280x720"])
    page.goto("/?preset=figure-2&predict=outcome&step=0&speed=1000&pace=even&steps=200&theme=projector")
    page.locator("#reveal:enabled").wait_for()
    LabPage(page).until(lambda: page.evaluate("document.documentElement.scrollHeight <= innerHeight"))
    page.locator("#reveal").click()
    verdict = page.locator("#predict-verdict:not(:empty)")
    verdict.wait_for()
    assert verdict.inner_text().startswith("Nobody guessed. SGDM: trapped")
    check(page, {**NEEDED, "verdict": "#predict-verdict"})
    assert page.locator("#cut-stack").bounding_box()["height"] > 220, "two rows of lanes with ground and words"


def test_playback_stays_in_one_row_where_cost_is_counted_in_gradients(page):
    """The longest words of the readout, in the projector's letters, down to where the phone's layout begins."""
    page.set_viewport_size(SIZES["1920x1080"])
    lab = LabPage(page).open("/?preset=figure-2&cost=evaluations&step=600&panel=hidden&theme=projector")
    lab.until(lambda: "gradient evaluations" in page.locator("#step-readout").inner_text())
    rows = """() => {
      const bar = document.getElementById("player"), right = bar.getBoundingClientRect().right + 1;
      const shown = [...bar.children].filter((part) => part.checkVisibility());
      const boxes = shown.map((part) => part.getBoundingClientRect()), first = boxes[0];
      return boxes.filter((box) => box.top >= first.bottom || box.bottom <= first.top || box.right > right).length;
    }"""
    for width in (1920, 1440, 1366, 1280, 1024, 830):
        page.set_viewport_size({"width": width, "height": 720})
        lab.until(lambda: page.evaluate("innerWidth") == width)  # noqa: B023 - waited for within the turn
        assert page.evaluate(rows) == 0, width


def test_in_a_low_window_nothing_lies_over_the_settings(page):
    """As beside a video call: it scrolls, and each slider takes the pointer all the same."""
    page.set_viewport_size({"width": 1024, "height": 480})
    lab = LabPage(page).open("/?preset=figure-2&steps=20").draw()
    for name in ("learning_rate", "radius", "noise_variance"):
        before = lab.state(name)
        lab.drag(name, 0.5, 0.7, moves=3)
        assert lab.state(name) != before, name


def test_they_are_on_a_phone_s_first_screen(new_page):
    page = new_page(**PHONE)
    page.goto("/?preset=figure-2&step=3000")
    page.locator("#outcomes [data-outcome]").first.wait_for()
    check(page)


def test_a_run_plays_by_itself_once_and_back_undoes(new_page):
    """Opened without a step it plays, slowly at first; a link with a step does not, nor one for less motion. Back takes
    back a preset and a slider, and plays nothing."""
    lab = LabPage(new_page())
    page = lab.page
    page.goto("/?preset=figure-2&speed=1000&steps=200")
    speed = "potholeLab.toy?.player.playing && document.getElementById('speed').innerText.trim()"  # as it begins
    assert lab.until(lambda: page.evaluate(speed)) == "6 steps/s"
    page.keyboard.press("Space")
    assert 0 <= lab.step() < 200
    lab.settle()

    page.locator("[data-control=radius] .slider").focus()
    page.keyboard.press("ArrowRight")
    lab.settle()
    lab.until(lambda: "radius=0.31" in page.evaluate("location.search"))
    page.locator("[data-action=preset][data-value=stiff-valley]").click()
    lab.until(lambda: page.evaluate("potholeLab.toy.player.playing"))
    lab.until(lambda: "preset=stiff-valley" in page.evaluate("location.search"))
    page.go_back()
    lab.until(lambda: lab.state("preset") == "figure-2" and lab.state("radius") == 0.31)
    page.go_back()
    lab.until(lambda: lab.state("radius") == 0.3)
    lab.settle()
    assert not page.evaluate("potholeLab.toy.player.playing")
    page.locator("[data-action=preset][data-value=figure-2]").click()
    lab.until(lambda: lab.state("steps") == 600)
    lab.settle()
    assert not page.evaluate("potholeLab.toy.player.playing || potholeLab.toy.wantsPlay"), "once"

    page.goto("/?preset=figure-2&steps=200")  # names no step: it plays…
    lab.until(lambda: page.evaluate("potholeLab.toy?.player.playing"))
    page.goto("/methods")
    page.go_back()  # …but not for those who come back to it
    page.locator("#outcomes [data-outcome]").first.wait_for()
    assert not page.evaluate("potholeLab.toy.player.playing || potholeLab.toy.wantsPlay")
    assert lab.step() == 200

    still = LabPage(new_page(reduced_motion="reduce"))
    still.page.goto("/?preset=figure-2&steps=50")
    still.page.locator("#outcomes [data-outcome]").first.wait_for()
    assert not still.page.evaluate("potholeLab.toy.player.playing || potholeLab.toy.wantsPlay")
    assert still.step() == 50
