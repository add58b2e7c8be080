"""Which plane is cut and which part of it is drawn; with torch. Imported by workers only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from app.jobs.context import JobContext
from app.jobs.kinds import Description
from app.network.explore.run_record import Data, RunRecord, Spot
from geometry.networks import NetworkLoss
from geometry.plane import Plane
from geometry.slices.directions import slice_plane

MARGIN = 1.15
"""A frame around paths reaches so far beyond them, in parts of their extent."""
AROUND_PATHS = ("pca", "three-points")


def asked_plane(
    ground: RunRecord,
    asked: Description,
    objective: NetworkLoss,
    spot: Spot,
    paths: torch.Tensor,
    job: JobContext,
) -> tuple[Plane, list[Spot]]:
    """The plane of a slice's description through `spot`, and the other solutions that it goes through; `paths` are the
    run's, of the methods that go on, (methods, kept steps, D)."""
    kind, axes = asked["slice_kind"], int(asked["slice_axes"])
    others: list[Spot] = []
    more: dict[str, Any] = {}
    if kind == "pca":
        more["trajectories"] = paths
        count = sum(bool(torch.isfinite(point.sum())) for path in paths for point in path)
        if count <= axes:
            raise ValueError(
                f"{axes} principal components take at least {axes + 1} kept points of the paths, and this run has "
                f"{count}: let it train further, or choose another plane"
            )
    elif kind == "three-points":
        wishes = (asked["slice_second"], asked["slice_third"])[:axes]
        names = ground.others(asked["slice_point"], wishes)
        others = [ground.spot(name, ground.nearest(asked["slice_moment"]), job) for name in names]
        more["points"] = torch.stack([other.position for other in others])
    elif kind == "gradient-sam":
        more["radius"] = asked["slice_radius"]
    plane = slice_plane(
        objective, spot.position, kind, asked["slice_normalisation"], asked["slice_seed"], axes=axes, **more
    )
    if others:
        plane = replace(plane, labels=tuple(f"towards {other.words}" for other in others))
    return plane, others


def frame(asked: Description, plane: Plane, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """The grid's coordinates x (n,) and y (n,), y None on a line; `drawn` (…, k): what the frame "paths" is put around.

    "paths": their middle, and `slice_span` times their larger extent with a margin. "point": around the plane's
    origin, `slice_span` in the directions' own units: 1 is the weights' length for scaled random directions, a
    distance of 1 between parameters for directions of length 1.
    """
    wish = asked["slice_frame"]
    around = wish == "paths" or (wish == "auto" and asked["slice_kind"] in AROUND_PATHS)
    span, points = asked["slice_span"], asked["slice_points"]
    middle, half = np.zeros(plane.axes), float(span)
    if around:
        drawn = drawn[np.isfinite(drawn).all(1)]
        low, high = drawn.min(0), drawn.max(0)
        extent = float((high - low).max())
        if not extent > 0:
            raise ValueError("the paths do not move in this plane: choose the frame around the point")
        middle, half = (low + high) / 2, MARGIN * extent / 2 * span
    axes = [np.linspace(centre - half, centre + half, points) for centre in middle]
    return axes[0], axes[1] if plane.axes == 2 else None


def data_of(asked: Description, prefix: str) -> Data:
    """The data that a description's controls of this prefix ask for."""
    return Data(asked[f"{prefix}_data"], asked[f"{prefix}_sample"], asked[f"{prefix}_seed"])
