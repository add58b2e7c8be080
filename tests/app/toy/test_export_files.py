"""Exported files: what they hold is what the page computed, and a wrong wish is answered with a sentence."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tempfile
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from app import __version__
from app.drawing.encoding import decode
from app.drawing.sheet import WIDE
from app.state.schema import BadRequest
from app.toy import pace
from app.toy.export.controls import CONTROLS, read_export
from app.toy.export.description import steps_of
from app.toy.export.files import MAKERS, make_file
from app.toy.export.picture import Picture, height_of
from app.toy.export.scene import scene_of
from app.toy.pace import frames_of, playing_times, slow_spans
from app.toy.request import read_link
from app.web.made_file import file_name

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
QUICK = {"steps": 60, "step": 30}
SURFACES = {"ring": {}, "curve": {"surface": "two-scale-quadratic"}, "valley": {"preset": "stiff-valley"}}


def made_of(kind, **state):
    return make_file(read_export({**QUICK, **state, "format": kind})).content


def scene(**state):
    return scene_of(read_export({**QUICK, **state}).reading)


def read_csv(content: bytes):
    first, head, *lines = content.decode().splitlines()
    settings = json.loads(first.removeprefix("# settings: "))
    names = head.split(",")
    return settings, [dict(zip(names, line.split(","), strict=True)) for line in lines]


@pytest.mark.parametrize("name", SURFACES)
def test_the_csv_gives_back_every_number(name):
    state = {**SURFACES[name], "noise_variance": 1e-4, "seed": 3}
    settings, rows = read_csv(made_of("csv", **state))
    shown = scene(**state)
    for trace in shown.traces:
        run, mine = trace.run, [row for row in rows if row["method"] == trace.name]
        last = int(run.last_finite)
        assert [int(row["step"]) for row in mine] == list(range(last + 1))
        axes = ["theta_1", "theta_2"][: shown.surface.dimension]
        found = np.array([[float(row[axis]) for axis in axes] for row in mine])
        assert np.array_equal(found, run.positions[: last + 1])
        assert [float(row["loss"]) for row in mine] == run.losses[: last + 1].tolist()
        assert int(mine[-1]["gradient_evaluations"]) == int(run.gradient_evaluations[last])
        probing = trace.name.endswith("SAM")
        assert (mine[0]["probe_theta_1"] != "") == probing
        if probing:
            assert float(mine[0]["probe_theta_1"]) == float(run.probes[0][0])
        if last == shown.steps:
            assert mine[-1]["probe_theta_1"] == mine[-1]["outer_gradient_theta_1"] == ""
    assert settings["made_by"] == f"Pothole lab {__version__}" and settings["seed"] == 3


@pytest.mark.parametrize("name", SURFACES)
def test_the_npz_holds_doubles_and_settings_that_open_the_same_state(name):
    wish = read_export({**QUICK, **SURFACES[name], "format": "npz"})
    with np.load(io.BytesIO(make_file(wish).content), allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    settings = json.loads(str(arrays["settings"]))
    assert read_link(settings["link"].partition("?")[2]).state == wish.reading.state
    for trace in scene_of(wish.reading).traces:
        kept = arrays[f"{trace.name}.positions"]
        assert kept.dtype == np.float64 and np.array_equal(kept, trace.run.positions, equal_nan=True)
        assert np.array_equal(arrays[f"{trace.name}.preconditioners"], trace.run.preconditioners, equal_nan=True)
        assert str(arrays[f"{trace.name}.outcome"]) == str(trace.run.outcome)


@pytest.mark.parametrize(
    ("name", "scheme", "kind"),
    [
        *[("ring", "light", "all"), ("ring", "dark", "map"), ("curve", "dark", "all"), ("valley", "light", "charts")],
        *[("ring", "dark", "cut"), ("valley", "light", "cut"), ("ring", "light", "slide"), ("curve", "dark", "slide")],
    ],
)
def test_pictures_have_the_size_and_the_ground_that_were_asked_for(name, scheme, kind):
    state = {**SURFACES[name], "scheme": scheme, "picture": kind, "width": 480}
    image = Image.open(io.BytesIO(made_of("png", **state)))
    assert image.width == 480 and image.height == pytest.approx(480 * height_of(kind) / WIDE, abs=1)
    assert kind not in ("cut", "slide") or image.height * 16 == image.width * 9
    corner = image.convert("RGB").getpixel((2, 2))
    assert (sum(corner) > 600) == (scheme == "light")
    assert len(image.convert("RGB").getcolors(1 << 20)) > 50
    assert f"step {QUICK['step']} of {QUICK['steps']}" in image.info["Title"]
    assert "trapped" in image.info["Description"] or "reached" in image.info["Description"]


@pytest.mark.parametrize("name", SURFACES)
def test_the_svg_is_one_file_whose_words_stay_words(name):
    text = made_of("svg", **SURFACES[name]).decode()
    root = ElementTree.fromstring(text)
    assert root.tag.endswith("svg")
    shown = " ".join(node.text or "" for node in root.iter() if node.tag.endswith("text"))
    for word in ("LLQR+SAM", "step 30 of 60", "Learning rate η", "reconstruction"):
        assert word in shown
    assert not re.search(r"href=\"(?!#|data:image/png;base64,)", text), "the lit ground is in the file itself"
    assert "<script" not in text and ("<image" in text) == (name != "curve")
    assert text == made_of("svg", **SURFACES[name]).decode()


def test_charts_have_the_axis_of_the_page():
    def numbers(axis: str) -> list[str]:
        root = ElementTree.fromstring(made_of("svg", step_axis=axis, picture="charts").decode())
        texts = (node.text or "" for node in root.iter() if node.tag.endswith("text"))
        return [text for text in texts if text.isdigit()]

    assert numbers("log")[:3] == ["0", "1", "10"]
    assert numbers("linear")[:4] == ["0", "20", "40", "60"]


def test_a_picture_of_another_step_is_another_picture():
    drawn = {step: made_of("svg", step=step, picture="map").partition(b"</metadata>")[2] for step in (5, 50, 60, 3000)}
    assert drawn[5] != drawn[50]
    assert drawn[60] == drawn[3000], "beyond the run its last step is shown"


def test_frames_of_an_animation_are_the_pictures_of_their_steps():
    """What stands still is drawn once for all frames; each must still be the picture that is drawn whole."""
    picture = Picture(scene(), "all", 480)
    for step, frame in zip((0, 17, 60), picture.frames([0, 17, 60]), strict=True):
        whole = np.asarray(Image.open(io.BytesIO(Picture(scene(), "all", 480).saved(step))).convert("RGB"), dtype=int)
        off = np.abs(np.asarray(frame, dtype=int) - whole).max(axis=-1)
        # where two things that are both drawn soft overlap, the order may show in single pixels
        assert (off > 24).mean() < 2e-4, step


@pytest.mark.parametrize("name", SURFACES)
def test_the_cut_stands_where_the_run_stands(name):
    """Ball, probe and kick of each lane are the run's own, and a diverged walker says so."""
    shown = scene(**SURFACES[name], cut_line="gradient", noise_variance=1e-3)
    picture = Picture(shown, "cut", 480)
    for step in (0, 7, 60):
        picture.show(step)
        for lane, trace in zip(picture.panels, shown.traces, strict=True):
            last = int(trace.run.last_finite)
            at = min(step, min(last, shown.steps) - 1)
            u, centre = lane.lines.direction[at], lane.frame.centre
            place = np.array([(trace.run.positions[at] - centre) @ u, trace.losses[at]])
            (x,), (y,) = lane.moving["ball"].get_data()
            inside = lane.frame.near < place[0] < lane.frame.far and place[1] < lane.frame.high
            assert not inside or np.allclose((x, y), place)
            beside = (x - lane.frame.near) * lane.per[0]  # points from the lane's edge
            assert place[1] < lane.axes.get_ylim()[1] or beside > 25 + 5 * len(trace.name), "not on its name"
            words = lane.moving["words"].get_text()
            assert words == f"diverged after step {last}" if step >= last < shown.steps else "kick" in words
            assert len(lane.moving["ring"].get_xdata()) == trace.name.endswith("SAM")


