"""The 3-D view in a real browser: what it hides, who has the wheel and the fingers, and what a browser takes away."""

from __future__ import annotations

import pytest

from tests.browser.lab_page import LabPage

RELIEF = "potholeLab.toy.pictures.relief"
EYE = f"(() => {{ const {{ x, y, z }} = {RELIEF}.camera.eye; return [x, y, z]; }})()"
FIRST = [0.83, -1.24, 1.35]
BALL = f"""(eye) => {{
  const relief = {RELIEF};
  relief.setEye(eye);
  const {{ entry, point }} = relief.paths.lines[0];
  const place = [0, 0, 0];
  point(entry.last, place);
  const {{ context, ratio }} = relief.paths.live;
  const alpha = (up) => context.getImageData(place[0] * ratio, (place[1] - up) * ratio, 1, 1).data[3];
  return [relief.hides(place), alpha(6)];
}}"""
"""Whether the walker's place is hidden, and how much there is of its ball, of 255."""
GROUND = f"""() => {{
  const {{ canvas }} = {RELIEF};
  const {{ data }} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let k = 3; k < data.length; k += 4) count += data[k] > 0;
  return count / (canvas.width * canvas.height);
}}"""
"""The part of the 3-D view that the ground takes."""
COUNT_COARSE = f"""() => {{
  const draw = {RELIEF}.draw.bind({RELIEF});
  window.coarse = 0;
  {RELIEF}.draw = (quick = false) => {{ coarse += quick; draw(quick); }};
}}"""


def middle(page, name="#relief-stack"):
    page.locator(name).scroll_into_view_if_needed()
    box = page.locator(name).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_walker_behind_a_wall_is_not_drawn_before_it(page):
    """LLQR+SAM in the basin: seen from above, behind a wall from the side; cut open it is seen there too."""
    lab = LabPage(page).open("/?preset=figure-2&methods=LLQR%2BSAM&noise_variance=0&steps=100&wedge=off").draw()
    assert page.evaluate(BALL, {"x": 0.1, "y": -0.1, "z": 2}) == [False, 255]
    side = {"x": 1.1, "y": -1.6, "z": 0.4}
    hidden, behind = page.evaluate(BALL, side)
    assert hidden and 0 < behind < 100, "it shows faintly through the wall"
    page.get_by_role("button", name="Cut open").click()
    assert page.evaluate(BALL, side) == [False, 255], "the cut goes through where it is"
    lab.until(lambda: lab.state("wedge") == "on")


def test_another_surface_is_drawn_coarsely_once(page):
    """With another start, which the cut goes through. Sharply it is drawn when the page has come to rest."""
    lab = LabPage(page).open("/?preset=figure-2&steps=50").draw()
    page.evaluate(COUNT_COARSE)
    lab.follow("/?preset=stiff-valley&steps=50").draw()
    lab.until(lambda: page.evaluate(f"{RELIEF}.canvas.width > 1.2 * {RELIEF}.width"))
    assert page.evaluate("coarse") == 1


def test_turning_moves_the_paths_and_the_link(page):
    lab = LabPage(page).open("/?preset=figure-2&steps=100").draw()
    x, y = middle(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 20, steps=5)
    page.mouse.up()
    lab.until(lambda: lab.state("camera_x") != FIRST[0])
    eye = [lab.state(f"camera_{axis}") for axis in "xyz"]
    assert page.evaluate(EYE) == pytest.approx(eye, abs=2e-3)
    link = lab.link()
    lab.follow("/?preset=stiff-valley")
    assert page.evaluate(EYE) == pytest.approx(FIRST, abs=2e-3)
    lab.follow(link)
    assert page.evaluate(EYE) == pytest.approx(eye, abs=2e-3)
    page.locator(".relief .pad").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("+")
    assert page.evaluate(EYE) != pytest.approx(eye, abs=0.05)
    page.get_by_role("button", name="Reset view").click()
    assert page.evaluate(EYE) == pytest.approx(FIRST, abs=2e-3)
    assert [lab.state(f"camera_{axis}") for axis in "xyz"] == FIRST


