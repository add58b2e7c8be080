"""What the routes of every feature are given: the settings, and what is shared out between them."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.cache import Caches
from app.web.exports import Exports
from app.web.settings import WebSettings


@dataclass(frozen=True)
class Services:
    """One set for each application that is built."""

    settings: WebSettings
    caches: Caches
    exports: Exports
