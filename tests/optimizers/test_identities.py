"""What the formulas of the methods imply: settings at which one is another, and what is orthogonal to what."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from geometry.networks import NetworkLoss
from geometry.objective import Layout
from geometry.surfaces import Rosenbrock
from optimizers import (
    GNP,
    GSAM,
    LLQR,
    SAM,
    SAMON,
    SSAMD,
    SSAMF,
    WSAM,
    Adam,
    Descent,
    HeavyBall,
    Lion,
    LookSAM,
    Method,
    NaturalGradient,
    Nesterov,
    NoProbe,
    VaSSO,
)
from optimizers.exact_llqr import ExactLLQR
from optimizers.metrics import ParameterMetric
from optimizers.mixes import dot
from optimizers.probes import Centre
from optimizers.rule import Settings, begin, descent_step, refresh_if_due
from tests.optimizers.small_training import batch, normalised, perceptron

SURFACE = Rosenbrock()
START = np.array([[-1.2, 1.0], [0.3, 0.9]])
STEPS = 25
BASE, SHARP = Method(), Method(probe=SAM())


def toy_path(method: Method, radius: float = 0.05, rate: float = 5e-4, **settings: float) -> np.ndarray:
    """Positions of two walkers on Rosenbrock's function by the readable rule."""
    return walked(SURFACE, method, START, Settings(rate, radius, **settings))


def network() -> NetworkLoss:
    return NetworkLoss(perceptron(), *batch())


def network_path(method: Method, radius: float = 0.1, **settings: float) -> np.ndarray:
    """Positions on a small perceptron's loss."""
    objective = network()
    return walked(objective, method, objective.initial, Settings(0.05, radius, **settings))


def walked(objective, method, theta, settings):
    state = begin(objective, method, theta)
    path = [np.asarray(theta)]
    for _ in range(STEPS):
        state, _ = refresh_if_due(objective, method, state)
        state, _ = descent_step(objective, method, settings, state)
        path.append(np.asarray(state.position))
    return np.stack(path)


SAME_AS_SAM = {
    "GNP with α = 1": Method(probe=SAM(), mix=GNP(1.0)),
    "VaSSO with θ = 1": Method(probe=VaSSO(theta=1.0)),
    "SSAM-F with s = 0": Method(probe=SSAMF(0.0)),
    "SSAM-D with s = 0": Method(probe=SSAMD(0.0)),
    "GSAM with α = 0": Method(probe=SAM(), mix=GSAM(0.0)),
    "LookSAM with k = 1": Method(probe=SAM(every=1), mix=LookSAM()),
    "WSAM with γ = ½": Method(probe=SAM(), mix=WSAM(0.5, decoupled=False)),
    "Riemannian SAM with M = I": Method(probe=SAM(norm="matrix")),
}
SAME_AS_BASE = {
    "GNP with α = 0": Method(probe=SAM(), mix=GNP(0.0)),
    "WSAM with γ = 0": Method(probe=SAM(), mix=WSAM(0.0, decoupled=False)),
    "decoupled WSAM with γ = 0": Method(probe=SAM(), mix=WSAM(0.0)),
    "SSAM-F with s = 1": Method(probe=SSAMF(1.0)),
    "SSAM-D with s = 1": Method(probe=SSAMD(1.0)),
    "SAM-ON without normalisation layers": Method(probe=SAMON()),
}
AT_NO_RADIUS = {
    "GNP": Method(probe=SAM(), mix=GNP()),
    "VaSSO": Method(probe=VaSSO(theta=0.4)),
    "SSAM-F": Method(probe=SSAMF()),
    "SSAM-D": Method(probe=SSAMD()),
    "GSAM": Method(probe=SAM(), mix=GSAM()),
    "WSAM": Method(probe=SAM(), mix=WSAM(decoupled=False)),
    "decoupled WSAM": Method(probe=SAM(), mix=WSAM()),
    "LookSAM": Method(probe=SAM(every=5), mix=LookSAM()),
}


@pytest.mark.parametrize("path", [toy_path, network_path])
@pytest.mark.parametrize("name", SAME_AS_SAM)
def test_it_is_sam(name, path):
    """1e-12: the same numbers in another order, twenty-five steps long."""
    np.testing.assert_allclose(path(SAME_AS_SAM[name]), path(SHARP), rtol=0, atol=1e-12)


@pytest.mark.parametrize("path", [toy_path, network_path])
@pytest.mark.parametrize("name", SAME_AS_BASE)
def test_it_is_its_base(name, path):
    np.testing.assert_allclose(path(SAME_AS_BASE[name]), path(BASE), rtol=0, atol=1e-12)


