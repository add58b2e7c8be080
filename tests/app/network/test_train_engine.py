"""The job "train" on a real worker process that is killed in the middle."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from typing import Any, get_type_hints

import numpy as np
import pytest

from app.jobs import Engine, EngineSettings
from app.jobs.hub import Entry
from app.jobs.packing import unpack
from app.network.kinds import KINDS
from app.network.messages import FeedData
from tests.project.contract import differ

pytestmark = pytest.mark.slow


WITHIN = 190.0
"""Seconds: each worker process imports torch first, on a machine that may be busy with something else."""
JOB = {
    "kind": "train",
    "network": "mlp",
    "data": "two-moons",
    "methods": ["SGDM", "LLQR+SAM"],
    "steps": 240,
    "batch_size": 64,
    "refresh_size": 64,
    "noise_variance": 1e-4,
    "evaluations": 8,
    "watching": 1.0,  # measured whenever it is due: what a clock decides is no part of a rerun
    "snapshots": 2,
    "plane": {"kind": "random"},
}


def curve(entries: list[Entry]) -> list[Any]:
    rows = [row for entry in entries if entry.kind == "progress" for row in entry.data["rows"]]
    for row in rows:
        for values in row["methods"].values():
            values.pop("seconds", None)
    return rows


def differences(first: list[Entry], second: list[Entry]) -> list[tuple[Any, ...]]:
    """(step, method, quantity, its value in each) of all that is not the same in two runs."""
    return [
        (row["position"], name, quantity, values.get(quantity), other["methods"][name].get(quantity))
        for row, other in zip(curve(first), curve(second), strict=True)
        for name, values in row["methods"].items()
        for quantity in values.keys() | other["methods"][name].keys()
        if values.get(quantity) != other["methods"][name].get(quantity)
    ]


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A checkpoint at every step: there is one before a kill."""
    made = Engine(EngineSettings(checkpoint_seconds=0.01, nice=0, kinds=KINDS))
    yield made
    made.close()


def test_a_training_run_whose_worker_is_killed_is_the_run_it_would_have_been(engine: Engine) -> None:
    """The next worker goes on with it, and in a lane and a thread of its own with its landscape: both import torch
    first, and one met the other's half-made module. Steps enough: the kill comes before the end."""

    async def undisturbed() -> tuple[list[Entry], bytes]:
        job = await engine.submit("a", JOB)
        return [entry async for entry in engine.follow(job)], await engine.result(job, "weights/final")

    async def killed() -> tuple[list[Entry], bytes]:
        job = await engine.submit("a", JOB)
        entries = []
        async for entry in engine.follow(job):
            entries.append(entry)
            if entry.kind == "progress" and entry.data["rows"][-1]["position"] >= 30 and not grounds:
                grounds.append(await engine.submit("g", ground(job, 1)))
                assert engine._connection is not None and engine._connection._cluster is not None
                os.kill(engine._connection._cluster.workers[0].pid, signal.SIGKILL)
                grounds.append(await engine.submit("g", ground(job, 2)))
        return entries, await engine.result(job, "weights/final")

    def ground(job: str, end: int) -> dict[str, Any]:
        return {"kind": "landscape", "run": job, "x": [-end, end], "y": [-end, end]}

    async def drawn() -> list[str]:
        return [[entry async for entry in engine.follow(ground)][-1].data["state"] for ground in grounds]

    grounds: list[str] = []
    first, expected = asyncio.run(asyncio.wait_for(undisturbed(), WITHIN))
    second, weights = asyncio.run(asyncio.wait_for(killed(), WITHIN))
    assert asyncio.run(asyncio.wait_for(drawn(), WITHIN)) == ["finished", "finished"]
    feed = get_type_hints(FeedData)
    assert not [fault for entry in (*first, *second) for fault in differ(entry.data, feed[entry.kind], entry.kind)]
    said = " ".join(entry.data.get("sentence", "") for entry in second)
    assert "was killed or lost after step" in said and "goes on from step" in said
    assert [row["position"] for row in curve(first)] == list(range(JOB["steps"] + 1))
    assert [row["position"] for row in curve(second)] == list(range(JOB["steps"] + 1))
    assert differences(first, second) == [], "not one number of the curve shows that the worker was killed"
    assert curve(second) == curve(first)
    assert first[-1].data["state"] == second[-1].data["state"] == "finished"
    for name, tree in unpack(expected).items():
        np.testing.assert_array_equal(unpack(weights)[name]["position"], tree["position"])
