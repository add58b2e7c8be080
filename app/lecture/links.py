"""Links to the lab's pages, as a scene file holds them: strict where the address bar is lenient."""

from __future__ import annotations

from urllib.parse import urlsplit

from app.state.control import shorten
from app.state.schema import LONGEST_LINK, repeated
from app.web.pages import PAGES, page_at


def local_link(link: str) -> str:
    """The link's path, query and nothing else: a link copied from the address bar loses its host.

    What cannot be taken apart is given back as it is.
    """
    try:
        parts = urlsplit(link)
    except ValueError:
        return link
    if parts.scheme not in ("", "http", "https") or (not parts.scheme and parts.netloc):
        return link
    path = parts.path or ("/" if parts.netloc else "")
    return f"{path}?{parts.query}" if parts.query else path


def link_problems(link: str) -> list[str]:
    """A sentence for each thing that is wrong with a link to a page: its address, a key, a value."""
    if not link.startswith("/") or link.startswith("//"):
        return [f"“{shorten(link)}” is not a link to a page here; it begins with one of {_addresses()}."]
    if len(link) > LONGEST_LINK:
        return [f"the link is longer than {LONGEST_LINK} characters."]
    path, _, query = link.partition("?")
    page = page_at(path)
    if page is None or not page.in_navigation:
        return [f"there is no page at “{shorten(path)}”; there are {_addresses()}."]
    twice = [f"“{shorten(name)}” is given twice." for name in repeated(query)]
    return [*twice, *(page.link_problems(query) if page.link_problems else [])]


def _addresses() -> str:
    return ", ".join(page.path for page in PAGES.values() if page.in_navigation)
