"""For everybody: axe-core finds nothing serious on any page in any theme, and each page keeps its policy."""

from __future__ import annotations

import re

import pytest

from app.server import build
from app.web.pages import PAGES
from tests.browser.axe import findings
from tests.browser.policy import check_policy
from tests.browser.waiting import WITHIN, first_true, settled

THEMES = ("scheme=light", "scheme=dark", "theme=projector", "theme=projector&scheme=dark")
RECOLOURED = ("scheme=dark", "theme=projector")
"""What differs from another of the themes by its colours, or by its letters and what it leaves out."""
PLAIN = ("/notes", "/handout")
"""Pages without a projector's look, whose link is read when they are loaded."""
QUICK = {
    "/instruments": "resolution=12&runs=1&steps=100",
    "/network": "steps=20",
    "/": "preset=figure-2",
    "/handout": "scenes=exercises",
}
build()  # the server's own registration of pages: a page added there is tested here
PATHS = tuple(PAGES)
SHOWN = "[document.documentElement.dataset.theme ?? 'desk', document.documentElement.dataset.scheme ?? 'light']"

TYPEWRITTEN = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const { parentElement: around, textContent: text } = node;
    const shown = around.checkVisibility() && !around.closest("code, pre, kbd, script, textarea");
    if (shown && /(^|[\\s(=≤≥<>,:])-[\\d.]|\\de-\\d|\\w's\\b|s'\\s/.test(text)) found.push(text.trim().slice(0, 80));
  }
  return found;
}"""
ON_PAPER = """() => {
  const all = document.querySelectorAll("button:not(.method, .heat), input, select, .top");
  const tools = [...all].filter((one) => one.checkVisibility());
  const dark = getComputedStyle(document.body).backgroundColor !== "rgb(255, 255, 255)";
  return [...tools.map((one) => one.outerHTML.slice(0, 80)), ...(dark ? ["the page is not white"] : [])];
}"""
"""What does not belong on paper: tools, and a ground that is not its own."""


def draw_once(page):
    """The server draws a handout's first picture, and each that follows is a copy: axe looks at none."""
    drawn = []

    def answer(route):
        if not drawn:
            drawn.append(route.fetch())
        route.fulfill(response=drawn[0])

    page.route("**/export/toy", answer)


@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing_serious_in_any_theme(page, page_problems, path):
    """One load for all that is looked at on a page, the policy of its headers among it."""
    themes = THEMES[:2] if path in PLAIN else THEMES
    shown = []
    if path == "/handout":
        draw_once(page)
    for theme in themes:
        settled(page, f"{path}?{QUICK.get(path, '')}&{theme}", within=bool(shown) and path not in PLAIN)
        shown.append(tuple(page.evaluate(SHOWN)))
        assert findings(page, colours_only=theme in RECOLOURED) == [], theme
        assert page.evaluate(TYPEWRITTEN) == [], "a minus is no hyphen, and an apostrophe no quotation mark"
    assert len(set(shown)) == len(themes), shown
    page.emulate_media(media="print")
    first_true(page, lambda: page.evaluate(ON_PAPER) == [], WITHIN, lambda: f"on paper: {page.evaluate(ON_PAPER)}")
    check_policy(page, page_problems, path)


def test_axe_finds_what_is_wrong(page):
    """The check above can fail."""
    settled(page, "/notes")
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    page.locator("h1").evaluate("(node) => { node.style.color = '#eee'; }")
    assert {re.split("[ :]", one)[1] for one in findings(page)} == {"image-alt", "color-contrast"}
    assert [re.split("[ :]", one)[1] for one in findings(page, colours_only=True)] == ["color-contrast"]


def test_axe_finds_the_one_among_many_alike(page):
    """Of words of one look a few are looked at: one among them with a colour, or on a ground, of its own is another."""
    settled(page, "/notes")
    page.evaluate("""() => {
      const list = document.querySelector("main").appendChild(document.createElement("ul"));
      list.innerHTML = "<li><p>Words.</p></li>".repeat(20);
      const rows = [...list.children];
      rows[11].firstChild.style.color = "#eee";
      rows[17].style.background = "#222";
    }""")
    [found] = findings(page)
    assert re.findall(r"nth-child\((\d+)\)", found) == ["12", "18"]
