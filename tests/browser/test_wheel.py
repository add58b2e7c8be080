"""An installed wheel, started from a folder that holds other people's files of the names that are used inside."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.lab_page import LabPage
from tests.browser.network_lab import NetworkPage
from tests.server import ROOT, Server
from tests.wheel import install

SOMEBODY_ELSES = "raise RuntimeError('this is somebody else\\'s file')\n"
MINE = """
import numpy as np, optimizers, torch
def make():
    torch.manual_seed(5)
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    inputs = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    return module, inputs, (inputs.sum(1) > 0).astype(np.int64)
"""


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Iterator[Server]:
    """The console script's server; its folder has an `app`, a `geometry` and a `signal` that must not be imported, and
    a network of the user's own that must be."""
    script = install(wheel, tmp_path / "environment").with_name("pothole-lab")
    folder = tmp_path / "folder"
    (folder / "app").mkdir(parents=True)
    for name in ("app/__init__.py", "app/__main__.py", "geometry.py", "optimizers.py", "signal.py"):
        (folder / name).write_text(SOMEBODY_ELSES)
    (folder / "mine.py").write_text(MINE)
    server = Server("--objective", "mine:make", program=[script], folder=folder, PYTHONPATH="")
    yield server
    server.stop()
    assert "somebody else" not in server.log() and not server.tracebacks(), server.log()


def test_an_installed_wheel_draws_exports_and_trains(installed: Server, new_page, tmp_path: Path) -> None:
    """One story: every process that the program has is started in it."""
    program = installed.process.args[0]
    told = [
        subprocess.run([*words, "--help"], cwd=folder, capture_output=True, text=True, check=True).stdout
        for words, folder in (([program], tmp_path / "folder"), ([sys.executable, "-m", "app"], ROOT))
    ]
    assert told[0].split() == told[1].replace("python -m app", "pothole-lab").split()

    # The web process: a page, its scripts, its paths.
    page = new_page()
    lab = LabPage(page).open(f"{installed.url}/?preset=figure-2&steps=200&step=60")
    assert lab.outcomes()["LLQR+SAM"] == "reached" and lab.painted("map") > 50

    # The process that makes files: a page that plays off line, with the client code in it.
    page.get_by_role("button", name="Export…").click()
    page.get_by_role("dialog", name="Export").wait_for()
    with page.expect_download() as waiting:
        page.locator('[data-export="the page that plays offline"]').click()
    saved = tmp_path / "scene.html"
    waiting.value.save_as(saved)
    assert "Pothole lab" in saved.read_text(encoding="utf-8")

    # The processes that look at the user's own network, and train it.
    network = NetworkPage(page).open(
        f"{installed.url}/network?methods=SGDM,LLQR%2BSAM&batch_size=8&refresh_size=8&steps=20"
    )
    assert page.evaluate("potholeLab.network.state.values.network") == "own"
    network.start()
    network.wait_for("finished")
    assert network.positions()[-1] == 20
