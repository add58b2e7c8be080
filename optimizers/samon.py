"""SAM-ON: SAM on the normalisation layers only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from array_api_compat import array_namespace

from geometry.objective import Layout
from optimizers.about import About, Source, arxiv
from optimizers.capabilities import ProbeCapabilities, Schedule
from optimizers.probes import Centre, check_choices, perturbation

Array = Any


@dataclass(frozen=True)
class SAMON:
    """ε = ρ w / ‖w‖ with w = m ∘ U g: only the chosen parameters are perturbed, and the norm is over these alone.

    Chosen are the parameters of normalisation layers, by the type of the module that owns them (the authors' code goes
    by names and overlooks a BatchNorm inside a Sequential); or the layers or blocks of a layout named in `only`. Where
    nothing is chosen (a network without such layers) ε = 0 and the method is its base. It needs a larger ρ than SAM.

    Müller et al., "Normalization layers are all that sharpness-aware minimization needs" (NeurIPS 2023).
    """

    only: tuple[str, ...] | None = None
    along: str = "preconditioned"
    start_step: int = 0
    capabilities: ClassVar = ProbeCapabilities()
    about: ClassVar = About(
        what="SAM whose probe moves the normalisation layers alone, a thousandth of the parameters.",
        sources=(
            arxiv(
                "Müller et al., Normalization layers are all that sharpness-aware minimization needs (NeurIPS 2023)",
                "2306.04226",
            ),
            Source("mueller-mp/SAM-ON 8b8869a", "https://github.com/mueller-mp/SAM-ON"),
        ),
        settings={
            "only": "the layers or parameters that are moved; None: the normalisations",
            "along": "ε points along Ug, along g, or along Ug made a unit vector first",
            "start_step": "steps before this one do not look ahead",
        },
        identities=(
            "With all parameters chosen it is SAM.",
            "A network without normalisation layers makes it the base method, and so does ρ = 0.",
        ),
        traps=(
            "The released code looks for “norm” or “bn” in a parameter’s name and overlooks a BatchNorm inside a "
            "Sequential (“downsample.1”); here the type of the layer counts.",
            "It needs a larger ρ than SAM: the authors’ example has 10 for the elementwise form of ASAM.",
        ),
    )
    norm: ClassVar[str] = "euclidean"
    compiled: ClassVar = None

    def __post_init__(self) -> None:
        check_choices(self.along, self.norm, self.start_step)

    @property
    def schedule(self) -> Schedule:
        """Every step from `start_step` on."""
        return Schedule(self.start_step)

    def formula(self, preconditioned: bool) -> str:
        """SAM's of the masked gradient."""
        w = "Ug" if preconditioned and self.along != "gradient" else "g"
        return f"ε = ρ w / √(‖w‖² + 10⁻¹²), w = m∘{w}, m = 1 on normalisation layers"

    def memory(self, theta: Array) -> None:
        """Nothing is remembered."""
        return None

    def offset(self, centre: Centre, memory: None, radius: Any) -> Array:
        """ε on the chosen parameters."""
        g: Any = centre.gradient
        w = g if self.along == "gradient" else centre.precondition(g)
        masked = array_namespace(w).where(chosen(centre.layout, w, self.only), w, 0 * w)
        return perturbation(centre, masked, radius, "gradient", "euclidean")

    def remember(self, memory: None, gradient: Array | None, outer: Array) -> None:
        """Nothing is remembered."""
        return None


def chosen(layout: Layout, like: Array, only: tuple[str, ...] | None) -> Array:
    """Which parameters are perturbed, shape (D,). ValueError for a name that the layout does not have."""
    xp, blocks = array_namespace(like), layout.blocks
    unknown = [name for name in only or () if name not in {b.name for b in blocks} | {b.layer for b in blocks}]
    if unknown:
        raise ValueError(f"the network has no layer or parameter {unknown[0]!r}")
    picked = [b.normalisation if only is None else b.name in only or b.layer in only for b in blocks]
    marks = [xp.full((b.size,), p, dtype=xp.bool, device=like.device) for b, p in zip(blocks, picked, strict=True)]
    return xp.concat(marks)
