"""What must hold for every network: slopes by differences, the order of the structures, chunks that change nothing."""

import pytest
import torch
from torch import nn

from geometry.networks import NetworkLoss
from geometry.objective import linearise
from optimizers import LLQR
from optimizers.structures import STRUCTURES

METRICS = ("newton", "ngd", "ngd-mean")


def network(seed, examples=40, **options):
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    module = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 5), nn.LayerNorm(5), nn.Tanh(), nn.Linear(5, 3))
    inputs = torch.randn(examples, 6, generator=generator, dtype=torch.float64)
    return NetworkLoss(module.double(), inputs, torch.randint(0, 3, (examples,), generator=generator), **options)


def convolutions(**options):
    """Convolutions, an embedding of patches, group norm and attention: many kinds of parameters."""
    torch.manual_seed(0)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(2, 6, 3, stride=2)
            self.norm = nn.GroupNorm(2, 6)
            self.attention = nn.MultiheadAttention(6, 2, batch_first=True)
            self.output = nn.Linear(6, 4)

        def forward(self, x):
            tokens = torch.tanh(self.norm(self.conv(x))).flatten(2).transpose(1, 2)
            return self.output(self.attention(tokens, tokens, tokens)[0].mean(1))

    return NetworkLoss(Model().double(), torch.randn(10, 2, 7, 7).double(), torch.arange(10) % 4, **options)


