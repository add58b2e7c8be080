"""Where the authors' code surprises, ours does what its documents say. One test for each such place.

What is theirs by intent is kept (the summed "ngd", the statistics of the perturbed pass) and has an alternative.
"""

import pytest
import torch
from torch import nn

from geometry.networks import NetworkLoss
from geometry.objective import linearise
from optimizers import LLQR, SAM, Method
from optimizers.rule import Settings, begin, descent_step, refresh_if_due
from optimizers.structures import STRUCTURES


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def module(depth=2, norm=False):
    torch.manual_seed(1)
    layers = []
    for _ in range(depth - 1):
        layers += [nn.Linear(4, 4), *([nn.BatchNorm1d(4)] if norm else []), nn.Tanh()]
    return nn.Sequential(*layers, nn.Linear(4, 3)).double()


def ground(examples=12, copies=1, **options):
    x, y = drawn(examples, 4), torch.arange(examples) % 3
    return NetworkLoss(module(), x.repeat(copies, 1), y.repeat(copies), **options)


def test_the_batch_size_is_a_hidden_damping_of_the_summed_metric_but_not_of_the_averaged_one():
    """Twice the same examples: the mean gradient and "ngd-mean" stay, "ngd" doubles, and so U g halves at its best."""
    once, twice = ground(), ground(copies=2)
    theta, d = once.initial, drawn(once.dimension)
    torch.testing.assert_close(twice.gradient(theta), once.gradient(theta), rtol=1e-12, atol=1e-14)
    for metric, factor in (("newton", 1), ("ngd-mean", 1), ("ngd", 2)):
        wanted = factor * once.curvature_product(theta, d, metric)
        torch.testing.assert_close(twice.curvature_product(theta, d, metric), wanted, rtol=1e-11, atol=1e-13)
    summed = once.curvature_product(theta, d, "ngd")
    torch.testing.assert_close(once.curvature_product(theta, d, "ngd-mean") * 12, summed, rtol=1e-12, atol=1e-14)


