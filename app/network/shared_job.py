"""One job for everybody who asks for the same: the ground under a run's paths, runs that were trained elsewhere."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

import orjson

from app.jobs import Engine, Refused

KEPT = 200
_jobs: OrderedDict[bytes, asyncio.Future[str]] = OrderedDict()


async def share_job(engine: Engine, visitor: str, description: dict[str, Any], address: str = "") -> str:
    """The job of this description, started now or by somebody before.

    It counts as `visitor`'s, no real one's: so there are at most so many at a time, however many people follow them;
    `address` is the one that it is asked for from.
    """
    key = orjson.dumps([visitor, description], option=orjson.OPT_SORT_KEYS)
    known = _jobs.get(key)
    if known is not None and known.done() and await _over(engine, known):
        known = None
    if known is None:
        known = asyncio.ensure_future(engine.submit(visitor, description, address))
        _jobs[key] = known
        while len(_jobs) > KEPT:
            _jobs.popitem(last=False)
    _jobs.move_to_end(key)
    return await asyncio.shield(known)


async def _over(engine: Engine, known: asyncio.Future[str]) -> bool:
    """Whether a job made earlier is of no use any more: it was refused, has failed, or is forgotten."""
    if known.cancelled() or known.exception() is not None:
        return True
    try:
        return (await engine.summary(known.result()))["state"] in ("failed", "stopped")
    except Refused:
        return True
