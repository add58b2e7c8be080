"""What routes are given, for tests that put one feature's addresses on a server of their own."""

from __future__ import annotations

from app.server import CACHE_SHARES
from app.web.cache import Caches
from app.web.exports import Exports
from app.web.services import Services
from app.web.settings import WebSettings


def make_services() -> Services:
    """With the usual settings, but no processes beside this one."""
    settings = WebSettings(side_processes=0)
    return Services(settings, Caches(settings.cache_bytes, CACHE_SHARES), Exports(settings))
