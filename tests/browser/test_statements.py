"""Statements over seeds on the network page: tested, more seeds, other settings, cancelled, and by the link."""

from __future__ import annotations

from tests.browser.network_lab import NetworkPage

PLAIN = "/network?preset=two-moons"
LINK = "/network?preset=two-moons&steps=20&statements_seeds=2"


def test_statements_are_judged_over_seeds_and_come_back_by_the_link(page) -> None:
    # A preset has recorded verdicts, pale at other settings, and back with its own.
    lab = NetworkPage(page).open(PLAIN)
    button, status = page.locator("#statements-ask"), page.locator("#statements-status")
    verdicts, recorded = page.locator("#statements-claims .verdict"), page.locator("#statements-recorded")
    shipped = verdicts.all_inner_texts()
    assert set(shipped) <= {"holds", "does not hold", "cannot be told"}
    assert button.inner_text() == "Test here" and button.is_enabled()
    assert recorded.inner_text().startswith("Recorded: seeds 0 to 7,")
    lab.type("steps", "20")
    lab.until(lambda: button.inner_text() == "Test at these settings")
    assert "stale" in (page.locator("#statements-claims").get_attribute("class") or "")
    page.get_by_role("button", name="Deep tanh").click()
    lab.until(lambda: button.inner_text() == "Test here")
    assert "gets on" in page.locator("#statements-claims .statement").first.inner_text()

    lab.open(LINK)
    assert recorded.is_hidden()
    assert button.inner_text() == "Test" and page.locator("#statements-cancel").is_hidden()
    assert set(verdicts.all_inner_texts()) == {"not tested yet"}
    statements = page.locator("#statements-claims .statement").all_inner_texts()
    assert "SAM raises the test accuracy: SAM over SGDM." in statements

    # Tested: a verdict with a picture for each, and the methods over the seeds.
    button.click()
    lab.until(lambda: button.is_visible() and button.inner_text() == "Tested")
    assert status.inner_text() == "2 of 2 seeds" and button.is_disabled()
    assert set(verdicts.all_inner_texts()) <= {"holds", "does not hold", "cannot be told"}
    assert page.locator("#statements-claims .statement").all_inner_texts() == statements
    assert page.locator("#statements-claims .pairs circle").count() >= 2 * len(statements)
    assert "seed by seed" in (page.locator(".pairs").first.get_attribute("aria-label") or "")
    assert page.locator("#statements-table tbody tr").count() == 4
    assert "statements hold" in page.locator("#spoken").inner_text()
    assert lab.run() is None, "no run was started on the page by it"

    # One seed more goes on from the two that are there.
    lab.type("statements_seeds", "3")
    lab.until(lambda: button.inner_text() == "Go on")
    button.click()
    lab.until(lambda: button.is_visible() and button.inner_text() == "Tested")
    assert status.inner_text() == "3 of 3 seeds"

    # At other settings they are stale; what takes long is cancelled.
    lab.type("statements_seeds", "64")
    lab.type("steps", "2000")
    lab.until(lambda: "stale" in (page.locator("#statements-claims").get_attribute("class") or ""))
    assert button.inner_text() == "Test at these settings"
    button.click()
    page.locator("#statements-cancel").click()
    lab.until(lambda: status.inner_text().startswith("Cancelled"))
    assert button.is_visible() and page.locator("#statements-progress").is_hidden()
    lab.until(lambda: "statements_asked" not in page.url)

    # The link asks for them: the engine still has the answer.
    lab.open(f"{LINK}&statements_asked=yes")
    lab.until(lambda: button.is_visible() and button.inner_text() == "Tested")
    assert status.inner_text() == "2 of 2 seeds"
    page.get_by_role("button", name="Deep tanh").click()
    lab.until(
        lambda: any("gets on" in text for text in page.locator("#statements-claims .statement").all_inner_texts())
    )
    page.locator("#statements-cancel").click()
    lab.until(lambda: status.inner_text().startswith("Cancelled"))
