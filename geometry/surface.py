"""What every 2-D (or 1-D) surface of the toy lab is: a formula with parameters, a domain and a flat basin to reach."""

from __future__ import annotations

import math
import numbers
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from array_api_compat import array_namespace

from geometry.objective import Array, Layout, Linearisation
from geometry.surface_code import SurfaceCode

Domain = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class SurfaceParameter:
    """One parameter of a surface as a person meets it: `name` is the dataclass field, `symbol` the formula's letter."""

    name: str
    symbol: str
    label: str
    minimum: float
    maximum: float
    step: float
    default: float
    help: str
    scale: str = "linear"
    shapes: bool = True
    """Whether it changes L, and not only which part of it is drawn."""


@dataclass(frozen=True)
class SurfaceText:
    """A parameter that is a text of at most `longest` characters; check(text) raises a ValueError with a sentence."""

    name: str
    label: str
    longest: int
    default: str
    help: str
    check: Callable[[str], object]


@dataclass(frozen=True)
class FlatBasin:
    """The region in which a walker that stays has arrived: |θ − centre| < radius; `name`: what sentences call it."""

    centre: tuple[float, ...]
    radius: float
    name: str = "the flat basin"

    def contains(self, theta: Array) -> Array:
        """Whether each point of θ (..., D) lies in the basin, shape (...); not-a-number does not."""
        theta = floating(theta)
        xp = array_namespace(theta)
        centre = xp.asarray(self.centre, dtype=theta.dtype, device=theta.device)
        # beyond 2 radii along an axis the square is not needed: a diverged walker's would overflow
        offset = xp.clip(theta - centre, -2 * self.radius, 2 * self.radius)
        return xp.sqrt(xp.sum(offset * offset, axis=-1)) < self.radius


@dataclass(frozen=True)
class Minimum:
    """A known local minimum."""

    name: str
    position: tuple[float, ...]
    loss: float


