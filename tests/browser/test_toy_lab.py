"""The toy lab in a real browser: what a person would click, drag and read, on a desktop and on a phone.

Every test also fails on a console error, an exception on the page, a failed request or a request to elsewhere.
"""

from __future__ import annotations

import pytest

from app.toy.request import read_link
from tests.browser.lab_page import LabPage

ALL = ["SGDM", "SAM", "LLQR", "LLQR+SAM"]


@pytest.fixture
def lab(page):
    return LabPage(page)


@pytest.fixture
def phone(phone_page):
    return LabPage(phone_page)


def test_the_first_page_shows_the_figure_and_its_statements(lab):
    lab.open()
    assert list(lab.table()) == ALL
    assert lab.outcomes() == {"SGDM": "trapped", "SAM": "reached", "LLQR": "trapped", "LLQR+SAM": "reached"}
    assert "in the annular well" in lab.table()["SGDM"]["Outcome"]
    assert lab.page.locator("h1").inner_text() == "A sharp pothole. Who gets out?"
    assert "Our reconstruction" in lab.page.locator("#caption").inner_text()
    lab.until(lambda: lab.painted("map") > 200 and lab.painted("relief") > 200)
    assert lab.overflow() <= 0
    assert lab.notices() == []
    verdicts = lab.until(lambda: lab.page.locator("#claims .verdict").all_inner_texts())
    assert set(verdicts) <= {"holds", "does not hold", "not tested here"}
    assert "of 20" in lab.page.locator("#claims").inner_text()


def test_dragging_a_slider_moves_the_paths_and_the_link(lab):
    lab.open("/?preset=figure-2")
    before = lab.table()
    lab.drag("learning_rate", 0.5, 0.62)
    rate = lab.state("learning_rate")
    assert rate != 0.0165
    assert lab.field("learning_rate").input_value() == str(rate)
    # The setting is no longer the preset's: the title says so, and no preset is lit as if it were.
    lit = lab.page.locator("[data-action=preset][data-value=figure-2]")
    assert lit.get_attribute("aria-pressed") == "mixed"
    assert lab.page.locator("#changed span").inner_text().startswith("Changed: η 0.")
    assert not lab.page.locator("#caption").is_visible()
    assert lab.page.evaluate("potholeLab.toy.lastRequest.learning_rate") == rate
    after = lab.table()
    assert after != before
    link = lab.link()
    lab.open(link)
    assert lab.table() == after
    assert lab.link() == link


def test_fields_sliders_and_what_is_said_of_them(lab):
    """Typing into a field, sliders by keys, and all of it for who only hears."""
    lab.open("/?preset=figure-2&steps=100")
    lab.until(lambda: "SGDM: trapped" in lab.page.locator("#spoken").text_content())
    unnamed = lab.page.evaluate(
        """[...document.querySelectorAll('button, input, select, canvas[role]')]
          .filter((n) => n.checkVisibility() && !n.closest('.modebar'))
          .filter((n) => !(n.getAttribute('aria-label') || n.textContent.trim() || n.labels?.length))
          .map((n) => n.outerHTML.slice(0, 120))"""
    )
    assert unnamed == []
    lab.slider("radius").focus()
    lab.page.keyboard.press("ArrowRight")
    lab.settle()
    assert lab.state("radius") == pytest.approx(0.31)
    assert lab.step() == 100  # the key belongs to the slider, not to playback
    lab.slider("learning_rate").focus()
    lab.page.keyboard.press("ArrowRight")
    lab.settle()
    assert 0.0165 < lab.state("learning_rate") < 0.018
    lab.type("radius", "0,5")
    assert lab.state("radius") == 0.5
    lab.type("radius", "99")
    lab.until(lambda: lab.state("radius") == 3)
    assert lab.field("radius").input_value() == "3"
    assert "Probe radius ρ = 99 is outside 0 … 3; 3 is used." in lab.notices()
    lab.type("radius", "far")
    assert lab.field("radius").input_value() == "3"
    assert any("must be a number from 0 to 3, not the text “far”" in notice for notice in lab.notices())
    lab.type("radius", "0.3")
    lab.until(lambda: lab.notices() == [])
    lab.type("noise_variance", "1e-9")
    assert lab.state("noise_variance") == 1e-9


