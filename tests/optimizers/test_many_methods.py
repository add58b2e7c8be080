"""Every method of the reference list: many walkers are as one, numbers broadcast, and the edges are defined."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from geometry.networks import NetworkLoss
from geometry.objective import Block, Layout
from geometry.surfaces import AnnularWell, Rosenbrock, TwoScaleQuadratic
from optimizers import (
    GNP,
    GSAM,
    KFAC,
    SAM,
    SAMON,
    SSAMD,
    SSAMF,
    WSAM,
    Adam,
    Descent,
    Lion,
    LookSAM,
    Method,
    Muon,
    NaturalGradient,
    Nesterov,
    Shampoo,
    VaSSO,
    simulate,
)
from optimizers.metrics import ParameterMetric
from optimizers.muon import newton_schulz
from optimizers.rule import Settings, begin, descent_step, refresh_if_due
from optimizers.training import Training
from tests.optimizers.small_training import batch, normalised, perceptron

METHODS = {
    "GNP": Method(probe=SAM(), mix=GNP()),
    "GNP as released": Method(probe=SAM(), mix=GNP(as_released=True)),
    "VaSSO": Method(probe=VaSSO(theta=0.4)),
    "SSAM-F": Method(probe=SSAMF(0.5, 3)),
    "SSAM-D": Method(probe=SSAMD(0.5, 3, horizon=20)),
    "GSAM": Method(probe=SAM(), mix=GSAM()),
    "WSAM": Method(probe=SAM(), mix=WSAM(0.7)),
    "WSAM coupled": Method(probe=SAM(), mix=WSAM(0.7, decoupled=False)),
    "LookSAM": Method(probe=SAM(every=3), mix=LookSAM()),
    "SAM-ON": Method(probe=SAMON()),
    "Riemannian SAM": Method(probe=SAM(norm="matrix"), preconditioner=ParameterMetric(0.1)),
    "NGD": Method(preconditioner=NaturalGradient(0.5, refresh_every=2)),
    "diagonal NGD": Method(preconditioner=NaturalGradient(0.5, diagonal=True)),
    "Shampoo": Method(preconditioner=Shampoo(0.01)),
    "Shampoo averaged": Method(preconditioner=Shampoo(0.01, 0.9, "root", "adam", root_every=2)),
    "descent": Method(outer=Descent()),
    "Nesterov": Method(outer=Nesterov()),
    "Adam": Method(outer=Adam()),
    "AdamW": Method(outer=Adam(decoupled=True, weight_decay=0.01)),
    "Lion": Method(outer=Lion()),
    "Muon": Method(outer=Muon()),
    "SAM of NGD with Adam": Method(probe=SAM(), preconditioner=NaturalGradient(0.5), outer=Adam()),
}
NETWORKS_ONLY = {"K-FAC": Method(preconditioner=KFAC(0.1, refresh_every=3))}
STARTS = np.array([[-1.2, 1.0], [0.3, 0.9], [1.1, -0.4]])
OPTIONS = {"steps": 20, "learning_rate": 5e-4, "radius": 0.05, "compiled": False}


def equal(many, one, walker):
    np.testing.assert_array_equal(many.positions[:, walker], one.positions)
    np.testing.assert_array_equal(many.probes[:, walker], one.probes)
    np.testing.assert_array_equal(many.losses[:, walker], one.losses)
    np.testing.assert_array_equal(many.gradient_evaluations[:, walker], one.gradient_evaluations)


@pytest.mark.parametrize("name", METHODS)
def test_many_walkers_are_each_alone(name):
    """To the last bit, with noise of their own."""
    surface, seeds = Rosenbrock(), np.arange(3)
    many = simulate(surface, METHODS[name], STARTS, noise_variance=1e-4, seed=seeds, **OPTIONS)
    for walker in range(3):
        one = simulate(surface, METHODS[name], STARTS[walker], noise_variance=1e-4, seed=walker, **OPTIONS)
        equal(many, one, walker)
    assert np.isfinite(many.positions).all()


NUMBERS = [(name, *key) for name, method in METHODS.items() for key in method.array_fields()]


@pytest.mark.parametrize(("name", "part", "field"), NUMBERS)
def test_every_number_broadcasts(name, part, field):
    """Two walkers with values of their own are as two runs."""
    method, surface = METHODS[name], Rosenbrock()
    value = getattr(getattr(method, part), field)
    whole = isinstance(value, int) and not isinstance(value, bool)
    values = np.array([value, value + 2]) if whole else np.array([value, 0.7 * value + 0.01])
    many = simulate(surface, method.with_fields({(part, field): values}), STARTS[0], **OPTIONS)
    for walker in range(2):
        own = replace(getattr(method, part), **{field: values[walker].item()})
        equal(many, simulate(surface, replace(method, **{part: own}), STARTS[0], **OPTIONS), walker)


@pytest.mark.parametrize("name", METHODS)
def test_the_settings_of_the_step_broadcast(name):
    rates = np.array([5e-4, 2e-4])
    options = {**OPTIONS, "learning_rate": rates, "radius": np.array([0.05, 0.1]), "momentum": np.array([0.9, 0.5])}
    many = simulate(Rosenbrock(), METHODS[name], STARTS[0], **options)
    for walker in range(2):
        own = {key: v[walker] if isinstance(v, np.ndarray) else v for key, v in options.items()}
        equal(many, simulate(Rosenbrock(), METHODS[name], STARTS[0], **own), walker)


@pytest.mark.parametrize("name", METHODS)
def test_a_gradient_of_zero_moves_nothing(name):
    """At the saddle in the middle of the ring: every norm, mean and inverse is defined there."""
    run = simulate(AnnularWell(), METHODS[name], np.zeros(2), 6, 0.01, 0.3, compiled=False)
    np.testing.assert_array_equal(run.positions, 0.0)
    np.testing.assert_array_equal(run.probes, 0.0)


@pytest.mark.parametrize("name", METHODS)
def test_one_dimension(name):
    run = simulate(TwoScaleQuadratic(), METHODS[name], None, 10, 1e-3, 0.1, compiled=False)
    assert np.isfinite(run.positions).all() and np.abs(np.diff(run.positions, axis=0)).max() > 0


@pytest.mark.parametrize("name", [*METHODS, *NETWORKS_ONLY])
def test_walkers_on_a_network(name):
    """Two rows of θ are as two runs; 1e-12, as torch's batched products sum in another order."""
    objective, method = NetworkLoss(perceptron(), *batch()), {**METHODS, **NETWORKS_ONLY}[name]
    settings = Settings(0.02, 0.1)

    def walk(theta):
        state = begin(objective, method, theta)
        for _ in range(5):
            state, _ = refresh_if_due(objective, method, state)
            state, _ = descent_step(objective, method, settings, state)
        return state.position

    generator = torch.Generator().manual_seed(2)
    both = objective.initial + 0.1 * torch.randn(2, objective.dimension, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(walk(both), torch.stack([walk(both[0]), walk(both[1])]), rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", [*METHODS, *NETWORKS_ONLY])
def test_training_with_normalisation_and_mini_batches(name):
    """A network with running statistics is trained by each, and the cost is counted step by step."""
    method = {**METHODS, **NETWORKS_ONLY}[name]
    training = Training(
        NetworkLoss(normalised(), *batch()), {name: method}, batch_size=6, learning_rate=0.01, radius=0.05, seed=1
    )
    for reports in training.steps(7):
        assert reports[name].stopped is None
    run = training.run(name)
    assert np.isfinite(run.losses).all()
    refreshes = method.preconditioner.refresh_cost()[0]
    steps = sum(method.gradient_evaluations(t) + refreshes * method.preconditioner.schedule.due(t) for t in range(7))
    assert run.gradient_evaluations[-1] == steps


# --- edges of the parts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [NaturalGradient(0.0), NaturalGradient(0.0, diagonal=True)])
def test_without_damping_what_the_fisher_matrix_does_not_see_is_not_moved(rule):
    """The pseudo-inverse: U v = 0, to the rounding of U, for v in F's null space (an input that is always zero)."""
    x, y = batch()
    x = x * torch.tensor([1.0, 1.0, 1.0, 0.0], dtype=torch.float64)
    objective = NetworkLoss(perceptron(), x, y)
    state = rule.refresh(objective, objective.initial, {})
    unseen = torch.zeros(objective.dimension, dtype=torch.float64)
    unseen[3] = 1.0  # the first unit's weight of the fourth input
    u = rule.matrix(objective.layout, state, objective.initial)
    assert bool(torch.isfinite(u).all())
    assert float(rule.apply(objective.layout, state, unseen).abs().max()) < 1e-9 * float(u.abs().max())


def test_kfac_without_damping_has_pseudo_inverses():
    x, y = batch()
    x = x * torch.tensor([1.0, 1.0, 1.0, 0.0], dtype=torch.float64)
    objective = NetworkLoss(perceptron(), x, y)
    for kind in ("eigen", "pi", "inverse"):
        rule = KFAC(0.0, kind)
        state = rule.refresh(objective, objective.initial, {})
        moved = rule.apply(objective.layout, state, torch.ones(objective.dimension, dtype=torch.float64))
        assert bool(torch.isfinite(moved).all())
        assert float(moved[3].abs()) < 1e-3 * float(moved.abs().max())


def test_shampoo_without_epsilon_of_a_zero_gradient():
    layout = Layout((Block("w", (2, 3), 0, 6, "kernel"), Block("b", (2,), 6, 8, "bias")))
    ground = type("Ground", (), {"layout": layout})
    for rule in (Shampoo(0.0), Shampoo(0.0, 0.9, "root", "sgd"), Shampoo(0.0, 0.9, "root", "adam")):
        state = rule.observe(layout, rule.start(ground, np.zeros(8)), np.zeros(8))
        np.testing.assert_array_equal(rule.apply(layout, state, np.zeros(8)), 0.0)


def test_shampoo_keeps_a_diagonal_for_a_long_side():
    layout = Layout((Block("w", (2, 1500), 0, 3000, "kernel"), Block("b", (1200,), 3000, 4200, "bias")))
    ground, g = type("Ground", (), {"layout": layout}), np.random.default_rng(0).standard_normal(4200)
    rule = Shampoo(0.01)
    state = rule.observe(layout, rule.start(ground, g), g)
    assert state["w.L"].shape == (2, 2) and state["w.R"].shape == (1500,) and state["b.L"].shape == (1200,)
    found = rule.apply(layout, state, g)
    m = g[:3000].reshape(2, 1500)
    values, axes = np.linalg.eigh(m @ m.T + 0.01 * np.eye(2))
    wanted = (axes * values**-0.25) @ axes.T @ m * (0.01 + (m * m).sum(0)) ** -0.25
    np.testing.assert_allclose(found[:3000], wanted.reshape(-1), rtol=1e-10)
    np.testing.assert_allclose(found[3000:], g[3000:] / np.sqrt(0.01 + g[3000:] ** 2), rtol=1e-10)


def test_muon_makes_steps_nearly_orthogonal():
    """Singular values between about 0.5 and 1.5, whatever they were; a matrix of zeros stays one."""
    m = np.random.default_rng(0).standard_normal((2, 6, 4)) * np.array([1e-3, 1e3])[:, None, None]
    values = np.linalg.svd(newton_schulz(m), compute_uv=False)
    assert values.min() > 0.3 and values.max() < 1.6
    np.testing.assert_array_equal(newton_schulz(np.zeros((3, 5))), 0.0)


def test_muon_may_leave_the_last_kernel_to_the_other_rule():
    objective = NetworkLoss(perceptron(), *batch())
    hidden = Muon(others=Adam(), all_kernels=False).kernels(objective.layout)
    assert [block.name for block in hidden] == ["0.weight"]
    one, two = (
        Training(objective, {"it": Method(outer=outer)}, learning_rate=0.01)
        for outer in (Muon(others=Adam(), all_kernels=False), Adam())
    )
    for training in (one, two):
        training.step()
    moved = [training.state("it").position - objective.initial for training in (one, two)]
    last = objective.layout.blocks[-2]
    assert torch.equal(moved[0][last.start : last.stop], moved[1][last.start : last.stop])
    assert not torch.equal(moved[0][:24], moved[1][:24])


def test_kfac_leaves_what_is_no_layer_alone():
    objective = NetworkLoss(normalised(), *batch())
    rule, g = KFAC(0.1), objective.gradient(objective.initial)
    moved = rule.apply(objective.layout, rule.refresh(objective, objective.initial, {}), g)
    for block in objective.layout.blocks:
        same = torch.equal(moved[block.start : block.stop], g[block.start : block.stop])
        assert same == block.normalisation


def test_per_example_parts_of_a_sequence_with_targets_to_ignore():
    """Scores (N, T, C): the Fisher matrix is the curvature of the divergence, and ignored targets count for nothing."""
    from geometry.per_example import example_gradients, fisher_rows

    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3)).double()
    x, y = torch.randn(5, 2, 3, dtype=torch.float64), torch.randint(0, 3, (5, 2))
    y[1, 0] = y[3, 1] = -100
    objective = NetworkLoss(net, x, y)
    rows = fisher_rows(objective, objective.initial)
    eye = torch.eye(objective.dimension, dtype=torch.float64)
    at = objective.linearise(objective.initial, "ngd-mean")
    torch.testing.assert_close(rows.T @ rows, torch.stack([at.product(e) for e in eye]), rtol=1e-9, atol=1e-12)
    mean = example_gradients(objective, objective.initial).sum(0) / objective.count
    torch.testing.assert_close(mean, objective.gradient(objective.initial), rtol=1e-9, atol=1e-12)


