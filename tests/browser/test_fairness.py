"""The fair comparison on the network page: tuned, judged, by other costs, at other settings, cancelled, by the link."""

from __future__ import annotations

from tests.browser.network_lab import NetworkPage

LINK = "/network?preset=two-moons&steps=20&methods=SGDM,SAM&fairness_seeds=2&fairness_effort=18"
VERDICTS = {"holds", "does not hold", "cannot be told"}


def test_methods_are_tuned_and_compared_and_come_back_by_the_link(page) -> None:
    lab = NetworkPage(page).open(LINK)
    button, status = page.locator("#fairness-ask"), page.locator("#fairness-status")
    answer, rows = page.locator("#fairness-answer"), page.locator("#fairness-table tbody tr")
    verdicts = page.locator("#fairness-claims .verdict")
    assert button.inner_text() == "Tune and compare" and answer.is_hidden()

    # Tuned and compared: each method's best setting, both pictures in words, a verdict for each statement.
    button.click()
    lab.until(lambda: button.is_visible() and button.inner_text() == "Compared")
    assert status.inner_text() == "2 of 2 seeds" and button.is_disabled()
    settings = page.locator('#fairness-table td[data-column="Best setting"]').all_inner_texts()
    assert len(settings) == 2 and "ρ" not in settings[0] and "ρ" in settings[1]
    assert rows.count() == 2 and "evaluations" in rows.first.inner_text()
    said = [page.locator(f"#fairness-{key}-chart").get_attribute("aria-label") or "" for key in ("rates", "curves")]
    assert f"SGDM {settings[0]}" in said[0] and "against steps" in said[1] and "SAM" in said[1]
    assert verdicts.count() == 2 and set(verdicts.all_inner_texts()) <= VERDICTS
    assert page.locator("#fairness-claims .pairs circle").count() >= 2
    assert "is ahead of SGDM" in page.locator("#spoken").inner_text()
    assert lab.run() is None, "no run was started on the page by it"

    # Against another cost: the same runs, cut to the same gradient evaluations.
    page.locator('#axis-switch input[value="evaluations"]').dispatch_event("click")
    label = page.locator("#fairness-curves-chart")
    lab.until(lambda: "against gradient evaluations" in (label.get_attribute("aria-label") or ""))
    assert button.inner_text() == "Compared", "what is tuned does not depend on it"

    # What is tuned makes no difference; another number of steps does, and takes long enough to be cancelled.
    lab.type("learning_rate", "0.3")
    lab.until(lambda: page.evaluate("potholeLab.network.state.get('learning_rate')") == 0.3)
    assert button.inner_text() == "Compared"
    lab.type("steps", "2000")
    lab.until(lambda: button.inner_text() == "Compare at these settings")
    assert "stale" in (answer.get_attribute("class") or "")
    button.click()
    lab.until(lambda: page.locator("#fairness-cancel").is_visible())
    page.locator("#fairness-cancel").click()
    lab.until(lambda: status.inner_text().startswith("Cancelled"))
    assert button.is_visible() and page.locator("#fairness-progress").is_hidden()
    lab.until(lambda: "fairness_asked" not in page.url)

    # The link asks for it: the engine still has the answer.
    lab.open(f"{LINK}&fairness_asked=yes")
    lab.until(lambda: button.is_visible() and button.inner_text() == "Compared")
    assert page.locator('#fairness-table td[data-column="Best setting"]').all_inner_texts() == settings
