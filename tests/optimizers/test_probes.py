"""Probes of the SAM family: their formulas, what they remember, what composes with what, and what is refused."""

import numpy as np
import pytest
import torch

from geometry.objective import Block, Layout
from geometry.surfaces import AnnularWell
from optimizers import ASAM, FSAM, LLQR, SAM, FisherSAM, Identity, Method, NoProbe, PastFSAM, simulate
from optimizers.probes import Centre
from optimizers.rule import Settings, begin, descent_step

RING = AnnularWell(aspect=1.4)
"""Elliptic, so that the gradient turns along a path."""
START = np.array([3.0, 4.1])
LAYOUT = Layout(
    (
        Block("a.weight", (2, 2), 0, 4, "kernel", "a"),
        Block("a.bias", (2,), 4, 6, "bias", "a"),
        Block("b.weight", (3,), 6, 9, "scale", "b"),
    )
)
EVERY = {
    "SAM": SAM(),
    "SAM, layers": SAM(norm="layer-euclidean"),
    "FSAM": FSAM(),
    "past FSAM": PastFSAM(),
    "ASAM": ASAM(),
    "Fisher-SAM": FisherSAM(),
}
# every formula is a handful of float64 operations; the 1e-12 under the roots is part of it
SAME = dict(rtol=1e-12, atol=1e-12)


def centre(seed=0, walkers=(), factor=None):
    rng = np.random.default_rng(seed)
    theta, g = rng.normal(size=(2, *walkers, 9))
    u = rng.uniform(0.5, 2.0, size=9) if factor is None else factor
    return Centre(theta, g, lambda v: u * v, LAYOUT)


def settings(**changes):
    return Settings(**{"learning_rate": 0.01, "radius": 0.3, "momentum": 0.9, **changes})


def test_layer_norms_share_the_radius_between_the_layers():
    at = centre()
    w = at.precondition(at.gradient)
    for norm in ("layer-euclidean", "layer-matrix"):
        epsilon = SAM(norm=norm).offset(at, None, 0.3)
        for layer in LAYOUT.layers:
            s = slice(layer.start, layer.stop)
            other = w if norm == "layer-euclidean" else at.gradient
            length = np.sqrt(np.sum(other[s] * w[s]) + 1e-12)
            np.testing.assert_allclose(epsilon[s], 0.3 * w[s] / length / np.sqrt(2), **SAME)
    euclidean = SAM(norm="layer-euclidean").offset(at, None, 0.3)
    assert np.linalg.norm(euclidean) == pytest.approx(0.3, rel=1e-9), "all layers together have the radius ρ"


def test_one_layer_has_no_layer_norm_of_its_own():
    """On a surface the layer norms are the plain ones."""
    for norm in ("euclidean", "matrix"):
        rule = LLQR("diagonal", warm_start_scale=None)
        plain, layered = (simulate(RING, Method(SAM(norm=n), rule), START, 15) for n in (norm, f"layer-{norm}"))
        np.testing.assert_allclose(plain.positions, layered.positions, **SAME)


def test_a_direction_has_length_one_before_it_is_scaled():
    at = centre()
    w = at.precondition(at.gradient)
    epsilon = SAM("direction", "matrix").offset(at, None, 0.3)
    unit = w / np.linalg.norm(w)
    np.testing.assert_allclose(epsilon, 0.3 * unit / np.sqrt(at.gradient @ unit), rtol=1e-11)


def test_a_matrix_norm_of_an_indefinite_u_is_not_a_number():
    at = centre(factor=-1.0)
    with np.errstate(invalid="ignore"):
        assert np.all(np.isnan(SAM(norm="matrix").offset(at, None, 0.3)))
    assert np.all(np.isfinite(SAM(norm="euclidean").offset(at, None, 0.3)))


def test_asam_measures_in_units_of_the_parameters():
    at = centre()
    t = np.abs(at.theta) + 0.01
    t[4:6] = 1.0  # the bias; the factor of a normalisation counts like a weight
    wanted = 0.3 * t**2 * at.gradient / np.sqrt(np.sum((t * at.gradient) ** 2) + 1e-12)
    np.testing.assert_allclose(ASAM(0.01).offset(at, None, 0.3), wanted, **SAME)
    walkers = centre(walkers=(2, 3))
    each = ASAM(0.01).offset(walkers, None, 0.3)
    one = Centre(walkers.theta[1, 2], walkers.gradient[1, 2], walkers.precondition, LAYOUT)
    np.testing.assert_allclose(each[1, 2], ASAM(0.01).offset(one, None, 0.3), **SAME)


