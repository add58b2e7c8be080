"""The switch of the cost's unit on the instruments: colours, tables, hover, sentence, link and export in one unit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from app.instruments.repeats import repeats
from app.toy.compute import configured
from tests.app.counting import evaluations_to_arrival
from tests.app.instruments.asking import read_instrument_request
from tests.browser.test_instruments import opened, wait_complete

STATE = {"preset": "figure-2", "runs": "3", "steps": 100, "noise_variance": 0.0}
QUERY = "resolution=12&" + "&".join(f"{key}={value}" for key, value in STATE.items())


def at_cell(page, name):
    """(axis values, cost column's text) of the cell pointed at."""
    page.locator("#phase-body .heat").nth(3).focus()
    for key in ("Shift+ArrowRight", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    table = page.locator("#phase-body .readout-table")
    heads = table.locator("thead th").all_inner_texts()
    row = table.locator("tbody tr", has_text=name).first
    return heads, [row.locator("th").inner_text(), *row.locator("td").all_inner_texts()]


def test_the_phase_diagram_counts_gradient_evaluations(page):
    """The cell pointed at, by a walk that counts; then the link, the spoken words, and back to steps."""
    opened(page, "phase", f"{QUERY}&shown=steps")
    coloured = page.locator("#phase-tools [data-tool=shown] option").nth(1)
    assert coloured.inner_text() == "Steps to arrival"
    asked = page.evaluate("window.complete.phase")
    page.locator("#phase-tools [data-tool=cost]").select_option("evaluations")
    assert (
        page.locator("#phase-tools [data-tool=shown] option").nth(1).inner_text() == "Gradient evaluations to arrival"
    )
    heads, row = at_cell(page, "LLQR+SAM")
    assert heads == ["Method", "Arrive", "Median gradient evaluations", "Diverge"]
    x, y = page.evaluate(
        """() => {
          const { map, cell } = potholeLab.instruments.shown;
          return [map.x.values[cell[0]], map.y.values[cell[1]]];
        }"""
    )
    request = read_instrument_request({**STATE, "learning_rate": x, "radius": y}).toy
    surface = request.make_surface()
    starts = repeats(request, surface, 3).starts
    walks = evaluations_to_arrival(surface, configured("LLQR+SAM", request), starts, 100, x, y)
    costs = [cost for cost in walks if cost is not None]
    assert costs and row[1] == f"{len(costs)} of 3"
    assert row[2].replace("\u202f", "") == str(round(float(np.median(costs))))
    page.wait_for_function("() => /gradient evaluations/.test(document.getElementById('spoken').textContent)")
    assert "101 for each refresh of U" in page.locator("#phase-body").inner_text()
    assert "Gradient evaluations to arrival (median)" in page.locator("#phase-body .scale").inner_text()
    assert page.evaluate("window.complete.phase") == asked, "another unit asks for no map anew"
    page.wait_for_function("() => location.search.includes('cost=evaluations')")
    leads = "[...document.querySelectorAll('.pages a')].find((link) => link.textContent === 'Toy lab').search"
    page.wait_for_function(f"() => {leads}.includes('cost=evaluations')")
    page.locator("#phase-tools [data-tool=cost]").select_option("seconds")
    page.get_by_text("Counted in seconds. Measured on this server").wait_for()
    assert "Median seconds" in page.locator("#phase-body .readout-table thead").inner_text()
    with page.expect_download() as download:
        page.locator("[data-action=export]").click()
        page.get_by_role("button", name="Save all answers as JSON").click()
    settings = json.loads(Path(download.value.path()).read_text())["settings"]
    assert settings["cost"] == "seconds" and settings["seconds"]["SAM"]["step"] > 0


def test_the_fairness_strip_tunes_within_an_equal_budget(page):
    opened(page, "fairness", QUERY)
    by_steps = page.locator("#fairness-body .verdict-sentence").inner_text()
    body = page.locator("#fairness-body")
    for index, (unit, name) in enumerate({"evaluations": "gradient evaluations", "seconds": "seconds"}.items()):
        page.locator("#fairness-tools [data-tool=cost]").select_option(unit)
        wait_complete(page, "fairness", 2 * index + 2)
        sentence = body.locator(".verdict-sentence").inner_text()
        same = "Counted in steps the verdict is the same." in sentence
        assert same is sentence.startswith(f"{by_steps.split(':')[0]}, counted in {name}: ")
        assert f"Tuned: arrive, median {name}" in body.locator("thead").inner_text()
        assert "of 20, " in body.locator("tbody").inner_text() and name in body.locator("tbody").inner_text()
        assert "pays for so many steps" in body.inner_text()
        body.locator(".strip-stack").focus()
        for _ in range(4):
            page.keyboard.press("Shift+ArrowRight")
        assert name in body.locator(".hint", has_text="arrive").first.inner_text()
        page.locator("#fairness-tools [data-tool=cost]").select_option("steps")
        wait_complete(page, "fairness", 2 * index + 3)
        assert body.locator(".verdict-sentence").inner_text() == by_steps
