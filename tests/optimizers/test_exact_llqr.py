"""Exact LLQR: the layerwise Riccati recursion against the closed form (G + λI)⁻¹ g."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from geometry.layerwise import layerwise_model
from geometry.linear_quadratic import LinearQuadratic, Stage
from geometry.networks import NetworkLoss
from geometry.surfaces import AnnularWell, Rosenbrock
from optimizers import Method, simulate
from optimizers.exact_llqr import ExactLLQR, exact_step
from optimizers.probes import SAM
from optimizers.riccati import factorise, riccati_step, solve
from optimizers.rule import Settings, begin, descent_step, refresh_if_due
from tests.optimizers.small_training import one_thread

GOLDEN = Path(os.environ.get("GOLDEN_DIR") or Path(__file__).parent.parent / "golden" / "data")


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    with one_thread():
        yield


def perceptron(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3), nn.Sigmoid(), nn.Linear(3, 3)).double()


def convolutional(seed: int = 1) -> nn.Sequential:
    torch.manual_seed(seed)
    front = nn.Sequential(nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2), nn.Softplus())
    return nn.Sequential(nn.Unflatten(1, (1, 2, 2)), front, nn.Flatten(), nn.Linear(2, 3)).double()


def objective(module: nn.Module, examples: int = 6, seed: int = 2, **options: object) -> NetworkLoss:
    torch.manual_seed(seed)
    return NetworkLoss(module, torch.randn(examples, 4).double(), torch.randint(0, 3, (examples,)), **options)


def curvature(problem: NetworkLoss, metric: str) -> tuple[torch.Tensor, torch.Tensor]:
    """g and the whole of G at the initial point, from the objective's products."""
    at = problem.linearise(problem.initial, metric)
    return at.gradient, torch.stack([at.product(e) for e in torch.eye(problem.dimension).double()])


def closed_form(g: torch.Tensor, G: torch.Tensor, damping: float) -> torch.Tensor:
    return torch.linalg.solve(G + damping * torch.eye(len(g)).double(), g)


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).norm() / b.norm())


@pytest.mark.parametrize("make", [perceptron, convolutional])
@pytest.mark.parametrize("metric", ["newton", "ngd", "ngd-mean"])
def test_equals_the_closed_form(make, metric):
    for options in ({}, {"label_smoothing": 0.1, "grouping": "module"}):
        problem = objective(make(), **options)
        model = layerwise_model(problem, problem.initial, metric)
        assert model.dimension == problem.dimension
        g, G = curvature(problem, metric)
        for damping in (1e-2, 0.3, 10.0):
            # Rounding grows with the condition number, here at most about 1e4: 1e-9 leaves three digits.
            assert distance(riccati_step(model, damping), closed_form(g, G, damping)) < 1e-9


def test_an_indefinite_hessian_is_inverted_as_it_is_or_refused():
    problem = objective(perceptron())
    model = layerwise_model(problem, problem.initial, "newton")
    g, G = curvature(problem, "newton")
    lowest = float(torch.linalg.eigvalsh(G)[0])
    assert lowest < -1e-3, "the example must have negative curvature"
    damping = -lowest / 2
    assert distance(riccati_step(model, damping), closed_form(g, G, damping)) < 1e-9
    with pytest.raises(ValueError, match=r"layer '\w+' is indefinite.*larger damping"):
        riccati_step(model, damping, require_minimum=True)
    # The stages are the Schur complements of G + λI: all are positive definite as soon as it is.
    riccati_step(model, -lowest * 1.01, require_minimum=True)


def test_a_singular_stage_is_named():
    problem = objective(perceptron(), examples=2)
    model = layerwise_model(problem, problem.initial, "ngd")
    with pytest.raises(ValueError, match=r"layer '4' is singular .*larger damping"):
        riccati_step(model, 0.0)
    with pytest.raises(ValueError, match="singular"):
        exact_step(Rosenbrock(), np.array([0.0, 0.005]))  # where the Hessian diag(2 − 400 y, 200) has no inverse


def test_the_log_softmax_may_be_part_of_the_last_layer():
    """Terminal costs on log-probabilities (c linear, Q = 0, curvature through p_L) and on scores are one problem."""
    problem = objective(perceptron())
    x, y, parameters = problem.data.inputs[0], problem.data.targets, problem.parameters(problem.initial)
    n = x.shape[0]

    def layer(name, act):
        def function(v, x):
            shape = parameters[f"{name}.weight"].shape
            size = shape.numel()
            return act(x.reshape(n, -1) @ v[:size].reshape(shape).T + v[size:]).reshape(-1)

        return function, torch.cat([parameters[f"{name}.{part}"].reshape(-1) for part in ("weight", "bias")])

    layers = [layer("0", torch.tanh), layer("2", torch.sigmoid), layer("4", lambda s: torch.log_softmax(s, -1))]
    states = [x.reshape(-1)]
    for function, v in layers:
        states.append(function(v, states[-1]))
    c = -torch.nn.functional.one_hot(y, 3).double().reshape(-1) / n
    for metric, p in (("newton", c), ("ngd", -states[-1].exp())):
        stages = []
        for number in (2, 1, 0):
            (function, v), before = layers[number], states[number]
            B, A = torch.autograd.functional.jacobian(function, (v, before))
            blocks = torch.autograd.functional.hessian(lambda v, x, f=function, p=p: (f(v, x) * p).sum(), (v, before))
            stages.append(Stage(str(number), A, B, torch.cat([torch.cat(row, dim=1) for row in blocks])))
            p = A.T @ p
        explicit = LinearQuadratic(tuple(stages[::-1]), c, torch.zeros(3 * n, 3 * n).double())
        wanted = riccati_step(layerwise_model(problem, problem.initial, metric), 0.3)
        assert distance(riccati_step(explicit, 0.3), wanted) < 1e-10


