"""One job for everybody who asks for the same: the ground under a run's paths, runs that were trained elsewhere."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

import orjson

from app.jobs import Engine, Refused
from app.jobs.kinds import Description

KEPT = 200
_jobs: OrderedDict[bytes, asyncio.Future[str]] = OrderedDict()
_given_up: set[str] = set()
"""Jobs that are to stop, and may still run for a moment."""
_askers: dict[str, list[str]] = {}
"""Job → the visitors who have asked for it and not given it up, whose it is the first of them."""


async def share_job(
    engine: Engine, visitor: str, description: Description, address: str = "", after: str | None = None
) -> str:
    """The job of this description, started now or by somebody before.

    It counts as `visitor`'s: where that is no real one's there are at most so many at a time, however many people
    follow them. `address` is the one that it is asked for from. after: of a kind that can go on where another job was,
    the id of that one or an empty text; where it is empty, the job of this description that was stopped.
    """
    key = orjson.dumps(description, option=orjson.OPT_SORT_KEYS)
    known = _jobs.get(key)
    if known is not None and known.done() and await _over(engine, known):
        after = after if after is None else after or _id_of(known)
        known = None
    if known is None:
        description = description if after is None else {**description, "after": after}
        known = asyncio.ensure_future(engine.submit(visitor, description, address))
        _jobs[key] = known
        while len(_jobs) > KEPT:
            forgotten = _id_of(_jobs.popitem(last=False)[1])
            _given_up.discard(forgotten)
            _askers.pop(forgotten, None)
    _jobs.move_to_end(key)
    job = await asyncio.shield(known)
    askers = _askers.setdefault(job, [])
    if visitor not in askers:
        askers.append(visitor)
    return job


async def stop_shared(engine: Engine, job: str, visitor: str) -> None:
    """Give a job up. It is stopped when nobody else has asked for it, so that who asks for the same from now on has
    another; before that it becomes the next one's who has. Refused where it is somebody else's that nobody shares."""
    askers = _askers.get(job, [])
    if visitor in askers and len(askers) > 1:
        owner = askers[0]
        askers.remove(visitor)
        if visitor == owner:
            await engine.hand_over(job, visitor, askers[0])
        return
    await engine.stop(job, visitor)
    if any(_id_of(known) == job for known in _jobs.values()):
        _given_up.add(job)


async def _over(engine: Engine, known: asyncio.Future[str]) -> bool:
    """Whether a job made earlier is of no use any more: it was refused, is to stop, has failed, or is forgotten."""
    if known.cancelled() or known.exception() is not None or known.result() in _given_up:
        return True
    try:
        return (await engine.summary(known.result()))["state"] in ("failed", "stopped")
    except Refused:
        return True


def _id_of(known: asyncio.Future[str]) -> str:
    """The id of a job made earlier; empty where there is none (yet), or it was refused."""
    made = known.done() and not known.cancelled() and known.exception() is None
    return known.result() if made else ""
