"""The registry of pages: one entry per address. The header shows a navigation as soon as there is more than one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.state.schema import Reading


@dataclass(frozen=True)
class Page:
    """A page: its address, its name in the navigation, its script, what it shows, and its own tools in the header.

    script: its entry among the client code, a file under assets/pages; read_link(query): the state that a link to it
    describes, with what is wrong with it; in_navigation: whether the header lists it; parts: client modules, files
    under assets, that its script has besides those that the entry imports.
    """

    path: str
    title: str
    script: str
    layout: Callable[[], Any]
    header: Callable[[], Any] | None = None
    read_link: Callable[[str], Reading] | None = None
    in_navigation: bool = True
    parts: tuple[str, ...] = ()


PAGES: dict[str, Page] = {}
SHORTCUTS: dict[str, str] = {}
"""Links of the navigation that stand before its pages: title → address."""


def register(page: Page) -> Page:
    """Add a page to the navigation. ValueError where the address is taken."""
    if page.path in PAGES:
        raise ValueError(f"there is already a page at {page.path}")
    PAGES[page.path] = page
    return page


def page_at(path: Any) -> Page | None:
    """The page at an address, or None. A trailing slash makes no difference."""
    if not isinstance(path, str):
        return None
    return PAGES.get("/" + path.strip("/"))


class MissingPages:
    """Gives the status 404 to an address without a page: Dash answers it as if there were one."""

    def __init__(self, app: ASGIApp, has_page: Callable[[str], bool]) -> None:
        self.app, self._has_page = app, has_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_status(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                message["status"] = 404
            await send(message)

        is_missing = scope["type"] == "http" and not self._has_page(scope["path"])
        await self.app(scope, receive, send_with_status if is_missing else send)
