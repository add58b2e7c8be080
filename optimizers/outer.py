"""The outer rule: how the direction u = U h moves θ, with the rules of descent, heavy ball and Nesterov."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from array_api_compat import array_namespace

from geometry.objective import Layout
from optimizers.broadcasting import expand_trailing
from optimizers.capabilities import OuterCapabilities

Array = Any


class Outer(Protocol):
    """A rule (θ, u) ↦ θ with state of its own. It is also what a picture replays over recorded directions."""

    @property
    def capabilities(self) -> OuterCapabilities:
        """What holds for it whatever its settings are."""
        ...

    def formula(self) -> tuple[str, str]:
        """(what it keeps, the step) as text."""
        ...

    def start(self, theta: Array) -> Any:
        """What it keeps before the first step."""
        ...

    def step(
        self, theta: Array, direction: Array, state: Any, settings: Any, index: int, layout: Layout
    ) -> tuple[Array, Any]:
        """(θ after step `index`, what is kept), for u of shape (..., D) and optimizers.rule.Settings."""
        ...


@dataclass(frozen=True)
class Descent:
    """θ ← θ − η (u + λ_w θ), whatever the momentum is."""

    capabilities: ClassVar = OuterCapabilities()

    def formula(self) -> tuple[str, str]:
        """No state."""
        return "", "θ ← θ − ηu"

    def start(self, theta: Array) -> None:
        """There is nothing to keep."""
        return None

    def step(
        self, theta: Array, direction: Array, state: None, settings: Any, index: int, layout: Layout
    ) -> tuple[Array, None]:
        """One step."""
        return theta - expand_trailing(settings.learning_rate) * decayed(direction, settings.weight_decay, theta), None


@dataclass(frozen=True)
class HeavyBall:
    """v ← μ v + u + λ_w θ;  θ ← θ − η v: no dampening. Polyak (1964)."""

    capabilities: ClassVar = OuterCapabilities(compiled=True)

    def formula(self) -> tuple[str, str]:
        """The velocity."""
        return "v ← μv + u", "θ ← θ − ηv"

    def start(self, theta: Array) -> Array:
        """v = 0."""
        return array_namespace(theta).zeros_like(theta)

    def step(
        self, theta: Array, direction: Array, state: Array, settings: Any, index: int, layout: Layout
    ) -> tuple[Array, Array]:
        """One step."""
        velocity = expand_trailing(settings.momentum) * state + direction
        velocity = decayed(velocity, settings.weight_decay, theta)
        return theta - expand_trailing(settings.learning_rate) * velocity, velocity


@dataclass(frozen=True)
class Nesterov:
    """v ← μ v + u;  θ ← θ − η (u + μ v), with λ_w θ added to u first: torch's form of Nesterov's momentum.

    Nesterov (1983); Sutskever et al. (ICML 2013).
    """

    capabilities: ClassVar = OuterCapabilities()

    def formula(self) -> tuple[str, str]:
        """The velocity, and a step that looks one momentum ahead."""
        return "v ← μv + u", "θ ← θ − η(u + μv)"

    def start(self, theta: Array) -> Array:
        """v = 0."""
        return array_namespace(theta).zeros_like(theta)

    def step(
        self, theta: Array, direction: Array, state: Array, settings: Any, index: int, layout: Layout
    ) -> tuple[Array, Array]:
        """One step."""
        mu, u = expand_trailing(settings.momentum), decayed(direction, settings.weight_decay, theta)
        velocity = mu * state + u
        return theta - expand_trailing(settings.learning_rate) * (u + mu * velocity), velocity


def decayed(v: Array, weight_decay: Any, theta: Array) -> Array:
    """v + λ_w θ."""
    if isinstance(weight_decay, (int, float)) and weight_decay == 0:
        return v
    return v + expand_trailing(weight_decay) * theta