def test_solves_for_any_vector_and_for_many_walkers():
    problem = objective(perceptron())
    theta = torch.stack([problem.initial, 0.5 * problem.initial, 2 * problem.initial]).reshape(3, 1, -1)
    damping = torch.tensor([0.5, 1.0, 2.0]).double().reshape(3, 1)
    factors = factorise(layerwise_model(problem, theta, "newton"), damping)
    v = torch.randn(theta.shape, generator=torch.Generator().manual_seed(0)).double()
    got = solve(factors, v)
    for w in range(3):
        product = problem.curvature_product(theta[w, 0], got[w, 0]) + damping[w, 0] * got[w, 0]
        assert distance(product, v[w, 0]) < 1e-10


@pytest.mark.parametrize("metric", ["newton", "ngd"])
def test_equals_the_authors_closed_form(metric):
    spec, data = json.loads((GOLDEN / "spec.json").read_text()), np.load(GOLDEN / "problem.npz")
    activation = {"tanh": nn.Tanh, "relu": nn.ReLU}[spec["act"]]
    modules: list[nn.Module] = []
    for k in range(len(spec["widths"]) - 1):
        linear = nn.Linear(spec["widths"][k], spec["widths"][k + 1]).double()
        with torch.no_grad():
            linear.weight.copy_(torch.as_tensor(data[f"params.layers_{k}.kernel"]).T)
            linear.bias.copy_(torch.as_tensor(data[f"params.layers_{k}.bias"]))
        modules += [linear, activation()]
    problem = NetworkLoss(nn.Sequential(*modules[:-1]), torch.as_tensor(data["X"]), torch.as_tensor(data["y"]))
    step = exact_step(problem, problem.initial, metric, float(data["lqr_step_damping"]))
    parts = problem.parameters(step)
    names = [block.name for block in problem.layout.blocks]
    flat = [
        parts[n].movedim(0, -1).reshape(-1) for pair in zip(names[1::2], names[::2], strict=True) for n in pair
    ]  # bias first
    assert distance(torch.cat(flat), torch.as_tensor(data[f"lqr_step_{metric}"])) < 1e-9


def test_walks_a_surface_as_newtons_method():
    surface, start = Rosenbrock(), np.array([[-1.2, 1.0], [0.5, 2.0]])
    run = simulate(surface, Method(preconditioner=ExactLLQR(damping=0.5)), start, 3, learning_rate=0.3, momentum=0.0)
    theta = start
    for t in range(3):
        matrix = np.linalg.inv(surface.hessian(theta) + 0.5 * np.eye(2))
        np.testing.assert_allclose(run.preconditioners[t], matrix, rtol=1e-10)
        theta = theta - 0.3 * np.einsum("wij,wj->wi", matrix, surface.gradient(theta))
        np.testing.assert_allclose(run.positions[t + 1], theta, rtol=1e-10)


def test_a_walker_that_diverged_does_not_stop_the_others():
    start = np.array([[5.0, 0.0], [np.nan, 0.0]])
    leaves = ExactLLQR(damping=1.0).refresh(AnnularWell(), start, {})
    step = ExactLLQR().apply(AnnularWell().layout, leaves, np.ones((2, 2)))
    assert np.isfinite(step[0]).all() and np.isnan(step[1]).all()


def test_one_damped_step_on_a_network_solves_what_it_says_and_composes_with_a_probe():
    problem = objective(perceptron())
    method = Method(probe=SAM(), preconditioner=ExactLLQR(damping=2.0, metric="ngd", refresh_every=2))
    state = begin(problem, method, problem.initial)
    losses = [float(problem.loss(state.position))]
    for _ in range(4):
        state, _ = refresh_if_due(problem, method, state)
        before, factors = state, state.preconditioner
        state, trace = descent_step(problem, method, Settings(1.0, 0.05, 0.0), state)
        product = problem.curvature_product(problem.initial, trace.direction, "ngd") + 2.0 * trace.direction
        if before.index < 2:  # the factors are those of step 0
            assert distance(product, trace.outer) < 1e-10
        assert factors is state.preconditioner
        losses.append(float(problem.loss(state.position)))
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ExactLLQR(damping=-1.0), "damping must be at least 0"),
        (lambda: ExactLLQR(damping=np.array([1.0, np.nan])), "damping must be at least 0"),
        (lambda: ExactLLQR(metric="fisher"), "metric must be one of newton, ngd"),
        (lambda: ExactLLQR(refresh_every=0), "refresh_every must be a whole number"),
        (lambda: exact_step(AnnularWell(), np.ones(2), "ngd"), "a surface has the metric newton only"),
        (lambda: exact_step(objective(nn.Linear(4, 3).double()), torch.zeros(15).double()), "needs a torch.nn.Seq"),
        (lambda: exact_step(object(), np.ones(2)), "needs an objective with a Hessian"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_shared_parameters_are_no_chain():
    shared = nn.Linear(4, 4).double()
    problem = objective(nn.Sequential(shared, nn.Tanh(), shared, nn.Linear(4, 3).double()))
    with pytest.raises(ValueError, match="shared between layers"):
        exact_step(problem, problem.initial)


def test_too_large_a_network_is_refused_before_its_matrices_are_made():
    wide = nn.Sequential(nn.Linear(4, 1000), nn.ReLU(), nn.Linear(1000, 3)).double()
    problem = objective(wide)
    with pytest.raises(ValueError, match="takes at most 4096"):
        exact_step(problem, problem.initial)
