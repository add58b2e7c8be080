"""Weights that know random labels by heart: that they do, that they are the seed's, and that a run begins from them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from geometry.architectures import build_network
from geometry.datasets import load_dataset
from geometry.networks import NetworkLoss
from optimizers.bad_start import METHOD, fit_random_labels
from optimizers.methods import Method
from optimizers.training import Training
from tests.optimizers.small_training import one_thread

EXAMPLES = 48


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """On one thread: so small a network gains nothing by more, and waits for them on a busy machine."""
    with one_thread():
        yield


def made(network: str = "mlp") -> tuple[NetworkLoss, object]:
    data = load_dataset("digits").head(EXAMPLES)
    module = build_network(network, data.input_shape, data.classes, seed=0)
    return NetworkLoss(module, data.inputs, data.targets), data


def fitted(steps: int, seed: int = 0, network: str = "mlp") -> tuple[NetworkLoss, Training]:
    objective, data = made(network)
    first = fit_random_labels(objective, data, learning_rate=0.1, seed=seed)
    for _ in range(steps):
        first.advance(METHOD)
    return objective, first


def test_it_knows_the_random_labels_by_heart_and_of_the_true_ones_no_more_than_by_chance() -> None:
    objective, first = fitted(150)
    theta, nonsense = first.state(METHOD).position, first.objective
    right = (nonsense.outputs(theta).argmax(-1) == nonsense.data.targets).double().mean()
    assert nonsense.examples == 2 * EXAMPLES and right > 0.95
    assert (objective.outputs(theta).argmax(-1) == objective.data.targets).double().mean() < 0.4
    assert float(theta.norm()) > 1.2 * float(objective.initial.norm()), "by heart takes long weights"


def test_it_is_the_seed_s() -> None:
    ends = [fitted(5, seed)[1].state(METHOD).position for seed in (1, 1, 2)]
    assert torch.equal(ends[0], ends[1]) and not torch.equal(ends[0], ends[2])


def test_a_run_begins_at_it_with_its_running_statistics_and_leaves_the_objective_alone() -> None:
    objective, first = fitted(3, network="resnet8-batchnorm")
    before, state = objective.initial.clone(), first.state(METHOD)
    moved = objective.starting_at(state.position, state.buffers)
    walk = Training(moved, {"SGDM": Method()}, batch_size=16).state("SGDM")
    assert torch.equal(walk.position, state.position) and not torch.equal(state.position, before)
    assert walk.buffers and all(torch.equal(value, state.buffers[name]) for name, value in walk.buffers.items())
    assert torch.equal(objective.initial, before)
    assert any(not torch.equal(objective.buffers[name], value) for name, value in walk.buffers.items())
    with pytest.raises(ValueError, match="coordinates in its last axis"):
        objective.starting_at(state.position[:-1])
    with pytest.raises(ValueError, match="one point"):
        objective.starting_at(state.position.expand(2, -1))
