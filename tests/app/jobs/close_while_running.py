"""A program whose embedded engine is closed while it runs a job; prints "closed"."""

from __future__ import annotations

import asyncio

from app.jobs import Engine, EngineSettings
from tests.app.jobs.engine_jobs import KINDS
from tests.app.jobs.engine_parts import until


async def begin(engine: Engine) -> None:
    """A job that computes."""
    job = await engine.submit("a", {"kind": "computing"})
    await until(engine.follow(job), lambda entry: entry.kind == "progress")


if __name__ == "__main__":
    made = Engine(EngineSettings(kinds=KINDS))
    asyncio.run(begin(made))
    made.close()
    print("closed")