@dataclass(frozen=True)
class Surface(ABC):
    """An objective on R² or R¹ whose dataclass fields are its parameters.

    Subclasses write loss, gradient and hessian against the array API for θ of shape (..., D), so that numpy arrays and
    torch tensors go through. `kernel_code` and `kernel_parameters` name the same formula in geometry.compiled; a
    surface of one's own may leave them out: it is then walked and averaged by its class, more slowly.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    parameters: ClassVar[tuple[SurfaceParameter, ...]]
    texts: ClassVar[tuple[SurfaceText, ...]] = ()
    kernel_code: ClassVar[SurfaceCode] = SurfaceCode.NONE

    def __post_init__(self) -> None:
        texts = {text.name for text in self.texts}
        for field in fields(self):
            if field.name in texts:
                continue
            value = getattr(self, field.name)
            for number in value if isinstance(value, tuple) else (value,):
                if isinstance(number, bool) or not isinstance(number, numbers.Real) or not math.isfinite(number):
                    raise ValueError(f"{field.name} must be a finite number, not {value!r}")

    @property
    def dimension(self) -> int:
        """D: 2 for a surface, 1 for a curve."""
        return 2

    @property
    def layout(self) -> Layout:
        """One block for all of θ, unless the surface says otherwise."""
        return Layout.single(self.dimension)

    @property
    @abstractmethod
    def domain(self) -> Domain:
        """((x0, x1), (y0, y1)): the part of the plane that is drawn; ((x0, x1),) for a curve."""

    @property
    @abstractmethod
    def default_start(self) -> tuple[float, ...]:
        """A start inside the domain from which there is something to see."""

    @property
    @abstractmethod
    def flat_basin(self) -> FlatBasin | None:
        """The region to reach; None where there is none, and then nothing ever arrives."""

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """Local minima that are known in closed form or by root finding."""
        return ()

    @property
    def kernel_parameters(self) -> np.ndarray:
        """The parameters in the order of the compiled kernel, float64."""
        return np.zeros(1)

    @abstractmethod
    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""

    @abstractmethod
    def gradient(self, theta: Array) -> Array:
        """∇L(θ), shape (..., D)."""

    @abstractmethod
    def hessian(self, theta: Array) -> Array:
        """∇²L(θ), shape (..., D, D)."""

    def curvature_product(self, theta: Array, d: Array, metric: str = "newton") -> Array:
        """∇²L(θ)·d, shape (..., D). Only the metric "newton" exists: a surface has no predictive distribution."""
        return self.linearise(theta, metric).product(d)

    def linearise(self, theta: Array, metric: str = "newton") -> Linearisation:
        """Gradient and Hessian product at θ, with the Hessian worked out once."""
        if metric != "newton":
            raise ValueError(f"a surface has only the metric newton, not {metric!r}")
        hessian = self.hessian(theta)
        return Linearisation(self.gradient(theta), lambda d: (hessian @ d[..., None])[..., 0])

    def describe_position(self, theta: Array) -> str:
        """Where one point θ (D,) lies, in words: the nearest known minimum, or the coordinates."""
        point = np.asarray(theta, dtype=float)
        near = [m for m in self.minima if np.linalg.norm(point - np.asarray(m.position)) < 0.05 * self._size()]
        if near:
            best = min(near, key=lambda m: float(np.linalg.norm(point - np.asarray(m.position))))
            return f"at {best.name}, {_coordinates(point)}"
        return f"at {_coordinates(point)}"

    def _size(self) -> float:
        return max(high - low for low, high in self.domain)


def charted(surface: Surface, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(L, largest eigenvalue of ∇²L) at points (…, D), each of shape (…); not-a-number stays so.

    Planes with a compiled kernel use it (equal to their class to rounding, and many times quicker); any other surface
    is asked itself.
    """
    if surface.dimension == 2 and surface.kernel_code != SurfaceCode.NONE:
        from geometry.compiled import losses_and_curvature  # half a second that only who draws a surface needs

        flat = np.ascontiguousarray(points, dtype=float).reshape(-1, 2)
        losses, curvature = np.empty(len(flat)), np.empty(len(flat))
        losses_and_curvature(int(surface.kernel_code), surface.kernel_parameters, flat, losses, curvature)
        return losses.reshape(points.shape[:-1]), curvature.reshape(points.shape[:-1])
    hessian = np.asarray(surface.hessian(points))
    losses = np.asarray(surface.loss(points))
    if hessian.shape[-1] == 1:
        return losses, hessian[..., 0, 0]
    a, b, d = hessian[..., 0, 0], hessian[..., 0, 1], hessian[..., 1, 1]
    return losses, 0.5 * (a + d) + np.hypot(0.5 * (a - d), b)


def _coordinates(point: np.ndarray) -> str:
    return "θ = " + (f"{point[0]:z.2f}" if len(point) == 1 else "(" + ", ".join(f"{c:z.2f}" for c in point) + ")")


def positive(surface: Any, *names: str) -> None:
    """ValueError unless the named fields are above zero."""
    for name in names:
        value = getattr(surface, name)
        if min(value if isinstance(value, tuple) else (value,)) <= 0:
            raise ValueError(f"{name} must be positive, not {value!r}")


def norm_of_square(xp: Any, square: Array) -> Array:
    """√square, whose automatic derivative at 0 is 0 and not not-a-number."""
    zero = square == 0
    return xp.where(zero, xp.zeros_like(square), xp.sqrt(xp.where(zero, xp.ones_like(square), square)))


def floating(theta: Array) -> Array:
    """θ as it is, or in double precision where it holds whole numbers or is a list."""
    theta = theta if hasattr(theta, "dtype") else np.asarray(theta, dtype=float)
    xp = array_namespace(theta)
    return xp.astype(theta, xp.float64) if xp.isdtype(theta.dtype, ("integral", "bool")) else theta


def from_entries(xp: Any, xx: Array, xy: Array, yy: Array) -> Array:
    """The symmetric matrices (..., 2, 2) with these entries (...)."""
    return xp.stack([xp.stack([xx, xy], axis=-1), xp.stack([xy, yy], axis=-1)], axis=-2)
