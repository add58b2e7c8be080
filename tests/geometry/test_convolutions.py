"""Convolutions in a closure: torch's values and slopes, and a curvature product that makes nothing in vain."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from geometry.convolutions import LinearBackward
from geometry.networks import NetworkLoss
from optimizers.torch.closure import ClosureLoss
from optimizers.torch_optim import LLQR
from tests.optimizers.test_closure_curvature import gauss_newton, products

DRAW = torch.Generator().manual_seed(5)


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=DRAW, dtype=torch.float64)


def network(*parts: nn.Module) -> nn.Module:
    torch.manual_seed(4)
    for part in parts:
        for p in part.parameters():
            nn.init.normal_(p, std=0.5)
    return nn.Sequential(*parts, nn.Flatten()).double()


NETWORKS = {
    "strides, padding": (network(nn.Conv2d(2, 3, 3, 2, 1), nn.Tanh(), nn.Conv2d(3, 3, 2, bias=False)), (5, 2, 6, 4)),
    "dilation, groups": (
        network(nn.Conv2d(2, 4, 3, padding=(1, 2), dilation=(1, 2), groups=2), nn.Tanh()),
        (2, 2, 3, 3),
    ),
    "one axis": (network(nn.Conv1d(2, 3, 3, padding="same"), nn.Tanh(), nn.Conv1d(3, 2, 2)), (4, 2, 5)),
    "three axes": (network(nn.Conv3d(1, 2, 2), nn.ReLU(), nn.Conv3d(2, 3, (1, 2, 1))), (3, 1, 2, 3, 2)),
}


@pytest.mark.parametrize("metric", ["newton", "ngd-mean"])
@pytest.mark.parametrize("name", NETWORKS)
def test_curvature_is_that_of_the_matrices(name, metric):
    model, shape = NETWORKS[name]
    x = normal(*shape)
    target = normal(*model(x).shape)

    def closure():
        z = model(x)
        return F.huber_loss(z, target), z

    if metric == "ngd-mean":
        wanted = gauss_newton(model, lambda z: F.huber_loss(z, target), x)
    else:
        names, values = zip(*model.named_parameters(), strict=True)
        shapes, sizes = [v.shape for v in values], [v.numel() for v in values]

        def loss(theta):
            pieces = [v.reshape(s) for v, s in zip(theta.split(sizes), shapes, strict=True)]
            return F.huber_loss(torch.func.functional_call(model, dict(zip(names, pieces, strict=True)), (x,)), target)

        wanted = torch.autograd.functional.hessian(loss, torch.cat([v.detach().reshape(-1) for v in values]))
    torch.testing.assert_close(products(model, closure, metric, "huber"), wanted, rtol=1e-9, atol=1e-12)
    objective = NetworkLoss(model, x, target, loss_function="huber", grouping="module")
    product = objective.linearise(objective.initial, metric).product
    found = torch.stack([product(d) for d in torch.eye(len(wanted), dtype=torch.float64)])
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)
    walkers = objective.initial.expand(2, -1)
    found = objective.linearise(walkers, metric).product(torch.eye(len(wanted), dtype=torch.float64)[:2])
    torch.testing.assert_close(found, wanted[:2], rtol=1e-9, atol=1e-12)


def test_a_penalty_on_slopes_keeps_its_gradient():
    """The closure itself differentiates a backward pass: by weights too, and they must be in its graph."""
    model, shape = NETWORKS["strides, padding"]
    x = normal(*shape).requires_grad_()

    def penalty():
        (slope,) = torch.autograd.grad(model(x).square().sum(), x, create_graph=True)
        return slope.square().mean()

    wanted = torch.autograd.grad(penalty(), list(model.parameters()))
    with LinearBackward():
        found = torch.autograd.grad(penalty(), list(model.parameters()))
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


def closure_loss(model, x, y):
    parameters = LLQR(model.parameters(), module=model).parameters
    return ClosureLoss(parameters, lambda: (F.cross_entropy(z := model(x), y), z), model), parameters.theta()


def network_loss(model, x, y):
    objective = NetworkLoss(model, x, y)
    return objective, objective.initial


def test_a_compiled_module_keeps_its_curvature():
    """Traced as what they are: torch's compiler does not see through the mode."""
    model, shape = NETWORKS["strides, padding"]
    x, y = normal(*shape), torch.zeros(shape[0], dtype=torch.long)
    d = torch.ones(sum(p.numel() for p in model.parameters()), dtype=torch.float64)
    found = []
    for called in (model, torch.compile(model, backend="eager")):
        parameters = LLQR(model.parameters(), module=model).parameters
        ground = ClosureLoss(parameters, lambda call=called: (F.cross_entropy(z := call(x), y), z), model)
        found.append(ground.linearise(parameters.theta(), "ngd").product(d))
    torch.testing.assert_close(found[1], found[0], rtol=1e-9, atol=1e-12)


class Counting(TorchDispatchMode):
    """Counts convolutions and their backward passes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if "convolution" in func.name():
            self.seen.append(func.name())
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("ground_of", [closure_loss, network_loss])
def test_a_product_makes_no_derivatives_by_inputs_and_weights(ground_of):
    model, shape = NETWORKS["strides, padding"]
    x, y = normal(*shape), torch.zeros(shape[0], dtype=torch.long)
    ground, theta = ground_of(model, x, y)
    product = ground.linearise(theta, "ngd").product
    with Counting() as counting:
        product(torch.ones(ground.dimension, dtype=torch.float64))
    assert counting.seen.count("aten::convolution") == 3, "x ∗ d₁; h ∗ d₂ and its way on through W₂"
    assert counting.seen.count("aten::convolution_backward") == 2, "one for each layer"


@pytest.mark.parametrize("kept", ["bias", "weight"])
def test_parts_of_a_layer_may_be_frozen(kept):
    model, shape = NETWORKS["strides, padding"]
    model = copy.deepcopy(model)
    for name, p in model.named_parameters():
        p.requires_grad_(name.endswith(kept))
    objective, theta = network_loss(model, normal(*shape), torch.zeros(shape[0], dtype=torch.long))
    found = objective.linearise(theta, "ngd").product(torch.ones_like(theta))
    slow = torch.func.jacrev(objective.outputs)(theta).reshape(shape[0], -1, len(theta))
    p = objective.outputs(theta).softmax(-1)
    middle = torch.diag_embed(p) - p[:, :, None] * p[:, None]
    wanted = torch.einsum("nca,ncd,ndb->a", slow, middle, slow)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "keywords", [{"padding": np.int64(1)}, {"padding": 1}, {"stride": (2,), "bias": torch.ones(3, dtype=torch.float64)}]
)
def test_keywords_and_transforms_are_as_in_torch(keywords):
    x, w = normal(2, 2, 5, 5), normal(3, 2, 3, 3)
    with LinearBackward():
        found, named = F.conv2d(x, w, **keywords), F.conv2d(input=x, weight=w, **keywords)
        alone = F.conv2d(x[0], w, **keywords)
        over = torch.func.vmap(lambda one: F.conv2d(one[None], w, **keywords)[0])(x)
    assert torch.equal(found, F.conv2d(x, w, **keywords)) and torch.equal(found, named)
    torch.testing.assert_close(alone, found[0])
    torch.testing.assert_close(over, found)
