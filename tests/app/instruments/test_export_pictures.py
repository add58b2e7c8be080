"""Pictures of the instruments that the server draws: well-formed, closed, in the page's colours, with their numbers."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.drawing.sheet import WIDE, Sheet, wrapped
from app.instruments.export import files as instrument_files
from app.instruments.export import maps as instrument_maps
from app.instruments.export import pictures as instrument_pictures
from app.instruments.export import two_scale as two_scale_picture
from app.instruments.export.maps import CellAxis, Cells, draw_cells, sequential
from app.instruments.page import tables as page_tables
from app.state.numbers_as_text import number
from optimizers import METHODS

pytestmark = pytest.mark.slow

ASSETS = Path(__file__).resolve().parents[3] / "assets" / "instruments"
QUICK = {"resolution": "12", "runs": "3", "steps": 60, "preset": "figure-2"}
INSTRUMENTS = ("phase", "race", "fairness", "basins", "two-scale")


def wish_of(name: str, **more):
    return instrument_files.read_export({**QUICK, "instrument": name, "format": "svg", **more})


def words_of(content: bytes) -> str:
    root = ElementTree.fromstring(content)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    return "\n".join(node.text or "" for node in root.iter() if node.tag.endswith("}text"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", INSTRUMENTS)
def test_the_svg_is_one_closed_file_with_title_axes_and_settings(name, scheme):
    wish = wish_of(name, scheme=scheme)
    file = instrument_files.make_file(wish)
    assert file.name == f"pothole-lab-annular-well-seed-36-{name}.svg" and file.media_type == "image/svg+xml"
    text, words = file.content.decode(), words_of(file.content)
    assert not re.search(r"href=\"(?!#|data:image/png;base64,)", text), "nothing outside is asked for"
    assert "<script" not in text and "javascript:" not in text and not re.search(r"\son\w+=", text)
    assert not re.search(r"url\((?!#)", text)
    for word in (wish.title, "Learning rate η", "0.0165", "Seed", "reconstruction"):
        assert word in words
    assert [*wish.rows] and all(name in words and value in words for name, value in wish.rows)
    assert ("#ffffff" if scheme == "light" else "#1b2026") in text
    if scheme == "dark":
        assert instrument_files.make_file(wish).content == file.content, "equal wishes give equal files"


def test_the_phase_diagram_says_how_many_cells_arrive_and_has_their_colours():
    wish = wish_of("phase")
    words = words_of(instrument_files.make_file(wish).content)
    for name in METHODS:
        arrived = {}
        for part in (part for answer in wish.answers for part in answer["parts"] if part["method"] == name):
            for b, j in enumerate(part["rows"]):
                arrived |= {(j, i): part["arrived"][b][a] for a, i in enumerate(part["columns"])}
        assert f"{name}: all 3 runs arrive in {sum(v == 3 for v in arrived.values())} of {len(arrived)} cells" in words
    costly = words_of(instrument_files.make_file(wish_of("phase", shown="steps", cost="evaluations")).content)
    assert "Gradient evaluations to arrival (median)" in costly and "none arrives" in costly


def test_the_others_say_what_they_found():
    race = wish_of("race")
    words = words_of(instrument_files.make_file(race).content).replace("\n", " ")
    for claim in race.answers[0]["claims"]:
        assert claim["statement"].split(",")[0] in words
    assert f"k/(1 − β) = {number(race.answers[0]['relearning'])} steps" in words
    fair = wish_of("fairness")
    words = words_of(instrument_files.make_file(fair).content)
    assert fair.answers[0]["sentence"] in words.replace("\n", " ")
    for row in fair.answers[0]["rows"]:
        assert number(row["learning_rate"]) in words
        assert f"{row['tuned']['arrived']} of {fair.answers[0]['judged_on']}" in words
    basins = wish_of("basins")
    words = words_of(instrument_files.make_file(basins).content)
    for found in (found for answer in basins.answers for found in answer["maps"]):
        cells = np.asarray(found["cells"])
        told = ", ".join(f"{(cells == k).sum()} {name}" for k, name in enumerate(found["names"]))
        assert f"{found['method']}: {told}" in words.replace("\n", " ")


@pytest.mark.parametrize("surface", ["two-scale-quadratic", "two-scale-plane", "annular-well"])
def test_two_scales_has_every_closed_form_beside_what_the_real_step_does(surface):
    wish = wish_of("two-scale", preset="custom", surface=surface)
    words = words_of(instrument_files.make_file(wish).content)
    for row in wish.answers[0]["quantities"]:
        assert row["label"] in words and row["formula"] in words
        assert number(row["closed"], 6) in words and number(row["simulated"] or np.nan, 6) in words
    for one in wish.answers[0]["plane"]:
        assert f"argmax is axis {one['expected']}." in words


@pytest.mark.parametrize(
    "wish", [{"surface": "two-scale-quadratic", "preset": "custom"}, {"radius": 0.0}, {"steps": 1}]
)
@pytest.mark.parametrize("name", INSTRUMENTS)
def test_a_curve_and_settings_at_the_edge_are_drawn(name, wish):
    assert words_of(instrument_files.make_file(wish_of(name, **wish)).content)


@pytest.mark.parametrize("axes", [("momentum", "noise_variance"), ("start_x", "start_y"), ("surface.depth", "decay")])
def test_a_map_over_any_controls_has_their_names(axes):
    words = words_of(instrument_files.make_file(wish_of("phase", x_axis=axes[0], y_axis=axes[1])).content)
    first = wish_of("phase", x_axis=axes[0], y_axis=axes[1]).answers[0]
    assert first["x"]["title"] in words and first["y"]["title"] in words


def test_the_png_has_the_width_that_was_asked_for():
    image = Image.open(io.BytesIO(instrument_files.make_file(wish_of("fairness", format="png", width=640)).content))
    assert image.width == 640
    assert json.loads(image.info["Description"])["instrument"] == "fairness"


def test_cells_lines_and_marks_stand_at_their_values():
    """A map of two by three cells in a frame whose place is known: each cell's middle has its colour."""
    sheet = Sheet("t", "w", 600, {}, "light", "png", WIDE, {})
    colours = sequential(np.array([[0.0, 0.5, 1.0], [1.0, 0.0, 0.5]]))
    axis = CellAxis(np.array([0.01, 0.1, 1.0]), "x", log=True)
    cells = Cells(axis, CellAxis(np.array([1.0, 2.0]), "y"), colours, np.zeros((2, 3), dtype=bool))
    draw_cells(sheet, (100, 100, 600, 400), "map", cells)
    image = np.asarray(Image.open(io.BytesIO(sheet.saved())).convert("RGB"))
    for j in range(2):
        for i in range(3):
            pixel = image[500 - 200 * j - 100, 100 + 200 * i + 100]
            assert np.abs(pixel - 255 * colours[j, i, :3]).max() <= 1.5
    assert axis.index(0.1) == pytest.approx(1) and axis.index(10**-1.5) == pytest.approx(0.5)
    assert axis.index(1e-9) == -0.5 and axis.index(0.0) == -0.5 and axis.index(9.0) == 2.5


