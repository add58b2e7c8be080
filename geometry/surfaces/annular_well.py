"""The annular well: a sharp ring-shaped pothole around a wide flat basin (Figures 2 and 3, our reconstruction)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from array_api_compat import array_namespace

from geometry.objective import Array
from geometry.surface import (
    Domain,
    FlatBasin,
    Minimum,
    Surface,
    SurfaceParameter,
    from_entries,
    norm_of_square,
    positive,
)
from geometry.surface_code import CENTRE, SurfaceCode
from geometry.surfaces.gaussian_well import WellProfile

BASIN_RADIUS = 0.5


@dataclass(frozen=True)
class AnnularWell(Surface):
    """L(θ) = ½ h r² − D E with r = |Sθ|, x = r − R, E = exp(−x²/(2w²)), S = diag(1, 1/aspect).

    f′ = h r + (D x/w²) E, f″ = h + (D/w²)(1 − x²/w²) E; for S = I, ∇L = (f′/r) θ and
    ∇²L = f″ nnᵀ + (f′/r)(I − nnᵀ) with n = θ/r; other aspects by the chain rule. At r = 0 the gradient is 0 and the
    Hessian h S²: the well's slope there, D R/w² exp(−R²/(2w²)), is left out (4e-85 by default, and at most 0.02 within
    the table's ranges; beyond them, R < 3w, it would make the basin's bottom a cone).

    curvature h (loss per length²), depth D (loss), width w and radius R (lengths), aspect (the ring's axis along θ₂ in
    units of R). Our reconstruction of the surface of arXiv 2605.16134; the paper gives no formula.
    """

    curvature: float = 0.3
    depth: float = 3.5
    width: float = 0.25
    radius: float = 5.0
    aspect: float = 1.0

    key = "annular-well"
    title = "Annular well"
    description = "A sharp ring-shaped pothole around a flat basin that is both lower and wider (our reconstruction)."
    kernel_code = SurfaceCode.ANNULAR_WELL
    parameters = (
        SurfaceParameter("curvature", "h", "Basin curvature", 0.05, 2.0, 0.05, 0.3, "Curvature of the wide basin."),
        SurfaceParameter("depth", "D", "Well depth", 0.0, 10.0, 0.1, 3.5, "Depth of the ring-shaped well."),
        SurfaceParameter("width", "w", "Well width", 0.1, 0.75, 0.01, 0.25, "Width of the well; small is sharp."),
        SurfaceParameter("radius", "R", "Ring radius", 3.0, 6.0, 0.1, 5.0, "Distance of the ring from the basin."),
        SurfaceParameter("aspect", "s", "Aspect", 0.5, 1.4, 0.05, 1.0, "Stretches the ring along θ₂; 1 is a circle."),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(self, "curvature", "width", "radius", "aspect")
        if self.depth < 0:
            raise ValueError(f"depth must not be negative, not {self.depth!r}")

    @property
    def domain(self) -> Domain:
        """A square that holds the ring with room to overshoot."""
        half = max(7.0, math.ceil(1.25 * self.radius * max(1.0, self.aspect) + 4 * self.width))
        return ((-half, half), (-half, half))

    @property
    def default_start(self) -> tuple[float, ...]:
        """Half a width inside the well's bottom, at an angle of 0.6 rad."""
        r = (self.radius if math.isnan(self.well_radius) else self.well_radius) - 0.5 * self.width
        return (r * math.cos(0.6), self.aspect * r * math.sin(0.6))

    @property
    def flat_basin(self) -> FlatBasin:
        """|θ| < 0.5."""
        return FlatBasin((0.0, 0.0), BASIN_RADIUS)

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """The flat basin's bottom (the well's bottom is a whole ring, see well_radius)."""
        return (Minimum("the bottom of the flat basin", (0.0, 0.0), float(self.loss(np.zeros(2)))),)

    @property
    def well_radius(self) -> float:
        """r of the well's bottom, f′ = 0 with f″ > 0; not-a-number where the well is too shallow to have one."""
        return self._roots[0]

    @property
    def barrier_radius(self) -> float:
        """r of the barrier between basin and well, f′ = 0 with f″ < 0; not-a-number where there is none."""
        return self._roots[1]

    @cached_property
    def _roots(self) -> tuple[float, float]:
        return WellProfile(self.curvature, self.depth, self.width, self.radius).roots()

    @property
    def kernel_parameters(self) -> np.ndarray:
        """h, D, w, R, aspect."""
        return np.array([self.curvature, self.depth, self.width, self.radius, self.aspect], dtype=float)

    def loss(self, theta: Array) -> Array:
        """½ h r² − D E, shape (...)."""
        xp = array_namespace(theta)
        square = theta[..., 0] ** 2 + (theta[..., 1] / self.aspect) ** 2
        x = norm_of_square(xp, square) - self.radius
        return 0.5 * self.curvature * square - self.depth * xp.exp(-(x * x) / (2 * self.width**2))

    def _radial(self, theta: Array) -> tuple[Array, Array, Array, Array]:
        """n = Sθ/r as two arrays, f′/r and f″, with their limits at the centre."""
        xp = array_namespace(theta)
        u, v = theta[..., 0], theta[..., 1] / self.aspect
        r = norm_of_square(xp, u * u + v * v)
        centre = r < CENTRE
        safe = xp.where(centre, xp.ones_like(r), r)
        x, h, w2 = safe - self.radius, self.curvature, self.width**2
        well = self.depth / w2 * xp.exp(-(x * x) / (2 * w2))
        tangential = xp.where(centre, xp.full_like(r, h), h + well * x / safe)
        radial = xp.where(centre, xp.full_like(r, h), h + well * (1 - x * x / w2))
        return u / safe, v / safe, tangential, radial

    def gradient(self, theta: Array) -> Array:
        """S (f′/r) Sθ, shape (..., 2); 0 at r = 0."""
        xp = array_namespace(theta)
        _, _, tangential, _ = self._radial(theta)
        return xp.stack([tangential * theta[..., 0], tangential * theta[..., 1] / self.aspect**2], axis=-1)

    def hessian(self, theta: Array) -> Array:
        """S (f″ nnᵀ + (f′/r)(I − nnᵀ)) S, shape (..., 2, 2); h S² at r = 0."""
        xp = array_namespace(theta)
        nx, ny, tangential, radial = self._radial(theta)
        bend = radial - tangential
        s = self.aspect
        return from_entries(xp, tangential + bend * nx * nx, bend * nx * ny / s, (tangential + bend * ny * ny) / s**2)

    def describe_position(self, theta: Array) -> str:
        """In the well, in the basin or on a slope, with the distance r."""
        point = np.asarray(theta, dtype=float)
        r = float(np.hypot(point[0], point[1] / self.aspect))
        if not math.isnan(self.well_radius) and abs(r - self.well_radius) < 2 * self.width:
            return f"in the annular well, r = {r:.2f}"
        place = "in the flat basin" if r < BASIN_RADIUS else "on the slope"
        return f"{place}, r = {r:.2f}"
