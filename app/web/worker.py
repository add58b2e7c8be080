"""One thread for work that comes one at a time, and a bound on those that wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from app.telemetry.metrics import watch_queue
from app.state.schema import BadRequest
from app.web.settings import web_settings


class Busy(BadRequest):
    """Too many computations wait."""

    status = 429


class Worker:
    """One thread for computations, so that the event loop stays free, and a bound on those that wait."""

    def __init__(self, name: str, waiting: int | None = None) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._most = web_settings().waiting if waiting is None else waiting
        self.waiting = 0
        watch_queue(name, lambda: self.waiting)

    async def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The function's value, computed in the thread. Busy where too many wait already."""
        if self.waiting >= self._most:
            raise Busy("The server is busy; the newest setting is asked for again shortly.")
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)
        finally:
            self.waiting -= 1
