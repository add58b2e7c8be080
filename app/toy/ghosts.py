"""The ghost minima of SAM on the two-scale quadratics: places where a walker hangs and the loss has no minimum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.toy import messages
from app.toy.request import ToyRequest
from geometry import two_scale
from geometry.surface import Surface
from geometry.surfaces import TwoScalePlane, TwoScaleQuadratic


@dataclass(frozen=True)
class Ghost:
    """position (D,), and whether SAM (U = 1) stays at it with the request's η and μ when it comes near."""

    position: tuple[float, ...]
    holds: bool


def ghosts(surface: Surface, request: ToyRequest) -> list[Ghost]:
    """Those for a probe of Euclidean length ρ: ρ from the pothole's bottom, down the bowl; none on other surfaces.

    ρ beyond the pothole's edge, at −(w + ρ), is the rim at which the ghost's basin ends; see
    `geometry.two_scale.ghost_minimum`.
    """
    if request.probe_norm != "euclidean" or not isinstance(surface, TwoScaleQuadratic | TwoScalePlane):
        return []
    rows = surface.kernel_parameters.reshape(2, 4)[: surface.dimension]
    h, a, w, offset = rows[0].tolist()
    x = two_scale.ghost_minimum(h, a, w, offset, request.radius)
    if np.isnan(x):
        return []
    holds = two_scale.ghost_holds(
        request.learning_rate, request.momentum, rows[:, 1].tolist(), h * (x + offset), request.radius
    )
    return [Ghost((x,) if surface.dimension == 1 else (x, 0.0), holds)]


def ghost_entry(ghost: Ghost, surface: Surface) -> messages.Ghost:
    """A ghost as the browser marks it: where, how high the loss is there, and whether it holds."""
    return {
        "position": list(ghost.position),
        "loss": float(surface.loss(np.asarray(ghost.position))),
        "holds": ghost.holds,
    }
