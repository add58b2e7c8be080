"""Friendly SAM: probe along what is new in the gradient, not along its slow average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from array_api_compat import array_namespace

from optimizers.about import About, Source, arxiv
from optimizers.broadcasting import expand_trailing
from optimizers.capabilities import ProbeCapabilities, Schedule
from optimizers.probes import Centre, check_choices, perturbation, perturbation_formula, unit

Array = Any


@dataclass(frozen=True)
class FSAM:
    """ε from v = ∇L(θ) − ḡ (see probes.perturbation), then ḡ ← β ḡ + (1−β) ∇L(θ), with ḡ = 0 before the first step.

    So the first step is SAM's. ḡ averages the gradients at θ, never preconditioned, and is not corrected for its
    start; with along="direction" it is scaled to length 1 after each step. Steps before `start_step` leave it alone.

    Li et al., "Friendly sharpness-aware minimization" (arXiv 2403.12350), without its factor in front of ḡ.
    """

    along: str = "preconditioned"
    norm: str = "euclidean"
    decay: Any = 0.9
    start_step: int = 0
    capabilities: ClassVar = ProbeCapabilities(array_fields=("decay",))
    about: ClassVar = About(
        what="Looks along what is new in the gradient: its slow average, the slope of the whole data, is taken away.",
        sources=(
            arxiv("Li et al., Friendly sharpness-aware minimization (CVPR 2024)", "2403.12350"),
            Source("nblt/F-SAM 2e2f989", "https://github.com/nblt/F-SAM"),
        ),
        settings={
            "along": "ε points along Ur, along r, or along Ur made a unit vector first",
            "norm": "in what ε has the length ρ",
            "decay": "β: how slowly ḡ follows the gradient",
            "start_step": "steps before this one do not look ahead, and leave ḡ alone",
        },
        state="ḡ, one number for each parameter",
        identities=("The first step is SAM’s, as ḡ = 0; β = 1 keeps it so.", "ρ = 0 is the base method."),
        traps=(
            "The official code starts ḡ at the first gradient and has a factor σ = 1 in front of it; the authors of "
            "LLQR start at 0 without a factor, and so does this rule.",
            "VaSSO does the opposite: it looks along the slow average.",
        ),
    )
    compiled: ClassVar = None

    def __post_init__(self) -> None:
        check_choices(self.along, self.norm, self.start_step)
        check_decay(self.decay)

    @property
    def schedule(self) -> Schedule:
        """Every step from `start_step` on."""
        return Schedule(self.start_step)

    def formula(self, preconditioned: bool) -> str:
        """`perturbation` of what is new in g."""
        return perturbation_formula(self.along, self.norm, preconditioned, "r", "r = g − ḡ")

    def memory(self, theta: Array) -> Array:
        """ḡ = 0."""
        return array_namespace(theta).zeros_like(theta)

    def offset(self, centre: Centre, memory: Array, radius: Any) -> Array:
        """ε from what is new in the gradient."""
        assert centre.gradient is not None
        return perturbation(centre, centre.gradient - memory, radius, self.along, self.norm)

    def remember(self, memory: Array, gradient: Array | None, outer: Array) -> Array:
        """ḡ with the gradient at θ mixed in."""
        return mixed(memory, gradient, self.decay, self.along)


@dataclass(frozen=True)
class PastFSAM:
    """Friendly SAM for one gradient a step: v = g₋ − ḡ with g₋ the last outer gradient, both 0 at first.

    g⁺ = ∇L(θ + ε); then ḡ ← β ḡ + (1−β) g₋ and g₋ ← g⁺. The first step has v = 0 and does not probe. Source: the
    authors' public code of arXiv 2605.16134.
    """

    along: str = "preconditioned"
    norm: str = "euclidean"
    decay: Any = 0.9
    start_step: int = 0
    capabilities: ClassVar = ProbeCapabilities(needs_gradient=False, array_fields=("decay",))
    about: ClassVar = About(
        what="Friendly SAM for the price of plain descent: it looks along what was new in the last step’s gradient.",
        sources=(
            Source("SimonDufLab/LLQR, the public code of arXiv 2605.16134", "https://github.com/SimonDufLab/LLQR"),
        ),
        settings={
            "along": "ε points along Ur, along r, or along Ur made a unit vector first",
            "norm": "in what ε has the length ρ",
            "decay": "β: how slowly ḡ follows the gradient",
            "start_step": "steps before this one do not look ahead",
        },
        state="ḡ and g₋, two numbers for each parameter",
        identities=("The first step is plain, as nothing is new yet.", "ρ = 0 is the base method."),
        traps=("r is of the step before: with a large η it points to where the slope was, not to where it is.",),
    )
    compiled: ClassVar = None

    def __post_init__(self) -> None:
        check_choices(self.along, self.norm, self.start_step)
        check_decay(self.decay)

    @property
    def schedule(self) -> Schedule:
        """Every step from `start_step` on."""
        return Schedule(self.start_step)

    def formula(self, preconditioned: bool) -> str:
        """`perturbation` of what was new in the last g⁺."""
        return perturbation_formula(self.along, self.norm, preconditioned, "r", "r = g₋ − ḡ")

    def memory(self, theta: Array) -> tuple[Array, Array]:
        """(ḡ, g₋), both 0."""
        zeros = array_namespace(theta).zeros_like
        return zeros(theta), zeros(theta)

    def offset(self, centre: Centre, memory: tuple[Array, Array], radius: Any) -> Array:
        """ε from what was new in the last outer gradient."""
        average, last = memory
        return perturbation(centre, last - average, radius, self.along, self.norm)

    def remember(self, memory: tuple[Array, Array], gradient: Array | None, outer: Array) -> tuple[Array, Array]:
        """The average takes in the last outer gradient, and this one takes its place."""
        average, last = memory
        return mixed(average, last, self.decay, self.along), outer


def check_decay(decay: Any) -> None:
    """A ValueError where β is not between 0 and 1."""
    if getattr(decay, "ndim", 0) == 0 and not 0 <= decay <= 1:
        raise ValueError(f"decay must be at least 0 and at most 1, not {decay!r}")


def mixed(average: Array, new: Array, decay: Any, along: str) -> Array:
    """β ḡ + (1−β) g, scaled to length 1 where only its direction counts."""
    beta = expand_trailing(decay)
    average = beta * average + (1 - beta) * new
    return unit(average) if along == "direction" else average
