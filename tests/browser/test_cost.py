"""The honest cost axis in a real browser: charts, playback, table and sentence in one unit, counted anew here."""

from __future__ import annotations

import pytest

from app.toy.compute import configured
from app.toy.costs import PRODUCT
from app.toy.request import read_request
from optimizers import METHODS, simulate
from tests.browser.lab_page import LabPage


@pytest.fixture
def lab(page):
    return LabPage(page)


def counts():
    """Method → cumulative gradients + PRODUCT·products of Figure 2's run, and its arrival."""
    request, _ = read_request({"preset": "figure-2", "noise_variance": 0})
    found = {}
    for name in METHODS:
        run = simulate(
            request.make_surface(),
            configured(name, request),
            request.start,
            request.steps,
            request.learning_rate,
            request.radius,
            request.momentum,
        )
        found[name] = (run.gradient_evaluations + PRODUCT * run.curvature_products, int(run.arrival))
    return found


def test_gradient_evaluations(lab):
    lab.open("/?preset=figure-2&noise_variance=0&cost=evaluations&step=60")
    lab.page.locator("#cost-sentence").wait_for()
    costs = counts()
    total = max(int(cost[-1]) for cost, _ in costs.values())
    assert lab.page.evaluate("potholeLab.toy.pictures.total") == total
    arrived = sorted((int(cost[at]), name) for name, (cost, at) in costs.items() if at >= 0)
    said = lab.page.locator("#cost-sentence").inner_text().replace("\u202f", "")
    assert said.startswith(
        f"Counted in gradient evaluations, {', then '.join(f'{name} after {cost}' for cost, name in arrived)} arrive."
    )
    table = lab.table()
    for name, (cost, at) in costs.items():
        text = table[name]["Evaluations in all to arrival / in full"].replace("\u202f", "")
        assert text == f"{cost[at] if at >= 0 else '–'} / {cost[-1]}"
    budget = total * 60 / 600
    for name, (cost, _) in costs.items():
        own = max(t for t in range(601) if cost[t] <= budget * (1 + 1e-12))
        assert lab.page.evaluate("(name) => potholeLab.toy.pictures.ownStep(name)", name) == own
        assert f"{name} step {own}" in lab.page.locator("#cost-now").inner_text()
    assert "gradient evaluations" in lab.page.locator("#step-readout").inner_text()
    assert "cost=evaluations" in lab.link()


def test_the_switch_goes_to_seconds_and_back(lab):
    lab.open("/?preset=figure-2")
    assert lab.page.locator("#cost-section").is_hidden()
    lab.page.locator("[data-control=cost] label", has_text="Seconds").click()
    lab.until(lambda: "Measured on this server" in lab.page.locator("#cost-what").inner_text())
    assert lab.page.locator("#cost-sentence").inner_text().startswith("Counted in seconds, ")
    assert "Seconds to arrival / in full" in lab.table()["SAM"]
    lab.type("learning_rate", "0.02")
    lab.until(lambda: "Seconds to arrival / in full" in lab.table()["SAM"])
    lab.page.locator("[data-control=cost] label", has_text="Steps").click()
    assert lab.page.locator("#cost-section").is_hidden()
    assert lab.page.evaluate("potholeLab.toy.pictures.total") is None
    assert "Seconds to arrival / in full" not in lab.table()["SAM"]


def test_a_phone_and_a_curve(phone_page):
    lab = LabPage(phone_page)
    lab.open("/?preset=two-scale&cost=evaluations&anatomy=on&step=30")
    lab.page.locator("#cost-sentence").wait_for()
    assert lab.overflow() <= 0
    own = lab.page.evaluate("potholeLab.toy.pictures.ownStep('LLQR+SAM')")
    lab.until(lambda: lab.page.evaluate("potholeLab.toy.anatomy.data?.asked") == own)
