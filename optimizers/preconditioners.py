"""What multiplies the gradient: the contract of a preconditioner, and the one that does nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from array_api_compat import array_namespace

from geometry.objective import Layout, Objective

Array = Any


class Preconditioner(Protocol):
    """A rule for U: how it starts, when and how it is learned anew, and how it is applied."""

    def start(self, objective: Objective, theta: Array) -> Any:
        """The state that U is kept in, before the first step."""
        ...

    def due(self, index: Any) -> Any:
        """Whether U is refreshed before step `index` (a number or an array of steps): a bool or an array of bools."""
        ...

    def refresh(self, objective: Objective, theta: Array, state: Any) -> Any:
        """The state after U has been learned anew at θ."""
        ...

    def apply(self, layout: Layout, state: Any, v: Array) -> Array:
        """U v, shape (..., D)."""
        ...

    def matrix(self, layout: Layout, state: Any, like: Array) -> Array:
        """U as an explicit matrix (..., D, D), for pictures of small problems."""
        ...

    def refresh_cost(self) -> tuple[int, int]:
        """(gradients, curvature products) that one refresh costs."""
        ...


@dataclass(frozen=True)
class Identity:
    """U = I: plain gradients."""

    def start(self, objective: Objective, theta: Array) -> None:
        """There is nothing to keep."""
        return None

    def due(self, index: Any) -> Any:
        """Never."""
        return index < 0

    def refresh(self, objective: Objective, theta: Array, state: None) -> None:
        """There is nothing to learn."""
        return None

    def apply(self, layout: Layout, state: None, v: Array) -> Array:
        """v itself."""
        return v

    def matrix(self, layout: Layout, state: None, like: Array) -> Array:
        """The identity for every walker of `like` (..., D)."""
        xp = array_namespace(like)
        eye = xp.eye(layout.dimension, dtype=like.dtype, device=like.device)
        return xp.broadcast_to(eye, (*like.shape[:-1], layout.dimension, layout.dimension))

    def refresh_cost(self) -> tuple[int, int]:
        """Nothing."""
        return 0, 0
