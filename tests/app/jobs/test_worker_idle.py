"""An idle worker imports what jobs will need, so that the first slice does not wait for it; a busy one does not."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time

import pytest

from app.jobs import Engine, EngineSettings
from app.jobs.worker_side import IDLE_SECONDS, import_needs
from tests.app.jobs.engine_jobs import KINDS, NEEDY

pytestmark = pytest.mark.slow

NEEDED = NEEDY.run.partition(":")[0]
WITH_NEEDY = {"gone": "tests.app.no_such_module", **KINDS, "needy": "tests.app.jobs.engine_jobs"}


def within(ready, seconds=300.0):
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "what the test waits for did not come"
        time.sleep(0.02)


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The needed module as if nobody had imported it."""
    monkeypatch.delitem(sys.modules, NEEDED, raising=False)


def test_what_a_kind_needs_is_imported_while_the_worker_is_idle_and_no_sooner(forgotten) -> None:
    """A kind that cannot be loaded is passed over."""
    busy, asked = threading.Event(), threading.Event()
    busy.set()

    def idle() -> bool:
        asked.set()
        return not busy.is_set()

    thread = threading.Thread(target=import_needs, args=(EngineSettings(kinds=WITH_NEEDY), idle), daemon=True)
    thread.start()
    assert asked.wait(120)
    time.sleep(5 * IDLE_SECONDS)
    assert NEEDED not in sys.modules, "a run would share its processor with the import"
    busy.clear()
    within(lambda: NEEDED in sys.modules)
    thread.join(120)
    assert not thread.is_alive()


def test_a_worker_process_does_so_when_its_job_has_ended() -> None:
    engine = Engine(EngineSettings(kinds=WITH_NEEDY))

    async def modules() -> list[str]:
        job = await engine.submit("a", {"kind": "modules"})
        async for _ in engine.follow(job):
            pass
        return json.loads(await engine.result(job, "modules"))

    async def go() -> None:
        assert NEEDED not in await modules()
        while NEEDED not in await modules():
            await asyncio.sleep(2 * IDLE_SECONDS)

    try:
        asyncio.run(asyncio.wait_for(go(), 120))
    finally:
        engine.close()