def test_the_wheel_is_the_page_s_until_the_picture_is_clicked_and_zooms_within_limits(page):
    page.set_viewport_size({"width": 1280, "height": 500})
    lab = LabPage(page).open("/?preset=figure-2&steps=50").draw()
    x, y = middle(page)
    scrolled = page.evaluate("scrollY")
    page.mouse.move(x, y)
    page.mouse.wheel(0, 120)
    lab.until(lambda: page.evaluate("scrollY") > scrolled)
    assert page.evaluate(EYE) == pytest.approx(FIRST, abs=2e-3)
    x, y = middle(page)
    page.mouse.click(x, y)
    scrolled = page.evaluate("scrollY")
    for _ in range(40):
        page.mouse.wheel(0, 400)
    lab.until(lambda: page.evaluate(f"{RELIEF}.camera.distance") == 4)
    # A slow machine's wheel rests more than once, and each time the state is told where.
    eye = page.evaluate(EYE)
    lab.until(lambda: [lab.state(f"camera_{axis}") for axis in "xyz"] == pytest.approx(eye, abs=1e-3))
    lab.draw()
    assert page.evaluate("scrollY") == scrolled and page.evaluate(GROUND) > 0.03, "no dot, however far"
    lab.open(lab.link())
    assert lab.notices() == [], "the app takes the camera that it has written"
    assert page.evaluate(f"{RELIEF}.camera.distance") == pytest.approx(4, abs=0.01)


def test_one_finger_scrolls_the_page_and_two_turn_and_zoom(phone_page):
    page = phone_page
    lab = LabPage(page).open("/?preset=figure-2&steps=50").draw()
    assert page.locator("#relief-hint").inner_text() == "Two fingers turn and zoom"
    assert "click" not in page.locator("#map-hint").inner_text().lower()
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y} for x, y in places]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    x, y = middle(page)
    scrolled = page.evaluate("scrollY")
    touch("touchStart", (x, y))
    for move in range(1, 9):
        touch("touchMove", (x, y - 15 * move))
    touch("touchEnd")
    lab.until(lambda: page.evaluate("scrollY") > scrolled + 50)
    assert page.evaluate(EYE) == pytest.approx(FIRST, abs=2e-3)
    x, y = middle(page)
    scrolled, before = page.evaluate("scrollY"), page.evaluate(f"{RELIEF}.camera.distance")
    for kind, apart, aside in (("touchStart", 40, 0), ("touchMove", 50, 20), ("touchMove", 60, 40)):
        touch(kind, (x + aside - apart, y), (x + aside + apart, y))
    touch("touchEnd")
    lab.until(lambda: lab.state("camera_x") != FIRST[0])
    assert page.evaluate(f"{RELIEF}.camera.distance") == pytest.approx(before / 1.5, rel=0.05)
    assert page.evaluate("scrollY") == scrolled


def test_no_picture_hangs_on_a_context_that_can_be_lost_for_good(page):
    """No canvas holds WebGL. A 2-D canvas whose memory the browser takes is given back empty, and drawn again."""
    lab = LabPage(page).open("/?preset=figure-2&steps=50").draw()
    kinds = "[...document.querySelectorAll('canvas')].map((one) => one.getContext('webgl') ?? one.getContext('webgl2'))"
    assert set(page.evaluate(kinds)) == {None}
    before = page.evaluate(GROUND)
    assert before > 0.2
    page.evaluate(
        """() => {
          const { relief, map } = potholeLab.toy.pictures;
          const layers = [relief, map].flatMap(({ paths }) => [paths.trail.canvas, paths.live.canvas]);
          for (const canvas of [relief.canvas, map.still.canvas, ...layers]) {
            canvas.getContext("2d").reset();
            canvas.dispatchEvent(new Event("contextrestored"));
          }
        }"""
    )
    lab.until(lambda: page.evaluate(GROUND) == pytest.approx(before, rel=0.01))
    assert lab.painted("map") > 200 and lab.painted("relief") > 200
