"""What a module does in its pass: what it returns, what it differentiates, what it changes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from geometry.networks import NetworkLoss
from geometry.slices import evaluate_slice, slice_plane
from tests.geometry.brought import X, Y, layer, numbers


@pytest.mark.parametrize("loss", [nn.L1Loss(), F.l1_loss, lambda z, t: F.mse_loss(z, t)])
def test_a_loss_of_torchs_does_not_compare_all_with_all(loss: Any) -> None:
    broadcast = NetworkLoss(layer(outputs=1), X, X[:, 0], loss_function=loss)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="Using a target size"):
            broadcast.check()
    NetworkLoss(layer(outputs=1), X, X[:, :1], loss_function=loss).check()


@dataclass
class Told:
    """What a module returns."""

    scores: torch.Tensor
    size: int = 3


class Plainly(nn.Module):
    """Returns what no axis of walkers can be laid through."""

    def __init__(self, told: Any) -> None:
        super().__init__()
        self.one, self.told = layer(), told

    def forward(self, x: torch.Tensor) -> Any:
        """The scores, within something."""
        return self.told(self.one(x))


@pytest.mark.parametrize(
    ("told", "scores"),
    [
        (Told, lambda told: told.scores),
        (lambda scores: SimpleNamespace(logits=scores), lambda told: told.logits),
        (lambda scores: {"out": Told(scores), "names": {"a", "b"}}, lambda told: told["out"].scores),
        (lambda scores: torch.distributions.Categorical(logits=scores), lambda told: told.logits),
    ],
)
def test_a_loss_of_ones_own_sees_what_the_module_returns(told: Any, scores: Any) -> None:
    module = Plainly(told)
    own = NetworkLoss(module, X, Y, loss_function=lambda outputs, targets: F.cross_entropy(scores(outputs), targets))
    plain = NetworkLoss(module.one, X, Y)
    many = plain.initial + 0.1 * numbers(3, plain.dimension)
    torch.testing.assert_close(own.loss(many), plain.loss(many))
    torch.testing.assert_close(own.gradient(many), plain.gradient(many))
    d = numbers(3, plain.dimension, seed=1)
    torch.testing.assert_close(own.curvature_product(many, d), plain.curvature_product(many, d))


class Differentiates(nn.Module):
    """u″ of a network u, by autograd within it."""

    def __init__(self) -> None:
        super().__init__()
        self.u = nn.Sequential(layer(outputs=5), nn.Tanh(), layer(5, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """u″(x) + u(x)."""
        with torch.enable_grad():
            u = self.u(x.requires_grad_())
            (slope,) = torch.autograd.grad(u.sum(), x, create_graph=True)
            (bend,) = torch.autograd.grad(slope.sum(), x, create_graph=True)
        return bend.sum(1, keepdim=True) + u


class InPlace(nn.Module):
    """Changes its inputs as its operation does."""

    def __init__(self, change: Any) -> None:
        super().__init__()
        self.change, self.one = change, layer(outputs=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """One number for an example."""
        self.change(x)
        return self.one(x)


def blot(x: torch.Tensor) -> None:
    x[:, 0] = 0


@pytest.mark.parametrize(
    "make",
    [
        Differentiates,
        lambda: InPlace(lambda x: x.sub_(1)),
        lambda: InPlace(F.relu_),
        lambda: InPlace(blot),
    ],
)
def test_what_a_module_does_to_its_inputs_is_not_done_to_the_data(make: Any) -> None:
    inputs, module = X.clone(), make()
    objective = NetworkLoss(module, inputs, X[:, :1] ** 2, loss_function="squared error")
    theta = objective.initial
    losses = [float(objective.loss(theta)) for _ in range(3)]
    objective.training_pass(theta)
    assert not objective.tied
    many = objective.loss(torch.stack([theta, theta]))
    assert torch.equal(inputs, X) and torch.equal(objective.data.inputs[0], X) and not inputs.requires_grad
    np.testing.assert_allclose([*losses[1:], *many.tolist()], losses[0], rtol=1e-12)
    plain = F.mse_loss(module(X.clone()), X[:, :1] ** 2).detach()
    np.testing.assert_allclose(losses[0], float(plain), rtol=1e-12)
    plane = slice_plane(objective, theta)
    line = evaluate_slice(objective, plane, np.array([-0.1, 0.0]), np.array([0.0]))
    np.testing.assert_allclose(line[0, 1], losses[0], rtol=1e-10)