def test_the_gif_has_the_frames_and_the_length_that_were_asked_for():
    image = Image.open(io.BytesIO(made_of("gif", picture="map", gif_width=240, frames=20, seconds=2)))
    assert image.n_frames == 20 and image.width == 240
    assert image.info["loop"] == 0
    assert json.loads(image.info["comment"])["steps"] == 60
    lengths, pictures = [], []
    for index in range(image.n_frames):
        image.seek(index)
        lengths.append(image.info["duration"])
        pictures.append(np.asarray(image.convert("RGB")))
    assert abs(sum(lengths) - 2000 - 1500) <= 5 * 20, "the last stays on longer"
    assert all(not np.array_equal(a, b) for a, b in pairwise(pictures))


def test_an_animation_is_slow_where_playback_is():
    """Of 80 evenly spread frames the 24 steps before the first escape would be three."""
    (first, *_) = sorted(int(trace.run.arrival) for trace in scene(steps=600).traces if trace.run.arrival >= 0)
    times = playing_times(600, 60, slow_spans([first, -1]))
    steps, parts = frames_of(times, 80)
    assert steps[0] == 0 and steps[-1] == 600 and np.isclose(parts.sum(), 1)
    assert sum(first - 24 <= step <= first for step in steps) >= 15
    assert np.allclose(np.diff(times[steps]) / times[-1], parts[:-1] * (1 + 1 / (len(steps) - 1)))
    even, parts = frames_of(playing_times(600, 60, []), 61)
    assert even == list(range(0, 601, 10)) and np.allclose(parts, 1 / 61)


