"""Probes that measure θ in units of their own: of the parameters (ASAM), of the gradient's spread (Fisher-SAM)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from array_api_compat import array_namespace

from geometry.objective import Layout
from optimizers.broadcasting import expand_trailing
from optimizers.capabilities import ProbeCapabilities, Schedule
from optimizers.probes import ROUNDING, Centre, check_choices

Array = Any


@dataclass(frozen=True)
class ASAM:
    """Adaptive SAM: ε = ρ T² g / √(‖T g‖² + 1e-12), T = |θ| + η on every block but biases, where T = 1.

    ρ is a share of the parameters' own size. The factors of normalisations count like weights. The probe never uses U;
    the update may. Kwon et al., "ASAM" (arXiv 2102.11600).
    """

    eta: Any = 0.01
    start_step: int = 0
    capabilities: ClassVar = ProbeCapabilities(array_fields=("eta",))
    norm: ClassVar[str] = "parameters"
    compiled: ClassVar = None

    def __post_init__(self) -> None:
        check_choices("gradient", "euclidean", self.start_step)
        check_eta(self.eta)

    @property
    def schedule(self) -> Schedule:
        """Every step from `start_step` on."""
        return Schedule(self.start_step)

    def formula(self, preconditioned: bool) -> str:
        """In the parameters' own units, never with U."""
        return f"ε = ρ T²g / √(‖Tg‖² + 10⁻¹²), T = |θ| + {eta_text(self.eta)}"

    def memory(self, theta: Array) -> None:
        """Nothing is remembered."""
        return None

    def offset(self, centre: Centre, memory: None, radius: Any) -> Array:
        """ε = ρ T² g / ‖T g‖."""
        xp, g = array_namespace(centre.theta), centre.gradient
        sizes = xp.abs(centre.theta) + expand_trailing(self.eta)
        t = xp.where(_is_bias(centre.layout, centre.theta), xp.ones_like(sizes), sizes)
        scaled = t * g
        norm = xp.sqrt(xp.sum(scaled * scaled, axis=-1, keepdims=True) + ROUNDING)
        return expand_trailing(radius) * t * scaled / norm

    def remember(self, memory: None, gradient: Array | None, outer: Array) -> None:
        """Nothing is remembered."""
        return None


@dataclass(frozen=True)
class FisherSAM:
    """ε = ρ f / √(⟨g, f⟩ + 1e-12) with f = g / (g² + η), elementwise; the update is always along the plain gradient.

    Kim et al., "Fisher SAM" (arXiv 2206.04920), with the batch gradient's squares as the diagonal Fisher information.
    """

    eta: Any = 0.1
    start_step: int = 0
    capabilities: ClassVar = ProbeCapabilities(plain_update=True, array_fields=("eta",))
    norm: ClassVar[str] = "fisher"
    compiled: ClassVar = None

    def __post_init__(self) -> None:
        check_choices("gradient", "euclidean", self.start_step)
        check_eta(self.eta)

    @property
    def schedule(self) -> Schedule:
        """Every step from `start_step` on."""
        return Schedule(self.start_step)

    def formula(self, preconditioned: bool) -> str:
        """In units of the gradient's own spread."""
        return f"ε = ρ f / √(gᵀf + 10⁻¹²), f = g/(g² + {eta_text(self.eta)})"

    def memory(self, theta: Array) -> None:
        """Nothing is remembered."""
        return None

    def offset(self, centre: Centre, memory: None, radius: Any) -> Array:
        """ε = ρ f / √⟨g, f⟩."""
        g: Any = centre.gradient
        xp = array_namespace(g)
        f = g / (g * g + expand_trailing(self.eta))
        return expand_trailing(radius) * f / xp.sqrt(xp.sum(g * f, axis=-1, keepdims=True) + ROUNDING)

    def remember(self, memory: None, gradient: Array | None, outer: Array) -> None:
        """Nothing is remembered."""
        return None


def eta_text(eta: Any) -> str:
    """η as a formula shows it: its value, or its letter where each walker has its own."""
    return "η" if getattr(eta, "ndim", 0) else f"{float(eta):g}"


def check_eta(eta: Any) -> None:
    """A ValueError where η is negative."""
    if getattr(eta, "ndim", 0) == 0 and not eta >= 0:
        raise ValueError(f"eta must not be negative, got {eta!r}")


def _is_bias(layout: Layout, theta: Array) -> Array:
    """Which parameters belong to biases, shape (D,)."""
    xp = array_namespace(theta)
    marks = [xp.full((b.size,), b.kind == "bias", dtype=xp.bool, device=theta.device) for b in layout.blocks]
    return xp.concat(marks)
