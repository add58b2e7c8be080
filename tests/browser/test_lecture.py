"""A lecture walked through by keyboard alone, from its start to its end, at a lecture hall's size and at a phone's."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest
from playwright.sync_api import Error, Page

from app.lecture.scenes import EXERCISES, load_scenes
from app.server import build
from tests.browser.lab_page import LabPage
from tests.browser.launch import PHONE
from tests.browser.scene_in_sight import FITTED, check_in_sight

HALL = {"viewport": {"width": 1280, "height": 720}}
OWN = """# My lecture

## A bowl
link: /?surface=quadratic-bowl&steps=50&step=0

Round it goes.

## Phases
link: /instruments?instrument=phase&resolution=12&runs=1&steps=50
"""

build()
SCENES = load_scenes().scenes
TITLES = [scene.title for scene in SCENES]
EXERCISE = load_scenes(EXERCISES).scenes[0]


def bar(lab: LabPage) -> tuple[str, ...]:
    """("1 of 24", title of the scene); nothing while no lecture is shown or the page itself changes."""
    try:
        return tuple(lab.page.locator(".scene-count, .scene-title").all_inner_texts())
    except Error:  # the page is being left
        return ()


def scene_shown(lab: LabPage, index: int) -> None:
    """Wait until the bar names the scene; on the way to it the page itself may change."""
    lab.until(lambda: bar(lab) == (f"{index} of {len(TITLES)}", TITLES[index - 1]))


def focused(page: Page, selector: str) -> bool:
    return page.evaluate("(selector) => document.activeElement?.matches(selector) ?? false", selector)


def tab_to(page: Page, selector: str, most: int = 120) -> None:
    """Press Tab until an element has the focus: it must be reachable, and its focus must be seen."""
    for _ in range(most):
        if focused(page, selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {selector}")


def instrument_done(lab: LabPage, name: str) -> None:
    lab.until(lambda: lab.page.locator(f"#{name}-body[aria-busy=false] .heat").count() > 0)


def at(title: str) -> int:
    """The number of a scene."""
    return TITLES.index(title) + 1


def go_on(lab: LabPage, index: int) -> None:
    """By clicker to a scene from the one before it, which is played first where it stands at its first step: then
    verdict and pictures are seen together."""
    before = SCENES[index - 2]
    if "step=0" in before.link.split("&"):
        lab.settle()
        if lab.page.evaluate("potholeLab.toy.player.step") == 0:
            lab.page.keyboard.press("PageDown")
            lab.until(lambda: lab.step() > 0)
            assert bar(lab)[0] == f"{index - 1} of {len(TITLES)}"
        if "predict=" in before.link:
            lab.page.keyboard.press("End")
            check_in_sight(lab, before, "#predict-verdict:not(:empty)")
    lab.page.keyboard.press("PageDown")
    scene_shown(lab, index)


def walk_to(lab: LabPage, title: str) -> None:
    """By clicker to a scene, through all that lie before it; each says its sentence and asks its question, and all that
    it speaks of stands on one screen."""
    here = int(bar(lab)[0].split()[0])
    for index in range(here + 1, at(title) + 1):
        go_on(lab, index)
        card = lab.page.locator("#lecture-card")
        assert card.locator(".card-say").inner_text() == SCENES[index - 1].say
        assert SCENES[index - 1].ask in card.locator(".card-ask").inner_text()
        for name in SCENES[index - 1].turn:
            card.locator(f'[data-control="{name}"]').wait_for()
        check_in_sight(lab, SCENES[index - 1])


def covered_part(page: Page) -> float:
    """The part of the cut that the question over the pictures hides."""
    card, cut = (page.locator(name).bounding_box() for name in (".predict", "#cut-stack"))
    return max(cut["y"] + cut["height"] - card["y"], 0.0) / cut["height"]


@pytest.mark.parametrize("size", [HALL, PHONE], ids=["hall", "phone"])
def test_a_prediction_by_keyboard(new_page, size):
    lab = LabPage(new_page(**size))
    page, keyboard = lab.page, lab.page.keyboard
    page.goto(f"/?scenes=lab&scene={at('Out')}")
    scene_shown(lab, at("Out"))
    page.locator("#reveal:enabled").wait_for()
    lab.settle()

    if size is HALL:  # on a projector the card leaves the pictures in sight
        theme = "document.documentElement.dataset.theme"
        keyboard.press("p")
        lab.until(lambda: page.evaluate(theme) == "projector" and covered_part(page) < 0.35)
        keyboard.press("p")
        lab.until(lambda: page.evaluate(theme) != "projector")
        lab.settle()

    # Nothing gives the run away until it is revealed.
    lab.until(lambda: lab.painted("map") < 4000)
    assert not page.locator("#outcomes").is_visible()
    assert not page.locator("#losses-chart").is_visible()
    assert page.locator("#spoken").text_content() == ""
    for method, downs in (("SGDM", 0), ("SAM", 0)):
        tab_to(page, f"[name='predict-{method}']")
        keyboard.press("Space")
        for _ in range(downs):
            keyboard.press("ArrowRight")
    assert page.locator(".scene-count").inner_text() == f"{at('Out')} of {len(TITLES)}"  # arrows belong to the question
    guesses = page.evaluate("[...document.querySelectorAll('.predict input:checked')].map((one) => one.value)")
    assert guesses == ["escapes", "escapes"]
    tab_to(page, "#reveal")
    keyboard.press("Enter")
    lab.until(lambda: lab.step() > 0)
    keyboard.press("End")
    verdict = lab.until(lambda: page.locator("#predict-verdict").inner_text())
    assert verdict.startswith("1 of 2 right.")
    assert "SGDM: you said “escapes”; trapped" in verdict
    assert page.evaluate("document.documentElement.scrollWidth") <= size["viewport"]["width"]

    # A question that is asked while a run plays stops it: it would give the answer away, and could not be revealed.
    opened = page.evaluate("""() => {
        const { toy } = potholeLab;
        toy.player.seek(0);
        toy.player.play();
        toy.open({ query: location.search });
        return toy.opens;
    }""")
    lab.until(lambda: page.evaluate("potholeLab.toy.opens") > opened)
    assert page.evaluate("[potholeLab.toy.player.playing, potholeLab.toy.veiled]") == [False, True]


def test_the_whole_lecture_by_clicker(new_page):
    lab = LabPage(new_page(**HALL))
    page, keyboard = lab.page, lab.page.keyboard
    lab.open("/?preset=stiff-valley&theme=projector&panel=hidden")

    # The lecture window, its start button, the first scene.
    keyboard.press("l")
    assert page.locator("#lecture-window").is_visible()
    tab_to(page, "#lecture-window .window-tools .button")
    keyboard.press("Enter")
    scene_shown(lab, 1)
    lab.settle()
    check_in_sight(lab, SCENES[0])

    # The sheet of keys: a dialog that keeps the focus and closes on Escape.
    keyboard.press("?")
    sheet = page.locator("#help-sheet")
    for words in ("then the next scene (clickers send this)", "next vector of the step"):
        assert words in sheet.inner_text()
    for _ in range(3):
        keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    keyboard.press("Escape")
    lab.until(lambda: sheet.count() == 0)

    # Notes in a window of their own, in step with the lecture, with its plan of minutes.
    with page.expect_popup() as opened:
        keyboard.press("s")
    notes = opened.value
    notes.get_by_role("heading", name=TITLES[0], exact=True).wait_for()
    assert SCENES[0].ask in notes.locator("#notes-text").inner_text()
    assert "1 min, to 1:00 on the clock" in notes.locator("#notes-place").inner_text()
    assert notes.locator("#notes-following").inner_text() == TITLES[1]
    assert re.fullmatch(r"\d+:\d\d", notes.locator("#notes-elapsed").inner_text())

    # The control to turn stands beside the sentence, and goes home when the lecture goes on.
    walk_to(lab, "Faster, and over it")
    card = page.locator("#lecture-card")
    assert page.locator('[data-control="learning_rate"]').count() == 1
    lab.type("learning_rate", "0.003")
    lab.until(lambda: lab.outcomes() == {"SGDM": "trapped"})
    card.locator("summary").first.click()
    assert SCENES[1].answer in card.inner_text()
    walk_to(lab, "From inside")
    assert page.locator('[data-control="learning_rate"]').count() == 1
    assert card.locator("[data-control]").count() == 0

    # Playback in a lecture: the arrows change the scene, comma and full stop step; N goes through a step's anatomy.
    walk_to(lab, "Where SAM looks")
    lab.settle()
    keyboard.press("Home")
    keyboard.press(".")
    keyboard.press(".")
    keyboard.press(",")
    assert lab.step() == 1
    before = lab.state("anatomy_stage"), lab.state("anatomy")
    keyboard.press("n")
    lab.until(lambda: (lab.state("anatomy_stage"), lab.state("anatomy")) != before)

    # Who is first.
    walk_to(lab, "The same on the ring")
    lab.until(lambda: page.locator("[name='predict-first']").count() == 5)
    lab.settle()
    notes.get_by_role("heading", name="The same on the ring", exact=True).wait_for()
    tab_to(page, "[name='predict-first']")
    keyboard.press("Space")
    keyboard.press("r")
    lab.until(lambda: lab.step() > 0)
    keyboard.press("End")
    verdict = lab.until(lambda: page.locator("#predict-verdict").inner_text())
    arrivals = {
        m: int(row["Steps to arrival"].replace("\u202f", ""))
        for m, row in lab.table().items()
        if row["Steps to arrival"] != "–"
    }
    first = min(arrivals, key=arrivals.get)
    assert verdict.startswith("You said SGDM.")
    assert f"{first} arrives first, at step {arrivals[first]}" in verdict

    # Theme and colours stay through the scenes, on another page too; the link holds the place.
    keyboard.press("ArrowRight")
    race = at("U must not learn the pothole")
    scene_shown(lab, race)
    instrument_done(lab, "race")
    assert page.evaluate("document.documentElement.dataset.theme") == "projector"
    assert page.evaluate("new URLSearchParams(location.search).get('scene')") == str(race)
    notes.get_by_role("heading", name=TITLES[race - 1], exact=True).wait_for()
    assert page.locator("#race-body .verdict").count() == 2

    walk_to(lab, "Fair play on the ring")
    instrument_done(lab, "fairness")
    assert "LLQR+SAM" in page.locator("#fairness-body .verdict-sentence").inner_text()
    walk_to(lab, TITLES[-1])
    keyboard.press("PageDown")  # the last scene has no next one
    scene_shown(lab, len(TITLES))
    assert notes.locator("#notes-following").inner_text() == "the end"
    assert page.evaluate("document.documentElement.scrollWidth") <= HALL["viewport"]["width"]

    # Back from the notes' window, by number to the first, and the end.
    notes.keyboard.press("PageUp")
    scene_shown(lab, len(TITLES) - 1)
    keyboard.press("1")
    scene_shown(lab, 1)
    keyboard.press("l")
    tab_to(page, "#end-the-lecture")
    keyboard.press("Enter")
    lab.until(lambda: not page.locator("#lecture-bar").is_visible())
    assert page.locator("#lecture-card").is_hidden()
    notes.get_by_text("The lecture has ended.").wait_for()
    notes.close()

    # Once more, by its link in the header, which other settings on the page have not changed.
    lab.link()
    page.get_by_role("link", name="Story").click()
    scene_shown(lab, 1)


def test_an_exercise_solved_and_failed(new_page):
    lab = LabPage(new_page(**HALL))
    page = lab.page
    lab.open("/?preset=figure-2&steps=50&theme=projector&panel=hidden")
    page.keyboard.press("l")
    page.get_by_role("button", name="Start the exercises").click()
    lab.until(lambda: bar(lab)[1:2] == ("The shortest probe",))
    lab.settle()
    told = page.locator(".card-told")
    lab.type("radius", "0.05")
    page.locator("#check-exercise").click()
    told.get_by_text("Not yet.").wait_for()
    check_in_sight(lab, EXERCISE, ".card-told .conditions")
    assert "SAM leaves: SAM trapped" in told.inner_text()
    lab.type("radius", "0.11")
    page.locator("#check-exercise").click()
    told.get_by_text("Solved.").wait_for()
    page.keyboard.press("c")
    lab.type("seed", "3")
    page.locator("#check-exercise").click()
    told.get_by_text("changed: Seed").wait_for()


def test_the_handout_has_pictures_and_gives_answers_to_who_asks_for_them(new_page):
    lab = LabPage(new_page())
    page, text = lab.page, lab.page.locator("#handout-text")
    page.goto("/handout?scenes=exercises")
    page.locator("#handout-text[aria-busy=false]").wait_for()
    assert text.locator("img").count() == 10
    assert text.get_by_text("One solution").count() == 0 and text.locator(".line").count() == 30
    page.get_by_role("link", name="With answers").click()
    page.locator("#handout-text[aria-busy=false]").wait_for()
    assert text.get_by_text("One solution").count() == 10 and text.locator(".line").count() == 0
    page.emulate_media(media="print")
    assert page.locator(".handout-tools").is_hidden()
    assert page.locator(".top").is_hidden()


def test_a_dark_page_is_light_on_paper_and_has_no_tools(page):
    """Canvases too, at their size on paper, so that paths lie on their map; back on the screen it is dark again."""
    lab = LabPage(page).open("/?preset=figure-2&steps=50&scheme=dark").draw()
    shown = "[document.documentElement.dataset.scheme, potholeLab.toy.paper]"
    dark = page.evaluate(shown)
    page.emulate_media(media="print")
    lab.until(lambda: page.evaluate(shown)[0] == "light")
    assert page.evaluate(shown)[1] != dark[1]
    assert lab.state("scheme") == "dark", "the page's own colours are as they were"
    lab.until(lambda: set(page.evaluate(FITTED)) == {True} and min(lab.painted("map"), lab.painted("relief")) > 200)
    assert [button for button in page.locator("button:not(.method)").all() if button.is_visible()] == []
    boxes = [page.locator(name).bounding_box() for name in ("#map-stack", "#relief-stack", ".charts")]
    assert all(above["y"] + above["height"] <= below["y"] for above, below in pairwise(boxes))
    page.emulate_media(media="screen")
    lab.until(lambda: page.evaluate(shown) == dark)


def test_a_scene_file_opened_in_the_browser_stays_there(new_page, page_problems):
    page_problems.allow("422")
    lab = LabPage(new_page(**HALL))
    page = lab.page
    lab.open("/?preset=figure-2&steps=50")
    page.keyboard.press("l")
    page.get_by_text("Open a scene file").click()
    page.locator("#lecture-window textarea").fill(OWN.replace("steps=50&step=0", "steps=5000"))
    page.get_by_role("button", name="Start with these scenes").click()
    page.get_by_text("Line 4 of the scene file: link: Steps T = 5000 is outside 10 … 3000.").wait_for()
    assert lab.page.locator("#lecture-bar").is_hidden()
    file = {"name": "mine.md", "mimeType": "text/markdown", "buffer": OWN.encode()}
    page.locator("#lecture-window input[type=file]").set_input_files(files=[file])
    lab.until(lambda: page.locator("#lecture-window textarea").input_value() == OWN)
    page.get_by_role("button", name="Start with these scenes").click()
    lab.until(lambda: bar(lab)[1:] == ("A bowl",))
    lab.until(lambda: lab.state("surface") == "quadratic-bowl")
    page.keyboard.press("ArrowRight")
    lab.until(lambda: bar(lab)[1:] == ("Phases",))
    assert "scenes=own" in page.url
    link = page.url
    page.keyboard.press("l")
    page.get_by_role("button", name="Forget this file").click()
    page.goto("about:blank")
    page.goto(link)
    page.get_by_text("This browser keeps no scene file.").wait_for()


def test_a_lecture_of_ones_own_server(new_page, start_server, tmp_path):
    file = tmp_path / "scenes.md"
    file.write_text(OWN, encoding="utf-8")
    server = start_server("--scenes", str(file))
    lab = LabPage(new_page())
    lab.page.goto(f"{server.url}/?scenes=lab&scene=1")
    lab.until(lambda: bar(lab)[1:] == ("A bowl",))
    lab.until(lambda: lab.page.evaluate("potholeLab.toy.state.get('surface')") == "quadratic-bowl")
    with lab.page.context.expect_page() as opened:
        lab.page.keyboard.press("s")
    opened.value.get_by_text("Round it goes.").wait_for()


def test_a_scene_that_does_not_exist_is_said(page):
    lab = LabPage(page)
    lab.open("/?preset=figure-2&steps=50&scenes=lab&scene=59")
    lab.until(lambda: f"The lecture has {len(TITLES)} scenes; there is no scene 59." in lab.notices())
    lab.until(lambda: lab.state("scene") == len(TITLES))


def test_the_sheet_lists_the_keys_that_work(page):
    """Every key on the sheet is an entry of the table that the listener goes through, and each entry is there."""
    lab = LabPage(page).open("/?preset=figure-2&steps=50")
    lab.page.keyboard.press("?")
    told = set(lab.page.locator("#help-sheet dd").all_inner_texts())
    table = lab.page.evaluate("potholeLab.keys.shown.map(({ what }) => what)")
    assert told == set(table)
    assert len(told) > 12
    lab.page.keyboard.press("?")  # the key that opened it closes it
    lab.until(lambda: lab.page.locator("#help-sheet").count() == 0)
    lab.page.keyboard.press("d")
    assert lab.state("scheme") == "dark"
    lab.page.keyboard.press("d")
    lab.field("radius").focus()
    lab.page.keyboard.type("d")
    assert lab.state("scheme") == "light"  # typing into a field is typing


STRIP = """() => [...document.querySelectorAll(".strip-frame")].map((frame) =>
  [...frame.querySelectorAll("canvas")].map((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.reduce((sum, value) => sum + value, 0);
  }))"""


def test_less_motion_is_a_film_strip_first(new_page):
    lab = LabPage(new_page(reduced_motion="reduce", viewport={"width": 1366, "height": 768}))
    lab.open("/?preset=figure-2&noise_variance=0&step=0&speed=300&panel=hidden")
    lab.page.keyboard.press("Space")
    anyway = lab.page.get_by_role("button", name="Play anyway").bounding_box()
    assert lab.page.evaluate("scrollY") == 0 and anyway["y"] + anyway["height"] <= 768, "on the first screen"
    frames = lab.page.locator(".film-strip figure")
    assert frames.count() == 6
    steps = [int(text.split()[1]) for text in lab.page.locator(".film-strip figcaption").all_inner_texts()]
    assert steps[0] == 0
    assert steps[-1] == 600
    assert steps == sorted(set(steps))
    assert lab.page.locator("#play-button").inner_text() == "Play"
    assert "SGDM 0.23" in frames.last.get_attribute("aria-label")
    drawn = lab.page.evaluate(STRIP)
    assert len({json.dumps(one) for one in drawn}) >= 4  # pictures of different steps; at the end all may stand still
    lab.page.get_by_role("button", name="Play anyway").click()
    lab.until(lambda: lab.step() > 0)


def test_a_surface_without_a_basin_has_nothing_to_predict(page):
    lab = LabPage(page).open("/?surface=monkey-saddle&steps=50&predict=outcome")
    lab.until(lambda: any("nothing to predict" in notice for notice in lab.notices()))
    assert lab.page.locator("#outcomes").is_visible()


def test_the_projector_draws_larger(page):
    lab = LabPage(page).open("/?preset=figure-2&steps=100")
    sizes = """() => [
      Number.parseFloat(potholeLab.toy.pictures.map.still.context.font),
      potholeLab.toy.looks.SAM.width,
      Number.parseFloat(potholeLab.toy.pictures.charts.charts.losses.lines.context.font),
      Number.parseFloat(getComputedStyle(document.getElementById("caption")).fontSize)]"""
    before = page.evaluate(sizes)
    page.keyboard.press("p")
    lab.until(lambda: page.evaluate(sizes)[0] > before[0])
    lab.until(lambda: all(now > 1.3 * was for now, was in zip(page.evaluate(sizes), before, strict=True)))
    page.keyboard.press("p")
    lab.until(lambda: page.evaluate(sizes) == before)
