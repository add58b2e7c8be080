"""Take away, in a real browser: the dialog and its downloads, and the exported page opened from disk, off line."""

from __future__ import annotations

import io
import json
import urllib.request
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.browser.lab_page import LabPage
from tests.browser.launch import DESKTOP, PHONE, new_context
from tests.browser.waiting import first_true

LINK = "/?preset=figure-2&steps=200&step=60"


@pytest.fixture
def lab(page):
    return LabPage(page).open(LINK)


def opened(lab):
    lab.page.get_by_role("button", name="Export…").click()
    lab.page.get_by_role("dialog", name="Export").wait_for()
    return lab


def saved(page, what: str, folder: Path) -> Path:
    """Press an export's button and keep what is downloaded."""
    with page.expect_download() as waiting:
        page.locator(f'[data-export="{what}"]').click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    page.locator(".export-status", has_text="goes to your downloads").wait_for()
    return path


def colours(path: Path) -> int:
    """How many a picture has. (Pillow's own count: numpy sorts the pixels, which took seconds a picture.)"""
    with Image.open(path) as image:
        return len(image.convert("RGB").getcolors(image.width * image.height))


class FromDisk:
    """An exported page in a context without a network; whatever it asks for or complains of is kept."""

    def __init__(self, browser, path: Path, **context) -> None:
        self.page = new_context(browser, offline=True, **{**DESKTOP, **context}).new_page()
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda said: said.type == "error" and self.wrong.append(said.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.goto(path.as_uri())
        self.page.locator("#outcomes [data-outcome]").first.wait_for()

    def step(self) -> int:
        return int(self.page.locator("#step-readout").inner_text().split()[1])

    def until(self, ready) -> None:
        """Return when that holds."""
        first_true(self.page, ready, 60.0, 50, lambda: f"the file says {self.wrong}")

    def painted(self, view: str) -> int:
        script = """(view) => {
          const { context, canvas } = potholeLab.offline[view].paths.trail;
          const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
          let count = 0;
          for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count += 1;
          return count;
        }"""
        return self.page.evaluate(script, view)

    def picture(self) -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(self.page.locator(".pictures").screenshot())).convert("RGB"), dtype=int)

    def quiet(self) -> None:
        """It asked for nothing but itself, and nothing went wrong."""
        assert len(self.asked) == 1 and self.asked[0].startswith("file://")
        assert self.wrong == []
        self.page.context.close()


@pytest.fixture
def exported(server, tmp_path):
    """The file that the dialog gives, asked for without a page."""
    wish = {"preset": "figure-2", "steps": 200, "step": 60, "format": "html"}
    asked = urllib.request.Request(f"{server.url}/export/toy", json.dumps(wish).encode())
    path = tmp_path / "scene.html"
    with urllib.request.urlopen(asked, timeout=300) as answer:
        path.write_bytes(answer.read())
    return path


PLACES = """(paths) => paths.lines.map(({ entry, point }) => {
  const out = [0, 0];
  point(Math.min(60, entry.last), out);
  const [x, y, w, h] = paths.projector.box();
  return [(out[0] - x) / w, (out[1] - y) / h];
})"""
"""Where the walkers stand on the map's axes, of their length."""


def test_the_exported_page_plays_from_disk_without_a_network(lab, browser, tmp_path):
    exported = saved(opened(lab).page, "the page that plays offline", tmp_path)
    scene = FromDisk(browser, exported)
    page = scene.page
    assert scene.step() == 60, "it opens at the step that was shown"
    assert page.locator("#outcomes").inner_text().split() == lab.page.locator("#outcomes").inner_text().split()
    assert scene.painted("map") > 200 and scene.painted("relief") > 200
    here = lab.page.evaluate(f"({PLACES})(potholeLab.toy.pictures.map.paths)")
    there = page.evaluate(f"({PLACES})(potholeLab.offline.map.paths)")
    assert np.allclose(here, there, atol=1e-5), "the same projection, by another picture underneath"
    page.keyboard.press("Home")
    assert scene.step() == 0
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert scene.step() == 11
    before = scene.picture()
    page.keyboard.press(" ")
    scene.until(lambda: scene.step() > 11)
    page.get_by_role("button", name="Pause").click()
    assert (np.abs(scene.picture() - before).max(axis=-1) > 40).sum() > 100
    page.get_by_label("Step shown").fill("150")
    assert scene.step() == 150
    page.get_by_role("button", name="Last step").click()
    assert scene.step() == 200
    scene.quiet()