def test_the_paces_are_the_page_s():
    told = (ROOT / "assets" / "core" / "pace.js").read_text(encoding="utf-8")
    for name in ("SLOW", "FIRST_STEPS", "BEFORE_ESCAPE", "DOUBLED"):
        assert float(re.search(rf"const {name} = (\d+);", told)[1]) == getattr(pace, name), name
    far = playing_times(60, 1e9, [(0, 20)])
    assert np.isclose(far[1], 1 / 6) and np.isclose(far[29] - far[28], 1 / (6 * 2 ** (8.5 / 8)))


@pytest.mark.parametrize(("steps", "frames"), [(10, 200), (600, 80), (3000, 10), (17, 17)])
def test_frames_are_spread_from_the_first_step_to_the_last(steps, frames):
    found = steps_of(steps, frames)
    assert found[0] == 0 and found[-1] == steps
    assert len(found) == min(frames, steps + 1)
    assert len(set(np.diff(found).tolist())) <= 2


def test_an_animation_that_is_too_large_is_a_sentence():
    with pytest.raises(BadRequest, match="choose fewer frames, a smaller width or the map alone"):
        made_of("gif", picture="all", gif_width=1280, frames=200, steps=600)


@pytest.mark.parametrize("name", SURFACES)
def test_the_page_that_plays_offline_asks_for_nothing_and_runs_only_what_it_carries(name):
    text = made_of("html", **SURFACES[name]).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "connect-src" not in policy
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)[1]
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    for inlined in (script, style):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(inlined.encode()).digest()).decode()}'" in policy
    assert not re.search(r"\b(?:src|href)=\"(?!data:|#)", text.replace(script, ""))
    assert "http://" not in text.replace("http://www.w3.org", "") and "https://" not in text
    assert "reconstruction" in text
    data = json.loads(re.search(r'id="scene">(.*?)</script>', text, re.DOTALL)[1])
    shown = scene(**SURFACES[name])
    for method, trace in zip(data["paths"]["methods"], shown.traces, strict=True):
        last = int(trace.run.last_finite)
        drawn = decode(method["positions"])[: last + 1]
        assert np.allclose(drawn, trace.run.positions[: last + 1], rtol=1e-6, atol=1e-6)
    assert data["settings"]["made_by"] == f"Pothole lab {__version__}"
    assert [method["name"] for method in data["cut"]["methods"]] == [trace.name for trace in shown.traces]
    for method in data["cut"]["methods"]:
        assert method["steps"] == list(range(method["last"] + 1)), "a walk of so few steps is there whole"


