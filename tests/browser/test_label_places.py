"""Names in a drawing: none covers another, none leaves the picture, and each is tied to what it names."""

from __future__ import annotations

import pytest

from tests.browser.lab_page import LabPage

PRESETS = ("figure-2", "figure-3", "stiff-valley", "two-scale")
ALL_STAGES = "anatomy=on&anatomy_stage=7&step=0"
TOLD = "(({ data }) => data && [data.method, data.asked])(potholeLab.toy.anatomy)"
DRAWN = """() => {
  const { named, boxes, width, height } = potholeLab.toy.anatomy.view.places;
  return { named, boxes, width, height };
}"""


@pytest.fixture
def lab(page):
    return LabPage(page)


def overlap(a, b):
    return (
        a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]
    )


def test_every_name_of_a_step_can_be_read(lab):
    """The names as they were drawn: apart from each other and from the scale's bar, for each method at many steps."""
    lab.open(f"/?preset={PRESETS[0]}&{ALL_STAGES}")
    for index, preset in enumerate(PRESETS):
        if index:
            lab.follow(f"/?preset={preset}&{ALL_STAGES}")
        check_names(lab)


def check_names(lab):
    seen = 0
    for method in ("SGDM", "SAM", "LLQR", "LLQR+SAM"):
        lab.page.evaluate("(name) => potholeLab.toy.state.set({ anatomy_method: name }, 'user')", method)
        for step in (0, 3, 20, 60, 200, 599):
            lab.page.evaluate("(step) => potholeLab.toy.player.seek(step)", step)
            want = [method, min(step, lab.state("steps"))]
            lab.until(lambda want=want: lab.page.evaluate(TOLD) == want)
            places = lab.page.evaluate(DRAWN)
            for index, one in enumerate(places["named"]):
                seen += 1
                assert one["box"]["x"] >= 0 and one["box"]["x"] + one["box"]["w"] <= places["width"], one
                assert not overlap(one["box"], places["boxes"][0]), (method, step, one)
                for other in places["named"][:index]:
                    assert not overlap(one["box"], other["box"]), (method, step, one, other)
    assert seen > 100


def test_the_name_of_a_diverging_path_stays_off_the_axes(lab):
    """Over the tick labels below the map it could not be read, nor they."""
    lab.open("/?preset=stiff-valley")
    told = lab.page.evaluate(
        "(({ paths }) => ({ named: paths.leaving, frame: paths.projector.frame() }))(potholeLab.toy.pictures.map)"
    )
    x, y, w, h = told["frame"]
    assert {one["text"] for one in told["named"]} == {"SGDM diverges", "SAM diverges"}
    for one in told["named"]:
        box = one["box"]
        assert x <= box["x"] and box["x"] + box["w"] <= x + w
        assert y <= box["y"] and box["y"] + box["h"] <= y + h
