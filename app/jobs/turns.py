"""Whose job is next: in rounds, so that nobody's second job comes before another's first, and no address before all.

A round serves once each visitor who waits when it begins, those first whom the round before has not served. Who comes
while it lasts joins it only where nobody behind the same network address has been served in it: a browser can make up
names without end, but hardly addresses. Within a round addresses take turns, and so do the visitors behind one.

So sixty made-up names hold up a visitor at another address by one job, and that visitor's second job by no more than
had been waiting when its round began.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from app.jobs.job import Job

REMEMBERED = 10_000
"""Visitors and addresses whose last turn is known; one who was forgotten counts as new."""


LOOKED_AHEAD = 500
"""Turns that are foreseen at most."""


@dataclass(frozen=True)
class Wait:
    """How long a job waits for a worker, about; `at_least`: the end of a job before it is not known."""

    seconds: float
    at_least: bool = False


class Turns:
    """Counts arrivals and turns with one counter, so that any two of them can be compared. Each lane has its own."""

    def __init__(self) -> None:
        self._count = 0
        self._rounds: dict[str, tuple[int, int]] = {}
        """By lane: when the round before began, and this one."""
        self._visitors: dict[tuple[str, str], int] = {}
        self._addresses: dict[tuple[str, str], int] = {}

    def arrive(self, place: int = 0) -> int:
        """The place of a job that comes now; or of one that came under an earlier scheduler, told again."""
        self._count = max(self._count + 1, place)
        return place or self._count

    def choose(self, waiting: Sequence[Job], running: Iterable[Job]) -> Job | None:
        """The one of a lane's waiting jobs that is next, if there are any. `running` are those on its workers.

        First comes one that has lost its worker through no fault of its own. Then, among those in this round, the one
        whose visitor and whose address have the least on a worker.
        """
        if not waiting:
            return None
        lane = waiting[0].lane
        before, began = self._rounds.get(lane, (0, 0))
        if not any(self._in_round(job) and job.place <= began for job in waiting):
            before, _ = self._rounds[lane] = (began, self._count)
        visitors: Counter[str] = Counter()
        addresses: Counter[str] = Counter()
        for job in running:
            visitors[job.visitor] += 1
            addresses[job.address] += 1

        def order(job: Job) -> tuple[bool | int, ...]:
            turn = self._visitors.get((lane, job.visitor), 0)
            address_turn = self._addresses.get((lane, job.address), 0)
            served = visitors[job.visitor], turn > before, addresses[job.address], address_turn, turn
            return not job.urgent, not self._in_round(job), *served, job.place

        return min(waiting, key=order)

    def serve(self, job: Job) -> None:
        """Note that the job has been given to a worker."""
        self._count += 1
        for turns, name in ((self._visitors, job.visitor), (self._addresses, job.address)):
            turns.pop((job.lane, name), None)  # the newest stand last
            turns[job.lane, name] = self._count
            if len(turns) > REMEMBERED:
                del turns[next(iter(turns))]

    def foresee(self, waiting: Sequence[Job], running: Sequence[Job]) -> list[Job]:
        """A lane's waiting jobs in the order in which they are taken if nothing comes or ends meanwhile."""
        ahead = self._copy()
        left, order = list(waiting), []
        while (job := ahead.choose(left, running)) is not None:
            ahead.serve(job)
            left.remove(job)
            order.append(job)
        return order

    def foresee_wait(
        self,
        job: Job,
        waiting: Sequence[Job],
        running: Sequence[Job],
        left: Callable[[Job], float | None],
        turn: Callable[[Job], float],
    ) -> Wait:
        """How long one of a lane's waiting jobs waits, if nothing comes, and nothing ends before its time.

        `left`: seconds until a job's end, None where they are not known; `turn`: seconds after which it makes way for
        another visitor's, and then comes back into the queue.
        """
        ahead, waits = self._copy(), list(waiting)
        rest = {each.id: left(each) for each in (*waiting, *running)}
        on: list[tuple[float, int, Job, bool]] = []

        def begin(one: Job, now: float, room: float, number: int) -> None:
            others = one.resumable and any(other.visitor != one.visitor for other in waits)
            whole = rest[one.id]
            known = whole is not None or others
            stay = min(whole if whole is not None else room, room) if others else whole or 0.0
            if whole is not None:
                rest[one.id] = whole - stay
            heapq.heappush(on, (now + stay, number, one, known))

        for number, one in enumerate(running):
            begin(one, 0.0, turn(one), number)
        at_least, now = False, 0.0
        for number in range(len(on), LOOKED_AHEAD):
            if not on:
                break
            now, _, left_off, known = heapq.heappop(on)
            at_least |= not known
            if rest[left_off.id] or (rest[left_off.id] is None and known):
                waits.append(left_off)
            chosen = ahead.choose(waits, [one for *_, one, _ in on])
            if chosen is job:
                return Wait(now, at_least)
            if chosen is not None:
                ahead.serve(chosen)
                waits.remove(chosen)
                begin(chosen, now, turn(chosen), number)
        return Wait(now, True)

    def _copy(self) -> Turns:
        other = Turns()
        other._count, other._rounds = self._count, dict(self._rounds)
        other._visitors, other._addresses = dict(self._visitors), dict(self._addresses)
        return other

    def _in_round(self, job: Job) -> bool:
        """Whether the round that is under way serves the job."""
        began = self._rounds.get(job.lane, (0, 0))[1]
        if self._visitors.get((job.lane, job.visitor), 0) > began:
            return False
        return job.place <= began or self._addresses.get((job.lane, job.address), 0) <= began