@pytest.mark.parametrize("path", [toy_path, network_path])
@pytest.mark.parametrize("name", AT_NO_RADIUS)
def test_without_a_radius_it_is_its_base(name, path):
    """GSAM's g_⊥ and LookSAM's g_v are rounding error then, and stay it; 1e-11 on the 1e-12 in GSAM's denominators."""
    np.testing.assert_allclose(path(AT_NO_RADIUS[name], radius=0.0), path(BASE, radius=0.0), rtol=0, atol=1e-11)


@pytest.mark.parametrize("gamma", [0.2, 0.5, 0.7])
def test_coupled_wsam_is_gnp(gamma):
    """α = γ/(1−γ)."""
    wsam = Method(probe=SAM(), mix=WSAM(gamma, decoupled=False))
    gnp = Method(probe=SAM(), mix=GNP(gamma / (1 - gamma)))
    np.testing.assert_allclose(toy_path(wsam), toy_path(gnp), rtol=0, atol=1e-12)
    np.testing.assert_allclose(network_path(wsam), network_path(gnp), rtol=0, atol=1e-12)


def test_decoupled_wsam_is_coupled_in_plain_descent():
    """Without momentum and U both terms add up in one step; with momentum they part."""
    one, two = (Method(probe=SAM(), mix=WSAM(0.7, d), outer=Descent()) for d in (False, True))
    np.testing.assert_allclose(network_path(one), network_path(two), rtol=0, atol=1e-12)
    one, two = (Method(probe=SAM(), mix=WSAM(0.7, d)) for d in (False, True))
    assert np.abs(network_path(one) - network_path(two)).max() > 1e-4


def test_gnp_is_the_gradient_of_the_penalty():
    """h − (g + λHĝ) shrinks like r, with λ = αr: ten times smaller for a tenth of r, at the same λ."""
    objective, penalty = network(), 0.02
    theta = objective.initial
    g = objective.gradient(theta)
    exact = g + penalty * objective.curvature_product(theta, g / g.norm())
    errors = []
    for r in (1e-2, 1e-3):
        _, trace = descent_step(
            objective,
            Method(probe=SAM(), mix=GNP(penalty / r)),
            Settings(0.1, r),
            begin(objective, BASE, theta),
        )
        errors.append(float((trace.outer - exact).norm()))
    assert 8 < errors[0] / errors[1] < 12


def test_gsam_takes_away_what_is_orthogonal_to_the_outer_gradient():
    rng = np.random.default_rng(0)
    g, outer = rng.standard_normal((2, 5, 40))
    h = GSAM(0.4).combine(Layout.single(40), g, outer, True, None).gradient
    assert np.abs(dot(h - outer, outer)).max() < 1e-10
    assert np.abs(h - outer).max() > 0.1


def test_gsam_and_looksam_work_on_raw_gradients():
    """Before U: a U that is not a multiple of I does not commute with a projection, while GNP's mean does."""
    objective, method = network(), Method(probe=SAM(), preconditioner=NaturalGradient(0.1), mix=GSAM(0.4))
    state = begin(objective, method, objective.initial)
    state, _ = refresh_if_due(objective, method, state)
    _, trace = descent_step(objective, method, Settings(0.01, 0.1), state)
    outer = objective.gradient(trace.probe)
    assert abs(float(torch.dot(trace.outer - outer, outer))) < 1e-12
    wanted = method.preconditioner.apply(objective.layout, state.preconditioner, trace.outer)
    torch.testing.assert_close(trace.direction, wanted, rtol=0, atol=0)


# --- Riemannian SAM --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [ParameterMetric(0.1), NaturalGradient(0.1), ExactLLQR(damping=2.0, metric="ngd")])
def test_the_matrix_norm_is_riemannian_sam_in_the_metric_of_u(rule):
    """ε is ρ M⁻¹g/√(gᵀM⁻¹g) with M = U⁻¹: of length ρ in M, and no other such ε has a larger ⟨g, ε⟩."""
    objective = network()
    theta = objective.initial
    method = Method(probe=SAM(norm="matrix"), preconditioner=rule)
    state, _ = refresh_if_due(objective, method, begin(objective, method, theta))
    _, trace = descent_step(objective, method, Settings(0.01, 0.3), state)
    epsilon, g = trace.probe - theta, objective.gradient(theta)
    metric = torch.linalg.inv(rule.matrix(objective.layout, state.preconditioner, theta))
    assert float(epsilon @ metric @ epsilon) == pytest.approx(0.09, rel=1e-8)
    generator = torch.Generator().manual_seed(0)
    for other in torch.randn(50, objective.dimension, generator=generator, dtype=theta.dtype):
        rival = other * 0.3 / torch.sqrt(other @ metric @ other)
        assert float(g @ rival) < float(g @ epsilon)


