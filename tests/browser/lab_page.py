"""The toy lab as a person meets it: open it, read its table, drag its sliders. Shared by the browser tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page

from tests.browser.waiting import first_true

WITHIN = 300.0
"""Seconds that a test waits at most for what it checks, on a machine that may be busy with something else."""


AT_HAND = {"step": "3000", "panel": "shown"}


def with_defaults(link: str) -> str:
    """The link with what tests need at hand, where it does not say otherwise."""
    path, _, query = link.partition("?")
    held = {pair.partition("=")[0] for pair in query.split("&")}
    more = [f"{name}={value}" for name, value in AT_HAND.items() if name not in held]
    return f"{path}?{'&'.join([*filter(None, [query]), *more])}"


class LabPage:
    """A page of the toy lab. The page's policy forbids Playwright's wait_for_function, so waiting is done from here."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, link: str = "/") -> LabPage:
        """Open a link and wait for the first paths on the map: at the end of the run and with all settings on the
        screen, where the link says nothing else of them. (A link that names no step plays.)"""
        self.page.goto(with_defaults(link))
        self.page.locator("#outcomes [data-outcome]").first.wait_for(state="attached", timeout=300_000)
        self.until(lambda: self.page.evaluate("potholeLab.toy.pictures.map.paths.ready"))
        return self.settle()

    def follow(self, link: str) -> LabPage:
        """Go to a link within the page, as its back button does: much faster than loading the page anew."""
        # An answer that was still under way to the state before must not be taken for the link's.
        before = self.page.evaluate("potholeLab.toy.opens")
        # In one call: between two the page may write its own link into the address.
        go = "(link) => { history.pushState(null, '', link); dispatchEvent(new PopStateEvent('popstate')); }"
        self.page.evaluate(go, with_defaults(link))
        self.until(lambda: self.page.evaluate("potholeLab.toy.opens") > before)
        return self.settle()

    def settle(self) -> LabPage:
        """Wait until what was asked for is drawn."""
        settled = "potholeLab.toy.gate.idle && !potholeLab.toy.asksAgain && potholeLab.toy.gate.answered > 0"
        self.until(lambda: self.page.evaluate(settled))
        return self

    def draw(self) -> LabPage:
        """Settle, and wait until the surface stands, and what lies over it."""
        drawn = """() => {
          const { map, relief } = potholeLab.toy.pictures;
          const shown = document.querySelector("#relief-picture").checkVisibility();  // a scene may show others only
          return map.paths.ready && (!shown || (relief.paths.ready && relief.isSharp));
        }"""
        self.settle().until(lambda: self.page.evaluate(drawn))
        return self

    def until(self, ready: Callable[[], Any], seconds: float = WITHIN) -> Any:
        """The first true value of `ready`, asked again and again; AssertionError when none comes."""
        return first_true(self.page, ready, seconds, lambda: f"the page says {self.notices()}")

    def table(self) -> dict[str, dict[str, str]]:
        """The table of outcomes: method → column → text. Read at once: between two calls its rows may be others."""
        return self.page.evaluate(
            """() => Object.fromEntries([...document.querySelectorAll("#outcomes tbody tr")].map((row) => [
              row.dataset.method,
              Object.fromEntries([...row.querySelectorAll("[data-column]")].map((cell) =>
                [cell.dataset.column, cell.innerText])),
            ]))"""
        )

    def outcomes(self) -> dict[str, str]:
        """Method → named outcome."""
        return self.page.evaluate(
            """() => Object.fromEntries([...document.querySelectorAll("#outcomes tbody tr")].map((row) =>
              [row.dataset.method, row.dataset.outcome]))"""
        )

    def field(self, name: str) -> Locator:
        """The number field of a control."""
        return self.page.locator(f'[data-field="{name}"]')

    def slider(self, name: str) -> Locator:
        """The slider of a control."""
        return self.page.locator(f'[data-control="{name}"] input[type=range]')

    def drag(self, name: str, start: float, end: float, moves: int = 12, answered: bool = True) -> None:
        """Drag a slider with the mouse between two parts of its width. answered: wait until it is drawn; not where
        nobody answers."""
        slider = self.slider(name)
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        y = box["y"] + box["height"] / 2
        mouse = self.page.mouse
        mouse.move(box["x"] + start * box["width"], y)
        mouse.down()
        for move in range(1, moves + 1):
            mouse.move(box["x"] + (start + (end - start) * move / moves) * box["width"], y)
        mouse.up()
        if answered:
            self.settle()

    def type(self, name: str, text: str) -> None:
        """Type into a number field and confirm it."""
        self.field(name).fill(text)
        self.field(name).press("Enter")
        self.settle()

    def state(self, name: str) -> Any:
        """A value of the page's state."""
        return self.page.evaluate("(name) => potholeLab.toy.state.get(name)", name)

    def step(self) -> int:
        """The step that is shown."""
        return int(self.page.locator("#step-readout").inner_text().split()[1])

    def notices(self) -> list[str]:
        """The sentences of all notices."""
        return self.page.locator("#notices .notice span").all_inner_texts()

    def painted(self, name: str) -> int:
        """How many pixels of a picture's overlay are not empty ("map" or "relief")."""
        return self.page.evaluate(
            """(name) => {
              const layer = potholeLab.toy.pictures[name].paths.trail;
              const { data } = layer.context.getImageData(0, 0, layer.canvas.width, layer.canvas.height);
              let count = 0;
              for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count += 1;
              return count;
            }""",
            name,
        )

    def link(self) -> str:
        """The link to the whole state, once the address bar shows it."""
        shown = """async () => {
          const { writeLink } = await import("/assets/core/link.js");
          const wanted = location.pathname + writeLink(potholeLab.toy.state.values, potholeLab.toy.state.base);
          return wanted === location.pathname + location.search && wanted;
        }"""
        return self.until(lambda: self.page.evaluate(shown))

    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        return self.page.evaluate("document.documentElement.scrollWidth") - self.page.viewport_size["width"]
