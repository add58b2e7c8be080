"""Between two solutions: barriers in closed form, statistics taken anew, and a curve around the hill."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from geometry.batch_norm import re_estimate
from geometry.connectivity import connect, connecting, interpolate, three_point_plane
from geometry.networks import NetworkLoss
from geometry.slices import evaluate_slice
from tests.geometry.brought import N, X, Y, layer, numbers


class Point(nn.Module):
    """Its outputs are its two parameters, so that the loss is a surface over them."""

    def __init__(self) -> None:
        super().__init__()
        self.at = nn.Parameter(torch.zeros(2).double())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.at.expand(len(x), 2)


def hill(outputs: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
    """Gaussian hill at 0 on flat ground, and walls far out."""
    return torch.exp(-outputs.square().sum(-1)).mean() + 0.001 * outputs.square().mean() ** 2


def surface() -> NetworkLoss:
    return NetworkLoss(Point(), numbers(4, 1), torch.zeros(4), loss_function=hill)


A, B = torch.tensor([-2.0, 0.0]).double(), torch.tensor([2.0, 0.1]).double()


def test_the_barrier_of_a_straight_way_is_the_hills_height() -> None:
    objective = surface()
    way = interpolate(objective, A, B, points=41)
    heights = [float(objective.loss(torch.lerp(A, B, float(t)))) for t in way.t]
    np.testing.assert_allclose(way.losses, heights, rtol=1e-12)
    ends = (1 - way.t) * heights[0] + way.t * heights[-1]
    assert way.barrier == pytest.approx(np.max(heights - ends)) and way.highest == pytest.approx(0.5, abs=0.03)
    assert np.isnan(way.barrier_error), "a loss for the whole batch has no examples' own"
    valley = NetworkLoss(layer(), X, numbers(N, 3), loss_function="squared error")
    assert interpolate(valley, valley.initial, valley.initial + 1).barrier == 0, "convex"


def test_a_curve_goes_around_the_hill() -> None:
    objective = surface()
    straight = interpolate(objective, A, B)
    curve = connect(objective, A, B + torch.tensor([0, 0.2]).double(), steps=300, learning_rate=0.5, seed=1)
    assert curve.barrier < 0.2 * straight.barrier
    assert torch.equal(curve.theta(0.0), A) and torch.allclose(
        curve.theta(0.5), curve.a / 4 + curve.b / 4 + curve.control / 2
    )
    plane = curve.plane()
    for theta in (curve.a, curve.b, curve.theta(0.5)):
        torch.testing.assert_close(plane.lift(plane.project(theta)), theta)
    again = connect(objective, A, B + torch.tensor([0, 0.2]).double(), steps=300, learning_rate=0.5, seed=1)
    assert torch.equal(curve.control, again.control), "the seed draws it"


def test_the_error_is_that_of_paired_examples() -> None:
    objective = NetworkLoss(nn.Sequential(layer(), nn.Tanh(), layer(3)), X, Y)
    a, b = objective.initial, objective.initial + numbers(objective.dimension, seed=3)
    way = interpolate(objective, a, b, points=11)
    top = int(np.argmax(way.losses - ((1 - way.t) * way.losses[0] + way.t * way.losses[-1])))

    def each(t: float) -> np.ndarray:
        return F.cross_entropy(objective.outputs(torch.lerp(a, b, t)), Y, reduction="none").numpy()

    heights = each(way.t[top]) - ((1 - way.t[top]) * each(0.0) + way.t[top] * each(1.0))
    assert way.barrier_error == pytest.approx(heights.std(ddof=1) / np.sqrt(N))
    assert way.barrier == pytest.approx(max(heights.mean(), 0))
    assert interpolate(objective, a, b, samples=5).examples == 5


def normalised() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(0.5), nn.Linear(5, 3)).double()


@pytest.mark.parametrize("parts", [1, 3])
def test_statistics_are_taken_anew_as_torch_would(parts: int) -> None:
    objective = NetworkLoss(normalised(), X, Y)
    theta = objective.initial + 0.3
    module = normalised()
    module.load_state_dict(objective.module_state(theta))
    module.eval()
    module[1].train()
    module[1].momentum = None
    module[1].reset_running_stats()
    with torch.no_grad():
        for rows in X.split(N // parts):
            module(rows)
    found = re_estimate(objective, theta, parts)
    assert set(found) == set(objective.buffers)
    for name, buffer in module.named_buffers():
        torch.testing.assert_close(found[name], buffer)
    module.eval()
    here = objective.with_buffers(found)
    torch.testing.assert_close(here.loss(theta), F.cross_entropy(module(X), Y).detach())
    anew = interpolate(objective, theta, objective.initial, points=3, statistics="re-estimated")
    assert anew.losses[0] == pytest.approx(float(objective.with_buffers(re_estimate(objective, theta)).loss(theta)))
    kept = interpolate(objective, theta, objective.initial, points=3)
    assert kept.losses[0] == pytest.approx(float(objective.loss(theta))) and kept.losses[0] != anew.losses[0]


def test_three_solutions_span_a_plane() -> None:
    objective = NetworkLoss(layer(), X, Y)
    a, b, c = (numbers(objective.dimension, seed=seed) for seed in (1, 2, 3))
    plane = three_point_plane(a, b, c)
    corners = [plane.project(theta).numpy() for theta in (a, b, c)]
    for theta, (x, y) in zip((a, b, c), corners, strict=True):
        found = evaluate_slice(objective, plane, np.array([x, x + 1]), np.array([y, y + 1]))[0, 0]
        assert found == pytest.approx(float(objective.loss(theta)))
    with pytest.raises(ValueError, match="line"):
        three_point_plane(a, b, (a + b) / 2)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"points": 2}, "points must be a whole number of at least 3"),
        ({"statistics": "fresh"}, "statistics must be 'kept' or 're-estimated'"),
        ({"control": torch.zeros(3)}, "control must have shape"),
    ],
)
def test_settings_that_are_none(options: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        interpolate(surface(), A, B, **options)
    with pytest.raises(ValueError, match="learning_rate must be positive"):
        next(connecting(surface(), A, B, learning_rate=0.0))
    with pytest.raises(ValueError, match="steps must be a whole number"):
        next(connecting(surface(), A, B, steps=0))
    with pytest.raises(ValueError, match="batch_size must be a whole number"):
        next(connecting(surface(), A, B, batch_size=0))
    with pytest.raises(ValueError, match="straight way spans a line"):
        interpolate(surface(), A, B).plane()
    with pytest.raises(ValueError, match="parts must be from 1 to 4"):
        re_estimate(surface(), A, 5)
