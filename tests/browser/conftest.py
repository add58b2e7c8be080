"""A real headless browser. Every page fails its test on a console error, a page error or a request to elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.kept_pages import KeptPages
from tests.browser.launch import DESKTOP, PHONE, QUICK_TO_LOAD, launch
from tests.browser.problems import PageProblems
from tests.browser.waiting import WITHIN
from tests.server import Server

ARTIFACTS = Path(__file__).resolve().parent.parent / "artifacts"
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember whether the test failed, so that its page can be kept as a picture."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def browser(chrome_path: str) -> Iterator[Browser]:
    """One browser for all browser tests."""
    with sync_playwright() as playwright:
        running = launch(playwright, chrome_path, QUICK_TO_LOAD)
        yield running
        running.close()


@pytest.fixture(scope="session")
def kept_pages(browser: Browser, server: Server) -> KeptPages:
    """The pages that tests hand on to one another."""
    return KeptPages(browser, server.url)


@pytest.fixture
def page_problems(server: Server) -> Iterator[PageProblems]:
    """What went wrong on the test's pages. `page_problems.allow("regular expression")` for what a test provokes."""
    problems = PageProblems()
    before = server.tracebacks()
    yield problems
    found = problems.unexpected()
    if server.tracebacks() > before:
        found.append(f"the server printed a traceback:\n{server.log()[-4000:]}")
    if found:
        pytest.fail("\n".join(found), pytrace=False)


@pytest.fixture
def new_page(
    kept_pages: KeptPages, page_problems: PageProblems, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """new_page(**context) → a blank watched page in a context of its own; `page.goto("/")` opens the app.

    The context's settings are Playwright's (viewport, color_scheme, reduced_motion, has_touch …). fresh: nobody has had
    it and nobody gets it, for a first visit and for tests that leave something on it for good.
    """
    pages: list[Page] = []

    def make(fresh: bool = False, **context: Any) -> Page:
        page = kept_pages.take({**DESKTOP, **context}, fresh)
        page.set_default_timeout(1000 * WITHIN)
        page_problems.watch(page)
        pages.append(page)
        return page

    yield make
    failed = request.node.stash.get(FAILED, False)
    page_problems.leave()
    for index, page in enumerate(pages):
        if failed and not page.is_closed():
            ARTIFACTS.mkdir(exist_ok=True)
            page.screenshot(path=ARTIFACTS / f"{request.node.name.replace('/', '-')}-{index}.png")
        kept_pages.give_back(page, whole=not failed)


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A desktop page, 1280 × 800."""
    return new_page()


@pytest.fixture
def phone_page(new_page: Callable[..., Page]) -> Page:
    """A phone's page, 390 × 844, with touch."""
    return new_page(**PHONE)