WRONG = {
    "alpha": lambda: WSAM(1.0),
    "theta": lambda: VaSSO(theta=0.0),
    "sparsity": lambda: SSAMF(1.5),
    "every": lambda: SAM(every=0),
    "growth": lambda: SSAMD(growth="weight"),
    "fisher": lambda: NaturalGradient(fisher="mean"),
    "damping must": lambda: NaturalGradient(-1.0),
    "damping_kind": lambda: KFAC(damping_kind="none"),
    "graft": lambda: Shampoo(graft="lion"),
    "epsilon_at": lambda: Shampoo(epsilon_at="end"),
    "beta1": lambda: Adam(beta1=1.0),
    "beta": lambda: Muon(1.0),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_number_is_named(what):
    with pytest.raises(ValueError, match="gamma" if what == "alpha" else what):
        WRONG[what]()


def test_kfac_needs_layers():
    with pytest.raises(ValueError, match="a network with layers"):
        simulate(AnnularWell(), NETWORKS_ONLY["K-FAC"], None, 2)


def test_sam_on_names_a_layer_that_is_not_there():
    objective = NetworkLoss(perceptron(), *batch())
    method = Method(probe=SAMON(("5",)))
    with pytest.raises(ValueError, match="no layer or parameter '5'"):
        descent_step(objective, method, Settings(0.1, 0.1), begin(objective, method, objective.initial))


def test_of_a_summary_no_steps_are_drawn_and_of_one_walker_none_is_chosen() -> None:
    summary = simulate(Rosenbrock(), Method(), [[0.5, 0.5]], 3, 1e-3, record="summary")
    with pytest.raises(ValueError, match="only the summary of this run was recorded"):
        summary.figure()
    alone = simulate(Rosenbrock(), Method(), [0.5, 0.5], 3, 1e-3)
    with pytest.raises(ValueError, match="a run with one axis of walkers, not 0"):
        alone.walker(0)
