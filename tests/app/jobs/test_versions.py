"""Workers of other versions than the scheduler's get no jobs, and are told why."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.jobs import Engine, EngineSettings
from app.jobs.versions import tell_difference, versions_here
from tests.app.jobs.engine_jobs import KINDS
from tests.app.jobs.engine_parts import Part
from tests.server import free_port

# Found by a worker's Python before anything else is: PyTorch is another one there.
OTHER_TORCH = """
import importlib.metadata as metadata
real = metadata.version
metadata.version = lambda name: "1.13.1" if name == "torch" else real(name)
"""
WITHIN = 300.0
SENTENCE = "this worker has torch 1 and the scheduler 2, so it gets no jobs: run all processes from one installation"


def test_the_first_difference_is_told() -> None:
    own = versions_here()
    assert tell_difference(dict(own)) == ""
    assert tell_difference({**own, "something": "new"}) == "", "what the scheduler does not know it cannot compare"
    for name in own:
        said = tell_difference({**own, name: "0.0"})
        assert said.startswith(f"this worker has {name} 0.0 and the scheduler {own[name]}")
        without = {other: version for other, version in own.items() if other != name}
        assert tell_difference(without).startswith(f"this worker has {name} none and")
    assert tell_difference(None).startswith("this worker does not tell its version")


@pytest.mark.slow
def test_a_worker_of_another_version_is_refused_and_leaves_its_jobs_to_others(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(OTHER_TORCH)
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    parts = [Part("scheduler", "--port", str(port), "--state", "none")]
    parts.append(Part("worker", address, PYTHONPATH=str(tmp_path)))
    engine = Engine(EngineSettings(kinds=KINDS, scheduler=address))

    async def go() -> None:
        job = await engine.submit("a", {"kind": "count", "steps": 3})
        while not (state := await engine.state()).get("refused"):
            await asyncio.sleep(0.05)
        assert list(state["refused"]) == [SENTENCE] and not state["workers"]
        assert (await engine.summary(job))["state"] == "queued"
        parts.append(await asyncio.to_thread(Part, "worker", address))
        seen = [entry async for entry in engine.follow(job)]
        assert seen[-1].data["state"] == "finished"
        state = await engine.state()
        assert len(state["workers"]) == len(state["refused"]) == 1

    try:
        asyncio.run(asyncio.wait_for(go(), WITHIN))
    finally:
        engine.close()
        for part in parts:
            part.end()
