"""The other methods of the reference list against reference implementations (README.md here says which), at 1e-9.

1e-9 of the largest entry of what has moved: scaling the start by 1 + 1e-13 moves twenty steps by at most 6e-13, and the
stored trajectories were computed twice, to 5e-12.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from geometry.layer_factors import layer_factors
from geometry.per_example import example_gradients, fisher_rows, squared_gradients
from optimizers import KFAC, NaturalGradient, Shampoo
from optimizers.muon import newton_schulz
from optimizers.rule import Settings, begin, descent_step, refresh_if_due
from optimizers.structures.kronecker import as_matrix
from tests.golden.golden2 import (
    SPEC,
    arrays,
    method_of,
    network_loss,
    order,
    ours,
    runs_of,
    surface_of,
    theirs,
    toy_method,
    toys,
)

TOLERANCE = 1e-9
ROUNDING = 8 * np.finfo(float).eps
SENSITIVE = 1e-10
"""A toy's rows are compared while a change of the start by 1e-13 moves them by less; later they are chaotic."""


def close(found: Any, wanted: np.ndarray, start: Any = 0.0, what: str = "") -> None:
    """found − start equals wanted − start to TOLERANCE of the largest entry."""
    found = found.detach().numpy() if isinstance(found, torch.Tensor) else np.asarray(found)
    assert found.shape == wanted.shape, (what, found.shape, wanted.shape)
    moved, error = np.abs(wanted - start).max(), np.abs(found - wanted).max()
    assert error <= TOLERANCE * moved + ROUNDING * np.abs(wanted).max(), f"{what}: off by {error:.1e} of {moved:.1e}"


# --- trajectories ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SPEC["mlp"])
def test_trajectory(name: str) -> None:
    data, objective = arrays(SPEC["mlp"][name]["file"].removesuffix(".npz")), network_loss()
    method, settings = method_of(name)
    wanted = data[f"{name}.theta"]
    state = begin(objective, method, ours(wanted[0]))
    evaluations = 0
    for step in range(len(wanted) - 1):
        close(objective.loss(state.position), data[f"{name}.center_loss"][step])
        state, _ = refresh_if_due(objective, method, state)
        before, (state, trace) = state.position, descent_step(objective, method, settings, state)
        evaluations += trace.gradient_evaluations
        if step < len(data.get(f"{name}.eps", ())):
            close(theirs(trace.probe - before), data[f"{name}.eps"][step], what=f"{name}, ε of step {step}")
        if f"{name}.masks" in data:
            np.testing.assert_array_equal(theirs(state.memory["mask"]), data[f"{name}.masks"][step])
        close(theirs(state.position), wanted[step + 1], wanted[0], f"{name}, step {step + 1}")
    assert evaluations == SPEC["mlp"][name]["gradient_evaluations"]
    assert evaluations == sum(method.gradient_evaluations(step) for step in range(len(wanted) - 1))


# --- single evaluations ----------------------------------------------------------------------------------------------


def matrix(found: torch.Tensor) -> np.ndarray:
    """A matrix (D, D) of ours in their order."""
    return found.numpy()[np.ix_(order(), order())]


def test_gradients_and_fisher_matrices() -> None:
    data, objective = arrays("blocks"), network_loss()
    theta = objective.initial
    gradient = objective.gradient(theta)
    close(theirs(gradient), data["g"])
    close(theirs(squared_gradients(objective, theta, gradient)), data["per_sample_squared_sum"])
    close(theirs(example_gradients(objective, theta).mean(0)), data["g"])
    for fisher, key in (("exact", "fisher_mean"), ("empirical", "fisher_empirical")):
        rows = fisher_rows(objective, theta, fisher)
        close(matrix(rows.T @ rows), data[key], what=key)


@pytest.mark.parametrize("key", [key for key in arrays("blocks") if key.startswith("ngd.")])
@pytest.mark.parametrize("way", ["a matrix", "between the rows", "conjugate gradients"])
def test_natural_gradient(key: str, way: str) -> None:
    """Conjugate gradients stop at rounding error of the residual, which λ = 0.001 lets grow a thousand times."""
    data, objective = arrays("blocks"), network_loss()
    rows = fisher_rows(objective, objective.initial).shape[0]
    dense_up_to = {"a matrix": 10**6, "between the rows": rows, "conjugate gradients": 0}[way]
    if way == "between the rows" and rows >= objective.dimension:
        pytest.skip("there are as many rows as parameters")
    rule = NaturalGradient(float(key.split(".l")[1].removesuffix(".Ug")), dense_up_to=dense_up_to)
    state = rule.refresh(objective, objective.initial, {})
    close(theirs(rule.apply(objective.layout, state, ours(data["g"]))), data[key])


@pytest.mark.parametrize("fisher", ["exact", "empirical"])
def test_kronecker_factors(fisher: str) -> None:
    data, objective = arrays("blocks"), network_loss()
    factors = layer_factors(objective, objective.initial, fisher)
    assert {f"kfac.{fisher}.{name}.A" for name in factors} <= set(data)
    for name, (a, g) in factors.items():
        close(a, data[f"kfac.{fisher}.{name}.A"])
        close(g, data[f"kfac.{fisher}.{name}.G"])


