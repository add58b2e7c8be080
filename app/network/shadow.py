"""A training path and its shadow on a plane: what the projection shows, and what it leaves out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from geometry.networks import NetworkLoss
from geometry.plane import Plane
from geometry.slice_points import point_losses


@dataclass(frozen=True, eq=False)
class Shadow:
    """The T+1 points of a path on a plane.

    coordinates (T+1, 2) in the plane;  heights (T+1): the loss on the plane under each point, which is what a picture
    draws;  losses (T+1): the loss at the real weights;  distance (T+1): how far the weights are from the plane;
    captured: the share of the path's squared movement from its start that lies in the plane, 0 … 1.
    """

    coordinates: np.ndarray
    heights: np.ndarray
    losses: np.ndarray
    distance: np.ndarray
    captured: float


def shadow_of(objective: NetworkLoss, plane: Plane, positions: torch.Tensor, losses: np.ndarray) -> Shadow:
    """The shadow of a path θ_0 … θ_T, positions (T+1, D) with their losses (T+1)."""
    coordinates = plane.project(positions)
    below = plane.lift(coordinates)
    distance = torch.linalg.vector_norm((positions - below).double(), dim=-1)
    moved, inside = ((path - path[0]).double().square().sum() for path in (positions, below))
    heights = point_losses(objective, plane).losses(coordinates.double().numpy())
    captured = float(inside / moved) if float(moved) > 0 else 1.0
    return Shadow(coordinates.double().numpy(), heights, losses, distance.numpy(), min(captured, 1.0))
