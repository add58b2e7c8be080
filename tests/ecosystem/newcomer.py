"""A newcomer's run: ten checkpoints of torchvision's ResNet-18, from the command line to the pictures on the page.

Run by `make ecosystem`, in an environment of its own; writes tests/ecosystem/results/newcomer.md. Seconds count from
the command on, and a newcomer waits for nothing else.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from playwright.sync_api import Page, sync_playwright
from torch import Tensor, nn
from torch.nn import functional as F

from geometry.datasets import load_dataset
from tests.benchmarks.report import Report, draw_table
from tests.browser.chrome import find_chrome
from tests.ecosystem.measure import RESULTS, import_torchvision

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = 60.0
"""Seconds to the paths and the loss under them."""
WITHIN = 600.0
STEPS, EVERY, BATCH = 60, 6, 32
LAB = "dash_clientside.potholeLab.network"
SEEN = {
    "a first point of the path": f"{LAB}.view.plane.entries.length > 0 && {LAB}.view.plane.entries[0].last >= 0",
    "the loss under it, coarse": f"Boolean({LAB}.view.plane.surface)",
    "all ten points, with losses and accuracies": f"{LAB}.view.plane.entries[0]?.last === 9",
}
"""What the page shows, and how its script tells."""
SLICE = {
    "a coarse slice by *Draw the slice*": f"Boolean({LAB}.explore?.panels.slice.shown)",
}


def make() -> tuple[nn.Module, Tensor, Tensor]:
    """What a newcomer's function of three lines returns for --objective: network, inputs, targets."""
    import_torchvision()
    import torchvision

    digits = load_dataset("digits", seed=0)
    return (
        torchvision.models.resnet18(num_classes=10),
        F.interpolate(digits.inputs, 32).repeat(1, 3, 1, 1),
        digits.targets,
    )


def train(folder: Path) -> None:
    """Keep ckpt_6.pt … ckpt_60.pt of a plain loop."""
    torch.manual_seed(0)
    module, inputs, targets = make()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.02, momentum=0.9)
    for step in range(1, STEPS + 1):
        rows = torch.randint(0, len(targets), (BATCH,))
        optimizer.zero_grad()
        F.cross_entropy(module(inputs[rows]), targets[rows]).backward()
        optimizer.step()
        if step % EVERY == 0:
            torch.save(module.state_dict(), folder / f"ckpt_{step}.pt")


class Clock:
    """Seconds since the command, by what was seen then."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.seen: dict[str, float] = {}

    def look(self, page: Page, wanted: dict[str, str]) -> None:
        """Until the page has shown all of it."""
        left, end = dict(wanted), time.monotonic() + WITHIN
        while left:
            for name in [name for name, shown in left.items() if page.evaluate(f"Boolean({shown})")]:
                self.tell(name)
                del left[name]
            if time.monotonic() > end:
                raise SystemExit(f"the page does not show {', '.join(left)}")
            page.wait_for_timeout(100)

    def tell(self, name: str) -> None:
        """It is there."""
        self.seen[name] = time.monotonic() - self.began


def open_run(folder: Path, picture: Path) -> dict[str, float]:
    """Start the lab as a newcomer does, open its page, and look."""
    command = [sys.executable, "-m", "app", "--no-browser", "--port", "0", "--run", str(folder)]
    command += ["--objective", "tests.ecosystem.newcomer:make"]
    clock = Clock()
    lab = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert lab.stdout is not None
        address = next(word for line in lab.stdout for word in line.split() if word.startswith("http"))
        clock.tell("the lab's address is printed")
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=find_chrome(), args=["--no-sandbox"])
            page = browser.new_context(viewport={"width": 1280, "height": 720}, bypass_csp=True).new_page()
            page.goto(address)
            page.wait_for_function("Boolean(globalThis.dash_clientside?.potholeLab?.network?.state.values.network)")
            clock.look(page, SEEN)
            page.screenshot(path=picture)
            asked = time.monotonic() - clock.began
            page.locator("#slice-ask").click()
            clock.look(page, SLICE)
            browser.close()
        for name in SLICE:
            clock.seen[f"{name}: since it was asked for"] = clock.seen.pop(name) - asked
        return clock.seen
    finally:
        lab.send_signal(signal.SIGINT)
        lab.wait(60)


def main(arguments: Sequence[str] | None = None) -> None:
    report = Report(__doc__, arguments, packages=("torch", "torchvision"), command="make ecosystem")
    os.environ.setdefault("PYTHONPATH", str(ROOT))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "resnet18"
        folder.mkdir()
        train(folder)
        seen = open_run(folder, Path(place) / "page.png")
    about = (
        "`python -m app --objective mine:make --run resnet18`: torchvision's ResNet-18, 11,181,642 parameters, ten "
        f"checkpoints, digits of 32 × 32. Asked for: the paths and the loss under them within {ALLOWED:g} s. The lab "
        "begins to read the folder before its page is open; losses and accuracies come checkpoint by checkpoint."
    )
    rows = [[name, f"{seconds:.1f} s"] for name, seconds in seen.items()]
    report.write(RESULTS / "newcomer.md", "A newcomer's run", [about, "", *draw_table(["what", "after"], rows)])


if __name__ == "__main__":
    main()
