"""The two-scale quadratic on the plane, with a number for each axis so that sliders can hold them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from geometry.gaussian import Moments
from geometry.objective import Array
from geometry.surface import Domain, FlatBasin, Minimum, Surface, SurfaceParameter
from geometry.surface_code import SurfaceCode
from geometry.surfaces.two_scale_quadratic import TwoScaleQuadratic


@dataclass(frozen=True)
class TwoScalePlane(Surface):
    """TwoScaleQuadratic with the pairs h = (h₁, h₂), a = (a₁, a₂), one half-width w and X = (X, 0).

    Along which axis does SAM bounce? Euclidean SAM along the largest a_i, with U = H̄⁻¹ along the largest a_i/h_i.
    """

    curvature_1: float = 0.3
    curvature_2: float = 4.0
    pothole_curvature_1: float = 40.0
    pothole_curvature_2: float = 60.0
    half_width: float = 0.25
    offset: float = 4.0

    key = "two-scale-plane"
    title = "Two-scale quadratic, 2-D"
    description = "The two-scale quadratic on the plane: SAM bounces along the axis with the largest U_i a_i."
    kernel_code = SurfaceCode.TWO_SCALE
    parameters = (
        SurfaceParameter("curvature_1", "h₁", "Bowl curvature 1", 0.05, 10.0, 0.05, 0.3, "Bowl along θ₁.", "log"),
        SurfaceParameter("curvature_2", "h₂", "Bowl curvature 2", 0.05, 10.0, 0.05, 4.0, "Bowl along θ₂.", "log"),
        SurfaceParameter("pothole_curvature_1", "a₁", "Pothole curvature 1", 1.0, 200.0, 1.0, 40.0, "Along θ₁.", "log"),
        SurfaceParameter("pothole_curvature_2", "a₂", "Pothole curvature 2", 1.0, 200.0, 1.0, 60.0, "Along θ₂.", "log"),
        SurfaceParameter("half_width", "w", "Half-width", 0.05, 1.0, 0.01, 0.25, "Half the width of the pothole."),
        SurfaceParameter("offset", "X", "Offset", 1.0, 6.0, 0.1, 4.0, "Distance to the bowl’s bottom along θ₁."),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.pair

    @cached_property
    def pair(self) -> TwoScaleQuadratic:
        """The same surface written with pairs."""
        return TwoScaleQuadratic(
            (self.curvature_1, self.curvature_2),
            (self.pothole_curvature_1, self.pothole_curvature_2),
            (self.half_width, self.half_width),
            (self.offset, 0.0),
        )

    @property
    def domain(self) -> Domain:
        """From beyond the bowl's bottom to beyond the pothole along θ₁, as far to both sides along θ₂."""
        reach = abs(self.offset) + 4 * self.half_width
        return ((-1.4 * reach, 0.6 * reach), (-reach, reach))

    @property
    def default_start(self) -> tuple[float, ...]:
        """Inside the pothole."""
        return self.pair.default_start

    @property
    def flat_basin(self) -> FlatBasin:
        """Within 0.5 of the bowl's bottom."""
        return self.pair.flat_basin

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """The bowl's bottom, and the pothole's."""
        return self.pair.minima

    @property
    def kernel_parameters(self) -> np.ndarray:
        """As TwoScaleQuadratic's."""
        return self.pair.kernel_parameters

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        return self.pair.loss(theta)

    def gradient(self, theta: Array) -> Array:
        """∇L(θ), shape (..., 2)."""
        return self.pair.gradient(theta)

    def hessian(self, theta: Array) -> Array:
        """∇²L(θ), shape (..., 2, 2)."""
        return self.pair.hessian(theta)

    def neighbourhood(self, start: np.ndarray, scale: np.ndarray) -> Moments:
        """Exact averages over a Gaussian neighbourhood, as TwoScaleQuadratic's."""
        return self.pair.neighbourhood(start, scale)

    def describe_position(self, theta: Array) -> str:
        """In the pothole, in the flat bottom or on the bowl's side."""
        return self.pair.describe_position(theta)
