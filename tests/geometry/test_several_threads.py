"""Threads of one process beside each other: its random numbers and its switches are nobody's alone.

A worker process trains one run, draws another's surface and measures a third, each in a thread.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector
from torch.utils.data import Dataset

from geometry.architectures import build_network
from geometry.checkpoints import read_tables
from geometry.networks import NetworkLoss
from geometry.second_derivatives import UNKNOWN, sound_operations
from geometry.shared_setting import SharedSetting

TIMES = 40
INPUTS, TARGETS = torch.linspace(-1, 1, 48).reshape(12, 4), torch.arange(12) % 3


class Sampling(nn.Module):
    """Draws random numbers in inference mode, too."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x + torch.randn_like(x))


class Augmented(Dataset):
    """Examples that are drawn anew each time, from torch's random numbers and numpy's."""

    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        noise = torch.rand(4) + torch.from_numpy(np.random.rand(4)).float()  # noqa: NPY002
        return INPUTS[index] + noise, int(TARGETS[index])


# Made once: whoever makes a module without a seed draws its weights from whatever others draw from.
LINEAR, SAMPLING = nn.Linear(4, 3), Sampling()
DROPPING = nn.Sequential(nn.Linear(4, 16), nn.Dropout(0.5), nn.Linear(16, 3))


def point(objective: NetworkLoss, walkers: int = 1) -> Tensor:
    return torch.linspace(-1, 1, walkers * objective.dimension).reshape(walkers, -1)


def draw_weights() -> Tensor:
    return parameters_to_vector(build_network("mlp", (2,), 2, seed=3).parameters()).detach()


def drop_units() -> Tensor:
    objective = NetworkLoss(DROPPING, INPUTS, TARGETS)
    return objective.training_pass(point(objective)[0], seed=5).gradient


def sample_in_inference() -> Tensor:
    objective = NetworkLoss(SAMPLING, INPUTS, TARGETS)
    return objective.gradient(point(objective)[0])


def read_augmented() -> Tensor:
    objective = NetworkLoss(LINEAR, Augmented())
    return objective.gradient(point(objective)[0])


def walk_where_vmap_cannot() -> Tensor:
    objective = NetworkLoss(LINEAR, INPUTS, TARGETS, loss_function=read_out)
    return objective.loss(point(objective, 2))


def read_out(outputs: Tensor, targets: Tensor) -> Tensor:
    return nn.functional.cross_entropy(outputs, targets) if outputs.sum().item() else outputs.sum()


WORKS = [draw_weights, drop_units, sample_in_inference, read_augmented, walk_where_vmap_cannot]


@contextmanager
def repeated(work: Callable[[], object]) -> Iterator[None]:
    """While this lasts another thread does the work again and again."""
    begun, over = threading.Event(), threading.Event()

    def repeat() -> None:
        while not over.is_set():
            work()
            begun.set()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        assert begun.wait(60)
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("beside", WORKS)
@pytest.mark.parametrize("work", WORKS[:4])
def test_nobody_draws_another_thread_s_random_numbers(work: Callable[[], Tensor], beside: Callable[[], Tensor]) -> None:
    alone = work()
    with repeated(beside):
        found = [work() for _ in range(TIMES)]
    assert sum(not torch.equal(one, alone) for one in found) == 0


def test_a_network_is_trained_and_drawn_at_once() -> None:
    """Who holds the module and who draws random numbers wait for each other in one order."""
    objective = NetworkLoss(DROPPING, INPUTS, TARGETS)
    thetas = point(objective, 3)
    alone = objective.training_pass(thetas[0], seed=1).gradient

    def look() -> None:
        fresh = NetworkLoss(DROPPING, INPUTS, TARGETS)  # it does not know yet whether it draws
        for one in (objective, fresh):
            one.loss(thetas)
            one.linearise(thetas[1]).product(thetas[2])

    with repeated(look):
        for _ in range(TIMES):
            assert torch.equal(objective.training_pass(thetas[0], seed=1).gradient, alone)


def switches() -> list[bool]:
    flags = torch.backends.cuda
    return [torch.backends.mha.get_fastpath_enabled(), flags.flash_sdp_enabled(), flags.mem_efficient_sdp_enabled()]


def test_attention_stays_plain_until_the_last_thread_has_its_pass() -> None:
    before = switches()
    assert any(before)
    first, second = sound_operations(UNKNOWN), sound_operations(UNKNOWN)
    first.__enter__()
    second.__enter__()
    assert not any(switches())
    first.__exit__(None, None, None)
    assert not any(switches()), "the second is still within"
    second.__exit__(None, None, None)
    assert switches() == before


def test_a_setting_that_cannot_be_made_is_held_by_nobody() -> None:
    made: list[str] = []

    @contextmanager
    def setting() -> Iterator[None]:
        if not made:
            made.append("tried")
            raise OSError("not now")
        made.append("made")
        yield
        made.append("taken back")

    shared = SharedSetting(setting)
    with pytest.raises(OSError, match="not now"), shared:
        pass
    with shared, shared:
        assert made == ["tried", "made"]
    assert made == ["tried", "made", "taken back"]


def test_a_checkpoint_is_read_while_another_is(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("first.pt", "second.pt"):
        torch.save(OrderedDict(weight=torch.ones(2), seen=np.arange(3)), tmp_path / name)
    load, began = torch.load, []

    def load_slowly(path: Any, **how: Any) -> Any:
        if not began:
            began.append(path)
            read_tables(tmp_path / "second.pt")  # begins and ends before this one
        return load(path, **how)

    monkeypatch.setattr(torch, "load", load_slowly)
    assert set(read_tables(tmp_path / "first.pt")[""]) == {"weight", "seen"}
