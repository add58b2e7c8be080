"""Pages in a browser of another kind, a stock Firefox: they draw, play, are dragged, and give files (`make faults`)."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.browser.launch import PAGE_OBJECT
from tests.faults.firefox import Firefox, find_firefox, first_true
from tests.server import Server

pytestmark = pytest.mark.skipif(not os.environ.get("FAULTS"), reason="make faults runs it")
PAINTED = """((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, index) => index % 4 === 3 && value > 0).length;
})"""
"""How many pixels of a canvas have something on them."""


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def firefox(downloads: Path) -> Iterator[Firefox]:
    path = find_firefox()
    if path is None:
        pytest.skip("there is no Firefox here, and Debian's firefox-esr could not be installed")
    with Firefox(path, downloads) as running:
        running.prepare(PAGE_OBJECT)
        yield running
        assert running.errors == []


def saved(firefox: Firefox, folder: Path, what: str) -> Path:
    """Press an export's button in its dialog, and wait for the file."""
    before = set(folder.iterdir())
    firefox.click(f'[data-export="{what}"]')
    firefox.until("document.querySelector('.export-status').textContent.includes('goes to your downloads')")

    def whole() -> Path | None:
        new = [path for path in folder.iterdir() if path not in before]
        return new[0] if len(new) == 1 and new[0].suffix != ".part" and new[0].stat().st_size else None

    return first_true(whole, f"the file of {what}")


def colours(png: bytes) -> int:
    """How many colours a picture has."""
    return len(np.unique(np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).reshape(-1, 3), axis=0))


def test_the_toy_lab(firefox: Firefox, server: Server, downloads: Path) -> None:
    lab, settled = "potholeLab.toy", "potholeLab.toy.gate.idle && potholeLab.toy.gate.answered > 0"
    firefox.open(f"{server.url}/?preset=figure-2&steps=200&step=0")
    firefox.until("document.querySelectorAll('#outcomes [data-outcome]').length === 4")
    firefox.until(f"{lab}.pictures.map.paths.ready && {settled}")
    assert firefox.until(f"{PAINTED}({lab}.pictures.map.paths.trail.canvas)") > 300
    assert colours(firefox.picture()) > 500
    # plotly's 3-D view needs WebGL, which a machine without a display may not give to Firefox.
    if firefox.evaluate("Boolean(document.createElement('canvas').getContext('webgl'))"):
        firefox.until(f"{lab}.pictures.relief.paths.ready")

    firefox.click("#play-button")
    firefox.until(f"{lab}.player.step === 200 && !{lab}.player.playing")
    assert firefox.evaluate("document.querySelector('#step-readout').textContent") == "step 200 of 200"

    rate, answered = firefox.evaluate(f"[{lab}.state.get('learning_rate'), {lab}.gate.answered]")
    firefox.drag("[data-control=learning_rate] .slider", (0.5, 0.5), (0.6, 0.5), (0.7, 0.5))
    firefox.until(f"{lab}.state.get('learning_rate') !== {rate} && {lab}.gate.answered > {answered} && {settled}")
    start = firefox.evaluate(f"[{lab}.state.get('start_x'), {lab}.state.get('start_y')]")
    firefox.drag("#map-stack canvas.pad", (0.5, 0.5), (0.55, 0.45), (0.6, 0.4))
    firefox.until(
        f"{lab}.state.get('start_x') !== {start[0]} && {lab}.state.get('start_y') !== {start[1]} && {settled}"
    )

    firefox.click("[data-action=export]")
    assert "SGDM" in saved(firefox, downloads, "the data as CSV").read_text(encoding="utf-8")
    assert colours(saved(firefox, downloads, "the picture as PNG").read_bytes()) > 500


def test_the_instruments(firefox: Firefox, server: Server) -> None:
    page = "potholeLab.instruments"
    firefox.open(f"{server.url}/instruments?instrument=phase&resolution=12&runs=1&steps=60")
    firefox.until(f"{page}?.shown.done")
    map_ = f"{page}.shown.maps.SAM"
    assert firefox.until(f"{PAINTED}({map_}.layer.canvas)") > 10_000
    rate = firefox.evaluate(f"{page}.state.get('learning_rate')")
    firefox.click("#phase-body .heat-stack")
    firefox.until(f"{page}.state.get('learning_rate') !== {rate} && {page}.shown.done")
    for key in ("race", "fairness", "basins", "two-scale"):
        firefox.click(f"#tab-{key}")
        firefox.until(
            f"{page}.shown.name === '{key}' && {page}.shown.answer !== null && !{page}.shown.progress.running"
        )
        assert firefox.evaluate(f"document.querySelectorAll('#{key}-body td').length") > 0


def test_the_network_lab(firefox: Firefox, server: Server, downloads: Path) -> None:
    page = "potholeLab.network"
    firefox.open(
        f"{server.url}/network?data=two-moons&methods=SGDM,SAM&batch_size=32&refresh_size=32&steps=40&snapshots=2"
    )
    firefox.until(f"Boolean({page}?.state.get('network'))")
    firefox.click("#start-button")
    firefox.until(f"{page}.run?.state === 'finished' && {page}.view.plane.surface?.stride === 1")
    assert firefox.until(f"{PAINTED}({page}.view.charts[0].chart.lines.canvas)") > 500
    firefox.until(f"{page}.player.steps === 40")
    firefox.click("#play-button")
    firefox.until(f"{page}.player.step === 40 && !{page}.player.playing")
    firefox.click("#export-button")
    path = saved(firefox, downloads, "the curves as CSV")
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2 + 2 * 41
    assert colours(saved(firefox, downloads, "the live picture as PNG").read_bytes()) > 100
