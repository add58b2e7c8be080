"""Pages that tests take one after the other: each gets a blank one without cookies or storage of its site.

A page in a new context takes nearly twice the processor's time of one that was used before: a process begins, and the
code of Dash is compiled there for the first time. What a test leaves on a page for good, such as a listener
or a script for every load, would be the next one's: such tests ask for a fresh page.
"""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Browser, Error, Page

from tests.browser.launch import new_context

BLANK = "/blank"
"""Of the site, whose pages share a process: one that comes after about:blank begins in a new one, and compiles anew."""
NOTHING = '<link rel="icon" href="data:,">'
"""All that is there: an icon, or the browser would ask for one."""
COUNT_COMPLETE = """window.complete = {};
document.addEventListener("pothole:complete", ({ detail }) => { complete[detail] = (complete[detail] ?? 0) + 1; });"""
"""How often an instrument's picture has been completed since the page was loaded."""


class KeptPages:
    """By the settings of their contexts."""

    def __init__(self, browser: Browser, base_url: str) -> None:
        self._browser, self._base_url = browser, base_url
        self._free: dict[str, list[Page]] = {}
        self._settings: dict[Page, dict[str, Any]] = {}

    def take(self, settings: dict[str, Any], fresh: bool = False) -> Page:
        """A blank page that nobody has now; fresh: in a context that nobody has had."""
        free = self._free.setdefault(json.dumps(settings, sort_keys=True), [])
        if free and not fresh:
            return free.pop()
        context = new_context(self._browser, base_url=self._base_url, **settings)
        context.add_init_script(COUNT_COMPLETE)
        page = context.new_page()
        if not fresh:
            self._settings[page] = settings
        return page

    def give_back(self, page: Page, whole: bool = True) -> None:
        """Make it blank for the next; or end it, where it was fresh, where it is not whole, and where that fails."""
        settings = self._settings.get(page)
        if settings is not None and whole and self._make_blank(page, settings):
            self._free[json.dumps(settings, sort_keys=True)].append(page)
        else:
            page.context.close()

    def _make_blank(self, page: Page, settings: dict[str, Any]) -> bool:
        if page.is_closed():
            return False
        context = page.context
        try:
            for other in context.pages:
                if other is not page:
                    other.close()
            context.set_offline(False)
            context.clear_permissions()
            page.unroute_all()
            page.evaluate(
                "() => { if (location.protocol !== 'about:') { localStorage.clear(); sessionStorage.clear(); } }"
            )
            page.mouse.move(0, 0)
            page.route(f"**{BLANK}", lambda route: route.fulfill(content_type="text/html", body=NOTHING))
            page.goto(f"{self._base_url}{BLANK}")
            page.unroute_all()
            context.clear_cookies()
            page.set_viewport_size(settings["viewport"])
            page.emulate_media(media="null")  # as the context has it
        except Error:
            return False
        return True
