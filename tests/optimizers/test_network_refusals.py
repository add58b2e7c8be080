"""What a network method cannot do it refuses, at the edge, in one sentence that names what is wrong."""

import pytest
import torch
from torch import nn

from geometry.networks import NetworkLoss
from optimizers import ASAM, FSAM, LLQR, SAM, FisherSAM, Method, PastFSAM
from optimizers.rule import Settings

X, Y = torch.ones(6, 4), torch.tensor([0, 1, 2, 0, 1, 2])


def net():
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))


def frozen():
    return net().requires_grad_(False)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NetworkLoss(frozen(), X, Y), "no parameter that asks for a gradient"),
        (lambda: NetworkLoss(nn.Tanh(), X, Y), "Tanh has no parameter"),
        (lambda: NetworkLoss(net(), X[:0], Y[:0]), "the batch is empty"),
        (lambda: NetworkLoss(net(), X, Y[:5]), "same number of examples"),
        (lambda: NetworkLoss(net(), X, torch.full((6,), -100)), "nothing to learn from"),
        (lambda: NetworkLoss(net(), X, Y, label_smoothing=1.5), "label_smoothing must be at least 0 and below 1"),
        (lambda: NetworkLoss(net(), X, Y, chunk_size=0), "chunk_size must be at least 1"),
        (lambda: NetworkLoss(net(), X, Y, memory_limit=0), "memory_limit must be at least 1 byte"),
        (lambda: NetworkLoss(net(), X, Y, grouping="blocks"), "grouping must be one of top, module"),
        (lambda: NetworkLoss(nn.Linear(4, 1), X, Y).loss(torch.zeros(5)), "at least two classes"),
        (lambda: NetworkLoss(net(), X, Y).loss(torch.zeros(7)), "theta must have 43 coordinates"),
    ],
)
def test_grounds_that_are_none(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("metric", ["ngd", "ngd-mean"])
def test_a_divergence_needs_a_loss_that_is_convex_in_the_outputs(metric):
    def away(outputs, targets):
        return -((outputs - targets) ** 2).mean()

    ground = NetworkLoss(nn.Linear(4, 2), X, torch.zeros(6, 2), loss_function=away)
    d = torch.ones(ground.dimension)
    assert torch.isfinite(ground.curvature_product(ground.initial, d, "newton")).all()
    with pytest.raises(ValueError, match="not convex in the outputs"):
        ground.curvature_product(ground.initial, d, metric)
    rule = LLQR.for_networks("diagonal", metric)
    with pytest.raises(ValueError, match="not convex in the outputs"):
        rule.refresh(ground, ground.initial, rule.start(ground, ground.initial))


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleList([nn.Linear(4, 2), nn.Linear(4, 2)])

    def forward(self, x):
        return tuple(head(x) for head in self.heads)


def test_a_divergence_needs_one_tensor_of_outputs_and_is_none_where_the_loss_is_linear_in_them():
    d, targets = torch.ones(20), torch.zeros(6, 2)

    def of_both(outputs, y):
        return sum((o - y).square().mean() for o in outputs)

    two = NetworkLoss(TwoHeads(), X, targets, loss_function=of_both)
    assert torch.isfinite(two.curvature_product(two.initial, d, "newton")).all()
    with pytest.raises(ValueError, match='returns tuple; the metric "ngd" needs one tensor of outputs'):
        two.curvature_product(two.initial, d, "ngd")
    linear = NetworkLoss(nn.Linear(4, 2), X, targets, loss_function=lambda outputs, y: (outputs - y).mean())
    assert not linear.curvature_product(linear.initial, d[:10], "ngd").any(), "Λ = 0"


def test_an_unknown_metric_is_refused_with_the_names():
    ground = NetworkLoss(net(), X, Y)
    with pytest.raises(ValueError, match="newton, ngd, ngd-mean"):
        ground.curvature_product(ground.initial, ground.initial, "fisher")
    with pytest.raises(ValueError, match="newton, ngd, ngd-mean"):
        LLQR.for_networks("diagonal", "fisher")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(structure="kfca"), "unknown structure 'kfca'; choose one of dense, diagonal, scalar, kfac, e-kfac"),
        (dict(solver="lbfgs"), "solver must be one of momentum, sgd, adam"),
        (dict(damping=-1.0), "damping must be at least 0"),
        (dict(decay=1.5), "decay must be at least 0 and at most 1"),
        (dict(inner_learning_rate=-1e-3), "inner_learning_rate must be at least 0"),
        (dict(identity_scale=0.0), "identity_scale must be at least"),
        (dict(clip=-1.0), "clip must be at least"),
        (dict(clip_elements=0.0), "clip_elements must be at least"),
        (dict(floor=-1e-8), "floor must be at least 0"),
        (dict(refresh_every=0), "refresh_every must be at least 1"),
        (dict(refresh_until=-1), "refresh_until must be at least 0"),
    ],
)
def test_options_of_the_preconditioner(options, message):
    with pytest.raises(ValueError, match=message):
        LLQR.for_networks(**options)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SAM(along="newton"), "along must be one of"),
        (lambda: SAM(norm="max"), "norm must be one of"),
        (lambda: SAM(start_step=-1), "start_step must be a whole number of at least 0"),
        (lambda: FSAM(decay=2.0), "decay"),
        (lambda: PastFSAM(decay=-0.1), "decay"),
        (lambda: ASAM(eta=-0.01), "eta must not be negative"),
        (lambda: FisherSAM(eta=-0.1), "eta must not be negative"),
        (lambda: Method(FisherSAM(), LLQR.for_networks()), "a preconditioner would never be used"),
        (lambda: Settings(learning_rate=-0.1), "learning_rate must not be negative"),
        (lambda: Settings(learning_rate=0.1, radius=-0.1), "radius must not be negative"),
    ],
)
def test_probes_and_steps(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_warm_start_on_the_neighbourhood_is_for_surfaces_only():
    ground = NetworkLoss(net(), X, Y)
    with pytest.raises(ValueError, match="warm_start_scale=None"):
        LLQR().start(ground, ground.initial)
