"""Closed-form bounds of the two-scale quadratic as lines on a map, each with what it is necessary or sufficient for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from app.instruments.axes import Side
from app.instruments.messages import Bound
from app.toy.request import ToyRequest
from geometry import two_scale
from geometry.surface import Surface
from geometry.surfaces import TwoScaleQuadratic

NECESSARY = "necessary for leaving, not sufficient"
FINENESS = 61
"""Points of a line."""


def bounds(surface: Surface, request: ToyRequest, across: Side, up: Side) -> list[Bound]:
    """Lines {label, kind, methods, points [[x, y], …]} for the methods with U = I; none on other surfaces.

    c = η a. ρ-bounds hold for momentum > 0 and 0 < c < 2(1 + μ); the width is the distance from the pothole's bottom
    to its nearer edge. A learned U changes along the run, so that no line is drawn for LLQR.
    """
    if not isinstance(surface, TwoScaleQuadratic) or surface.dimension != 1:
        return []
    h, a, w, offset = surface.kernel_parameters[:4].tolist()
    width = w - abs(h * offset / a)
    lines: list[Bound] = []
    for label, kind, bound in (
        (
            "ρ* = w/(1 + P): above it a walker at rest at the bottom can leave",
            NECESSARY,
            two_scale.rest_radius,
        ),
        (
            "w(1 − c/(2(1 + μ))): above it the 2-cycle’s probes leave the pothole",
            NECESSARY,
            two_scale.confinement_radius,
        ),
    ):
        points = _radius_line(request, across, up, a, width, bound)
        lines.append({"label": label, "kind": kind, "methods": ["SAM"], "points": points})
    for label, kind, curvature, methods in (
        ("ηa = 2(1 + μ): a larger η is thrown out of the pothole", "sufficient for leaving", a, ["SGDM", "SAM"]),
        ("ηh = 2(1 + μ): the bowl holds smaller η only", "necessary for arriving", h, ["SGDM", "SAM"]),
    ):
        points = _stability_line(request, across, up, curvature)
        lines.append({"label": label, "kind": kind, "methods": methods, "points": points})
    return [line for line in lines if len(line["points"]) > 1]


def _fine(given: Side) -> np.ndarray:
    ends = float(given.values[0]), float(given.values[-1])
    return np.geomspace(*ends, FINENESS) if given.logarithmic else np.linspace(*ends, FINENESS)


def _radius_line(
    request: ToyRequest, across: Side, up: Side, a: float, width: float, bound: Callable[..., Any]
) -> list[list[float]]:
    """The bound on ρ along the other axis; empty where ρ is no axis."""
    names = (across.control.name, up.control.name)
    if "radius" not in names or width <= 0:
        return []
    other, radii = (up, across) if names[0] == "radius" else (across, up)
    points = []
    for value in _fine(other):
        at = _with(request, other.control.name, float(value))
        c = at.learning_rate * a
        if at.momentum == 0 or not bool(two_scale.two_cycle_stable(c, at.momentum)):
            continue
        limit = float(bound(c, at.momentum, width))
        if radii.values[0] <= limit <= radii.values[-1]:
            points.append([limit, float(value)] if other is up else [float(value), limit])
    return points


def _stability_line(request: ToyRequest, across: Side, up: Side, curvature: float) -> list[list[float]]:
    """η = 2(1 + μ)/curvature along the other axis; empty where η is no axis."""
    names = (across.control.name, up.control.name)
    if "learning_rate" not in names:
        return []
    other, rates = (up, across) if names[0] == "learning_rate" else (across, up)
    points = []
    for value in _fine(other):
        limit = 2 * (1 + _with(request, other.control.name, float(value)).momentum) / curvature
        if rates.values[0] <= limit <= rates.values[-1]:
            points.append([limit, float(value)] if other is up else [float(value), limit])
    return points


def _with(request: ToyRequest, name: str, value: float) -> ToyRequest:
    return replace(request, **{name: value})  # type: ignore[arg-type]