def perturbed(leaves, seed, size):
    generator = torch.Generator().manual_seed(seed)
    return {
        k: u + size * torch.randn(u.shape, generator=generator, dtype=torch.float64).expand_as(u)
        for k, u in leaves.items()
    }


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("ground", [network(0), convolutions()], ids=["dense layers", "convolution and attention"])
def test_curvature_products_are_differences(ground, metric):
    """newton: differences of the gradient. ngd: of the gradient of the divergence, Σ −p(θ₀) log p(θ)."""
    theta = ground.initial
    d = torch.randn(theta.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    frozen = torch.softmax(ground.outputs(theta), -1)
    weight = {"newton": 0.0, "ngd": 1.0, "ngd-mean": 1 / ground.examples}[metric]

    def slope(at):
        if metric == "newton":
            return ground.gradient(at)
        leaf = at.clone().requires_grad_()
        divergence = -(frozen * torch.log_softmax(ground.outputs(leaf), -1)).sum() * weight
        return torch.autograd.grad(divergence, leaf)[0]

    step = 1e-5
    wanted = (slope(theta + step * d) - slope(theta - step * d)) / (2 * step)
    given = ground.curvature_product(theta, d, metric)
    # central differences: an error of step² and of rounding over step, about 1e-10 each
    torch.testing.assert_close(given, wanted, rtol=1e-6, atol=1e-7 * float(wanted.abs().max()))


@pytest.mark.parametrize("options", [{}, dict(normalise_gradient=True, damping=0.3)], ids=["plain", "all terms"])
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("structure", STRUCTURES)
def test_the_slope_of_the_cost_is_its_difference_quotient(structure, metric, options):
    ground = network(1)
    rule = LLQR.for_networks(structure, metric, **options)
    at = linearise(ground, ground.initial, metric)
    leaves = perturbed(rule.start(ground, ground.initial), 2, 0.1)
    along = perturbed({k: torch.zeros_like(u) for k, u in leaves.items()}, 3, 1.0)
    slopes = rule.slope(ground.layout, at)(leaves)
    inner = sum(float((slopes[k] * along[k]).sum()) for k in leaves)

    def cost(t):
        return float(rule.cost(ground.layout, at, {k: u + t * along[k] for k, u in leaves.items()}))

    step = 1e-4
    # five-point differences: J is a polynomial of low degree in the leaves, so rounding is what is left
    wanted = (8 * (cost(step) - cost(-step)) - (cost(2 * step) - cost(-2 * step))) / (12 * step)
    assert inner == pytest.approx(wanted, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("metric", "damping", "rate"), [("ngd", 1.0, 1e-3), ("ngd-mean", 0.1, 1e-2), ("newton", 6.0, 1e-2)]
)
def test_richer_blocks_come_closer_to_the_dense_optimum(seed, metric, damping, rate):
    """J after the same 50 inner steps from I, above its minimum over all matrices, −½ gᵀ(G + λI)⁻¹g.

    For one gradient any structure but the scalar could reach that minimum in the end; what differs is how far the same
    steps take it.
    """
    ground = network(seed)
    at = linearise(ground, ground.initial, metric)
    identity = torch.eye(ground.dimension, dtype=torch.float64)
    matrix = torch.stack([at.product(row) for row in identity]) + damping * identity
    assert float(torch.linalg.eigvalsh(matrix)[0]) > 0
    best = -float(at.gradient @ torch.linalg.solve(matrix, at.gradient)) / 2
    above = {}
    for structure in ("e-kfac", "kfac", "diagonal"):
        rule = LLQR.for_networks(structure, metric, decay=0.0, damping=damping, inner_learning_rate=rate)
        u = rule.refresh(ground, ground.initial, rule.start(ground, ground.initial))
        above[structure] = float(rule.cost(ground.layout, at, u)) - best
    start = float(rule.cost(ground.layout, at, rule.start(ground, ground.initial))) - best
    assert 0 <= above["e-kfac"] <= above["kfac"] <= above["diagonal"] < start


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("metric", METRICS)
def test_chunks_change_nothing(structure, metric):
    """Loss, gradient and a whole refresh with damping; the authors' code adds the damping once for each chunk."""
    whole, cut = network(2, label_smoothing=0.1), network(2, label_smoothing=0.1, chunk_size=7)
    theta = whole.initial
    torch.testing.assert_close(cut.loss(theta), whole.loss(theta), rtol=1e-13, atol=0)
    torch.testing.assert_close(cut.gradient(theta), whole.gradient(theta), rtol=1e-12, atol=1e-14)
    rule = LLQR.for_networks(structure, metric, damping=0.3, inner_steps=5, inner_learning_rate=0.05, decay=0.0)
    start = rule.start(whole, theta)
    first, second = (rule.refresh(ground, theta, start) for ground in (whole, cut))
    for name, u in first.items():
        torch.testing.assert_close(second[name] - start[name], u - start[name], rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("limit", [20_000, 10_000_000])
def test_a_memory_bound_changes_nothing(limit):
    whole, cut = convolutions(), convolutions(memory_limit=limit)
    d = torch.ones_like(whole.initial)
    assert (cut.chunk_size < 10) == (limit < 1_000_000)
    for metric in METRICS:
        torch.testing.assert_close(
            cut.curvature_product(whole.initial, d, metric),
            whole.curvature_product(whole.initial, d, metric),
            rtol=1e-10,
            atol=1e-13,
        )


@pytest.mark.parametrize("structure", STRUCTURES)
def test_walkers_do_not_meet(structure):
    """Three walkers at once are refreshed as each is alone."""
    ground = network(3)
    theta = ground.initial + torch.tensor([[0.0], [0.1], [-0.2]], dtype=torch.float64)
    rule = LLQR.for_networks(structure, "ngd", inner_steps=4, decay=0.5)
    together = rule.refresh(ground, theta, rule.start(ground, theta))
    for walker in range(3):
        alone = rule.refresh(ground, theta[walker], rule.start(ground, theta[walker]))
        for name, u in alone.items():
            torch.testing.assert_close(together[name][walker], u, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_float32_follows_float64(structure):
    """The same refresh in single precision, to what 24 bits allow over fifty steps."""
    double = network(4)
    single = network(4, dtype=torch.float32)
    rule = LLQR.for_networks(structure, "ngd", decay=0.0)
    fine = rule.refresh(double, double.initial, rule.start(double, double.initial))
    coarse = rule.refresh(single, single.initial, rule.start(single, single.initial))
    moved = max(float((u - rule.start(double, double.initial)[k]).abs().max()) for k, u in fine.items())
    for name, u in fine.items():
        assert coarse[name].dtype == torch.float32
        assert float((coarse[name].double() - u).abs().max()) < 1e-3 * moved