def test_fisher_sam_divides_by_the_squared_gradient():
    at = centre()
    f = at.gradient / (at.gradient**2 + 0.1)
    wanted = 0.3 * f / np.sqrt(at.gradient @ f + 1e-12)
    np.testing.assert_allclose(FisherSAM(0.1).offset(at, None, 0.3), wanted, **SAME)


def walk(method, steps, **changes):
    state = begin(RING, method, START[None])
    path = [state]
    for _ in range(steps):
        state, trace = descent_step(RING, method, settings(**changes), state)
        path.append((state, trace))
    return path


def test_fsam_begins_as_sam_and_then_leaves_the_average_out():
    fsam, sam = walk(Method(FSAM()), 3), walk(Method(SAM()), 3)
    np.testing.assert_array_equal(fsam[1][0].position, sam[1][0].position)
    assert np.abs(fsam[3][1].probe - sam[3][1].probe).max() > 1e-6, "a turning gradient leaves its old direction out"
    average = np.zeros((1, 2))
    for before, (after, trace) in zip([fsam[0], *(s for s, _ in fsam[1:-1])], fsam[1:], strict=True):
        new = RING.gradient(before.position) - average
        wanted = before.position + 0.3 * new / np.sqrt(np.sum(new**2) + 1e-12)
        np.testing.assert_allclose(trace.probe, wanted, **SAME)
        average = 0.9 * average + 0.1 * RING.gradient(before.position)
        np.testing.assert_allclose(after.memory, average, **SAME)


def test_past_fsam_costs_one_gradient_and_begins_without_a_probe():
    path = walk(Method(PastFSAM()), 4)
    states = [path[0], *(state for state, _ in path[1:])]
    assert [trace.gradient_evaluations for _, trace in path[1:]] == [1] * 4
    np.testing.assert_array_equal(path[1][1].probe, START[None])
    average, last = np.zeros((1, 2)), np.zeros((1, 2))
    for before, (_, trace) in zip(states[:-1], path[1:], strict=True):
        new = last - average
        wanted = before.position + 0.3 * new / np.sqrt(np.sum(new**2) + 1e-12)
        np.testing.assert_allclose(trace.probe, wanted, **SAME)
        average, last = 0.9 * average + 0.1 * last, RING.gradient(trace.probe)
    run = simulate(RING, Method(PastFSAM()), START, 20)
    assert int(run.gradient_evaluations[-1]) == 20


@pytest.mark.parametrize("name", EVERY)
def test_no_radius_is_no_probe(name):
    """ρ = 0: the base method, whatever the probe remembers."""
    run, base = (simulate(RING, Method(probe), START, 30, radius=0.0) for probe in (EVERY[name], NoProbe()))
    np.testing.assert_allclose(run.positions, base.positions, **SAME)


@pytest.mark.parametrize("kind", [SAM, FSAM, PastFSAM, ASAM, FisherSAM])
def test_a_delayed_start_is_plain_descent_and_then_a_fresh_probe(kind):
    """Steps before start_step take one gradient at θ and leave the probe's memory as it began."""
    method = Method(kind(start_step=3))
    path = walk(method, 5)
    plain = walk(Method(), 3)
    for (state, trace), (other, _) in zip(path[1:4], plain[1:], strict=True):
        np.testing.assert_array_equal(state.position, other.position)
        assert trace.gradient_evaluations == 1
    memory = path[3][0].memory
    assert memory is None or not np.any(np.asarray(memory))
    state = path[3][0]
    fresh = begin(RING, Method(kind()), state.position)
    fresh = type(fresh)(state.position, state.velocity, fresh.memory, None, 3)
    for after, _ in path[4:]:
        fresh, _ = descent_step(RING, Method(kind()), settings(), fresh)
        np.testing.assert_array_equal(after.position, fresh.position)


@pytest.mark.parametrize("name", [name for name in EVERY if name != "Fisher-SAM"])
@pytest.mark.parametrize("precondition_update", [True, False])
def test_every_probe_composes_with_llqr(name, precondition_update):
    """LLQR that never learns is the probe alone; one that learns is another walk wherever U is used."""
    still = LLQR("diagonal", inner_steps=0, warm_start_scale=None)
    alone = simulate(RING, Method(EVERY[name]), START, 12)
    same = simulate(RING, Method(EVERY[name], still, precondition_update), START, 12)
    np.testing.assert_allclose(same.positions, alone.positions, **SAME)
    rule = LLQR("diagonal", decay=0.5, warm_start_scale=None)
    learning = simulate(RING, Method(EVERY[name], rule, precondition_update), START, 12)
    used = precondition_update or name not in ("ASAM",)
    assert (np.abs(learning.positions - alone.positions).max() > 1e-6) == used


