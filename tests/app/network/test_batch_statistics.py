"""Batch normalisation by the examples' own statistics: against torch's train mode, in every way to evaluate, and under
the live paths."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from app.drawing.encoding import decode
from app.network.training import landscape_job as ground_job
from app.network.training.problem import make_problem, read_plane, read_weights
from geometry.networks import NetworkLoss
from geometry.plane import Plane
from geometry.slices import evaluate_slice, slice_plane
from tests.app.network.exploring import Run

EXAMPLES = 530
"""More than a block of the evaluation of slices."""
WAYS = ["auto", "loop", "batched"]


class Branching(nn.Module):
    """No plain chain, and images."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(1, 3, 2), nn.BatchNorm2d(3)
        self.drop, self.last = nn.Dropout(0.5), nn.Linear(12, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = torch.relu(self.norm(self.first(x)))
        return self.last(self.drop(h + h * h).flatten(1))


def modules() -> dict[str, tuple[nn.Module, tuple[int, ...]]]:
    torch.manual_seed(3)
    chain = nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(0.5), nn.Linear(6, 3))
    return {"chain": (chain.double(), (5,)), "branching": (Branching().double(), (1, 3, 3))}


@pytest.fixture(params=["chain", "branching"])
def case(request) -> tuple[nn.Module, NetworkLoss]:
    module, shape = modules()[request.param]
    generator = torch.Generator().manual_seed(1)
    inputs = 2 + 3 * torch.randn(EXAMPLES, *shape, generator=generator, dtype=torch.float64)
    targets = torch.randint(0, 3, (EXAMPLES,), generator=generator)
    return module, NetworkLoss(module, inputs, targets)


def oracle(module: nn.Module, objective: NetworkLoss, theta: torch.Tensor) -> torch.Tensor:
    """The loss by torch alone: the module in train mode over all examples at once, its dropout taken out."""
    own = copy.deepcopy(module)
    torch.nn.utils.vector_to_parameters(theta, own.parameters())
    for layer in own.train().modules():
        if isinstance(layer, nn.Dropout):
            layer.eval()
    with torch.no_grad():
        return cross_entropy(own(*objective.data.inputs), objective.data.targets)


def points(objective: NetworkLoss, count: int = 3) -> torch.Tensor:
    noise = torch.randn(count, objective.dimension, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    return objective.initial + 0.3 * noise


def test_the_loss_is_that_of_train_mode_without_dropout_at_one_point_and_at_many(case) -> None:
    module, objective = case
    own, theta = objective.with_batch_statistics(), points(objective)
    expected = torch.stack([oracle(module, objective, one) for one in theta])
    torch.testing.assert_close(own.loss(theta), expected, rtol=1e-12, atol=0)
    torch.testing.assert_close(own.loss(theta[0]), expected[0], rtol=1e-12, atol=0)
    assert not torch.allclose(objective.loss(theta), expected, rtol=0.01), "running statistics give something else"


@pytest.mark.parametrize("way", WAYS)
def test_a_slice_of_it_is_a_plain_loop_over_points_with_all_examples_together(case, way: str) -> None:
    module, objective = case
    plane = slice_plane(objective, objective.initial, "random", seed=2)
    x, y = np.array([-0.5, 0.1, 0.4]), np.array([-0.2, 0.3])
    found = evaluate_slice(objective.with_batch_statistics(), plane, x, y, method=way)
    expected = [[float(oracle(module, objective, plane.lift(np.array([a, b])))) for a in x] for b in y]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_running_statistics_do_not_count_and_are_left_as_they_are(case) -> None:
    module, objective = case
    before = copy.deepcopy(module.state_dict())
    others = {name: torch.full_like(value, 3) for name, value in objective.buffers.items()}
    own, theta = objective.with_batch_statistics(), points(objective)
    expected = own.loss(theta)
    torch.testing.assert_close(own.with_buffers(others).loss(theta), expected, rtol=0, atol=0)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])
        assert name not in own.buffers or torch.equal(own.buffers[name], value)
    # and the objective that it was made from goes on with its own
    torch.testing.assert_close(objective.loss(theta[0]), objective.with_batch(*both(objective)).loss(theta[0]))
    assert not objective.batch_statistics and own.batch_statistics


def both(objective: NetworkLoss):
    return objective.data.inputs, objective.data.targets


def test_gradient_and_hessian_go_through_the_statistics(case) -> None:
    """Central differences: h = 1e-5 leaves about h² ‖∂³L‖ and 1e-16/h of rounding."""
    _, objective = case
    own = objective.with_batch_statistics()
    theta = points(objective, 1)[0]
    d = torch.nn.functional.normalize(points(objective, 2)[1] - objective.initial, dim=0)
    h = 1e-5
    slope = (own.loss(theta + h * d) - own.loss(theta - h * d)) / (2 * h)
    torch.testing.assert_close(own.gradient(theta) @ d, slope, rtol=1e-6, atol=1e-8)
    bend = (own.gradient(theta + h * d) - own.gradient(theta - h * d)) / (2 * h)
    torch.testing.assert_close(own.curvature_product(theta, d), bend, rtol=1e-4, atol=1e-7)


def test_what_would_cut_the_batch_is_refused(case) -> None:
    _, objective = case
    own = objective.with_batch_statistics()
    own.chunk_size = EXAMPLES - 1
    for ask in (own.loss, own.gradient, own.linearise):
        with pytest.raises(ValueError, match="ties its examples together, so chunk_size cannot cut it"):
            ask(own.initial)
    own.chunk_size = EXAMPLES
    assert torch.isfinite(own.loss(own.initial))
    plane = Plane(own.initial, torch.eye(own.dimension, dtype=torch.float64)[:2])
    with pytest.raises(ValueError, match="and running statistics"):
        evaluate_slice(own, plane, [0.0], [0.0], method="chain")


def test_a_network_without_batch_normalisation_is_returned_as_it_is() -> None:
    layers = nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4), nn.Linear(4, 2))
    plain = NetworkLoss(layers, torch.ones(3, 2), torch.ones(3, dtype=torch.int64))
    assert plain.with_batch_statistics() is plain and not plain.batch_statistics


def test_the_live_surface_has_the_height_of_the_trained_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the statistics that the network begins with, it would show a loss that nothing has learned anything from."""
    monkeypatch.setattr(ground_job, "POINTS", 3)
    run = Run(
        network="resnet8-batchnorm",
        data="digits",
        methods=["SGDM"],
        steps=40,
        snapshots=0,
        batch_size=32,
        refresh_size=32,
        plane={"kind": "first steps"},
    )
    found = make_problem(run.description)
    theta, buffers = read_weights(run.results["weights/final"], found)["SGDM"]
    plane = read_plane(run.results["plane"], found)
    at = plane.project(theta[None]).double().numpy()[0]
    x, y = ([float(c) - 0.5, float(c) + 0.5] for c in at)
    row = run.look("landscape", x=x, y=y).rows[-1]
    assert row["batch_statistics"] is True and row["examples"] == ground_job.EXAMPLES
    losses = decode(row["losses"])
    sample = found.over("train", ground_job.EXAMPLES)
    here = plane.lift(at[None])[0]
    with torch.no_grad():
        drawn, at_first = sample.training_pass(here).loss.item(), float(sample.loss(here))
        true = float(found.at(sample, buffers).loss(theta))
    np.testing.assert_allclose(losses[1, 1], drawn, rtol=1e-4)
    assert abs(losses[1, 1] - true) < 0.5 * abs(at_first - true)
    assert run.look("landscape", x=x, y=y).rows[-1]["losses"] == row["losses"], (
        "a pure function of the run and the piece"
    )