def test_llqr_sam_in_the_matrix_norm_is_riemannian_sam():
    """The U that LLQR has learned, handed over as a metric: the same path, step by step."""

    class Frozen(ParameterMetric):
        def refresh(self, objective, theta, state):
            return {"inverse": learned}

    llqr = LLQR.for_networks("diagonal", "ngd", inner_learning_rate=0.02, decay=0.0, damping=0.1)
    method = Method(probe=SAM(norm="matrix"), preconditioner=llqr)
    objective = network()
    state, _ = refresh_if_due(objective, method, begin(objective, method, objective.initial))
    learned = torch.cat(list(state.preconditioner.values()))
    riemannian = Method(probe=SAM(norm="matrix"), preconditioner=Frozen())
    np.testing.assert_allclose(network_path(method), network_path(riemannian), rtol=0, atol=1e-12)


# --- outer rules -----------------------------------------------------------------------------------------------------


def test_plain_descent_is_the_heavy_ball_without_momentum():
    one, two = Method(outer=Descent()), Method(outer=HeavyBall())
    np.testing.assert_array_equal(toy_path(one, momentum=0.0), toy_path(two, momentum=0.0))
    np.testing.assert_array_equal(toy_path(one, momentum=0.9), toy_path(two, momentum=0.0))


def test_nesterov_is_torch_sgd():
    theta = torch.tensor(START[0], requires_grad=True)
    sgd = torch.optim.SGD([theta], lr=5e-4, momentum=0.9, nesterov=True, weight_decay=0.01)
    path = [START[0]]
    for _ in range(STEPS):
        sgd.zero_grad()
        SURFACE.loss(theta).backward()
        sgd.step()
        path.append(theta.detach().numpy().copy())
    found = toy_path(Method(outer=Nesterov()), momentum=0.9, weight_decay=0.01)
    np.testing.assert_allclose(found[:, 0], path, rtol=0, atol=1e-12)


def test_lion_without_its_first_average_is_sign_descent():
    found = toy_path(Method(outer=Lion(beta1=0.0)), rate=1e-3)
    theta, path = START, [START]
    for _ in range(STEPS):
        theta = theta - 1e-3 * np.sign(SURFACE.gradient(theta))
        path.append(theta)
    np.testing.assert_allclose(found, path, rtol=0, atol=1e-12)


def test_adam_is_blind_to_a_constant_diagonal_u():
    """m̂ and √v̂ scale alike, so that U shows through e alone: U in [0.2, 5] moves a path of length 1 by less than 1e-5,
    and Lion, which has no e, not at all. A U that mixes parameters is seen."""

    class Constant(ParameterMetric):
        def refresh(self, objective, theta, state):
            return {"inverse": scales}

    objective = network()
    scales = 0.2 * 25 ** torch.rand(objective.dimension, generator=torch.Generator().manual_seed(0)).double()

    def path(outer, rule=None):
        method = Method(outer=outer) if rule is None else Method(preconditioner=rule, outer=outer)
        return walked(objective, method, objective.initial, Settings(0.01))

    plain = path(Adam(decoupled=True))
    length = np.linalg.norm(np.diff(plain, axis=0), axis=1).sum()
    assert length > 0.5
    assert 0 < np.abs(path(Adam(decoupled=True), Constant()) - plain).max() < 1e-5 * length
    np.testing.assert_allclose(path(Lion(), Constant()), path(Lion()), rtol=0, atol=1e-12)
    assert np.abs(path(HeavyBall(), Constant()) - path(HeavyBall())).max() > 1e-2
    mixing = LLQR.for_networks("kfac", "ngd", 5, 0.0, inner_learning_rate=0.02, damping=0.1)
    assert np.abs(path(Adam(decoupled=True), mixing) - plain).max() > 1e-3


# --- probes ----------------------------------------------------------------------------------------------------------


