"""Degenerate settings reproduce known methods; batching changes nothing; both engines are the same rule."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from geometry.smoothing import neighbourhood_moments
from geometry.surfaces import SURFACES, AnnularWell, StiffValley
from optimizers import LLQR, METHODS, SAM, Identity, Method, NoProbe, simulate
from optimizers.rule import Settings, State, descent_step, refresh_if_due

RING = AnnularWell()
START = np.array([3.0, 4.1])
FROZEN = LLQR(inner_steps=0, warm_start_scale=None)
"""LLQR that never moves: U stays the identity."""


def same(a, b, tolerance=0.0):
    np.testing.assert_allclose(a.positions, b.positions, rtol=0, atol=tolerance)
    np.testing.assert_allclose(a.losses, b.losses, rtol=0, atol=tolerance)


def test_sgdm_is_torch_sgd():
    """Heavy ball v ← μv + g, θ ← θ − ηv: torch.optim.SGD with dampening 0, here through automatic differentiation."""
    theta = torch.tensor(START, requires_grad=True)
    sgd = torch.optim.SGD([theta], lr=0.0165, momentum=0.9)
    path = [START]
    for _ in range(200):
        sgd.zero_grad()
        RING.loss(theta).backward()
        sgd.step()
        path.append(theta.detach().numpy().copy())
    # 200 steps of rounding differences between numpy's and torch's exp
    np.testing.assert_allclose(simulate(RING, "SGDM", START, 200).positions, path, atol=1e-9)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_sam_without_radius_is_its_base(compiled, noise):
    """SAM probes at θ + ρ g/‖g‖; with ρ = 0 there is nothing to probe."""
    options = dict(steps=120, noise_variance=noise, seed=3, compiled=compiled)
    same(simulate(RING, "SAM", START, radius=0.0, **options), simulate(RING, "SGDM", START, **options))
    same(simulate(RING, "LLQR+SAM", START, radius=0.0, **options), simulate(RING, "LLQR", START, **options))


@pytest.mark.parametrize("compiled", [True, False])
def test_llqr_with_the_identity_is_its_base(compiled):
    options = dict(steps=120, compiled=compiled)
    same(simulate(RING, Method(NoProbe(), FROZEN), START, **options), simulate(RING, "SGDM", START, **options), 1e-12)
    # 1e-12 on the summation order, in 30 steps that chaos has not yet amplified
    options["steps"] = 30
    same(simulate(RING, Method(SAM(), FROZEN), START, **options), simulate(RING, "SAM", START, **options), 1e-12)


def test_the_norms_agree_without_a_preconditioner():
    euclidean, matrix = (simulate(RING, Method(SAM(norm=n)), START, 30) for n in ("euclidean", "matrix"))
    same(euclidean, matrix)


def test_matrix_norm_is_a_euclidean_probe_with_another_radius():
    """ε = ρ Ug/√(gᵀUg): with U = u I its length is ρ√u."""
    rule = LLQR("scalar", inner_steps=0, warm_start_scale=None, decay=1.0)
    start = State(START[None], np.zeros((1, 2)), None, {"theta": np.array([[2.56]])}, index=1)
    probes = {}
    for norm in ("euclidean", "matrix"):
        _, trace = descent_step(RING, Method(SAM(norm=norm), rule), Settings(0.01, 0.3), start)
        probes[norm] = np.linalg.norm(trace.probe - START)
    assert probes["euclidean"] == pytest.approx(0.3, rel=1e-9)
    assert probes["matrix"] == pytest.approx(0.3 * 1.6, rel=1e-9)


def test_a_scalar_preconditioner_is_a_learning_rate():
    """On one block a frozen scalar U is the same thing as the learning rate ηU (momentum included)."""
    u = 2.5
    scaled = State(START[None], np.zeros((1, 2)), None, {"theta": np.array([[u]])}, index=1)
    plain = State(START[None], np.zeros((1, 2)), None, None, index=1)
    rule = Method(SAM(), LLQR("scalar", inner_steps=0, warm_start_scale=None, decay=1.0))
    for _ in range(25):
        scaled, _ = descent_step(RING, rule, Settings(0.01, 0.3), scaled)
        plain, _ = descent_step(RING, METHODS["SAM"], Settings(0.01 * u, 0.3), plain)
    np.testing.assert_allclose(scaled.position, plain.position, atol=1e-10)


@pytest.mark.parametrize("norm", ["euclidean", "matrix"])
@pytest.mark.parametrize("along", ["preconditioned", "gradient"])
@pytest.mark.parametrize("structure", ["dense", "diagonal", "scalar"])
@pytest.mark.parametrize("surface", [RING, AnnularWell(aspect=1.5), StiffValley()], ids=["ring", "ellipse", "valley"])
def test_every_compiled_step_is_the_readable_step(surface, structure, along, norm):
    """Whole paths of SAM are chaotic in the well, so each recorded step is checked from its own start, to 1e-10."""
    method = Method(SAM(along=along, norm=norm), LLQR(structure, refresh_every=7))
    rates = dict(learning_rate=0.004, radius=0.25, momentum=0.9)
    run = simulate(surface, method, surface.default_start, 150, noise_variance=1e-4, seed=5, **rates)
    velocity = np.zeros((1, 2))
    noise = 1e-2 * np.random.default_rng(5).standard_normal((150, 2))
    previous = run.preconditioners[0]
    for t in range(150):
        leaves = {"theta": _leaf(structure, previous)}
        state, _ = refresh_if_due(surface, method, State(run.positions[t][None], velocity, None, leaves, t))
        matrix = method.preconditioner.matrix(surface.layout, state.preconditioner, state.position)[0]
        np.testing.assert_allclose(run.preconditioners[t], matrix, rtol=1e-10, atol=1e-10)
        after, trace = descent_step(surface, method, Settings(**rates), state, noise[t][None])
        np.testing.assert_allclose(run.probes[t], trace.probe[0], rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(run.gradients[t], trace.outer[0], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(run.positions[t + 1], after.position[0], rtol=1e-10, atol=1e-10)
        velocity, previous = after.velocity, run.preconditioners[t]


def _leaf(structure, matrix):
    if structure == "dense":
        return matrix[None]
    return np.diag(matrix)[None, :2] if structure == "diagonal" else matrix[:1, :1]


def contracting(surface):
    """LLQR with an inner step so small that the inner problem contracts.

    At the default 1e-3 it runs into the clip on steep surfaces and bounces between its walls, which amplifies
    rounding: there two correct implementations part after a few refreshes.
    """
    moments = neighbourhood_moments(surface, np.array(surface.default_start), 2.0)
    at = np.array(surface.default_start)
    steepest = max(np.trace(moments.second_moment), float(np.sum(surface.gradient(at) ** 2)))
    sharpest = max(np.abs(np.linalg.eigvalsh(h)).max() for h in (moments.mean_hessian, surface.hessian(at)))
    return LLQR(inner_learning_rate=min(1e-3, 1.0 / (steepest * sharpest)), warm_refreshes=20)


@pytest.mark.parametrize("name", sorted(SURFACES))
@pytest.mark.parametrize("method", ["SGDM", "SAM", "LLQR", "LLQR+SAM"])
def test_both_engines_agree_on_every_surface(name, method):
    """Table × table: methods × surfaces, on 25 steps with a step small enough that nothing is chaotic."""
    surface = SURFACES[name]()
    if "LLQR" in method:
        method = Method(METHODS[method].probe, contracting(surface))
    options = dict(steps=25, learning_rate=1e-5, radius=0.01, noise_variance=1e-8, seed=2)
    fast = simulate(surface, method, **options)
    slow = simulate(surface, method, compiled=False, **options)
    scale = np.abs(slow.losses).max() + 1.0
    np.testing.assert_allclose(fast.positions, slow.positions, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(fast.losses, slow.losses, rtol=1e-9, atol=1e-10 * scale)
    np.testing.assert_allclose(fast.preconditioners, slow.preconditioners, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(fast.path_length, slow.path_length, rtol=1e-9, atol=1e-10)
    np.testing.assert_array_equal(fast.outcome, slow.outcome)
    np.testing.assert_array_equal(fast.gradient_evaluations, slow.gradient_evaluations)


@settings(max_examples=15, deadline=None)
@given(
    rates=st.lists(st.floats(1e-3, 0.03), min_size=1, max_size=3),
    radii=st.lists(st.floats(0.0, 0.6), min_size=1, max_size=3),
    decay=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=2),
    every=st.integers(1, 20),
    compiled=st.booleans(),
)
def test_walkers_do_not_meet(rates, radii, decay, every, compiled):
    """A batch over hyper-parameters is the loop over them, whichever of them are arrays."""
    shape = (len(rates), len(radii), len(decay))
    eta, rho = np.array(rates)[:, None, None], np.array(radii)[None, :, None]
    rule = LLQR(decay=np.array(decay), refresh_every=every, warm_refreshes=3)
    options = dict(start=START, steps=12, compiled=compiled, noise_variance=1e-6)
    batch = simulate(RING, Method(SAM(), rule), learning_rate=eta, radius=rho, seed=np.zeros(shape, int), **options)
    assert batch.positions.shape == (13, *shape, 2)
    for i, j, k in np.ndindex(shape):
        one = LLQR(decay=decay[k], refresh_every=every, warm_refreshes=3)
        alone = simulate(RING, Method(SAM(), one), learning_rate=rates[i], radius=radii[j], seed=0, **options)
        np.testing.assert_allclose(batch.positions[:, i, j, k], alone.positions, rtol=1e-12, atol=1e-12)


def test_noise_is_shared_and_its_beginning_does_not_depend_on_the_length():
    options = dict(noise_variance=1e-2, seed=np.array([0, 7, 0]), radius=0.0)
    long = simulate(RING, "SGDM", START, 60, **options)
    short = simulate(RING, "SAM", START, 20, **options)
    np.testing.assert_array_equal(long.positions[:21], short.positions)
    np.testing.assert_array_equal(long.positions[:, 0], long.positions[:, 2])
    assert np.abs(long.positions[:, 0] - long.positions[:, 1]).max() > 1e-3


def test_noise_has_the_variance_that_was_asked_for():
    run = simulate(StiffValley(), Method(), steps=4000, learning_rate=1e-9, noise_variance=0.25, seed=1)
    clean = StiffValley().gradient(run.positions[:-1])
    # 8000 draws: the standard error of the variance is 0.25·√(2/8000) = 0.004
    assert np.var(run.gradients - clean) == pytest.approx(0.25, abs=0.02)


def test_costs_are_counted():
    run = {name: simulate(RING, name, START, 100) for name in METHODS}
    assert [int(run[n].gradient_evaluations[-1]) for n in ("SGDM", "SAM")] == [100, 200]
    # refreshes before steps 10, 20, …, 90: one gradient and fifty curvature products each
    assert [int(run[n].gradient_evaluations[-1]) for n in ("LLQR", "LLQR+SAM")] == [109, 209]
    assert int(run["LLQR"].curvature_products[-1]) == 9 * 50
    cold = simulate(RING, Method(NoProbe(), LLQR(warm_start_scale=None)), START, 100)
    assert int(cold.curvature_products[-1]) == 10 * 50


def test_the_slope_of_j_is_its_derivative():
    """∂J/∂U = −(g − (H + λ) U g) gᵀ for J(U) = g·d + ½ dᵀ(H + λ I) d, d = −U g, against central differences."""
    rng = np.random.default_rng(0)
    g, h, u, damping = rng.normal(size=2), rng.normal(size=(2, 2)), rng.normal(size=(2, 2)), 0.3
    h = h + h.T

    def cost(matrix):
        d = -matrix @ g
        return g @ d + 0.5 * d @ (h + damping * np.eye(2)) @ d

    slope = -np.outer(g - (h + damping * np.eye(2)) @ u @ g, g)
    step = 1e-5
    for i, j in np.ndindex(2, 2):
        e = np.zeros((2, 2))
        e[i, j] = step
        # J is quadratic in U, so a central difference is exact up to rounding ~1e-16/step
        assert (cost(u + e) - cost(u - e)) / (2 * step) == pytest.approx(slope[i, j], abs=1e-9)


def test_identity_has_no_state():
    assert Identity().start(RING, START) is None