def test_the_start_is_set_by_mouse_and_keyboard(lab):
    lab.open("/?preset=figure-2")
    pad = lab.page.locator("#map-stack .pad")
    box = pad.bounding_box()
    x, y, width, height = lab.page.evaluate(
        "(({ x, y }) => [x.offset, y.offset, x.length, y.length])(potholeLab.toy.pictures.map.axes())"
    )
    lab.page.mouse.click(box["x"] + x + 0.75 * width, box["y"] + y + 0.25 * height)
    lab.settle()
    (low, high) = (-8, 8)
    assert lab.state("start_x") == pytest.approx(low + 0.75 * (high - low), abs=0.05)
    assert lab.state("start_y") == pytest.approx(low + 0.75 * (high - low), abs=0.05)
    assert float(lab.field("start_x").input_value()) == lab.state("start_x")
    before = lab.state("start_x")
    pad.focus()
    lab.page.keyboard.press("ArrowLeft")
    lab.settle()
    assert lab.state("start_x") == pytest.approx(before - 0.005 * (high - low), abs=1e-3)
    assert lab.page.evaluate("potholeLab.toy.pictures.map.start[0]") == lab.state("start_x")
    # A drag that leaves the map stops at its edge.
    lab.page.mouse.move(box["x"] + x + 0.5 * width, box["y"] + y + 0.5 * height)
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + x + 0.5 * width, box["y"] + y - 50, steps=4)
    lab.page.mouse.up()
    lab.settle()
    assert lab.state("start_y") == high
    assert lab.notices() == []


def test_playback_by_keys_and_buttons(lab):
    lab.open("/?preset=figure-2&speed=20")  # half a minute to the end: it is stopped long before
    keyboard = lab.page.keyboard
    assert lab.step() == 600
    keyboard.press("Home")
    assert lab.step() == 0
    keyboard.press("ArrowRight")
    keyboard.press("Shift+ArrowRight")
    assert lab.step() == 11
    keyboard.press("ArrowLeft")
    assert lab.step() == 10
    assert lab.state("step") == 10
    keyboard.press("Space")
    assert lab.page.locator("#play-button").inner_text() == "Pause"
    lab.until(lambda: lab.step() > 12)
    keyboard.press("Space")
    paused = lab.step()
    lab.page.wait_for_timeout(150)
    assert lab.step() == paused
    keyboard.press("End")
    assert lab.step() == 600
    lab.page.locator("[data-action=back]").click()
    assert lab.step() == 599
    scrubber = lab.page.locator("#scrubber input")
    scrubber.fill("300")
    assert lab.step() == 300
    lab.page.locator("#loop-button").click()
    assert lab.state("loop") == "on"
    link = lab.link()
    lab.page.keyboard.press("End")
    lab.follow(link)
    assert lab.step() == 300
    assert lab.page.locator("#loop-button").get_attribute("aria-pressed") == "true"


def test_playback_ends_at_the_end_and_loops_when_asked(lab):
    lab.open("/?preset=figure-2&steps=100&speed=1000&pace=even&step=60")
    lab.page.locator("#play-button").click()
    lab.until(lambda: lab.page.locator("#play-button").inner_text() == "Play")
    assert lab.step() == 100
    lab.page.evaluate("window.seen = []; window.p = potholeLab.toy.player; p.loop = true; p.speed = 500;")
    lab.page.evaluate("const f = p.onStep; p.onStep = (t) => { seen.push(t); f(t); }")
    lab.page.locator("#play-button").click()
    lab.until(lambda: lab.page.evaluate("seen.some((t, i) => i > 2 && t < seen[i - 1])"))
    lab.page.locator("#play-button").click()