def test_sam_on_goes_by_the_type_of_the_layer():
    """A BatchNorm inside a Sequential is named "1": the released code, which goes by "norm" and "bn", leaves it out."""
    objective = NetworkLoss(normalised(), *batch())
    marked = [block.name for block in objective.layout.blocks if block.normalisation]
    assert marked == ["1.weight", "1.bias"]
    _, trace = descent_step(
        objective, Method(probe=SAMON()), Settings(0.1, 0.5), begin(objective, BASE, objective.initial)
    )
    epsilon = trace.probe - objective.initial
    for block in objective.layout.blocks:
        assert bool((epsilon[block.start : block.stop] != 0).any()) == (block.name in marked)
    assert float(epsilon.norm()) == pytest.approx(0.5, rel=1e-9)
    everything = SAMON(tuple(layer.name for layer in objective.layout.layers))
    all_of_it = walked(objective, Method(probe=everything), objective.initial, Settings(0.05, 0.1))
    sam = walked(objective, SHARP, objective.initial, Settings(0.05, 0.1))
    np.testing.assert_allclose(all_of_it, sam, rtol=0, atol=1e-12)


def test_sparse_masks_have_the_size_that_is_asked_for():
    objective = network()
    size = objective.dimension
    for share in (0.25, 0.5, 0.8):
        for probe in (SSAMF(share), SSAMD(share)):
            state = begin(objective, Method(probe=probe), objective.initial)
            state, trace = descent_step(objective, Method(probe=probe), Settings(0.05, 0.1), state)
            live = int(state.memory["mask"].sum())
            assert live == (int(size * (1 - share)) if isinstance(probe, SSAMF) else size - int(np.ceil(size * share)))
            assert int((trace.probe != objective.initial).sum()) <= live
            assert float((trace.probe - objective.initial).norm()) < 0.1, "the norm is taken before the mask"


def test_dynamic_masks_drop_and_grow():
    """What was dropped does not return at once, and the drawn scores are those of the seed."""
    objective, probe = network(), SSAMD(0.5, every=2, horizon=20)
    method = Method(probe=probe)
    state, masks = begin(objective, method, objective.initial), []
    for _ in range(6):
        state, _ = descent_step(objective, method, Settings(0.05, 0.1), state)
        masks.append(state.memory["mask"])
    assert torch.equal(masks[1], masks[2]), "a mask is used from the step after its renewal on"
    assert not torch.equal(masks[0], masks[1]) and not torch.equal(masks[2], masks[3])
    kept = int((masks[0] * masks[1]).sum())
    assert 0 < kept < int(masks[0].sum())
    assert int(masks[5].sum()) <= int(masks[0].sum())


def test_vasso_remembers_raw_gradients_also_under_u():
    objective, method = network(), Method(probe=VaSSO(theta=0.3), preconditioner=NaturalGradient(0.1))
    state, average = begin(objective, method, objective.initial), None
    for _ in range(4):
        g = objective.gradient(state.position)
        average = g if average is None else 0.7 * average + 0.3 * g
        state, _ = refresh_if_due(objective, method, state)
        before, leaves = state.position, state.preconditioner
        state, trace = descent_step(objective, method, Settings(0.01, 0.1), state)
        torch.testing.assert_close(state.memory, average, rtol=1e-12, atol=0)
        along = method.preconditioner.apply(objective.layout, leaves, average)
        torch.testing.assert_close(trace.probe - before, 0.1 * along / along.norm(), rtol=1e-9, atol=1e-12)


def test_vasso_still_probes_where_the_gradient_is_zero():
    at = Centre(np.zeros(3), np.zeros(3), lambda v: v, Layout.single(3))
    probe = VaSSO(theta=0.4)
    memory = probe.prepare(at, np.array([1.0, 0.0, 0.0]))
    np.testing.assert_allclose(probe.offset(at, memory, 0.3), [0.3, 0.0, 0.0])


def test_looksam_on_a_ring_does_not_magnify_rounding_error():
    """g and g⁺ are parallel on a ring: without the guard the correction would be as long as αg."""
    from geometry.surfaces import AnnularWell

    ring, method = AnnularWell(), Method(probe=SAM(every=5), mix=LookSAM())
    state = begin(ring, method, np.array([[3.0, 4.1]]))
    for step in range(10):
        state, trace = descent_step(ring, method, Settings(0.005, 0.1), state)
        if step % 5:
            np.testing.assert_array_equal(trace.outer, trace.gradient)
            assert trace.gradient_evaluations == 1


def test_no_probe_takes_no_second_gradient_and_needs_none():
    assert [int(Method(probe=SAM(every=5), mix=LookSAM()).gradient_evaluations(t)) for t in range(6)] == [
        2,
        1,
        1,
        1,
        1,
        2,
    ]
    assert Method(NoProbe(), mix=GNP()).gradient_evaluations(0) == 1
