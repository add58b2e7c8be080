"""A newcomer's folder: ten checkpoints of a torch network, named on the command line, opened on the page."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from tests.browser.network_lab import NetworkPage
from tests.server import Server

MINE = """
import torch
from torch import nn

def make():
    torch.manual_seed(0)
    x = torch.randn(120, 1, 6, 6)
    convolution = nn.Conv2d(1, 4, 3, padding=1)
    module = nn.Sequential(convolution, nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
    return module, x, (x[:, 0, :3].sum((1, 2)) > x[:, 0, 3:].sum((1, 2))).long()
"""
CHECKPOINTS = 10


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A lab that was started with two folders of a plain training loop."""
    place = tmp_path_factory.mktemp("newcomer")
    (place / "newcomers_network.py").write_text(MINE)
    sys.path.insert(0, str(place))
    try:
        from newcomers_network import make
    finally:
        sys.path.remove(str(place))
    for name, rate in (("slow", 0.01), ("fast", 0.1)):
        module, inputs, targets = make()
        optimizer = torch.optim.SGD(module.parameters(), lr=rate, momentum=0.9)
        (place / name).mkdir()
        for epoch in range(1, CHECKPOINTS + 1):
            for rows in torch.arange(len(targets)).split(30):
                optimizer.zero_grad()
                F.cross_entropy(module(inputs[rows]), targets[rows]).backward()
                optimizer.step()
            held: dict[str, Any] = {"epoch": epoch, "model": module.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save(held, place / name / f"epoch_{epoch}.pt")
    runs = [part for name in ("slow", "fast") for part in ("--run", str(place / name))]
    running = Server("--objective", "newcomers_network:make", *runs, PYTHONPATH=str(place))
    yield running
    running.stop()


def test_a_folder_of_checkpoints_is_opened_with_its_path_and_a_slice(new_page, lab: Server, page_problems) -> None:
    page = new_page(fresh=True)
    opened = NetworkPage(page).open(f"{lab.url}/network?slice_points=15&curvature_count=1")
    opened.wait_for("finished")
    assert opened.positions() == list(range(1, CHECKPOINTS + 1))
    assert page.locator("#run-status").inner_text().startswith("Trained elsewhere · read and measured")
    assert "Nothing is trained before you press Start" in page.locator("#caption").inner_text()
    assert page.locator("#legend .method[aria-pressed=true]").all_inner_texts() == ["slow", "fast"]
    assert page.locator('[data-control="axis"]').is_hidden() and page.locator("#pause-button").is_hidden()

    # Curves, and the paths over the loss on the plane of their principal components.
    points = "potholeLab.network.view.plane.entries.map(({ last, positions }) => [last, positions[0], positions[19]])"
    opened.until(lambda: [last for last, *_ in page.evaluate(points)] == [CHECKPOINTS - 1] * 2)
    assert all(isinstance(value, float | int) for row in page.evaluate(points) for value in row)
    opened.until(lambda: page.evaluate("potholeLab.network.view.plane.surface?.stride") == 1)
    opened.until(lambda: opened.ink("#plane-stack canvas") > 1000)
    assert page.evaluate("potholeLab.network.view.plane.labels[0]").startswith("principal component 1")
    opened.until(lambda: page.locator("#outcomes tbody tr").count() == 2)
    losses = page.evaluate(
        "['slow', 'fast'].map((name) => potholeLab.network.curves.line(name, 'train_loss', 'steps').y)"
    )
    assert [len(line) for line in losses] == [CHECKPOINTS] * 2 and losses[1][-1] < losses[0][0]

    # A slice of all that, exact in the end, around one of the runs; and its curvature.
    page.locator('[data-control="slice_point"] select').select_option("fast")
    page.locator("#slice-ask").click()
    opened.until(lambda: page.evaluate("Boolean(potholeLab.network.explore.current.slice?.done)"))
    found = page.evaluate("JSON.parse(JSON.stringify(potholeLab.network.explore.current.slice))")
    assert found["plane"]["around"] == "fast, step 10" and found["plane"]["steps"] == opened.positions()
    opened.until(lambda: page.locator("#slice-honesty tbody tr").count() == 2)
    opened.until(lambda: opened.ink("#slice-map-stack canvas") > 50)
    page.locator("#curvature-ask").click()
    opened.until(lambda: page.evaluate("Boolean(potholeLab.network.explore.current.curvature?.done)"))
    opened.until(lambda: page.locator("#curvature-table tbody tr").count() == 2)

    # One run alone, and a link that brings the same back; nobody can train what was trained elsewhere.
    page.locator('#legend .method[data-method="slow"]').click()
    opened.until(lambda: page.evaluate("potholeLab.network.view.shown().length") == 1)
    assert page.locator("#start-button.wanted").count() == 0
    page_problems.allow("422")
    page.locator("#start-button").click()
    page.locator("#notices").get_by_text("choose a method in the legend first").wait_for()
    assert opened.run()["job"] and opened.state() == "finished"
