"""VaSSO: SAM along a slow average of the gradients, so that a mini-batch's noise does not choose where it looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from optimizers.about import About, Source, arxiv
from optimizers.broadcasting import expand_trailing
from optimizers.capabilities import ProbeCapabilities, Schedule
from optimizers.probes import Centre, along_released, check_choices, perturbation, perturbation_formula

Array = Any


@dataclass(frozen=True)
class VaSSO:
    """d ← (1−θ) d + θ g, then ε from d (see probes.perturbation): ε = ρ U d/‖U d‖, with d = g at the first step.

    θ = 1 is SAM; a smaller one suppresses more noise (the authors' script has 0.9). d averages the raw gradients at θ,
    also where there is a U, and is not corrected for its start, as only its direction counts. FSAM does the opposite:
    it takes the average away.
    as_released: ε = ρ w/(‖w‖ + 1e-7), as in the authors' code.

    Li and Giannakis, "Enhancing sharpness-aware optimization through variance suppression" (NeurIPS 2023).
    """

    along: str = "preconditioned"
    norm: str = "euclidean"
    theta: Any = 0.9
    start_step: int = 0
    as_released: bool = False
    capabilities: ClassVar = ProbeCapabilities(prepares=True, array_fields=("theta",))
    about: ClassVar = About(
        what="Looks along a slow average of the gradients, so that the noise of one mini-batch does not choose where.",
        sources=(
            arxiv(
                "Li and Giannakis, Enhancing sharpness-aware optimization through variance suppression (NeurIPS 2023)",
                "2309.15639",
            ),
            Source("BingcongLi/VaSSO 3524bad", "https://github.com/BingcongLi/VaSSO"),
        ),
        settings={
            "along": "ε points along Ud, along d, or along Ud made a unit vector first",
            "norm": "in what ε has the length ρ",
            "theta": "θ, the share of the new gradient in d: the smaller, the slower",
            "start_step": "steps before this one do not look ahead",
            "as_released": "10⁻⁷ is added to the norm, as in the released code",
        },
        state="d, one number for each parameter",
        identities=("θ = 1 is SAM.", "ρ = 0 is the base method.", "A step at g = 0 still looks ahead, along d."),
        traps=(
            "d starts at the first gradient; an average that starts at 0 gives other weights from the second step on.",
            "The released script has θ = 0.9, which is nearly SAM; smaller values suppress more.",
            "d averages raw gradients at θ, also where there is a U. FSAM takes such an average away.",
        ),
    )
    compiled: ClassVar = None

    def __post_init__(self) -> None:
        check_choices(self.along, self.norm, self.start_step)
        if getattr(self.theta, "ndim", 0) == 0 and not 0 < self.theta <= 1:
            raise ValueError(f"theta must be above 0 and at most 1, not {self.theta!r}")

    @property
    def schedule(self) -> Schedule:
        """Every step from `start_step` on."""
        return Schedule(self.start_step)

    def formula(self, preconditioned: bool) -> str:
        """`perturbation` of the average."""
        return perturbation_formula(self.along, self.norm, preconditioned, "d", "d ← (1−θ)d + θg")

    def memory(self, theta: Array) -> None:
        """No average yet."""
        return None

    def prepare(self, centre: Centre, memory: Array | None) -> Any:
        """d with the gradient at θ mixed in."""
        if memory is None:
            return centre.gradient
        share = expand_trailing(self.theta)
        return (1 - share) * memory + share * centre.gradient

    def offset(self, centre: Centre, memory: Any, radius: Any) -> Array:
        """ε along d."""
        if self.as_released:
            return along_released(centre, memory, radius, self.along)
        return perturbation(centre, memory, radius, self.along, self.norm)

    def remember(self, memory: Any, gradient: Array | None, outer: Array) -> Any:
        """d as it is."""
        return memory
