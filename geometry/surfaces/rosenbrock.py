"""Rosenbrock's curved valley, as one block and as the two-layer problem of the public LLQR code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from array_api_compat import array_namespace

from geometry.objective import Array, Block, Layout
from geometry.surface import Domain, FlatBasin, Minimum, Surface, SurfaceParameter, from_entries, positive
from geometry.surface_code import SurfaceCode


@dataclass(frozen=True)
class Rosenbrock(Surface):
    """L = (a − x)² + b (y − x²)². Rosenbrock 1960."""

    a: float = 1.0
    b: float = 100.0

    key = "rosenbrock"
    title = "Rosenbrock"
    description = "A curved, narrow valley with its minimum at the far end."
    kernel_code = SurfaceCode.ROSENBROCK
    parameters = (
        SurfaceParameter("a", "a", "Minimum", 0.1, 1.4, 0.1, 1.0, "Where the minimum lies, at (a, a²)."),
        SurfaceParameter("b", "b", "Steepness", 1.0, 200.0, 1.0, 100.0, "Steepness of the valley’s walls.", "log"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(self, "b")

    @property
    def domain(self) -> Domain:
        """The usual picture."""
        return ((-2.0, 2.0), (-1.0, 3.0))

    @property
    def default_start(self) -> tuple[float, ...]:
        """The classic start."""
        return (-1.2, 1.0)

    @property
    def flat_basin(self) -> FlatBasin:
        """Within 0.1 of the minimum."""
        return FlatBasin((self.a, self.a**2), 0.1, "the minimum")

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """(a, a²)."""
        return (Minimum("the minimum", (self.a, self.a**2), 0.0),)

    @property
    def kernel_parameters(self) -> np.ndarray:
        """a, b."""
        return np.array([self.a, self.b], dtype=float)

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        x, y = theta[..., 0], theta[..., 1]
        return (self.a - x) ** 2 + self.b * (y - x * x) ** 2

    def gradient(self, theta: Array) -> Array:
        """(−2(a − x) − 4 b x (y − x²), 2 b (y − x²))."""
        x, y = theta[..., 0], theta[..., 1]
        gap = y - x * x
        return array_namespace(theta).stack([-2 * (self.a - x) - 4 * self.b * x * gap, 2 * self.b * gap], axis=-1)

    def hessian(self, theta: Array) -> Array:
        """[[2 − 4 b (y − 3x²), −4 b x], [−4 b x, 2 b]]."""
        xp = array_namespace(theta)
        x, y = theta[..., 0], theta[..., 1]
        b = self.b
        return from_entries(xp, 2 - 4 * b * (y - 3 * x * x), -4 * b * x, 2 * b * xp.ones_like(x))


@dataclass(frozen=True)
class SplitRosenbrock(Rosenbrock):
    """Rosenbrock's function as a two-layer problem: each coordinate is a layer with a preconditioner of its own.

    The toy of the public LLQR code (SimonDufLab/LLQR): the first layer outputs (a − x)² and passes x on, the second
    adds b (y − x²)². Loss and derivatives are Rosenbrock's; only the layout differs.
    """

    key = "split-rosenbrock"
    title = "Rosenbrock, two layers"
    description = "Rosenbrock’s valley where each coordinate is a layer with its own preconditioner."

    @property
    def layout(self) -> Layout:
        """Two layers of one parameter each."""
        return Layout((Block("x", (1,), 0, 1, layer="layer_0"), Block("y", (1,), 1, 2, layer="layer_1")))
