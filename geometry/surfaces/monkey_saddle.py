"""The monkey saddle: three valleys, no minimum."""

from __future__ import annotations

from dataclasses import dataclass

from array_api_compat import array_namespace

from geometry.objective import Array
from geometry.surface import Domain, Surface, from_entries
from geometry.surface_code import SurfaceCode


@dataclass(frozen=True)
class MonkeySaddle(Surface):
    """L = x³ − 3 x y². No minimum: every method leaves, the question is along which of three valleys."""

    key = "monkey-saddle"
    title = "Monkey saddle"
    description = "A saddle with three valleys and no minimum: nothing arrives, and the start decides the valley."
    kernel_code = SurfaceCode.MONKEY_SADDLE
    parameters = ()

    @property
    def domain(self) -> Domain:
        """±2."""
        return ((-2.0, 2.0), (-2.0, 2.0))

    @property
    def default_start(self) -> tuple[float, ...]:
        """Near the saddle, off its symmetry axes."""
        return (0.6, 0.1)

    @property
    def flat_basin(self) -> None:
        """There is none."""
        return None

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        x, y = theta[..., 0], theta[..., 1]
        return x**3 - 3 * x * y * y

    def gradient(self, theta: Array) -> Array:
        """(3x² − 3y², −6xy)."""
        x, y = theta[..., 0], theta[..., 1]
        return array_namespace(theta).stack([3 * x * x - 3 * y * y, -6 * x * y], axis=-1)

    def hessian(self, theta: Array) -> Array:
        """[[6x, −6y], [−6y, −6x]]."""
        x, y = theta[..., 0], theta[..., 1]
        return from_entries(array_namespace(theta), 6 * x, -6 * y, -6 * x)