@pytest.mark.parametrize("fisher", ["exact", "empirical"])
@pytest.mark.parametrize("damping_kind", ["eigen", "pi", "inverse"])
def test_kfac(fisher: str, damping_kind: str) -> None:
    data, objective = arrays("blocks"), network_loss()
    rule = KFAC(0.1, damping_kind, fisher=fisher)
    state = rule.refresh(objective, objective.initial, {})
    close(theirs(rule.apply(objective.layout, state, ours(data["v"]))), data[f"kfac.{fisher}.{damping_kind}.Uv"])


@pytest.mark.parametrize("where", ["init", "root"])
def test_shampoo(where: str) -> None:
    data, objective = arrays("blocks"), network_loss()
    rule, layout = Shampoo(0.01, epsilon_at="start" if where == "init" else "root"), objective.layout
    state = rule.start(objective, objective.initial)
    for seen in ("g", "v"):
        state = rule.observe(layout, state, ours(data[seen]))
    close(theirs(rule.apply(layout, state, ours(data["v"]))), data[f"shampoo.{where}.Uv"])
    if where == "init":
        for i, layer in enumerate(layout.layers):
            close(state[f"{layer.name}.bias.L"], data[f"shampoo.leaf{2 * i}.H"])
            # their kernel is (in, out), ours its transpose
            close(state[f"{layer.name}.weight.R"], data[f"shampoo.leaf{2 * i + 1}.L"])
            close(state[f"{layer.name}.weight.L"], data[f"shampoo.leaf{2 * i + 1}.R"])


def test_newton_schulz() -> None:
    data, layout = arrays("blocks"), network_loss().layout
    (key,) = [key for key in data if key.startswith("ns5.")]
    block = next(b for b in layout.blocks if b.name == f"{key.removeprefix('ns5.')}.weight")
    close(newton_schulz(as_matrix(block, ours(data["v"]))), data[key])


# --- toy problems ----------------------------------------------------------------------------------------------------

RUNS = [(toy, start, name) for toy in toys() for start, name in runs_of(toy)]


@pytest.mark.parametrize(("toy", "start", "name"), [run for run in RUNS if not run[2].startswith("rsam_circle")])
def test_toy_trajectory(toy: str, start: str, name: str) -> None:
    data, surface = arrays(f"toy/{toy}"), surface_of(toy)
    method, settings = toy_method(toy, name)
    wanted, rows = data[f"{start}.{name}.theta"], SPEC["toy"][f"{toy}.{start}.{name}"]["comparable_rows"]
    assert bool(np.all(data[f"{start}.{name}.sens"][:rows] < SENSITIVE)) and rows >= 2
    state, evaluations = begin(surface, method, data[f"{start}.theta0"]), 0
    for step in range(len(wanted) - 1):
        state, trace = descent_step(surface, method, settings, state)
        evaluations += trace.gradient_evaluations
        if step + 1 < rows:
            np.testing.assert_allclose(state.position, wanted[step + 1], rtol=1e-8, atol=1e-8)
    assert evaluations == SPEC["toy"][f"{toy}.{start}.{name}"]["gradient_evaluations"]


class Circle:
    """A surface along the circle |θ| = R, in its arc length s: θ = R (cos s/R, sin s/R).

    The exponential map of the circle is a shift of s and transport keeps the number, so that Riemannian SAM on the
    circle is SAM in s.
    """

    def __init__(self, surface: Any, radius: float) -> None:
        self.surface, self.radius, self.layout = surface, radius, type(surface).layout

    def at(self, s: np.ndarray) -> np.ndarray:
        """θ."""
        return self.radius * np.concatenate([np.cos(s / self.radius), np.sin(s / self.radius)], axis=-1)

    def gradient(self, s: np.ndarray) -> np.ndarray:
        """dL/ds."""
        along = np.concatenate([-np.sin(s / self.radius), np.cos(s / self.radius)], axis=-1)
        return np.sum(self.surface.gradient(self.at(s)) * along, axis=-1, keepdims=True)


@pytest.mark.parametrize(("toy", "start", "name"), [run for run in RUNS if run[2].startswith("rsam_circle")])
def test_riemannian_sam_on_a_circle(toy: str, start: str, name: str) -> None:
    data, theta = arrays(f"toy/{toy}"), arrays(f"toy/{toy}")[f"{start}.theta0"]
    method, _ = toy_method(toy, "sam")
    circle = Circle(surface_of(toy), float(np.hypot(*theta)))
    rate = SPEC["toy"][f"{toy}.{start}.{name}"]["learning_rate"]
    settings = Settings(rate, SPEC["toy"][toy]["rho"], 0.0)
    s = circle.radius * np.arctan2(theta[1], theta[0])
    state = begin(circle, method, np.array([s]))  # type: ignore[arg-type]
    for wanted in data[f"{start}.{name}.theta"][1:]:
        state, _ = descent_step(circle, method, settings, state)  # type: ignore[arg-type]
        np.testing.assert_allclose(circle.at(state.position), wanted, rtol=1e-8, atol=1e-8)
