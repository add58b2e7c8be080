"""Take away from the network lab in a real browser: train a little, look at a slice, save all of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors import safe_open

from tests.browser.network_lab import NetworkPage
from tests.browser.test_export import colours, saved

LINK = "/network?data=two-moons&methods=SGDM,SAM&batch_size=32&refresh_size=32&steps=40&snapshots=2&slice_points=11"


def test_a_run_gives_its_curves_its_slice_its_weights_and_a_script(page, tmp_path: Path) -> None:
    lab = NetworkPage(page).open(LINK)
    assert page.locator("#export-button").is_disabled(), "there is nothing to save yet"
    lab.start()
    lab.wait_for("finished")
    lab.until(lambda: lab.run()["final"])
    page.locator("#export-button").click()
    page.get_by_role("dialog", name="Export").wait_for()

    page.locator('[data-export="the slice as CSV"]').click()
    page.locator(".export-status[data-tone=error]", has_text="no slice is complete").wait_for()

    for kind in ("CSV", "npz", "PNG", "SVG"):
        path = saved(page, f"the curves as {kind}", tmp_path)
        assert path.name.startswith("pothole-lab-mlp-two-moons-seed-0-curves.")
        if kind == "CSV":
            assert len(path.read_text(encoding="utf-8").splitlines()) == 2 + 2 * 41
        if kind == "PNG":
            assert colours(path) > 50
    assert colours(saved(page, "the live picture as PNG", tmp_path)) > 50
    script = saved(page, "the Python script", tmp_path).read_text(encoding="utf-8")
    assert "build_network('mlp'" in script and "range(40)" in script

    page.locator("[data-export-field=method]").select_option("SAM")
    page.locator("[data-export-field=moment]").select_option("20")
    with safe_open(saved(page, "the weights", tmp_path), "np") as file:
        assert json.loads(file.metadata()["settings"])["method"] == "SAM"
        assert all(np.isfinite(file.get_tensor(name)).all() for name in file.keys())  # noqa: SIM118 - it is no dict

    page.get_by_role("button", name="Close", exact=True).click()
    page.locator("#slice-ask").click()
    lab.until(lambda: page.evaluate("Boolean(potholeLab.network.explore.current.slice?.job)"))
    page.locator("#export-button").click()
    for kind in ("CSV", "npz", "PNG", "SVG"):
        path = saved(page, f"the slice as {kind}", tmp_path)
        if kind == "CSV":
            assert "# settings" in path.read_text(encoding="utf-8")[:12]


def test_the_dialog_on_a_phone(phone_page) -> None:
    lab = NetworkPage(phone_page).open(LINK)
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390
    lab.page.evaluate("potholeLab.network.exportDialog.open()")
    assert phone_page.locator("#export-dialog").bounding_box()["width"] <= 390
