"""What multiplies the gradient: the contract of a preconditioner, and the one that does nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from array_api_compat import array_namespace

from geometry.objective import Layout, Objective
from optimizers.about import About
from optimizers.capabilities import NEVER, CompiledPreconditioner, PreconditionerCapabilities, Schedule

Array = Any


class Preconditioner(Protocol):
    """A rule for U: how it starts, when and how it is learned anew, and how it is applied."""

    @property
    def capabilities(self) -> PreconditionerCapabilities:
        """What holds for it whatever its settings are."""
        ...

    @property
    def about(self) -> About:
        """What it says of itself to readers."""
        ...

    @property
    def schedule(self) -> Schedule:
        """The steps that begin with a refresh of U; NEVER where there is nothing to learn. A first one after step 0
        means that U has a warm start."""
        ...

    @property
    def compiled(self) -> CompiledPreconditioner | None:
        """The preconditioner as the compiled engine knows it; None where only the reference engine does."""
        ...

    def formula(self) -> str:
        """U as text."""
        ...

    def start(self, objective: Objective, theta: Array) -> Any:
        """The state that U is kept in, before the first step."""
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

    capabilities: ClassVar = PreconditionerCapabilities()
    about: ClassVar = About()
    schedule: ClassVar = NEVER
    compiled: ClassVar = CompiledPreconditioner()

    def formula(self) -> str:
        """U = I."""
        return "U = I"

    def start(self, objective: Objective, theta: Array) -> None:
        """There is nothing to keep."""
        return None

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
