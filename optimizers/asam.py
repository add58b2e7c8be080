"""Probes that measure θ in units of their own: of the parameters (ASAM), of the gradient's spread (Fisher-SAM)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from array_api_compat import array_namespace

from geometry.objective import Layout
from optimizers.about import About, arxiv
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
    about: ClassVar = About(
        what="Measures how far it looks in units of the parameters: a large weight is moved far, a small one little, "
        "so that rescaling a layer does not change what counts as sharp.",
        sources=(arxiv("Kwon et al., ASAM: adaptive sharpness-aware minimization (ICML 2021)", "2102.11600"),),
        settings={
            "eta": "added to |θ|, so that a parameter at 0 is moved too",
            "start_step": "steps before this one do not look ahead",
        },
        identities=(
            "Where |θ| + η is 1 everywhere it is SAM.",
            "ρ = 0 is the base method.",
            "It is the ascent of Riemannian SAM in the metric diag(|θ| + η)⁻², with the biases in units of their own.",
        ),
        traps=(
            "ρ is a share of the parameters’ size and ten times SAM’s or more (the paper has 0.5 and 1).",
            "Only parameters called bias are exempt: the factors of normalisations count like weights.",
        ),
    )
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
    about: ClassVar = About(
        what="Looks further where the gradient is small: the probe’s ball is an ellipsoid by the diagonal of the "
        "Fisher information. The step itself is plain.",
        sources=(
            arxiv(
                "Kim et al., Fisher SAM: information geometry and sharpness-aware minimisation (ICML 2022)",
                "2206.04920",
            ),
        ),
        settings={
            "eta": "added to g², so that a slope of 0 is not looked along without end",
            "start_step": "steps before this one do not look ahead",
        },
        identities=(
            "η → ∞ is SAM with the radius ρ/√η.",
            "ρ = 0 is the base method.",
            "It is the ascent of Riemannian SAM in the metric diag(g² + η).",
        ),
        traps=(
            "The square of the batch’s gradient stands for the Fisher information, which is a mean over examples.",
            "It never uses U, neither for the probe nor for the step; a preconditioner is refused.",
        ),
    )
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
