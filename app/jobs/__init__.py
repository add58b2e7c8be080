"""The engine: the only door to work that takes longer than a drag. It runs on dask.distributed.

    engine = default_engine()
    job = await engine.submit(visitor, {"kind": "train", ...})
    async for entry in engine.follow(job, from_number=last):   # entries numbered > last
        entry.number, entry.kind, entry.data
    await engine.change(job, visitor, {"learning_rate": 0.02});  engine.pause, engine.resume, engine.stop

The queue, the jobs and their numbered feeds live in the scheduler process (`registry`), so any web process can follow
any job; each worker process takes jobs from there (`worker_side`), and a job whose worker died goes on from its last
checkpoint on the next one. `python -m app.processes scheduler` and `python -m app.processes worker` start the two as
processes of their own; without POTHOLE_SCHEDULER both are embedded.

Nothing of the web pages is imported here: workers and schedulers import this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.jobs.errors import Refused, Unavailable, UnknownJob
from app.jobs.settings import EngineSettings

if TYPE_CHECKING:
    from app.jobs.client import Engine, close_default_engine, default_engine

__all__ = ["Engine", "EngineSettings", "Refused", "Unavailable", "UnknownJob", "close_default_engine", "default_engine"]


def __getattr__(name: str) -> Any:
    """The web process's side is imported where it is asked for: a worker has no use for it."""
    if name in ("Engine", "close_default_engine", "default_engine"):
        from app.jobs import client

        return getattr(client, name)
    raise AttributeError(f"app.jobs has no attribute {name!r}")
