"""One surface for everybody who watches a run: equal wishes for the ground under its paths are one job."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

from app.jobs import Engine, Refused
from app.network.kinds import validate_landscape
from app.state.schema import BadRequest

KEPT = 200
_jobs: OrderedDict[tuple[Any, ...], asyncio.Future[str]] = OrderedDict()


async def share_landscape(engine: Engine, run: str, x: Any, y: Any, address: str = "") -> str:
    """The job that computes the loss over the run's plane on [x₀, x₁] × [y₀, y₁], started now or by somebody before.

    Its jobs count as the run's, not as a visitor's: so there are at most so many at a time for each run, however many
    follow it; `address` is the one that it is asked for from. BadRequest for bounds that are none.
    """
    try:
        wish = validate_landscape({"run": run, "x": x, "y": y})
    except (ValueError, TypeError) as error:
        raise BadRequest(f"{error}.") from error
    key = (run, *wish["x"], *wish["y"])
    known = _jobs.get(key)
    if known is not None and known.done() and await _over(engine, known):
        known = None
    if known is None:
        known = asyncio.ensure_future(engine.submit(f"landscape of {run}", {"kind": "landscape", **wish}, address))
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