def test_the_exported_page_hides_methods_and_what_lies_behind_turns_and_goes_dark(exported, browser):
    scene = FromDisk(browser, exported)
    page = scene.page
    painted = scene.painted("map")
    page.get_by_role("button", name="LLQR+SAM", exact=True).click()
    assert scene.painted("map") < painted
    camera = page.evaluate("potholeLab.offline.relief.camera.around")
    page.get_by_label("The surface with the paths").focus()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("potholeLab.offline.relief.camera.around") != camera
    light = scene.picture().mean()
    page.get_by_role("button", name="Dark").click()
    assert scene.picture().mean() < light - 60
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    # The basin's bottom: seen from above, and behind the block's walls from the side.
    hidden = """(eye) => {
      const { relief } = potholeLab.offline;
      relief.setOpen(false);
      relief.setEye(eye);
      const place = [0, 0, 0];
      relief.projection([0, 0], [0])(0, place);
      return relief.hides(place);
    }"""
    assert page.evaluate(hidden, {"x": 0.1, "y": -0.1, "z": 2}) is False
    assert page.evaluate(hidden, {"x": 0.5, "y": -1.9, "z": 0.1}) is True
    scene.quiet()


def test_an_exported_curve_and_a_phone(new_page, browser, tmp_path):
    lab = opened(LabPage(new_page(**PHONE)).open("/?preset=two-scale&steps=100&step=20"))
    assert lab.overflow() <= 0
    path = saved(lab.page, "the page that plays offline", tmp_path)
    scene = FromDisk(browser, path, **PHONE)
    assert scene.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert scene.painted("map") > 50
    scene.page.get_by_role("button", name="One step on").tap()
    assert scene.step() == 21
    scene.quiet()


def test_every_button_gives_a_file(lab, tmp_path):
    page = opened(lab).page
    page.locator("[data-export-field=gif_width]").fill("240")
    page.locator("[data-export-field=frames]").fill("10")
    page.locator("[data-export-field=width]").fill("480")
    names = page.evaluate("[...document.querySelectorAll('[data-export]')].map((button) => button.dataset.export)")
    files = [saved(page, name, tmp_path) for name in names]
    assert {path.suffix for path in files} == {".html", ".png", ".svg", ".gif", ".csv", ".npz", ".py"}
    assert len({path.name for path in files}) == len(files)
    relief = next(path for path in files if "-surface-" in path.name)
    assert colours(relief) > 500, "the ground is in the picture"
    image = np.asarray(Image.open(relief).convert("RGB"), dtype=int)
    green = np.abs(image - np.array([0x00, 0x9E, 0x73])).max(axis=-1) < 12
    assert green.sum() > 200, "and the paths over it"
    assert 20 < green[100:136].sum() < 1000, "and the methods' names with their markers above it"


def test_the_dialog_by_keyboard_alone(lab):
    page = lab.page
    page.locator("#export-button").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="Export").wait_for()
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    step = lab.step()
    for _ in range(3):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.export ?? ''"):
            break
    assert page.evaluate("document.activeElement.dataset.export") == "the page that plays offline"
    page.keyboard.press("ArrowRight")
    assert lab.step() == step, "the page's keys rest while the dialog is open"
    page.keyboard.press("Escape")
    assert page.locator("#export-dialog[open]").count() == 0
    assert page.evaluate("document.activeElement.id") == "export-button"


def test_what_cannot_be_exported_is_said(lab, page_problems):
    page = opened(lab).page
    page.locator("[data-export-field=picture]").nth(1).select_option("all")
    page.locator("[data-export-field=gif_width]").fill("1280")
    page.locator("[data-export-field=frames]").fill("200")
    page_problems.allow("422")
    page.locator('[data-export="the animation"]').click()
    page.locator(".export-status[data-tone=error]", has_text="choose fewer frames").wait_for()
    page.context.set_offline(True)
    page_problems.allow("ERR_INTERNET_DISCONNECTED")
    page.locator('[data-export="the data as CSV"]').click()
    page.locator(".export-status", has_text="The server does not answer; the data as CSV was not saved.").wait_for()
    page.context.set_offline(False)


@pytest.mark.parametrize("name", ["phase", "race", "fairness", "basins", "two-scale"])
def test_an_instrument_gives_its_picture_and_its_numbers(page, tmp_path, name):
    page.goto(f"/instruments?instrument={name}&resolution=12&runs=1&steps=60")
    page.wait_for_function("(name) => window.complete[name] > 0", arg=name)
    page.get_by_role("button", name="Export…").click()
    names = ("the picture as PNG", "the table as CSV", "all answers as JSON", "the drawn picture as SVG")
    files = [saved(page, what, tmp_path) for what in names]
    assert colours(files[0]) > 50
    assert files[1].read_text(encoding="utf-8").startswith("# settings: {")
    assert name in json.loads(files[2].read_text(encoding="utf-8"))["settings"]["instrument"]
    drawn = ElementTree.parse(files[3])
    assert drawn.getroot().tag.endswith("}svg") and files[3].suffix == ".svg"
    title = page.locator(f"#tab-{name}").inner_text()
    assert any((node.text or "").startswith(f"{title}: ") for node in drawn.iter() if node.tag.endswith("}text"))
