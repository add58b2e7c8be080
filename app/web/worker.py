"""One thread for work that comes one at a time: turns that are fair, and a bound on what waits."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from app.state.schema import BadRequest
from app.telemetry.metrics import watch_queue
from app.web.fair_queue import FairQueue, Visitor

BUSY = "The server is busy; the newest setting is asked for again shortly."
Gone = Callable[[], Awaitable[bool]]
"""Whether nobody waits for an answer any more."""


class Busy(BadRequest):
    """Too many computations wait."""

    status = 429


@dataclass(eq=False)
class _Call:
    """One thing to compute, and who waits for it."""

    compute: Callable[[], Any]
    answer: asyncio.Future[Any]
    gone: Gone | None


class Worker:
    """One thread for computations, so that the event loop stays free; addresses, and browsers behind them, take turns.

    most: how many may wait; then whoever has the largest share of them makes room, or the newcomer is refused. busy:
    what is said to them.
    """

    def __init__(self, name: str, most: int, busy: str = BUSY) -> None:
        self.name, self._most, self._busy = name, most, busy
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._queue: FairQueue[_Call] = FairQueue()
        self._running: asyncio.Task[None] | None = None
        watch_queue(name, lambda: self.waiting)

    @property
    def waiting(self) -> int:
        """How many things wait for the thread or are in it."""
        return len(self._queue) + (self._running is not None and not self._running.done())

    async def run(
        self, visitor: Visitor, function: Callable[..., Any], *arguments: Any, gone: Gone | None = None
    ) -> Any:
        """The function's value, computed in the thread. Busy where too many wait."""
        if len(self._queue) >= self._most:
            displaced = self._queue.make_room(visitor)
            if displaced is None:
                raise Busy(self._busy)
            _settle(displaced, Busy(self._busy))
        call = _Call(lambda: function(*arguments), asyncio.get_running_loop().create_future(), gone)
        self._queue.put(visitor, call)
        if self._running is None or self._running.done():
            # It serves whoever comes next too: in a context of its own, so that its log lines name no one request.
            nobody = contextvars.Context()
            self._running = asyncio.create_task(self._run(), name=f"worker-{self.name}", context=nobody)
        return await call.answer

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            call = self._queue.take()
            if call.answer.cancelled() or (call.gone is not None and await call.gone()):
                _settle(call, Busy("Nobody waits for this answer any more."))
                continue
            try:
                value = await loop.run_in_executor(self._executor, call.compute)
            except Exception as error:  # noqa: BLE001 - handed to whoever asked
                _settle(call, error)
            else:
                if not call.answer.done():
                    call.answer.set_result(value)


def _settle(call: _Call, error: Exception) -> None:
    if not call.answer.done():
        call.answer.set_exception(error)
        call.answer.exception()  # marked as seen: it may be that nobody waits
