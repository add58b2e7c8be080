"""For everybody: every figure says what it shows, and axe-core finds nothing serious on what opens closer."""

from __future__ import annotations

import re

from tests.browser.axe import findings
from tests.browser.network_lab import SMALL, NetworkPage
from tests.browser.waiting import settled

QUICK = "resolution=12&runs=1&steps=100"
FIGURES = """() => [...document.querySelectorAll("figure")].filter((one) => one.checkVisibility()).map((one) =>
  [one, ...one.querySelectorAll("[aria-label]")].map((node) => node.getAttribute("aria-label") ?? "").join(" "))"""


def check_figures(page):
    """Every figure says what it shows, with numbers."""
    said = page.evaluate(FIGURES)
    assert said
    for words in said:
        assert re.search(r"SGDM|SAM|LLQR|Start", words), words
        assert re.search(r"\d", words), words


def test_every_instrument_is_sound_and_says_what_it_shows(page):
    for index, name in enumerate(["phase", "race", "fairness", "basins", "two-scale"]):
        settled(page, f"/instruments?instrument={name}&{QUICK}", within=index > 0)
        assert findings(page) == [], name
        check_figures(page)


def test_the_toy_lab_s_figures_say_what_they_show(page):
    for index, preset in enumerate(["figure-2", "two-scale"]):
        settled(page, f"/?preset={preset}", within=index > 0)
        check_figures(page)


def test_axe_on_what_looks_closer(page):
    """Anatomy of a step, a cloud, equal cost and settings of each method's own, all open at once."""
    inspectors = "anatomy=on&anatomy_stage=4&cloud=16&cost=evaluations&tuning=own&steps=100"
    for index, scheme in enumerate(["light", "dark"]):
        settled(page, f"/?preset=figure-2&{inspectors}&scheme={scheme}", within=index > 0)
        page.locator("#anatomy-stages li").first.wait_for()
        page.locator("#cloud-counts tr").first.wait_for()
        assert findings(page) == [], scheme


def test_axe_on_a_phone(phone_page):
    settled(phone_page, "/?preset=figure-2")
    phone_page.locator("#controls-button").tap()
    assert findings(phone_page) == []
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390


def test_axe_on_windows_questions_and_tables(page):
    """What is not on the page at first: the help sheet, the lecture window, a prediction, the table of values."""
    page.goto("/?preset=figure-2&noise_variance=0&step=0&predict=outcome")
    page.locator(".predict fieldset").nth(3).wait_for()
    assert page.locator(".predict fieldset").count() == 4
    assert findings(page) == []
    page.keyboard.press("?")
    page.locator("#help-sheet").wait_for()
    assert findings(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    page.locator("#lecture-window summary").click()
    assert findings(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.keyboard.press("End")
    page.keyboard.press("t")
    page.locator("#data-table table").first.wait_for()
    assert findings(page) == []


HEARD = """() => {
  const region = document.querySelector("#spoken");
  window.heard = [];
  new MutationObserver(() => window.heard.push(region.textContent)).observe(region, {childList: true});
}"""
"""All that is read out from now on: what is said next takes the place of what was said."""
LOOKED_AT = "slice_asked=yes&slice_points=11&curvature_asked=yes&curvature_when=along&curvature_moments=2"


def test_a_training_is_told_in_words_and_numbers(new_page):
    """The curves, the plane, the slice and the curvature of a run; its table of values; less motion."""
    lab = NetworkPage(new_page(reduced_motion="reduce")).open(f"{SMALL}&steps=60&{LOOKED_AT}")
    page = lab.page
    said = lambda selector: page.locator(selector).get_attribute("aria-label") or ""  # noqa: E731
    assert "no path is drawn yet" in said("#plane-stack")
    page.evaluate(HEARD)
    lab.start()
    lab.wait_for("finished")
    spoken = lab.until(lambda: page.evaluate("heard.find((words) => words.includes('Finished'))"))
    rows = page.evaluate("potholeLab.network.curves.rows.map((row) => row.methods.SGDM)")
    losses = page.evaluate("potholeLab.network.curves.line('SGDM', 'train_loss', 'steps').y")
    number = "async (loss) => (await import('/assets/core/format.js')).formatNumber(loss)"
    first, last = (page.evaluate(number, loss) for loss in (losses[0], losses[-1]))
    assert f"Training loss at step 60: SGDM {last}, test accuracy" in spoken
    lab.until(lambda: f"0 to 60: SGDM from {first} to {last}; LLQR+SAM from" in said("#train_loss-chart"))
    lab.until(lambda: "to step 60" in said("#plane-stack"))
    places = r"SGDM from \(0, 0\) to \(−?\d\S+, \S+\); LLQR\+SAM from \(0, 0\) to \("
    assert re.search(places, said("#plane-stack")), said("#plane-stack")

    page.keyboard.press("t")
    table = page.locator("#data-table table").first
    table.wait_for()
    cells = table.locator("tbody tr").last.locator("th, td").all_inner_texts()
    assert cells[:2] == ["60", last]
    assert cells[-2] == str(rows[-1]["evaluations"])
    page.keyboard.press("t")

    page.locator("#play-button").click()
    frames = page.locator(".film-strip figure")
    lab.until(lambda: frames.count() == 6)
    assert frames.last.locator("figcaption").inner_text() == "step 60"
    assert f"SGDM {last}" in (frames.last.get_attribute("aria-label") or "")
    # Its ground comes with a job of its own, which may end after the run, and the frames are drawn anew with it.
    lab.until(lambda: lab.ink(".film-strip figure:last-child canvas") > 2000)
    assert page.evaluate("!potholeLab.network.player.playing")
    page.get_by_role("button", name="Play anyway").click()
    lab.until(lambda: page.evaluate("potholeLab.network.player.step > 0"))
    assert frames.count() == 0

    for panel in ("slice", "curvature"):
        page.locator(f"#{panel}-answer").wait_for(timeout=300_000)
        lab.until(lambda panel=panel: page.evaluate(f"potholeLab.network.explore.current.{panel}?.done != null"))
    told = r"from \S+ to \S+\. Projected paths, steps 0 to 60: SGDM, loss \S+ to"
    lab.until(lambda: re.search(told, said("#slice-map-stack")))
    for words in page.evaluate(FIGURES):
        assert re.search(r"SGDM", words), words
        assert re.search(r"\d", words), words
    page.locator("#slice-play").click()
    assert page.locator("#slice-play").inner_text() == "Play anyway"
    assert page.evaluate("!potholeLab.network.explore.panels.slice.player.playing")
    page.locator("#slice-play").click()
    lab.until(lambda: page.evaluate("potholeLab.network.explore.panels.slice.player.playing"))
    assert findings(page) == []


def test_an_instrument_says_what_it_left_out_of_a_request(page):
    def more(route):
        route.continue_(post_data={**route.request.post_data_json, "whirl": 3})

    page.route("**/instruments/race", more)
    settled(page, f"/instruments?instrument=race&{QUICK}")
    assert "“whirl”" in page.locator("#notices").inner_text()
