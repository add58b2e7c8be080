"""Rosenbrock's function as a surface, one block or two, against the authors' toy networks: numbers and whole runs."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from geometry.surfaces import Rosenbrock, SplitRosenbrock
from optimizers import LLQR, Method, NoProbe, simulate

FOLDER = Path(__file__).parent / "data" / "toy"
SURFACES = {"rosenbrock": Rosenbrock(), "split_rosenbrock": SplitRosenbrock()}
VARIANTS = {
    "clip0.01": LLQR(inner_learning_rate=1e-2, clip=1e-2),
    "clip0.01_damp1": LLQR(inner_learning_rate=1e-2, clip=1e-2, damping=1.0),
    "noclip_normgrad_lr1e-4": LLQR(inner_learning_rate=1e-4, clip=None, normalise_gradient=True),
}
"""What the stored runs have of their own."""


@cache
def golden(name):
    with np.load(FOLDER / f"{name}.npz") as data:
        return {key: data[key] for key in data.files}


PROBLEMS = [(name, start) for name in SURFACES for start in ("init42", "classic")]
RUNS = [
    (name, start, variant)
    for name, start in PROBLEMS
    for variant in VARIANTS
    if f"{start}.{variant}.theta" in golden(name)
]


def blocks(name, key):
    """The stored layers as one matrix (2, 2)."""
    data = golden(name)
    if name == "rosenbrock":
        return data[f"{key}.layers_0"]
    return np.diag([data[f"{key}.layers_{i}"].item() for i in range(2)])


@pytest.mark.parametrize(("name", "start"), PROBLEMS)
def test_loss_gradient_and_hessian(name, start):
    """Double precision on both sides: 1e-13 of the largest entry."""
    surface, data = SURFACES[name], golden(name)
    theta = data[f"{start}.theta0"]
    assert data["inputs"].tolist() == [[surface.a, surface.b]]
    assert float(surface.loss(theta)) == pytest.approx(float(data[f"{start}.loss0"]), rel=1e-13)
    np.testing.assert_allclose(surface.gradient(theta), data[f"{start}.grad0"], rtol=1e-13)
    np.testing.assert_allclose(surface.hessian(theta), data[f"{start}.H0"], rtol=1e-13)


@pytest.mark.parametrize(("name", "start"), PROBLEMS)
@pytest.mark.parametrize("u", ["id", "rand"])
def test_the_layerwise_cost_is_a_gradient_and_a_curvature_product(name, start, u):
    """J(U) = g·d + ½ dᵀHd with d = −Ug, and dJ/dU = −(g − HUg)gᵀ within the blocks."""
    surface, data = SURFACES[name], golden(name)
    theta, matrix = data[f"{start}.theta0"], blocks(name, f"{start}.U_{u}")
    g = surface.gradient(theta)
    d = -matrix @ g
    cost = g @ d + 0.5 * d @ surface.curvature_product(theta, d)
    assert float(cost) == pytest.approx(float(data[f"{start}.J_{u}"]), rel=1e-12)
    slope = -np.outer(g + surface.curvature_product(theta, d), g)
    for i, layer in enumerate(surface.layout.layers):
        part = slice(layer.start, layer.stop)
        np.testing.assert_allclose(slope[part, part], data[f"{start}.dJ_{u}.layers_{i}"], rtol=1e-12)


# Normalised gradients go through the readable rule in any case; of the others one kind of run shows that rule.
ENGINES = [(*run, True) for run in RUNS] + [(*run, False) for run in RUNS if run[2] == "clip0.01"]


@pytest.mark.parametrize(("name", "start", "variant", "compiled"), ENGINES)
def test_a_whole_run(name, start, variant, compiled):
    """θ ← θ − 5e-3 U g for 25 steps, U refreshed before each by 500 inner steps, no slow average, no floor.

    The clipped inner steps bounce and amplify rounding, until two correct programs part. The stored `sens_theta` is
    what a change of θ₀ by 1e-13 does; compared are the steps before it exceeds 1e-11, with θ to
    1e-9 (a hundred times it), the loss, steep where the gradient is in the hundreds, to 1e-7, and U to 1e-8.
    """
    data, key = golden(name), f"{start}.{variant}"
    rule = replace(VARIANTS[variant], refresh_every=1, decay=0.0, inner_steps=500, warm_start_scale=None, floor=0.0)
    run = simulate(
        SURFACES[name], Method(NoProbe(), rule), data[f"{start}.theta0"], 25, 5e-3, 0.0, 0.0, compiled=compiled
    )
    sensitive = data[f"{key}.sens_theta"] > 1e-11
    steady = int(sensitive.argmax()) if sensitive.any() else len(sensitive)
    assert steady >= 3, "nothing to compare"
    np.testing.assert_allclose(run.positions[:steady], data[f"{key}.theta"][:steady], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(run.losses[:steady], data[f"{key}.loss"][:steady], rtol=1e-7)
    stored = data[f"{key}.U"][: steady - 1]
    learned = run.preconditioners[: steady - 1].reshape(-1, 4)
    # the two layers' U are one number each; the matrix has zeros beside them
    learned = learned if stored.shape[1] == 4 else learned[:, [0, 3]]
    np.testing.assert_allclose(learned, stored, rtol=1e-8, atol=1e-9)
