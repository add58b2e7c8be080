"""Any ground with potholes dug into it: Gaussian pits of a depth and a width."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from array_api_compat import array_namespace

from geometry.gaussian import Moments
from geometry.minima import are_lowest, descend
from geometry.objective import Array, Layout
from geometry.surface import Domain, FlatBasin, Minimum, Surface, floating
from geometry.surface_code import SurfaceCode

FAR = 6.0
"""So many widths away a pit has moved no minimum by more than rounding."""


@dataclass(frozen=True)
class Pit:
    """−depth exp(−‖θ − c‖²/(2 width²)) around c = (x, y); y means nothing on a curve."""

    x: float
    y: float
    depth: float
    width: float

    def __post_init__(self) -> None:
        for name in ("x", "y", "depth", "width"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"{name} of a pit must be finite, not {getattr(self, name)!r}")
        if self.depth < 0 or self.width <= 0:
            raise ValueError("a pit’s depth must not be negative and its width must be positive")


@dataclass(frozen=True)
class Pitted(Surface):
    """L(θ) = ground(θ) − Σ_k D_k exp(−‖θ − c_k‖²/(2 w_k²)).

    Key, title, parameters, window, layout, start and flat basin are the ground's; derivatives are exact, and the
    ground's compiled kernel is walked with the pits in it. Widths below 0.1 are too narrow for the lattice of
    geometry.smoothing.
    """

    ground: Surface
    pits: tuple[Pit, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.ground, Surface) or not all(isinstance(pit, Pit) for pit in self.pits):
            raise TypeError("a pitted ground takes a surface and a tuple of pits")
        kernel = self.ground.kernel_code
        told = {
            "key": self.ground.key,
            "title": self.ground.title,
            "description": self.ground.description,
            "parameters": self.ground.parameters,
            "texts": self.ground.texts,
            "kernel_code": kernel if kernel == SurfaceCode.NONE else SurfaceCode.PITTED,
        }
        for name, value in told.items():
            object.__setattr__(self, name, value)

    @property
    def dimension(self) -> int:
        """The ground's."""
        return self.ground.dimension

    @property
    def layout(self) -> Layout:
        """The ground's."""
        return self.ground.layout

    @property
    def domain(self) -> Domain:
        """The ground's."""
        return self.ground.domain

    @property
    def default_start(self) -> tuple[float, ...]:
        """The ground's: it stays where it is when a pit is dug."""
        return self.ground.default_start

    @property
    def flat_basin(self) -> FlatBasin | None:
        """The ground's."""
        return self.ground.flat_basin

    @cached_property
    def minima(self) -> tuple[Minimum, ...]:
        """The ground's as the pits have moved them, and the pits' bottoms."""
        d = self.dimension
        found: list[Minimum] = []
        begun: list[tuple[str, np.ndarray, float | None]]
        begun = [(m.name, np.atleast_1d(m.position), None) for m in self.ground.minima]
        begun += [(f"the bottom of {name}", centre, pit.width) for name, centre, pit in self._named()]
        for name, begin, width in begun:
            near = min((math.dist(begin, pit_centre(pit, d)) / pit.width for pit in self.pits), default=math.inf)
            place = np.array(begin, dtype=float)
            if width is not None or near < FAR:
                reach = width or min(pit.width for pit in self.pits)
                place = descend(self, place[None], 0.5 * reach)[0]
                if not are_lowest(self, place[None], 0.05 * reach)[0]:
                    continue
            if all(np.abs(place - other.position).max() > 1e-3 * self._size() for other in found):
                found.append(Minimum(name, tuple(float(v) for v in place), float(self.loss(place))))
        return tuple(found)

    def _named(self) -> list[tuple[str, np.ndarray, Pit]]:
        alone = len(self.pits) == 1
        return [
            ("the dug pothole" if alone else f"dug pothole {k}", pit_centre(pit, self.dimension), pit)
            for k, pit in enumerate(self.pits, 1)
        ]

    @cached_property
    def kernel_parameters(self) -> np.ndarray:
        """The ground's code, the number of pits, five numbers for each (geometry.compiled), and the ground's own."""
        plane = self.dimension > 1
        rows = [(p.x, p.y if plane else 0.0, p.depth, p.width**-2, p.width**-2 if plane else 0.0) for p in self.pits]
        head = [float(self.ground.kernel_code), float(len(rows)), *(number for row in rows for number in row)]
        return np.concatenate([np.array(head), self.ground.kernel_parameters])

    def _dug(self, theta: Array) -> list[tuple[Array, Array, float]]:
        """For each pit u = θ − c (..., D), D E (...), and 1/w²."""
        xp = array_namespace(theta)
        found = []
        for pit in self.pits:
            centre = xp.asarray(pit_centre(pit, self.dimension), dtype=theta.dtype, device=theta.device)
            u, sharpness = theta - centre, pit.width**-2
            found.append((u, pit.depth * xp.exp(-0.5 * sharpness * xp.sum(u * u, axis=-1)), sharpness))
        return found

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        theta = floating(theta)
        loss = self.ground.loss(theta)
        for _, bump, _ in self._dug(theta):
            loss = loss - bump
        return loss

    def gradient(self, theta: Array) -> Array:
        """∇ground + Σ (D E/w²) u, shape (..., D)."""
        theta = floating(theta)
        gradient = self.ground.gradient(theta)
        for u, bump, sharpness in self._dug(theta):
            gradient = gradient + (bump * sharpness)[..., None] * u
        return gradient

    def hessian(self, theta: Array) -> Array:
        """∇²ground + Σ (D E/w²)(I − u uᵀ/w²), shape (..., D, D)."""
        theta = floating(theta)
        xp = array_namespace(theta)
        hessian = self.ground.hessian(theta)
        eye = xp.eye(self.dimension, dtype=theta.dtype, device=theta.device)
        for u, bump, sharpness in self._dug(theta):
            outer = u[..., :, None] * u[..., None, :]
            hessian = hessian + (bump * sharpness)[..., None, None] * (eye - sharpness * outer)
        return hessian

    @property
    def neighbourhood(self) -> Callable[[np.ndarray, np.ndarray], Moments] | None:
        """Averages over N(start, σ²I) where the ground has its own in closed form, as one with kinks; else None.

        A pit that is averaged is a pit: of variance w² + σ² and depth D (w²/(w² + σ²))^(D/2). What the pits change in
        C = E[ggᵀ] is sampled.
        """
        exact = getattr(self.ground, "neighbourhood", None)
        return None if exact is None else lambda start, scale: self._averaged(exact(start, scale), start, scale)

    def _averaged(self, ground: Moments, start: np.ndarray, scale: np.ndarray) -> Moments:
        from geometry.smoothing import sampled  # which knows the kernels, and so the surfaces' codes

        changed = sampled(self, start, scale).second_moment - sampled(self.ground, start, scale).second_moment
        slope, bend = np.zeros(start.shape), np.zeros((*start.shape, start.shape[-1]))
        eye = np.eye(self.dimension)
        for pit in self.pits:
            u, variance = start - pit_centre(pit, self.dimension), pit.width**2 + scale**2
            depth = pit.depth * (pit.width**2 / variance) ** (self.dimension / 2)
            bump = depth * np.exp(-0.5 * (u * u).sum(axis=-1) / variance) / variance
            slope += bump[:, None] * u
            outer = u[:, :, None] * u[:, None, :] / variance[:, None, None]
            bend += bump[:, None, None] * (eye - outer)
        return Moments(ground.second_moment + changed, ground.mean_hessian + bend, ground.mean_gradient + slope)

    def describe_position(self, theta: Array) -> str:
        """In a pit (within 2 widths of its centre), or what the ground says."""
        point = np.asarray(theta, dtype=float)
        near = [(math.dist(point, centre) / pit.width, name) for name, centre, pit in self._named()]
        distance, name = min(near, default=(math.inf, ""))
        if distance >= 2:
            return self.ground.describe_position(point)
        text = ", ".join(f"{c:z.2f}" for c in point)
        return f"in {name}, θ = {text}" if len(point) == 1 else f"in {name}, θ = ({text})"


def pit_centre(pit: Pit, dimension: int) -> np.ndarray:
    """c, shape (D)."""
    return np.array([pit.x, pit.y][:dimension], dtype=float)


def dig(ground: Surface, pits: tuple[Pit, ...]) -> Surface:
    """The ground with these pits; the ground itself without any."""
    return Pitted(ground, pits) if pits else ground
