"""What the picture of a path leaves out is measured: variance, distance, height."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from geometry.architectures.plain import mlp
from geometry.networks import NetworkLoss
from geometry.projection_error import path_on_plane, variance_captured
from geometry.slices import Plane, slice_plane
from geometry.surfaces import make_surface


def network() -> NetworkLoss:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand(30, 4, generator=generator, dtype=torch.float64)
    return NetworkLoss(mlp((4,), 3, (5,)), inputs, torch.arange(30) % 3, dtype=torch.float64)


def wander(objective: NetworkLoss, steps: int = 12) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    moves = 0.1 * torch.randn(steps, objective.dimension, generator=generator, dtype=torch.float64)
    return objective.initial + moves.cumsum(0)


def test_a_path_in_the_plane_is_all_there() -> None:
    objective = network()
    plane = slice_plane(objective, objective.initial)
    path = plane.lift(np.random.default_rng(0).standard_normal((9, 2)))
    found = path_on_plane(objective, plane, path)
    assert found.variance_captured == pytest.approx(1)
    assert found.distance.max() < 1e-12
    assert np.abs(found.gap).max() < 1e-12


def test_every_number_against_its_definition() -> None:
    """With explicit projections, for oblique directions."""
    objective = network()
    generator = torch.Generator().manual_seed(2)
    directions = torch.randn(2, objective.dimension, generator=generator, dtype=torch.float64)
    directions[1] += 0.8 * directions[0]
    plane = Plane(objective.initial, directions)
    path = wander(objective)
    found = path_on_plane(objective, plane, path)
    q, _ = torch.linalg.qr(directions.T)
    projector = q @ q.T
    offset = path - objective.initial
    nearest = objective.initial + offset @ projector
    assert np.allclose(found.distance, (path - nearest).norm(dim=1))
    assert np.allclose(found.displacement, offset.norm(dim=1))
    assert np.allclose(found.loss, objective.loss(path))
    assert np.allclose(found.drawn, objective.loss(nearest))
    centred = path - path.mean(0)
    assert found.variance_captured == pytest.approx(
        float((centred @ projector).square().sum() / centred.square().sum())
    )
    assert f"{100 * found.variance_captured:.3g} %" in found.describe()


def test_principal_components_capture_what_they_say() -> None:
    objective = network()
    path = wander(objective)
    plane = slice_plane(objective, objective.initial, "pca", trajectories=path)
    shares = [float(label.split(", ")[1].split(" %")[0]) for label in plane.labels]
    assert 100 * variance_captured(plane, path) == pytest.approx(sum(shares), abs=0.2)
    random = slice_plane(objective, objective.initial)
    assert variance_captured(random, path) < variance_captured(plane, path)


def test_own_losses_are_taken_and_the_end_of_a_diverged_path_is_nan() -> None:
    objective = network()
    plane = slice_plane(objective, objective.initial)
    path = torch.cat([wander(objective, 5), torch.full((2, objective.dimension), torch.nan, dtype=torch.float64)])
    found = path_on_plane(objective, plane, path, loss=np.arange(7.0))
    assert np.array_equal(found.loss[:5], np.arange(5.0)) and np.isnan(found.loss[5:]).all()
    for array in (found.distance, found.drawn, found.displacement, found.coordinates[:, 0]):
        assert np.isfinite(array[:5]).all() and np.isnan(array[5:]).all()
    assert np.isfinite(found.variance_captured)


def test_a_toys_path_on_its_own_plane() -> None:
    surface = make_surface("annular-well")
    path = np.array([[0.0, 1.0], [2.0, 3.0]])
    found = path_on_plane(surface, Plane(np.zeros(2), np.eye(2)), path)
    assert np.allclose(found.coordinates, path) and np.allclose(found.gap, 0)


def test_nothing_moves_and_bad_input() -> None:
    objective = network()
    plane = slice_plane(objective, objective.initial)
    still = objective.initial.expand(3, -1)
    assert np.isnan(variance_captured(plane, still))
    assert np.isnan(variance_captured(plane, still * torch.nan))
    with pytest.raises(ValueError, match="path must have shape"):
        path_on_plane(objective, plane, objective.initial)
    with pytest.raises(ValueError, match="loss must have shape"):
        path_on_plane(objective, plane, still, loss=np.zeros(2))
    with pytest.raises(ValueError, match="together must be"):
        path_on_plane(objective, plane, still, together=0)
