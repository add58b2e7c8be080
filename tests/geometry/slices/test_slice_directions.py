"""Planes: projection and lifting, filters that are filters, directions with a meaning."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch
from torch import nn

from geometry import plane as planes
from geometry import projection_error
from geometry.architectures import build_network
from geometry.architectures.plain import mlp
from geometry.networks import NetworkLoss
from geometry.slices import Plane, evaluate_slice, slice_plane
from geometry.slices.directions import KINDS, gaussian
from geometry.surfaces import make_surface


def network(key: str = "convnet") -> NetworkLoss:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand(30, 1, 8, 8, generator=generator, dtype=torch.float64)
    return NetworkLoss(build_network(key, (1, 8, 8), 10), inputs, torch.arange(30) % 10, dtype=torch.float64)


def small() -> NetworkLoss:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand(30, 4, generator=generator, dtype=torch.float64)
    return NetworkLoss(mlp((4,), 3, (5,), "tanh"), inputs, torch.arange(30) % 3, dtype=torch.float64)


# ------------------------------------------------------------------------------------------------- normalisation


@pytest.mark.parametrize("key", ["mlp", "convnet", "resnet8", "vgg", "vit"])
def test_filter_wise_is_per_filter(key: str) -> None:
    """|d_f| / |w_f| = 1 for every filter; tools that scale whole layers have ratios from 0.4 to 2.7."""
    objective = network(key)
    plane = slice_plane(objective, objective.initial, seed=5)
    for block in objective.layout.blocks:
        d = plane.directions[0, block.start : block.stop]
        w = objective.initial[block.start : block.stop]
        if len(block.shape) < 2:
            assert (d == 0).all()
            continue
        ratio = d.reshape(block.shape[0], -1).norm(dim=1) / w.reshape(block.shape[0], -1).norm(dim=1)
        assert torch.allclose(ratio, torch.ones_like(ratio), atol=1e-12)


def test_layer_wise_is_not_per_filter() -> None:
    objective = network("convnet")
    plane = slice_plane(objective, objective.initial, normalisation="layer")
    ratios = []
    for block in objective.layout.blocks:
        d, w = plane.directions[0, block.start : block.stop], objective.initial[block.start : block.stop]
        if len(block.shape) > 1:
            assert float(d.norm() / w.norm()) == pytest.approx(1)
            filters = d.reshape(block.shape[0], -1).norm(dim=1) / w.reshape(block.shape[0], -1).norm(dim=1)
            ratios += filters.tolist()
    assert max(ratios) > 1.2


def test_biases_as_documented() -> None:
    objective = network("convnet")
    whole = slice_plane(objective, objective.initial, one_dimensional="whole").directions[0]
    for block in objective.layout.blocks:
        part = slice(block.start, block.stop)
        assert float(whole[part].norm()) == pytest.approx(float(objective.initial[part].norm()))
    none = slice_plane(objective, objective.initial, normalisation="none").directions
    assert torch.allclose(none.norm(dim=1), torch.ones(2, dtype=torch.float64))
    assert (none != 0).all()


def test_a_filter_of_zeros_is_not_moved() -> None:
    objective = network("convnet")
    origin = objective.initial.clone()
    origin[:9] = 0.0
    assert (slice_plane(objective, origin).directions[:, :9] == 0).all()


def test_the_slice_does_not_see_a_rescaled_relu_net() -> None:
    """Scaling one layer by 10 and the next by 1/10 changes no output of a ReLU net; a filter-normalised slice neither.

    (Li et al., §4: filter normalisation removes what rescaling does to a picture.) Biases scale with their layer and do
    not move along the slice.
    """
    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand(30, 4, generator=generator, dtype=torch.float64)
    objective = NetworkLoss(mlp((4,), 3, (8,)), inputs, torch.arange(30) % 3, dtype=torch.float64)
    first, bias, second, _ = objective.layout.blocks
    scaled = objective.initial.clone()
    scaled[first.start : bias.stop] *= 10
    scaled[second.start : second.stop] /= 10
    x = np.linspace(-1, 1, 5)
    pictures = {
        kind: [
            evaluate_slice(objective, slice_plane(objective, o, normalisation=kind), x, x)
            for o in (objective.initial, scaled)
        ]
        for kind in ("filter", "none")
    }
    assert np.allclose(*pictures["filter"], rtol=1e-10)
    assert np.abs(np.subtract(*pictures["none"])).max() > 1e-3


# ----------------------------------------------------------------------------------------------------- random


def test_random_directions_belong_to_their_seed() -> None:
    objective = network("mlp")
    plane = slice_plane(objective, objective.initial, seed=1)
    assert torch.equal(plane.directions, slice_plane(objective, objective.initial, seed=1).directions)
    assert torch.equal(plane.directions[:1], slice_plane(objective, objective.initial, seed=1, axes=1).directions)
    assert not torch.equal(plane.directions[0], plane.directions[1])
    assert not torch.equal(plane.directions, slice_plane(objective, objective.initial, seed=2).directions)
    assert "seed 1" in plane.labels[0] and plane.seed == 1


def test_random_directions_are_gaussian() -> None:
    """A tool draws uniform numbers in [0, 1): they share a direction. Moments to 5 standard errors."""
    d = gaussian(40_000, seed=0, axis=0)
    assert abs(d.mean()) < 5 / 200
    assert abs(d.var() - 1) < 5 * np.sqrt(2) / 200
    assert abs((d**4).mean() - 3) < 5 * np.sqrt(96) / 200


def test_the_same_direction_in_float32() -> None:
    objective = network("mlp")
    single = slice_plane(objective, objective.initial.float()).directions
    assert single.dtype == torch.float32
    assert torch.allclose(single.double(), slice_plane(objective, objective.initial).directions, atol=1e-6)


# ------------------------------------------------------------------------------------------ planes with a meaning


def test_principal_components_are_those_of_the_singular_values() -> None:
    generator = torch.Generator().manual_seed(3)
    objective = small()
    paths = torch.randn(4, 10, objective.dimension, generator=generator, dtype=torch.float64)
    paths = paths * torch.linspace(3, 0.1, objective.dimension) + 5
    plane = slice_plane(objective, objective.initial, "pca", trajectories=paths)
    points = paths.reshape(-1, objective.dimension)
    _, singular, rows = torch.linalg.svd(points - points.mean(0), full_matrices=False)
    assert torch.allclose((plane.directions @ rows[:2].T).abs(), torch.eye(2, dtype=torch.float64), atol=1e-8)
    share = float(singular[0] ** 2 / (singular**2).sum())
    assert f"{100 * share:.3g} % of the variance" in plane.labels[0]


def test_a_diverged_path_counts_up_to_its_end() -> None:
    objective = small()
    path = torch.randn(12, objective.dimension, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    broken = torch.cat([path, torch.full((3, objective.dimension), torch.nan, dtype=torch.float64)])
    one, other = (slice_plane(objective, objective.initial, "pca", trajectories=p) for p in (path, broken))
    assert torch.allclose(one.directions, other.directions, atol=1e-10)


def test_hessian_directions_are_the_top_eigenvectors() -> None:
    objective = small()
    theta = objective.initial
    hessian = torch.stack([objective.curvature_product(theta, e) for e in torch.eye(len(theta), dtype=torch.float64)])
    values, vectors = torch.linalg.eigh(hessian)
    plane = slice_plane(objective, theta, "hessian")
    overlap = (plane.directions @ vectors[:, [-1, -2]]).abs()
    assert torch.allclose(overlap, torch.eye(2, dtype=torch.float64), atol=1e-4)
    assert f"eigenvalue {float(values[-1]):.4g}" in plane.labels[0]


def test_three_points_lie_on_their_plane() -> None:
    objective = small()
    others = objective.initial + torch.randn(
        2, objective.dimension, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    plane = slice_plane(objective, objective.initial, "three-points", points=others)
    coordinates = plane.project(others)
    assert torch.allclose(plane.lift(coordinates), others, atol=1e-12)
    # Distances in the picture are distances between parameters.
    assert float(coordinates[0].norm()) == pytest.approx(float((others[0] - objective.initial).norm()))
    assert float((coordinates[1] - coordinates[0]).norm()) == pytest.approx(float((others[1] - others[0]).norm()))
    line = slice_plane(objective, objective.initial, "three-points", axes=1, points=others[:1])
    assert torch.allclose(line.lift(line.project(others[0])), others[0], atol=1e-12)


def test_gradient_and_sam_lie_in_their_plane() -> None:
    objective = small()
    theta, radius = objective.initial, 0.3
    plane = slice_plane(objective, theta, "gradient-sam", radius=radius)
    g = objective.gradient(theta)
    perturbed = objective.gradient(theta + radius * g / g.norm())
    assert torch.allclose(
        plane.project(theta + radius * g / g.norm()), torch.tensor([radius, 0.0], dtype=torch.float64)
    )
    assert torch.allclose(plane.lift(plane.project(theta + perturbed)), theta + perturbed, atol=1e-10)
    assert torch.allclose(plane.directions @ plane.directions.T, torch.eye(2, dtype=torch.float64), atol=1e-12)


# ------------------------------------------------------------------------------------------------------ planes


def test_rounding_makes_no_plane() -> None:
    """Two points and their mean lie on a line; rounded to float32 they lie beside it, in the last place."""
    generator = torch.Generator().manual_seed(0)
    one = torch.randn(9000, generator=generator)
    two = one + 1e-4 * torch.randn(9000, generator=generator)
    middle = ((one.double() + two.double()) / 2).float()
    objective = NetworkLoss(nn.Linear(4499, 2), torch.ones(1, 4499), torch.zeros(1, dtype=torch.long))
    with pytest.raises(ValueError, match="lie on a line"):
        slice_plane(objective, middle, "three-points", points=torch.stack([one, two]))


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_project_undoes_lift_and_finds_the_nearest_point(kind: str) -> None:
    generator = np.random.default_rng(0)
    origin, directions = generator.standard_normal(20), generator.standard_normal((2, 20))
    plane = Plane(origin, directions) if kind == "numpy" else Plane(*map(torch.tensor, (origin, directions)))
    coordinates = generator.standard_normal((3, 4, 2))
    lifted = plane.lift(coordinates)
    assert lifted.shape == (3, 4, 20)
    assert np.allclose(np.asarray(plane.project(lifted)), coordinates, atol=1e-12)
    theta = generator.standard_normal(20)
    rest = theta - np.asarray(plane.lift(plane.project(theta)))
    assert np.abs(directions @ rest).max() < 1e-12


def test_planes_that_are_none() -> None:
    origin, one = np.zeros(3), np.array([1.0, 2.0, 3.0])
    for directions, sentence in (
        (np.stack([one, 2 * one]), "parallel"),
        (np.stack([one, 0 * one]), "is zero"),
        (np.stack([one, one * np.nan]), "not finite"),
        (np.zeros((3, 3)), r"\(1, D\) or \(2, D\)"),
        (np.ones((2, 4)), "origin has 3 parameters"),
    ):
        with pytest.raises(ValueError, match=sentence):
            Plane(origin, directions)
    with pytest.raises(ValueError, match=r"origin must have shape \(D,\)"):
        Plane(np.zeros((1, 3)), np.eye(3)[:2])
    plane = Plane(origin, np.eye(3)[:2])
    with pytest.raises(ValueError, match="coordinates must have shape"):
        plane.lift([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="theta must have shape"):
        plane.project(np.zeros(4))


def test_slice_plane_says_what_is_wrong() -> None:
    objective = small()
    theta = objective.initial
    line = theta + torch.arange(5)[:, None] * torch.ones_like(theta)
    for arguments, sentence in (
        ({"kind": "umap"}, "kind must be one of random, pca"),
        ({"normalisation": "batch"}, "normalisation must be one of filter"),
        ({"axes": 3}, "axes must be 1"),
        ({"one_dimensional": "keep"}, "'zero' or 'whole'"),
        ({"kind": "pca"}, "needs trajectories"),
        ({"kind": "pca", "trajectories": line}, "lie on a line"),
        ({"kind": "pca", "trajectories": line[:2]}, "at least 3 finite points"),
        ({"kind": "pca", "trajectories": theta}, "trajectories must have shape"),
        ({"kind": "three-points"}, "needs points"),
        ({"kind": "three-points", "points": line[:1]}, "points must have shape"),
        ({"kind": "three-points", "points": line[1:3]}, "lie on a line"),
        ({"kind": "gradient-sam", "radius": 0.0}, "radius must be a positive"),
    ):
        with pytest.raises(ValueError, match=sentence):
            slice_plane(objective, theta, **arguments)
    with pytest.raises(ValueError, match="origin must have shape"):
        slice_plane(objective, theta[:3])
    with pytest.raises(ValueError, match="gradient is zero"):
        slice_plane(make_surface("annular-well"), np.zeros(2), "gradient-sam")


def test_toys_have_planes_too() -> None:
    surface = make_surface("annular-well")
    plane = slice_plane(surface, np.array([3.0, 4.0]))
    assert np.allclose(np.linalg.norm(plane.directions, axis=1), 5)
    assert set(KINDS) == {"random", "pca", "hessian", "three-points", "gradient-sam"}


@pytest.mark.parametrize("points", [12, 40])
def test_principal_components_and_projections_copy_no_trajectory(points: int, monkeypatch) -> None:
    """At most half of a trajectory beside it: directions, and blocks of columns."""
    for module in (planes, projection_error):
        monkeypatch.setattr(module, "TOGETHER", 1 << 16)

    class Far:
        dimension = 2_400_000 // points * 4

        def loss(self, theta):
            return np.sum(theta[..., :50] ** 2, axis=-1)

    path = np.random.default_rng(0).standard_normal((points, Far.dimension), dtype=np.float32)
    path[3] = np.nan  # a point that is left out makes no copy of the others
    tracemalloc.start()
    try:
        plane = slice_plane(Far(), path[-1], "pca", trajectories=path)
        first = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        projection_error.path_on_plane(Far(), plane, path)
        second = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert max(first, second) < 0.5 * path.nbytes + 2_000_000, (first / path.nbytes, second / path.nbytes)
