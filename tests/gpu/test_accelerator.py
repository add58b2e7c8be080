"""An accelerator says what the CPU says; skipped, with a sentence, where there is none. Run by `make gpu`."""

from __future__ import annotations

import asyncio

import pytest
import torch

from app.jobs import Engine, EngineSettings
from app.jobs.packing import unpack
from app.network.kinds import KINDS
from tests.gpu.agreement import DTYPES, FULL, SHAPES, SMALLEST, compare, find_accelerator
from tests.gpu.labelled import labelled

ACCELERATOR = find_accelerator()
needs_accelerator = pytest.mark.skipif(
    ACCELERATOR is None, reason="PyTorch sees no accelerator here, so there is nothing to compare with the CPU"
)
BOUNDS = {"float64": 1e-9, "float32": 2e-4}
"""Relative to the largest value. float32 against float64 on one CPU: 2e-7 to 4e-7 after the same 20 steps."""


def test_what_compares_runs_and_finds_no_difference_between_a_device_and_itself() -> None:
    found = compare("mlp", "cpu", torch.float64, SMALLEST)
    assert set(found.values()) == {0.0} and len(found) == 8
    assert compare("mlp", "cpu", torch.float64, SMALLEST).keys() == found.keys()


@pytest.mark.parametrize("network", ["mlp", "convnet", "vit"])
def test_nothing_is_left_on_the_cpu(network: str) -> None:
    """Where there is no accelerator, either: the same numbers under another device's name."""
    with labelled() as device:
        found = compare(network, device, torch.float32, SMALLEST)
        with pytest.raises(RuntimeError, match="on the same device"):
            torch.zeros(2, device=device) + torch.zeros(2)
    # A slice's losses of several points are made together on a CPU and not on a device: they differ by rounding.
    assert {what: value for what, value in found.items() if not value <= 1e-6} == {}


@needs_accelerator
@pytest.mark.parametrize("precision", DTYPES)
@pytest.mark.parametrize("network", SHAPES)
def test_it_agrees_with_the_cpu(network: str, precision: str) -> None:
    assert ACCELERATOR is not None
    if precision == "float64" and ACCELERATOR.type == "mps":
        pytest.skip("Apple's GPUs have no float64")
    found = compare(network, ACCELERATOR, DTYPES[precision], FULL)
    beyond = {what: value for what, value in found.items() if not value <= BOUNDS[precision]}
    assert beyond == {}


@needs_accelerator
def test_a_training_job_runs_on_it_says_so_and_its_weights_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ACCELERATOR is not None
    monkeypatch.setenv("POTHOLE_DEVICE", ACCELERATOR.type)
    engine = Engine(EngineSettings(kinds=KINDS, workers=1))

    async def go() -> None:
        job = await engine.submit("a", {"kind": "train", "data": "two-moons", "steps": 40})
        entries = [entry async for entry in engine.follow(job)]
        sentences = [entry.data["sentence"] for entry in entries if entry.kind == "notice"]
        assert sentences[0].startswith("Trains on the GPU"), sentences
        assert any("At its peak it held" in one for one in sentences) == (ACCELERATOR.type == "cuda")
        assert entries[-1].data["state"] == "finished", entries[-1]
        final = unpack(await engine.result(job, "weights/final"))
        assert all(torch.isfinite(torch.from_numpy(tree["position"].copy())).all() for tree in final.values())

    try:
        asyncio.run(asyncio.wait_for(go(), 300))
    finally:
        engine.close()
