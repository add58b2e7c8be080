"""The watch over the pages sees what it is there to see: a browser test that cannot fail would prove nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.problems import PageProblems


@pytest.fixture
def watched(browser: Browser) -> Iterator[tuple[Page, PageProblems]]:
    page, problems = browser.new_page(), PageProblems()
    problems.watch(page)
    yield page, problems
    page.close()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("console.error('it broke')", "console error: it broke"),
        ("setTimeout(() => { throw new Error('thrown late') })", "thrown late"),
        ("fetch('http://elsewhere.example/x').catch(() => 0)", "request to elsewhere: http://elsewhere.example/x"),
        ("new Image().src = 'http://elsewhere.example/x.png'", "request failed: GET http://elsewhere.example/x.png"),
        ("new WebSocket('ws://elsewhere.example/feed')", "request to elsewhere: ws://elsewhere.example/feed"),
        ("fetch('http://127.0.0.1:9/').catch(() => 0)", "request failed: GET http://127.0.0.1:9/"),
    ],
)
def test_problem_is_seen(watched: tuple[Page, PageProblems], script: str, words: str) -> None:
    page, problems = watched
    page.evaluate(f"() => {{ {script} }}")
    for _ in range(600):  # events arrive on their own time
        page.wait_for_timeout(50)
        if any(words in found for found in problems.unexpected()):
            break
    assert any(words in found for found in problems.unexpected()), problems.unexpected()
    problems.allow(".")
    assert problems.unexpected() == []


def test_quiet_page_has_no_problem(watched: tuple[Page, PageProblems]) -> None:
    page, problems = watched
    page.set_content("<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='><p>Hello</p>")
    page.evaluate("console.warn('only a warning')")
    page.wait_for_timeout(100)
    assert problems.unexpected() == []
    problems.allow("nothing like this")
    assert problems.unexpected() == []
