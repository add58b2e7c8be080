"""Where a method looks before it steps: the probe ε, so that the outer gradient is taken at θ + ε."""

from __future__ import annotations

import math
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


ALONG = ("preconditioned", "gradient", "direction")
NORMS = ("euclidean", "matrix", "layer-euclidean", "layer-matrix")


@dataclass(frozen=True)
class SAM:
    """Sharpness-aware probe: ε = ρ w / ‖w‖ with w from v = ∇L(θ), see `perturbation` for `along` and `norm`.

    With U = I all of `along`, and the norms without layers, agree. Steps before `start_step` do not probe.

    Foret et al., "Sharpness-aware minimization" (arXiv 2010.01412); along U g: arXiv 2605.16134.
    """

    along: str = "preconditioned"
    norm: str = "euclidean"
    start_step: int = 0
    needs_gradient: bool = True

    def __post_init__(self) -> None:
        check_choices(self.along, self.norm, self.start_step)

    def memory(self, theta: Array) -> None:
        """Nothing is remembered."""
        return None

    def offset(self, centre: Centre, memory: None, radius: Any) -> Array:
        """ε = ρ w / ‖w‖."""
        return perturbation(centre, centre.gradient, radius, self.along, self.norm)

    def remember(self, memory: None, gradient: Array | None, outer: Array) -> None:
        """Nothing is remembered."""
        return None


def check_choices(along: str, norm: str, start_step: Any) -> None:
    """A ValueError that names the field of a probe that is none of its values."""
    if along not in ALONG:
        raise ValueError(f"along must be one of {', '.join(ALONG)}, not {along!r}")
    if norm not in NORMS:
        raise ValueError(f"norm must be one of {', '.join(NORMS)}, not {norm!r}")
    if isinstance(start_step, bool) or not isinstance(start_step, int) or start_step < 0:
        raise ValueError(f"start_step must be a whole number of at least 0, not {start_step!r}")


def perturbation(centre: Centre, v: Array, radius: Any, along: str, norm: str) -> Array:
    """ε from a probing vector v (..., D):  w = U v ("preconditioned"), v ("gradient") or U v/√(⟨U v, U v⟩ + 1e-12)
    ("direction"), then

        "euclidean"        ε = ρ w / √(⟨w, w⟩ + 1e-12)
        "matrix"           ε = ρ w / √(⟨v, w⟩ + 1e-12), that is √(vᵀUv): NaN where it is negative
        "layer-euclidean"  ε_l = ρ w_l / √(⟨w_l, w_l⟩ + 1e-12) / √L for each of the L layers
        "layer-matrix"     ε_l = ρ w_l / √(⟨v_l, w_l⟩ + 1e-12) / √L

    At v = 0 the probe is ε = 0. ρ has the unit of θ for the Euclidean norms.
    """
    w = v if along == "gradient" else centre.precondition(v)
    if along == "direction":
        w = unit(w)
    other = w if norm.endswith("euclidean") else v
    if not norm.startswith("layer"):
        return scaled_to_radius(w, other, radius)
    layers, xp = centre.layout.layers, array_namespace(w)
    pieces = [slice(layer.start, layer.stop) for layer in layers]
    parts = [scaled_to_radius(w[..., s], other[..., s], radius) for s in pieces]
    return (parts[0] if len(parts) == 1 else xp.concat(parts, axis=-1)) / math.sqrt(len(layers))


def scaled_to_radius(w: Array, other: Array, radius: Any) -> Array:
    """ρ w / √(⟨other, w⟩ + 1e-12) over the last axis."""
    xp = array_namespace(w)
    return lift(radius) * w / xp.sqrt(xp.sum(other * w, axis=-1, keepdims=True) + ROUNDING)


def unit(w: Array) -> Array:
    """w / √(⟨w, w⟩ + 1e-12)."""
    xp = array_namespace(w)
    return w / xp.sqrt(xp.sum(w * w, axis=-1, keepdims=True) + ROUNDING)
