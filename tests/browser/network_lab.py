"""The network page as a person meets it: start a training, watch it, steer it. Shared by the browser tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page

from tests.browser.waiting import first_true

WITHIN = 300.0
"""Seconds: a worker process imports torch first, on a machine that may be busy with something else."""
SMALL = "/network?data=two-moons&methods=SGDM,LLQR%2BSAM&batch_size=32&refresh_size=32"
LONG = f"{SMALL}&steps=2000&refresh_every=1&evaluations=200"
"""A run that is still under way whatever a test does meanwhile: it takes a minute of a processor's own time. For tests
that kill, cut or change something under a running run; they stop it at their end."""


class NetworkPage:
    """A network page. The page's policy forbids Playwright's wait_for_function, so waiting is done from here."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, link: str = SMALL) -> NetworkPage:
        """Open a link and wait until the page has its state."""
        self.page.goto(link)
        self.until(lambda: self.page.evaluate("Boolean(window.potholeLab?.network?.state.values.network)"))
        return self

    def until(self, ready: Callable[[], Any], seconds: float = WITHIN) -> Any:
        """The first true value of `ready`, asked again and again; AssertionError when none comes."""
        return first_true(self.page, ready, seconds, lambda: f"the run: {self.status()}; {self.said()}")

    def start(self) -> str:
        """Press Start and wait for the first row; the run's id."""
        before = self.run()
        self.page.locator("#start-button").click()
        self.until(lambda: self.run() and self.run()["job"] != (before or {}).get("job"))
        self.until(lambda: self.rows() > 0)
        return self.run()["job"]

    def run(self) -> dict[str, Any] | None:
        """What the page tells its parts of the run."""
        return self.page.evaluate("window.potholeLab?.network?.run ?? null")

    def state(self) -> str:
        """The run's state."""
        return (self.run() or {}).get("state", "none")

    def stop(self) -> list[int]:
        """Press Stop and wait for the end; the steps of the curves' rows then."""
        self.button("stop").click()
        self.wait_for("stopped")
        return self.positions()

    def wait_for(self, state: str) -> NetworkPage:
        """Wait until the run is at a state."""
        self.until(lambda: self.state() == state)
        return self

    def rows(self) -> int:
        """Rows of the curves."""
        return self.page.evaluate("window.potholeLab?.network?.curves?.rows.length ?? 0")

    def positions(self) -> list[int]:
        """The steps of the curves' rows."""
        return self.page.evaluate("potholeLab.network.curves.rows.map((row) => row.position)")

    def marks(self) -> list[dict[str, Any]]:
        """Changes of settings marked on the curves."""
        return self.page.evaluate("potholeLab.network.curves.marks")

    def status(self) -> str:
        """The words of the run's bar."""
        return self.page.locator("#run-status").inner_text()

    def said(self) -> str:
        """The sentences under them."""
        return " ".join(self.page.locator("#run-said li").all_inner_texts())

    def button(self, name: str) -> Locator:
        """A button of the run's bar."""
        return self.page.locator(f"#{name}-button")

    def type(self, name: str, text: str) -> None:
        """Type into a number field and confirm it."""
        field = self.page.locator(f'[data-field="{name}"]')
        field.fill(text)
        field.press("Enter")

    def ink(self, selector: str) -> int:
        """How many pixels of a canvas are not empty."""
        return self.page.evaluate(
            """(selector) => {
              const canvas = document.querySelector(selector);
              const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
              let count = 0;
              for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count += 1;
              return count;
            }""",
            selector,
        )