def test_methods_are_hidden_and_shown(lab):
    lab.open("/?preset=figure-2")
    whole = lab.painted("map")
    lab.page.locator('[data-method="LLQR+SAM"].method').click()
    lab.settle()
    lab.until(lambda: "LLQR+SAM" not in lab.table())
    assert lab.painted("map") < whole
    link = lab.link()
    lab.page.locator('[data-method="LLQR+SAM"].method').click()
    lab.until(lambda: list(lab.table()) == ALL)
    lab.follow(link)
    assert list(lab.table()) == ["SGDM", "SAM", "LLQR"]


def test_presets(lab):
    lab.open()
    for name, surface, outcomes in (
        ("Figure 3", "annular-well", {"SGDM": "trapped", "SAM": "reached", "LLQR": "trapped", "LLQR+SAM": "reached"}),
        ("Stiff valley", "stiff-valley", {"SGDM": "diverged", "SAM": "diverged", "LLQR+SAM": "reached"}),
    ):
        lab.page.get_by_role("button", name=name).click()
        lab.until(lambda surface=surface: lab.page.evaluate("potholeLab.toy.surface.surface") == surface)
        lab.until(lambda outcomes=outcomes: outcomes.items() <= lab.outcomes().items())
        assert lab.page.locator("#surface-choice select").input_value() == surface
    lab.page.get_by_role("button", name="Two-scale quadratic").click()
    lab.until(lambda: lab.page.locator("#relief-title").inner_text() == "Position against step")
    lab.settle()
    assert lab.page.locator('[data-field="start_y"]').count() == 0
    lab.page.keyboard.press("Home")
    lab.page.get_by_role("button", name="Figure 2").click()
    lab.until(lambda: lab.page.locator("#relief-title").inner_text() == "Surface")
    lab.until(lambda: lab.painted("relief") > 200)


def test_another_surface_brings_its_own_controls(lab):
    lab.open()
    lab.page.locator("#surface-choice select").select_option("rosenbrock")
    lab.until(lambda: lab.page.evaluate("potholeLab.toy.surface.surface") == "rosenbrock")
    assert lab.state("preset") == "custom"
    assert lab.page.locator('[data-field="surface.radius"]').count() == 0
    rows = lab.page.locator("#surface-controls [data-control]").all()
    assert {"start_x", "start_y"} <= {row.get_attribute("data-control") for row in rows}
    table, link = lab.table(), lab.link()
    lab.follow("/?preset=two-scale")
    assert lab.table() != table
    lab.follow(link)
    assert lab.table() == table


def test_a_surface_parameter_changes_the_map_and_a_button_its_colours(lab):
    lab.open("/?preset=figure-2&steps=50")
    before = lab.page.evaluate("potholeLab.toy.surfaceKey")
    lab.drag("surface.depth", 0.35, 0.6)
    lab.draw()
    assert lab.page.evaluate("potholeLab.toy.surfaceKey") != before
    depth = lab.state("surface.depth")
    assert f"depth={depth}" in lab.page.evaluate("potholeLab.toy.surfaceKey")
    background = "getComputedStyle(document.body).backgroundColor"
    light = lab.page.evaluate(background)
    lab.page.locator("#scheme-button").click()
    lab.until(lambda: lab.page.evaluate("document.documentElement.dataset.scheme") == "dark")
    dark = lab.page.evaluate(background)
    assert dark != light
    link = lab.link()
    lab.follow("/?preset=figure-2")
    assert lab.page.evaluate(background) == light
    lab.follow(link)
    assert lab.page.evaluate(background) == dark