def test_a_cost_without_a_lower_bound_leaves_a_finite_u():
    """Newton's J falls forever along negative curvature; clipped steps, fifty at a time, keep U finite."""
    objective = ground()
    rule = LLQR.for_networks("dense", "newton", inner_learning_rate=0.5, decay=0.0)
    at = linearise(objective, objective.initial, "newton")
    matrix = torch.stack([at.product(row) for row in torch.eye(objective.dimension, dtype=torch.float64)])
    assert float(torch.linalg.eigvalsh(matrix)[0]) < 0
    u = rule.start(objective, objective.initial)
    for _ in range(5):
        u = rule.refresh(objective, objective.initial, u)
    # five refreshes of fifty steps of at most 0.5 · 5 / (1 − 0.9) each
    assert all(float(leaf.norm()) < 5 * 50 * 25 + 10 for leaf in u.values())


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("metric", ["newton", "ngd"])
def test_damping_counts_once_whatever_the_chunks(structure, metric):
    """With only the damping in J (a curvature of zero weight beside it) each chunk would add its own."""
    rule = LLQR.for_networks(structure, metric, damping=50.0, decay=0.0, inner_steps=3)
    whole, cut = ground(), ground(chunk_size=1)
    start = rule.start(whole, whole.initial)
    first, second = (rule.refresh(objective, whole.initial, start) for objective in (whole, cut))
    for name, leaf in first.items():
        torch.testing.assert_close(second[name] - start[name], leaf - start[name], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_the_control_descends(structure):
    """d = −U g: from U = 0 the cost falls as U grows towards I, and its slope there is −‖g‖²."""
    objective = ground()
    rule = LLQR.for_networks(structure, "newton")
    at = linearise(objective, objective.initial, "newton")
    small = STRUCTURES[structure].identity(objective.layout, objective.initial, 1e-7)
    slope = float(rule.cost(objective.layout, at, small)) / 1e-7
    assert slope == pytest.approx(-float(at.gradient @ at.gradient), rel=1e-5)


@pytest.mark.parametrize("scale", [0.25, 1.0, 4.0])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_the_first_step_is_plain_whatever_the_identity_scale(structure, scale):
    """Theirs is not for kfac: both factors carry the scale, so that U/scale = scale·I on kernels."""
    objective = ground()
    rule = LLQR.for_networks(structure, identity_scale=scale, refresh_until=0)
    v = drawn(objective.dimension, seed=2)
    applied = rule.apply(objective.layout, rule.start(objective, objective.initial), v)
    torch.testing.assert_close(applied, v, rtol=1e-14, atol=0)


@pytest.mark.parametrize("decay", [0.0, 0.9])
@pytest.mark.parametrize("structure", ["diagonal", "scalar"])
def test_the_floor_holds_with_and_without_a_slow_average(structure, decay):
    """Theirs passes over what follows the average when there is none."""
    objective = ground()
    below = {k: -u for k, u in LLQR.for_networks(structure).start(objective, objective.initial).items()}
    for floor, wanted in ((None, 1e-8), (0.0, -1.0)):
        rule = LLQR.for_networks(structure, decay=decay, inner_steps=0, floor=floor)
        u = rule.refresh(objective, objective.initial, below)
        for leaf in u.values():
            torch.testing.assert_close(leaf, torch.full_like(leaf, wanted), rtol=1e-12, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_u_has_the_precision_of_the_network(structure, dtype):
    """Their eigen-Kronecker blocks are float32 whatever the network is."""
    objective = ground(dtype=dtype)
    rule = LLQR.for_networks(structure, inner_steps=2)
    u = rule.refresh(objective, objective.initial, rule.start(objective, objective.initial))
    assert {leaf.dtype for leaf in u.values()} == {dtype}


def test_targets_that_are_ignored_do_not_count():
    """Neither in the mean nor in the metric; theirs divides by all targets."""
    x, y = drawn(12, 4), torch.arange(12) % 3
    some = y.clone()
    some[::3] = -100
    kept = some != -100
    with_holes, without = NetworkLoss(module(), x, some), NetworkLoss(module(), x[kept], y[kept])
    theta, d = without.initial, drawn(without.dimension)
    torch.testing.assert_close(with_holes.gradient(theta), without.gradient(theta), rtol=1e-12, atol=1e-14)
    for metric in ("newton", "ngd", "ngd-mean"):
        wanted = without.curvature_product(theta, d, metric)
        torch.testing.assert_close(with_holes.curvature_product(theta, d, metric), wanted, rtol=1e-11, atol=1e-13)


def test_a_refresh_uses_the_running_statistics_and_does_not_move_them():
    """U is learned in inference mode, with the statistics that the training passes have left."""
    objective = NetworkLoss(module(norm=True), drawn(12, 4), torch.arange(12) % 3)
    method = Method(SAM(), LLQR.for_networks(refresh_every=1, inner_steps=3, decay=0.0, inner_learning_rate=0.1))
    state = begin(objective, method, objective.initial)
    settings = Settings(learning_rate=0.1, radius=0.05)
    first, _ = refresh_if_due(objective, method, state)
    for name, value in state.buffers.items():
        assert torch.equal(first.buffers[name], value)
    state, _ = descent_step(objective, method, settings, first)
    moved, _ = refresh_if_due(objective, method, state)
    stale = method.preconditioner.refresh(objective, state.position, state.preconditioner)
    gathered = objective.with_buffers(state.buffers)
    fresh = method.preconditioner.refresh(gathered, state.position, state.preconditioner)
    for name, leaf in moved.preconditioner.items():
        assert torch.equal(leaf, fresh[name])
    assert any(not torch.allclose(fresh[name], stale[name]) for name in stale)


def test_weight_decay_is_not_preconditioned():
    """θ ← θ − η (U g + λ θ) at the first step, with U far from I."""
    objective = ground()
    method = Method(preconditioner=LLQR.for_networks(inner_steps=3, inner_learning_rate=1.0, decay=0.0))
    state, _ = refresh_if_due(objective, method, begin(objective, method, objective.initial))
    plain, trace = descent_step(objective, method, Settings(0.1), state)
    decayed, _ = descent_step(objective, method, Settings(0.1, weight_decay=0.3), state)
    assert not torch.allclose(trace.direction, trace.outer, rtol=1e-3)
    theta = objective.initial
    torch.testing.assert_close(decayed.position, plain.position - 0.1 * 0.3 * theta, rtol=1e-13, atol=1e-15)


def test_layers_keep_the_order_of_the_network_beyond_ten():
    """Sorted as words, layer 10 would come before layer 2."""
    objective = NetworkLoss(module(depth=13), drawn(12, 4), torch.arange(12) % 3)
    assert [layer.name for layer in objective.layout.layers] == [str(2 * i) for i in range(13)]
    assert [block.name for block in objective.layout.blocks[:2]] == ["0.weight", "0.bias"]
