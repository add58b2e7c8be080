"""Which job goes before which in one worker process: runs, what is asked for, decoration, background."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.jobs import Engine, EngineSettings
from app.jobs.hub import Entry
from tests.app.jobs.engine_jobs import KINDS
from tests.app.jobs.engine_parts import Gates, progress, reached, rows, states, until

pytestmark = pytest.mark.slow

WITHIN = 300.0
"""Seconds within which anything here must happen, on a machine that is busy with something else."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """One engine with one worker process for all tests of this file."""
    shared = Engine(EngineSettings(kinds=KINDS, checkpoint_seconds=0.1))
    yield shared
    shared.close()


@pytest.fixture
def gates(tmp_path: Path) -> Gates:
    return Gates(tmp_path)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Each test has an event loop of its own, as each web process has."""
    return asyncio.run(asyncio.wait_for(work, WITHIN))


async def everything(engine: Engine, job: str) -> list[Entry]:
    return [entry async for entry in engine.follow(job)]


def test_a_short_job_does_not_wait_behind_a_long_one(engine: Engine) -> None:
    async def go() -> None:
        long = await engine.submit("a", {"kind": "count", "steps": 100_000, "pause": 0.01})
        await until(engine.follow(long), progress)
        short = await engine.submit("a", {"kind": "short", "steps": 3})
        assert states(await everything(engine, short))[-1] == "finished"
        assert (await engine.summary(long))["state"] == "running"
        await engine.stop(long, "a")

    run(go())


def test_what_was_asked_for_goes_before_decoration(engine: Engine, gates: Gates) -> None:
    async def go() -> None:
        # A picture under way holds up no work that is asked for.
        picture = await engine.submit("run", {"kind": "decorate", "steps": 100_000, "pause": 0.01})
        drawn = engine.follow(picture)
        await until(drawn, progress)
        asked = await engine.submit("a", {"kind": "short", "steps": 4, "gates": gates.at(2)})
        feed = engine.follow(asked)
        await until(feed, reached(2))

        # While it runs the picture waits, after the step that was under way.
        await asyncio.sleep(1.0)
        gates.open(2)
        assert states([entry async for entry in feed])[-1] == "finished"
        after = (await engine.summary(picture))["position"]
        seen = rows(await until(drawn, reached(after + 1)))  # it goes on
        assert sum(row["beside"] for row in seen) <= 1, "it went on beside the work that was asked for"

        # It can be stopped while it waits.
        held = await engine.submit("a", {"kind": "short", "steps": 4, "gates": gates.at(3)})
        await until(engine.follow(held), reached(3))
        await engine.stop(picture, "run")
        assert states([entry async for entry in drawn])[-1] == "stopped"
        gates.open(3)
        assert states(await everything(engine, held))[-1] == "finished"

    run(go())


def test_background_goes_after_a_run_and_is_paused_while_it_waits(engine: Engine, gates: Gates) -> None:
    async def go() -> None:
        behind = await engine.submit("b", {"kind": "background", "steps": 100_000, "pause": 0.01})
        feed = engine.follow(behind)
        await until(feed, progress)
        looked_at = await engine.submit("a", {"kind": "count", "steps": 4, "pause": 0.0, "gates": gates.at(2)})
        run_feed = engine.follow(looked_at)
        await until(run_feed, reached(2))

        # It waits after the step that was under way; and can leave its worker meanwhile, at its next step.
        await engine.pause(behind, "b")
        paused = await until(feed, lambda entry: entry.kind == "state" and entry.data["state"] == "paused")
        assert sum(row["beside"] for row in rows(paused)) <= 2, "it went on beside the run"
        assert (await engine.result(behind, "checkpoint")) == b"here"
        gates.open(2)
        assert states([entry async for entry in run_feed])[-1] == "finished"

        # Where it was it goes on.
        before = (await engine.summary(behind))["position"]
        await engine.resume(behind, "b")
        assert rows(await until(feed, progress))[0]["position"] == before + 1
        await engine.stop(behind, "b")
        assert states([entry async for entry in feed])[-1] == "stopped"

    run(go())