def test_a_broken_link_is_explained_and_the_session_goes_on(lab):
    """Then, of a whole one, browser and server write the same link."""
    lab.open("/?learning_rate=fast&radius=77&surface=moon&methods=Adagrad,SAM&steps=50&nonsense=1")
    said = " ".join(lab.notices())
    for words in ("Learning rate", "Probe radius", "moon", "Adagrad", "nonsense"):
        assert words in said
    assert list(lab.table()) == ["SAM"]
    lab.page.locator("#notices .close").first.click()
    assert len(lab.notices()) == 4
    lab.drag("momentum", 0.9, 0.4)
    assert lab.state("momentum") < 0.6
    lab.follow("/?preset=figure-3&methods=SAM,LLQR%2BSAM&radius=0.5&camera_x=2")
    state = lab.page.evaluate("potholeLab.toy.state.values")
    reading = read_link(lab.link().partition("?")[2])
    assert reading.state == state
    assert not reading.notices
    assert not reading.problems


def test_a_link_does_not_wait_for_what_was_asked_before_it(lab):
    """Nor is its step taken by that answer, whose run may be shorter."""
    lab.open("/?preset=figure-2")
    held = []
    lab.page.route("**/toy/compute", lambda route: held.append(route), times=1)  # never answered
    lab.page.evaluate("potholeLab.toy.gate.timeout = 1e9; potholeLab.toy.state.set({ steps: 50 }, 'user')")
    lab.until(lambda: held)
    lab.follow("/?preset=figure-2&step=300")
    assert lab.page.evaluate("potholeLab.toy.player.steps") == 600
    assert lab.step() == 300


def test_an_unknown_page_says_so(page, page_problems):
    page_problems.allow("404")
    page.goto("/moon")
    page.get_by_role("heading", name="There is no such page").wait_for()
    page.get_by_role("main").get_by_role("link", name="Toy lab").click()
    page.locator("#outcomes [data-outcome]").first.wait_for()


def test_a_server_that_does_not_answer_is_said_and_found_again(lab):
    lab.open("/?preset=figure-2&steps=50")
    lab.page.evaluate("potholeLab.toy.gate.timeout = 400")
    held = []
    lab.page.route("**/*", lambda route: held.append(route))  # never answered
    lab.slider("radius").focus()
    lab.page.keyboard.press("ArrowRight")
    lab.until(lambda: any("does not answer" in notice for notice in lab.notices()))
    lab.page.keyboard.press("ArrowRight")
    lab.page.unroute_all()
    lab.page.evaluate("potholeLab.toy.gate.timeout = 60_000")
    lab.until(lambda: lab.page.evaluate("potholeLab.toy.lastRequest.radius") == 0.32)
    lab.until(lambda: lab.notices() == [])


def test_a_phone_shows_everything_below_each_other(phone):
    phone.open()
    assert phone.overflow() <= 0
    boxes = [phone.page.locator(f"#{name}-picture").bounding_box() for name in ("map", "relief")]
    assert boxes[1]["y"] >= boxes[0]["y"] + boxes[0]["height"]
    words = [phone.page.locator(f"#{name}-hint").inner_text() for name in ("map", "relief")]
    assert words == ["Tap to set the start", "Two fingers turn and zoom"], "no mouse is spoken of"
    assert not phone.page.locator("#controls").is_visible()
    phone.page.locator("#controls-button").tap()
    assert phone.page.locator("#controls").is_visible()
    assert phone.page.locator("[data-control=momentum]").is_visible()
    assert phone.overflow() <= 0
    map_box, panel = (phone.page.locator(name).bounding_box() for name in ("#map-stack", "#controls"))
    assert map_box["height"] < panel["y"], "the whole map has room above the settings"
    phone.page.locator("#controls-button").tap()
    assert not phone.page.locator("#controls").is_visible()
    before = phone.table()
    slider = phone.slider("learning_rate")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box["x"] + box["width"] <= 390
    phone.page.touchscreen.tap(box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2)
    phone.settle()
    assert phone.state("learning_rate") != 0.0165
    phone.until(lambda: phone.table() != before)
    pad = phone.page.locator("#map-stack .pad")
    pad.scroll_into_view_if_needed()
    pad.tap(position={"x": 150, "y": 150})
    phone.settle()
    assert phone.state("start_x") < 0
    phone.page.locator("#play-button").tap()
    phone.until(lambda: 0 < phone.step() < 600)