@pytest.mark.parametrize("name", EVERY)
def test_a_saddle_is_no_trap_of_not_a_number(name):
    """At g = 0 there is nothing to probe: ε = 0, not 0/0."""
    at = Centre(np.zeros(9), np.zeros(9), lambda v: v, LAYOUT)
    probe = EVERY[name]
    np.testing.assert_array_equal(probe.offset(at, probe.memory(np.zeros(9)), 0.3), np.zeros(9))


@pytest.mark.parametrize("name", EVERY)
def test_torch_and_numpy_agree(name):
    at, probe = centre(), EVERY[name]
    memory = probe.memory(at.theta)
    wanted = probe.offset(at, memory, 0.3)
    factor = torch.from_numpy(at.precondition(np.ones(9)))
    tensors = Centre(torch.from_numpy(at.theta), torch.from_numpy(at.gradient), lambda v: factor * v, LAYOUT)
    found = probe.offset(tensors, probe.memory(tensors.theta), 0.3)
    np.testing.assert_allclose(found.numpy(), wanted, **SAME)


def test_weight_decay_enters_the_momentum_and_is_not_preconditioned():
    """v ← μv + U g + λθ."""
    rule = LLQR("diagonal", inner_steps=0, warm_start_scale=None)
    state = begin(RING, Method(preconditioner=rule), START[None])
    state = type(state)(state.position, np.ones((1, 2)), None, {"theta": np.array([[2.0, 3.0]])}, 1)
    after, _ = descent_step(RING, Method(preconditioner=rule), settings(weight_decay=0.05), state)
    g = RING.gradient(START[None])
    np.testing.assert_allclose(after.velocity, 0.9 + np.array([[2.0, 3.0]]) * g + 0.05 * START, **SAME)
    np.testing.assert_allclose(after.position, START - 0.01 * after.velocity, **SAME)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SAM(along="hessian"), "along must be one of preconditioned, gradient, direction"),
        (lambda: FSAM(norm="l1"), "norm must be one of euclidean, matrix, layer-euclidean, layer-matrix"),
        (lambda: SAM(start_step=-1), "start_step must be a whole number of at least 0"),
        (lambda: PastFSAM(start_step=1.5), "start_step must be a whole number of at least 0"),
        (lambda: SAM(every=np.array([1.0, 2.5])), "every must hold whole numbers of at least 1"),
        (lambda: FSAM(decay=1.5), "decay must be at least 0 and at most 1"),
        (lambda: PastFSAM(decay=-0.1), "decay must be at least 0 and at most 1"),
        (lambda: ASAM(eta=-0.01), "eta must not be negative"),
        (lambda: FisherSAM(eta=float("nan")), "eta must not be negative"),
        (lambda: Method(FisherSAM(), LLQR()), "FisherSAM probes without U"),
        (lambda: Method(FisherSAM(), LLQR(), precondition_update=False), "FisherSAM probes without U"),
        (lambda: Settings(learning_rate=0.1, radius=-0.1), "radius must not be negative"),
        (lambda: Settings(learning_rate=-0.1), "learning_rate must not be negative"),
        (lambda: Settings(learning_rate=0.1, weight_decay=-1.0), "weight_decay must not be negative"),
        (lambda: LLQR("blocks"), "unknown structure 'blocks'; choose one of dense, diagonal, scalar, kfac, e-kfac"),
        (lambda: LLQR(solver="newton"), "solver must be one of momentum, sgd, adam"),
        (lambda: LLQR(metric="fisher"), "metric must be one of newton, ngd, ngd-mean"),
        (lambda: LLQR(clip_elements=0.0), "clip_elements must be at least"),
        (lambda: LLQR(identity_scale=-1.0), "identity_scale must be at least"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_probe_along_a_direction_says_what_it_scales():
    assert SAM(along="direction").formula(True) == "ε = ρ w / √(‖w‖² + 10⁻¹²), w = Ug / √(‖Ug‖² + 10⁻¹²)"


def test_fisher_sam_without_u_is_fine():
    assert isinstance(Method(FisherSAM()).preconditioner, Identity)
