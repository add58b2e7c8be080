"""Where a method looks before it steps: the probe ε, so that the outer gradient is taken at θ + ε."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from array_api_compat import array_namespace

from geometry.objective import Layout
from optimizers.broadcasting import lift

Array = Any
ROUNDING = 1e-12
"""Added under every square root of a norm, so that ε = 0 where the probing vector vanishes (a start on a saddle)."""


@dataclass(frozen=True)
class Centre:
    """What a probe may use at θ: the point, its gradient (None where the probe does not ask for it), and v ↦ U v."""

    theta: Array
    gradient: Array | None
    precondition: Callable[[Array], Array]
    layout: Layout


class Probe(Protocol):
    """A rule for ε. `needs_gradient` says whether it costs a gradient at θ beside the outer one at θ + ε."""

    @property
    def needs_gradient(self) -> bool:
        """Whether the gradient at θ is asked for."""
        ...

    @property
    def start_step(self) -> int:
        """The first step at which the probe is used."""
        ...

    def memory(self, theta: Array) -> Any:
        """What the probe remembers before the first step (None for most)."""
        ...

    def offset(self, centre: Centre, memory: Any, radius: Any) -> Array | None:
        """ε of shape (..., D) with the radius ρ (a number or (...)), or None for a step without a probe."""
        ...

    def remember(self, memory: Any, gradient: Array | None, outer: Array) -> Any:
        """The memory after a step with the given gradients at θ and at θ + ε."""
        ...


@dataclass(frozen=True)
class NoProbe:
    """ε = 0: the outer gradient is the gradient at θ, and a step costs one gradient."""

    needs_gradient: bool = True
    start_step: int = 0

    def memory(self, theta: Array) -> None:
        """Nothing is remembered."""
        return None

    def offset(self, centre: Centre, memory: None, radius: Any) -> None:
        """No offset."""
        return None

    def remember(self, memory: None, gradient: Array | None, outer: Array) -> None:
        """Nothing is remembered."""
        return None


ALONG = ("preconditioned", "gradient")
NORMS = ("euclidean", "matrix")


@dataclass(frozen=True)
class SAM:
    """Sharpness-aware probe: ε = ρ w / ‖w‖ with w = U g (`along="preconditioned"`) or w = g (`along="gradient"`).

    norm "euclidean": ‖w‖ = √(⟨w, w⟩ + 1e-12);  "matrix": ‖w‖ = √(⟨g, w⟩ + 1e-12), that is √(gᵀUg), which needs U
    positive definite and otherwise gives NaN. ρ has the unit of θ for the Euclidean norm. With U = I all agree.
    At g = 0 the probe is ε = 0.

    Foret et al., "Sharpness-aware minimization" (arXiv 2010.01412); along U g: arXiv 2605.16134.
    """

    along: str = "preconditioned"
    norm: str = "euclidean"
    start_step: int = 0
    needs_gradient: bool = True

    def __post_init__(self) -> None:
        if self.along not in ALONG:
            raise ValueError(f"along must be one of {', '.join(ALONG)}, not {self.along!r}")
        if self.norm not in NORMS:
            raise ValueError(f"norm must be one of {', '.join(NORMS)}, not {self.norm!r}")

    def memory(self, theta: Array) -> None:
        """Nothing is remembered."""
        return None

    def offset(self, centre: Centre, memory: None, radius: Any) -> Array:
        """ε = ρ w / ‖w‖."""
        v = centre.gradient
        w = centre.precondition(v) if self.along == "preconditioned" else v
        return scaled_to_radius(w, v, radius, self.norm, centre.layout)

    def remember(self, memory: None, gradient: Array | None, outer: Array) -> None:
        """Nothing is remembered."""
        return None


def scaled_to_radius(w: Array, v: Array, radius: Any, norm: str, layout: Layout) -> Array:
    """ρ w / √(⟨w, w⟩ + 1e-12) ("euclidean") or ρ w / √(⟨v, w⟩ + 1e-12) ("matrix"), over the last axis."""
    xp = array_namespace(w)
    other = w if norm == "euclidean" else v
    return lift(radius) * w / xp.sqrt(xp.sum(other * w, axis=-1, keepdims=True) + ROUNDING)
