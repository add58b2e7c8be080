"""Where a worker computes: what the environment wants, what is here, and how a page says it. No GPU is needed."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch

from app.network.kinds import TRAIN
from app.network.training.devices import device_for, device_in_words, peak_in_words
from app.network.training.session import TrainingSession


def test_the_device_is_named_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    assert device_in_words(torch.device("cpu"), 1) == "the CPU, 1 thread"
    assert device_in_words(torch.device("cpu"), 3) == "the CPU, 3 threads"
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"Fake 9000 number {device.index}")
    assert device_in_words(torch.device("cuda:1"), 1) == "the GPU Fake 9000 number 1"
    assert device_in_words(torch.device("mps"), 1) == "the GPU of an Apple computer"


@pytest.fixture
def tf32() -> Iterator[None]:
    """torch's settings of precision, given back at the end."""
    parts = (torch.backends.cudnn, torch.backends.cuda.matmul)
    before = [part.allow_tf32 for part in parts]
    yield
    for part, allowed in zip(parts, before, strict=True):
        part.allow_tf32 = allowed


def test_every_worker_has_a_gpu_of_its_own_where_there_are_some(monkeypatch: pytest.MonkeyPatch, tf32: None) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for precision, allowed in (("float32", False), ("tf32", True), ("bf16", True)):
        monkeypatch.setenv("POTHOLE_PRECISION", precision)
        assert [str(device_for(worker)) for worker in range(3)] == ["cuda:0", "cuda:1", "cuda:0"]
        assert torch.backends.cudnn.allow_tf32 is torch.backends.cuda.matmul.allow_tf32 is allowed
    monkeypatch.setenv("POTHOLE_DEVICE", "cpu")
    assert device_for(1) == torch.device("cpu")


def test_steps_are_in_mixed_precision_where_that_is_wanted(monkeypatch: pytest.MonkeyPatch, tf32: None) -> None:
    description = TRAIN.validate({"network": "convnet", "data": "digits", "methods": ["SAM"], "steps": 2})
    losses = {}
    for precision, dtype in (("float32", None), ("bf16", torch.bfloat16)):
        monkeypatch.setenv("POTHOLE_PRECISION", precision)
        session = TrainingSession(description)
        assert session.objective.autocast is dtype
        losses[precision] = [session.training.step()["SAM"].loss for _ in range(2)]
        assert session.training.state("SAM").position.dtype == torch.float32
    assert losses["bf16"] != losses["float32"]
    assert losses["bf16"] == pytest.approx(losses["float32"], rel=0.02), "two digits of products are enough for a step"


@pytest.mark.parametrize(("chosen", "words"), [("cuda", "no CUDA GPU"), ("mps", "no Apple GPU")])
def test_a_device_that_is_not_here_is_refused(monkeypatch: pytest.MonkeyPatch, chosen: str, words: str) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setenv("POTHOLE_DEVICE", chosen)
    with pytest.raises(ValueError, match=f"POTHOLE_DEVICE is {chosen}, and torch finds {words} on this worker’s"):
        device_for(0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    if chosen == "mps":
        assert device_for(0) == torch.device("mps")


def test_the_peak_of_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert peak_in_words(torch.device("cpu")) == ""
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _: 1_234_000_000)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(total_memory=8e10))
    told = peak_in_words(torch.device("cuda:0"))
    assert told == "At its peak it held 1.23 of the GPU’s 80 GB."