def test_colours_are_those_of_the_page():
    palette = (ASSETS / "palette.js").read_text(encoding="utf-8")
    stops = re.findall(r"\[(\d+), (\d+), (\d+)\]", palette)
    assert [tuple(map(int, stop)) for stop in stops] == list(instrument_maps.STOPS)
    told = page_tables()["ending_colours"]
    assert tuple(told["several"]) == instrument_pictures.ENDING_COLOURS
    assert told["plain"] == instrument_pictures.PLAIN_ENDINGS and told["window"] == two_scale_picture.WINDOW_ENDS
    for name in ("basins.js", "two_scale.js"):
        assert "ending_colours" in (ASSETS / name).read_text(encoding="utf-8")


def test_lines_of_text_stay_on_the_sheet():
    line = wrapped("mmm " * 200)[0]
    assert len(line) <= (WIDE - 48) / (0.57 * 9)


@pytest.mark.parametrize("wish", [{"instrument": "nothing"}, {"width": "wide"}, {"format": "gif"}, {"scheme": "red"}])
def test_what_cannot_be_drawn_is_a_sentence(post, wish):
    response = post("/export/instruments", {**QUICK, "instrument": "phase", "format": "svg", **wish})
    assert response.status_code == 422 and response.json()["problems"][0].endswith(".")
