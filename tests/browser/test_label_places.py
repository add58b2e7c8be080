"""Names in a drawing: none covers another, none leaves the picture, and each is tied to what it names."""

from __future__ import annotations

import random

import pytest

from tests.browser.lab_page import LabPage

PLACED = """([room, lines, names]) => {
  const places = new potholeLab.LabelPlaces(room);
  for (const [from, to] of lines) places.avoid(from, to);
  return names.map(({ at, towards, size }) => places.place(at, towards, size));
}"""
TOLD = "(({ data }) => data && [data.method, data.asked])(potholeLab.toy.anatomy)"
DRAWN = """() => {
  const { named, boxes, width, height } = potholeLab.toy.anatomy.view.places;
  return { named, boxes, width, height };
}"""
ROOM = {"width": 480, "height": 480}
MARGIN = 2


@pytest.fixture
def lab(page):
    return LabPage(page)


def overlap(a, b):
    return (
        a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]
    )


def gap(at, box):
    dx = max(box["x"] - at[0], 0, at[0] - box["x"] - box["w"])
    dy = max(box["y"] - at[1], 0, at[1] - box["y"] - box["h"])
    return (dx * dx + dy * dy) ** 0.5


def crowd(seed):
    """Twelve names of places within a few pixels of each other, as of tiny vectors, near the middle or an edge."""
    draw = random.Random(seed)
    middle = draw.choice([(240, 240), (30, 240), (470, 465), (240, 6)])
    names = []
    for _ in range(12):
        turn = draw.uniform(-1, 1)
        names.append(
            {
                "at": [middle[0] + draw.uniform(-5, 5), middle[1] + draw.uniform(-5, 5)],
                "towards": [turn, (1 - turn * turn) ** 0.5 * draw.choice([-1, 1])],
                "size": {"w": draw.uniform(8, 120), "h": 15},
            }
        )
    return names


def test_names_of_a_crowd_are_apart_inside_and_tied(lab):
    lab.open("/?preset=figure-2&steps=10")
    for seed in range(40):
        names = crowd(seed)
        lines = [[[240, 240], name["at"]] for name in names]
        placed = lab.page.evaluate(PLACED, [ROOM, lines, names])
        boxes = [one["box"] for one in placed]
        for index, (name, one) in enumerate(zip(names, placed, strict=True)):
            box = one["box"]
            assert not any(overlap(box, other) for other in boxes[:index]), (seed, index)
            assert box["x"] >= MARGIN and box["x"] + box["w"] <= ROOM["width"] - MARGIN
            assert box["y"] >= MARGIN and box["y"] + box["h"] <= ROOM["height"] - MARGIN
            at = [min(max(v, 0), 480) for v in name["at"]]
            assert (one["leader"] is not None) is (gap(at, box) > 16)
            if one["leader"]:
                assert one["leader"][0] == pytest.approx(at)
        assert placed == lab.page.evaluate(PLACED, [ROOM, lines, names]), "the same drawing, the same places"


def test_a_lone_name_stands_beside_its_place_and_not_over_its_arrow(lab):
    lab.open("/?preset=figure-2&steps=10")
    name = {"at": [200, 200], "towards": [1, 0], "size": {"w": 30, "h": 15}}
    (alone,) = lab.page.evaluate(PLACED, [ROOM, [], [name]])
    assert alone["box"]["x"] == 206 and alone["leader"] is None
    (beside,) = lab.page.evaluate(PLACED, [ROOM, [[[200, 200], [300, 200]]], [name]])
    assert not beside["box"]["y"] < 200 < beside["box"]["y"] + 15 or beside["box"]["x"] + 30 < 200
    (outside,) = lab.page.evaluate(PLACED, [ROOM, [], [{**name, "at": [900, 240]}]])
    assert outside["box"]["x"] + 30 <= 478


@pytest.mark.parametrize("preset", ["figure-2", "figure-3", "stiff-valley", "two-scale"])
def test_every_name_of_a_step_can_be_read(lab, preset):
    """The names as they were drawn: apart from each other and from the scale's bar, for each method at many steps."""
    lab.open(f"/?preset={preset}&anatomy=on&anatomy_stage=7&step=0")
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
