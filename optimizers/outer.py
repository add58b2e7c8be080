"""The outer rule: how the direction u = U h moves θ, with the rules of descent, heavy ball and Nesterov."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from array_api_compat import array_namespace

from geometry.objective import Layout
from optimizers.about import About, Source
from optimizers.broadcasting import expand_trailing
from optimizers.capabilities import OuterCapabilities

Array = Any


class Outer(Protocol):
    """A rule (θ, u) ↦ θ with state of its own. It is also what a picture replays over recorded directions."""

    @property
    def capabilities(self) -> OuterCapabilities:
        """What holds for it whatever its settings are."""
        ...

    @property
    def about(self) -> About:
        """What it says of itself to readers."""
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
    about: ClassVar = About(
        what="Steps straight down the slope and forgets it: each step is made of the gradient of this place alone.",
        sources=(
            Source(
                "Robbins and Monro, A stochastic approximation method (1951)",
                "https://doi.org/10.1214/aoms/1177729586",
            ),
        ),
        identities=(
            "It is the heavy ball and Nesterov’s rule at μ = 0.",
            "The natural gradient with λ → ∞ is this step divided by λ.",
        ),
        traps=(
            "“SGD” in papers and packages is often the heavy ball: look for the momentum before comparing.",
            "The weight decay of torch.optim.SGD is added to the gradient, as here; without momentum it is the same "
            "as a decoupled one.",
        ),
    )

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
    about: ClassVar = About(
        what="Keeps rolling: the velocity v holds most of what it was, so that steps add up along a slope and cancel "
        "across a ditch.",
        sources=(
            Source(
                "Polyak, Some methods of speeding up the convergence of iteration methods (1964)",
                "https://doi.org/10.1016/0041-5553(64)90137-5",
            ),
        ),
        settings={"momentum": "μ: the share of the velocity that is kept"},
        state="v, one number for each parameter",
        identities=(
            "μ = 0 is plain descent (GD).",
            "Every method whose probe, mix and U do nothing is this one: SAM at ρ = 0, GNP at α = 0, WSAM at γ = 0, "
            "sparse SAM at s = 1, LLQR with U = I.",
            "A quadratic bowl of curvature a holds it for η a < 2(1 + μ).",
        ),
        traps=(
            "torch.optim.SGD is the same at dampening 0, its default. Keras keeps −ηv in place of v, which walks "
            "differently as soon as a schedule changes η.",
            "The weight decay enters v and is not preconditioned; the authors of LLQR have it so too.",
        ),
    )

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
    about: ClassVar = About(
        what="The heavy ball with one momentum ahead: the gradient of this place counts at once and not from the next "
        "step on.",
        sources=(
            Source("Nesterov, A method of solving a convex programming problem with rate O(1/k²) (1983)"),
            Source(
                "Sutskever et al., On the importance of initialization and momentum in deep learning (ICML 2013)",
                "https://proceedings.mlr.press/v28/sutskever13.html",
            ),
        ),
        settings={"momentum": "μ: the share of the velocity that is kept"},
        state="v, one number for each parameter",
        identities=(
            "μ = 0 is plain descent (GD).",
            "At a constant η its θ is the point that Sutskever’s form looks ahead to, θ − ημv in terms of that form’s "
            "own position.",
        ),
        traps=(
            "So losses of both forms differ while their paths are the same: they are taken at different points.",
            "With a probe of SAM in front, u is already a gradient from elsewhere; the two look-aheads add up.",
        ),
    )

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