def test_of_a_long_walk_the_offline_page_carries_the_cut_of_some_steps():
    text = made_of("html", steps=3000, methods=["SAM"], picture="cut").decode()
    (sam,) = json.loads(re.search(r'id="scene">(.*?)</script>', text, re.DOTALL)[1])["cut"]["methods"]
    assert len(sam["steps"]) == 601 and np.diff(sam["steps"]).max() <= 6


@pytest.mark.parametrize("kind", MAKERS)
def test_every_format_comes_as_a_download_with_a_safe_name(post, kind):
    response = post("/export/toy", {**QUICK, "format": kind, "frames": 10, "gif_width": 240, "width": 320})
    assert response.status_code == 200
    name = re.fullmatch(r'attachment; filename="([a-z0-9.-]+)"', response.headers["content-disposition"])[1]
    assert name.startswith("pothole-lab-annular-well-seed-36") and name.endswith(f".{kind}")
    assert response.headers["cache-control"] == "no-store"
    assert len(response.content) > 500


def test_what_had_to_be_clamped_is_told(post):
    response = post("/export/toy", {**QUICK, "format": "py", "width": 9, "radius": 99})
    said = json.loads(unquote(response.headers["x-pothole-notices"]))
    assert said == ["Width = 9 is outside 320 … 3840; 320 is used.", "Probe radius ρ = 99 is outside 0 … 3; 3 is used."]


@pytest.mark.parametrize("value", ['"text"', "null", "[]", "{}", "NaN", "true", "1e999"])
@pytest.mark.parametrize("name", [control.name for control in CONTROLS])
def test_a_wish_of_the_wrong_type_is_a_sentence(post, name, value):
    response = post("/export/toy", f'{{"steps": 20, "{name}": {value}}}')
    assert response.status_code == 422
    assert response.json()["problems"][0].endswith(".")


@pytest.mark.parametrize("body", ["", "[]", '"x"', "{", '{"surface": "../../etc/passwd"}', '{"start_x": "a"}'])
def test_nonsense_is_refused(post, body):
    response = post("/export/toy", body)
    assert response.status_code == 422 and response.json()["problems"]


def test_too_many_exports_are_told_to_come_again(post, monkeypatch):
    monkeypatch.setattr("app.web.fair_queue.FairQueue.__len__", lambda _: 6)
    response = post("/export/toy", {**QUICK, "format": "py"})
    assert response.status_code == 429 and "try again" in response.json()["problems"][0]


def test_names_hold_nothing_that_a_file_system_minds():
    name = file_name({"surface": "../Ring\\well: “x”", "seed": 4}, "p/ng", "Step 3\n")
    assert re.fullmatch(r"[a-z0-9-]+\.png", name)


def test_nothing_is_written_to_disk(monkeypatch):
    """Files are answered from memory: with no disk left, an export still works and leaves nothing behind."""

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    for name in ("NamedTemporaryFile", "TemporaryFile", "mkstemp", "mkdtemp", "SpooledTemporaryFile"):
        monkeypatch.setattr(tempfile, name, full)
    for kind in MAKERS:
        assert made_of(kind, frames=10, gif_width=240, width=320)
