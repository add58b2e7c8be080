"""The surfaces of the toy lab in one registry: the paper's (reconstructed), ours, and the usual test functions."""

from __future__ import annotations

from typing import Any

from geometry.surface import Surface
from geometry.surfaces.ackley import Ackley
from geometry.surfaces.annular_well import AnnularWell
from geometry.surfaces.beale import Beale
from geometry.surfaces.formula import Formula
from geometry.surfaces.goldstein_price import GoldsteinPrice
from geometry.surfaces.himmelblau import Himmelblau
from geometry.surfaces.monkey_saddle import MonkeySaddle
from geometry.surfaces.pitted import Pit, Pitted
from geometry.surfaces.quadratic_bowl import QuadraticBowl
from geometry.surfaces.rosenbrock import Rosenbrock, SplitRosenbrock
from geometry.surfaces.stiff_valley import StiffValley
from geometry.surfaces.two_scale_plane import TwoScalePlane
from geometry.surfaces.two_scale_quadratic import TwoScaleQuadratic

SURFACES: dict[str, type[Surface]] = {
    surface.key: surface
    for surface in (
        AnnularWell,
        StiffValley,
        TwoScaleQuadratic,
        TwoScalePlane,
        QuadraticBowl,
        Rosenbrock,
        SplitRosenbrock,
        Himmelblau,
        Beale,
        GoldsteinPrice,
        Ackley,
        MonkeySaddle,
        Formula,
    )
}
"""Every surface of the toy lab by its key."""


def make_surface(key: str, **parameters: Any) -> Surface:
    """The surface registered as `key` with these parameters, each within its range of the parameter table.

    ValueError with one sentence for an unknown surface or parameter, a wrong type or a value out of range.
    """
    if not isinstance(key, str) or key not in SURFACES:
        raise ValueError(f"unknown surface {key!r}; choose one of {', '.join(SURFACES)}")
    kind = SURFACES[key]
    known = {parameter.name: parameter for parameter in kind.parameters}
    texts = {text.name for text in kind.texts}  # a surface checks its texts itself
    for name, value in parameters.items():
        if name in texts:
            continue
        if name not in known:
            listed = ", ".join((*texts, *known)) or "none, it has no parameters"
            raise ValueError(f"unknown parameter {name!r} of {key}; choose among: {listed}")
        row = known[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{name} must be a number, not {value!r}")
        if not row.minimum <= value <= row.maximum:
            raise ValueError(f"{name} must be between {row.minimum:g} and {row.maximum:g}, not {value!r}")
    return kind(**parameters)


__all__ = [
    "SURFACES",
    "Ackley",
    "AnnularWell",
    "Beale",
    "Formula",
    "GoldsteinPrice",
    "Himmelblau",
    "MonkeySaddle",
    "Pit",
    "Pitted",
    "QuadraticBowl",
    "Rosenbrock",
    "SplitRosenbrock",
    "StiffValley",
    "TwoScalePlane",
    "TwoScaleQuadratic",
    "make_surface",
]
