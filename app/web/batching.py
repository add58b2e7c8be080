"""Requests that wait together are computed together; equal ones are computed once; nobody starves.

    kept?  → the cache's answer                 equal one under way?  → its answer, when it comes
    else   → a fair queue → as soon as the thread is free: the next few in turn, in one call

There is no waiting for company: a request that finds the thread idle is computed at once and alone. While it is,
others gather, and they are the next batch. So a single person's drag is as quick as without, and under load the time
of a call is shared by all who wait.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from app.telemetry.metrics import BATCHES, watch_queue
from app.web.batch_processes import CROWD, Answer, BatchProcesses, each_answer
from app.web.cache import AnswerCache
from app.web.fair_queue import FairQueue, Visitor
from app.web.settings import WebSettings, web_settings
from app.web.worker import BUSY, Busy, Gone

Item = TypeVar("Item")
LONG_WAIT_SECONDS = 0.25
"""Who has waited longer than this is asked whether anybody still listens, before work is put into the answer."""


@dataclass(eq=False)
class _Wish(Generic[Item]):
    """One thing to compute, and all who wait for it."""

    key: Hashable
    item: Item
    visitor: Visitor
    answer: asyncio.Future[bytes]
    since: float
    gone: list[Gone | None] = field(default_factory=list)
    steps: Iterator[bytes | None] | None = None
    """The rest of its computation, where that is made in steps and has begun."""


class Batcher(Generic[Item]):
    """One thread that computes answers, many at a time where `batch` is above 1.

    compute_many(items) → their answers in order, called in the thread. key(item): equal for items with equal answers.
    weight(item): its work; a batch ends where its items together exceed `heaviest`. aside: takes batches off the thread
    while a crowd waits. in_steps(item) → None after each step of a long computation but the last, which gives the
    answer: between two steps others have their turn, and one whose answer nobody waits for any more is given up.

    For whoever observes: `waiting` things wait now; `computed`, `joined` (to an equal one under way), `refused`, `left`
    (nobody listened any more) and `cache.hits` count answers; `batch_sizes` counts batches by their size.
    """

    def __init__(
        self,
        name: str,
        compute_many: Callable[[Sequence[Item]], Sequence[bytes]],
        cache: AnswerCache,
        *,
        key: Callable[[Item], Hashable] = lambda item: item,
        batch: int = 1,
        weight: Callable[[Item], float] = lambda _item: 0.0,
        heaviest: float = 1.0,
        settings: WebSettings | None = None,
        aside: BatchProcesses | None = None,
        in_steps: Callable[[Item], Iterator[bytes | None]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.cache = cache
        self.batch = batch
        self.computed = self.joined = self.refused = self.left = 0
        self.batch_sizes: Counter[int] = Counter()
        self._compute_many, self._key, self._weight, self._heaviest = compute_many, key, weight, heaviest
        self._settings = settings or web_settings()
        self._aside, self._in_steps, self._clock = aside, in_steps, clock
        self._under_way: set[asyncio.Task[None]] = set()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._queue: FairQueue[_Wish[Item]] = FairQueue()
        self._wishes: dict[Hashable, _Wish[Item]] = {}
        self._running: asyncio.Task[None] | None = None
        watch_queue(name, lambda: self.waiting)

    @property
    def waiting(self) -> int:
        """How many things wait for the thread."""
        return len(self._queue)

    async def answer(self, item: Item, visitor: Visitor, gone: Gone | None = None) -> bytes:
        """The item's answer. Busy where too many wait, in all or of this visitor; else what computing raises.

        gone() → whether nobody waits for this answer any more.
        """
        key = self._key(item)
        kept = self.cache.find(key)
        if kept is not None:
            return kept
        wish = self._wishes.get(key)
        if wish is not None:
            self.joined += 1
        else:
            self._make_room(visitor)
            wish = _Wish(key, item, visitor, asyncio.get_running_loop().create_future(), self._clock())
            self._wishes[key] = wish
            self._queue.put(visitor, wish)
        wish.gone.append(gone)
        if self._running is None or self._running.done():
            # It serves whoever comes next too: in a context of its own, so that its log lines name no one request.
            nobody = contextvars.Context()
            self._running = asyncio.create_task(self._run(), name=f"batcher-{self.name}", context=nobody)
        # One who stops waiting must not take the answer away from the others.
        return await asyncio.shield(wish.answer)

    def close(self) -> None:
        """End the processes that take batches off the thread."""
        if self._aside is not None:
            self._aside.close()

    def _make_room(self, visitor: Visitor) -> None:
        """Busy where the visitor has too much waiting, or there is too much in all and nobody has more of it."""
        limits = self._settings
        has_room = len(self._queue) < limits.waiting
        is_greedy = self._queue.of(visitor) >= limits.waiting_per_visitor
        if has_room and not is_greedy:
            return
        self.refused += 1
        displaced = None if is_greedy else self._queue.make_room(visitor)
        if displaced is None:
            raise Busy(BUSY)
        self._settle(displaced, Busy(BUSY))

    async def _run(self) -> None:
        while self._queue:
            # A batch is put together when somebody is free to compute it, not before: till then others join.
            aside = self._aside if self._aside is not None and self._aside.ready else None
            if aside is not None:
                await aside.free.acquire()
            wishes = await self._next_batch()
            if aside is None or len(wishes) < 2:
                if aside is not None:
                    aside.free.release()
                await self._compute(wishes)
                continue
            task = asyncio.create_task(self._compute_aside(wishes, aside))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _compute(self, wishes: list[_Wish[Item]]) -> None:
        """In the thread: one item is quicker here, and there may be nobody else."""
        if not wishes:
            return
        if self._in_steps is not None:
            await self._compute_step(wishes[0])
            return
        if self._aside is not None and len(wishes) + len(self._queue) >= CROWD:
            self._aside.want()
        loop, items = asyncio.get_running_loop(), [wish.item for wish in wishes]
        self._settle_all(wishes, await loop.run_in_executor(self._executor, each_answer, self._compute_many, items))

    async def _compute_step(self, wish: _Wish[Item]) -> None:
        """In the thread: the wish's next step. Where there is more to do it waits for its next turn."""
        assert self._in_steps is not None
        steps = wish.steps = wish.steps or self._in_steps(wish.item)
        answer = await asyncio.get_running_loop().run_in_executor(self._executor, _next_of, steps)
        if answer is None:
            self._queue.put(wish.visitor, wish, first=True)
        else:
            self._settle_all([wish], [answer])

    async def _compute_aside(self, wishes: list[_Wish[Item]], aside: BatchProcesses) -> None:
        try:
            answers = await aside.answers([wish.item for wish in wishes])
        finally:
            aside.free.release()
        if answers is None:  # they have died
            await self._compute(wishes)
        else:
            self._settle_all(wishes, answers)

    def _settle_all(self, wishes: list[_Wish[Item]], answers: list[Answer]) -> None:
        self.batch_sizes[len(wishes)] += 1
        if self.batch > 1:
            BATCHES.observe(len(wishes))
        for wish, answer in zip(wishes, answers, strict=True):
            self._settle(wish, answer)

    async def _next_batch(self) -> list[_Wish[Item]]:
        wishes: list[_Wish[Item]] = []
        work = 0.0
        while self._queue and len(wishes) < self.batch and (not wishes or work < self._heaviest):
            wish = self._queue.take()
            if self._clock() - wish.since > LONG_WAIT_SECONDS and await _nobody_listens(wish):
                self.left += 1
                self._settle(wish, Busy("Nobody waits for this answer any more."))
                continue
            wishes.append(wish)
            work += self._weight(wish.item)
        return wishes

    def _settle(self, wish: _Wish[Item], answer: Answer) -> None:
        del self._wishes[wish.key]
        if wish.answer.done():
            return
        if isinstance(answer, bytes):
            self.computed += 1
            self.cache.keep(wish.key, answer)
            wish.answer.set_result(answer)
        else:
            wish.answer.set_exception(answer)
            wish.answer.exception()  # marked as seen: it may be that nobody waits


def _next_of(steps: Iterator[bytes | None]) -> Answer | None:
    try:
        return next(steps)
    except Exception as error:  # noqa: BLE001 - handed to whoever asked
        return error


async def _nobody_listens(wish: _Wish[Any]) -> bool:
    return all([gone is not None and await gone() for gone in wish.gone])
