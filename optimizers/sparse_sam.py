"""Sparse SAM: a probe that leaves a part of the parameters where they are, chosen by a mask that is renewed at times.

Both gradients stay dense, so that no time is saved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from array_api_compat import array_namespace

from geometry.per_example import squared_gradients
from optimizers.about import About, Source, arxiv
from optimizers.capabilities import ProbeCapabilities, Schedule
from optimizers.probes import (
    Centre,
    along_released,
    check_choices,
    check_every,
    perturbation,
    perturbation_formula,
)

Array = Any
GROWTH = ("random", "gradient")
SOURCES = (
    arxiv(
        "Mi et al., Make sharpness-aware minimization stronger: a sparsified perturbation approach (NeurIPS 2022)",
        "2210.05177",
    ),
    Source(
        "Mi-Peng/Sparse-Sharpness-Aware-Minimization 76974fd",
        "https://github.com/Mi-Peng/Sparse-Sharpness-Aware-Minimization",
    ),
)
SETTINGS = {
    "sparsity": "s: the share of the parameters that the probe leaves where they are",
    "every": "k: the mask is renewed every k steps",
    "along": "ε points along Ug, along g, or along Ug made a unit vector first",
    "start_step": "steps before this one do not look ahead",
    "as_released": "the released code’s order and its 10⁻⁷ in the norm",
}
IDENTITIES = ("s = 0 is SAM.", "s = 1, or ρ = 0, is the base method.")
NO_GAIN = "No time is gained: the mask leaves both gradients dense, and ‖ε‖ < ρ, as the norm is taken before it."


@dataclass(frozen=True)
class _Sparse:
    """What both have in common: ε = ρ w/‖w‖ ∘ m, the norm taken before the mask, so that ‖ε‖ < ρ."""

    sparsity: Any = 0.5
    every: int = 5
    along: str = "preconditioned"
    start_step: int = 0
    as_released: bool = False
    capabilities: ClassVar = ProbeCapabilities(prepares=True, array_fields=("sparsity",))
    norm: ClassVar[str] = "euclidean"
    compiled: ClassVar = None

    def __post_init__(self) -> None:
        check_choices(self.along, self.norm, self.start_step)
        check_every("every", self.every)
        if getattr(self.sparsity, "ndim", 0) == 0 and not 0 <= self.sparsity <= 1:
            raise ValueError(f"sparsity must be at least 0 and at most 1, not {self.sparsity!r}")

    @property
    def schedule(self) -> Schedule:
        """Every step from `start_step` on."""
        return Schedule(self.start_step)

    def formula(self, preconditioned: bool) -> str:
        """SAM's, masked."""
        return perturbation_formula(self.along, self.norm, preconditioned).replace("ε =", "ε = m ∘", 1)

    def offset(self, centre: Centre, memory: dict[str, Array], radius: Any) -> Array:
        """ε of SAM where the mask is 1."""
        if self.as_released:
            epsilon = along_released(centre, centre.gradient, radius, self.along)
        else:
            epsilon = perturbation(centre, centre.gradient, radius, self.along, self.norm)
        return epsilon * memory["mask"]

    def remember(self, memory: dict[str, Array], gradient: Array | None, outer: Array) -> dict[str, Array]:
        """The mask as it is."""
        return memory


@dataclass(frozen=True)
class SSAMF(_Sparse):
    """Sparse SAM by Fisher information: m = 1 on the ⌊D(1−s)⌋ largest entries of F = Σ_n (∇ℓ_n)², over all layers.

    ∇ℓ_n are the gradients of single examples of the step's batch with their own labels (on a surface: the gradient),
    one for each example whenever the mask is renewed: at the steps 0, k, 2k, … before ε is made.
    as_released: the mask is 0 in the first step and renewed after the steps 0, k, …, at the new θ; and 1e-7 is added
    to the norm. s = 0 is SAM, s = 1 the base method.

    Mi et al., "Make sharpness-aware minimization stronger: a sparsified perturbation approach" (NeurIPS 2022).
    """

    about: ClassVar = About(
        what="SAM whose probe moves only the parameters that matter most: those with the largest Fisher information.",
        sources=SOURCES,
        settings=SETTINGS,
        state="the mask m, one number for each parameter",
        cost="When the mask is renewed, the gradient of every example by itself.",
        identities=IDENTITIES,
        traps=(
            NO_GAIN,
            "The released code begins with an empty mask, so that its first step is plain, and renews it after a step.",
            "Its first squared gradient is that of g₁ + g⁺, as the gradient of the step is still there; passes of one "
            "example in train mode spoil running statistics; fewer than ten samples divide by zero.",
            "SSAM is also the name of Stable SAM (g⁺ scaled to ‖g‖), which is another method.",
        ),
    )

    def memory(self, theta: Array) -> dict[str, Array]:
        """m = 0."""
        return {"mask": array_namespace(theta).zeros_like(theta)}

    def prepare(self, centre: Centre, memory: dict[str, Array]) -> dict[str, Array]:
        """The mask, renewed where it is time."""
        if not Schedule(self.start_step + self.as_released, self.every).due(centre.index):
            return memory
        if centre.ground is None:
            raise ValueError("SSAM-F needs the gradients of single examples: make the whole step with step(closure)")
        scores = squared_gradients(centre.ground, centre.theta, centre.gradient)
        live = scores.shape[-1] * (1 - numbers(self.sparsity))
        return {"mask": largest(scores, np.floor(live + 1e-9))}


@dataclass(frozen=True)
class SSAMD(_Sparse):
    """Sparse SAM by dynamic masks: of D − ⌈Ds⌉ live entries a part r is dropped, and as many of the dead ones grow.

    With n = min((D−Ds) r, Ds), kept are the ⌊D−Ds−n⌋ live entries of largest |g|; grown are ⌊n⌋ of those that were dead
    before, with the largest score: random in [0, 1), or |g| with growth="gradient". r = drop·(1 + cos(πt/T))/2 at step
    t. The mask is renewed by g at the steps 0, k, 2k, … and used from the next step on. The two floors lose entries.
    (The authors' code drops (D−Ds) r also where fewer can grow, so that s = 0 would not be SAM.)
    seed: of the first mask and the random scores. as_released: 1e-7 is added to the norm.

    Mi et al., "Make sharpness-aware minimization stronger: a sparsified perturbation approach" (NeurIPS 2022).
    """

    drop: Any = 0.5
    horizon: int = 1000
    growth: str = "random"
    seed: int = 0
    capabilities: ClassVar = ProbeCapabilities(prepares=True, array_fields=("sparsity", "drop"))
    about: ClassVar = About(
        what="SAM whose probe moves some of the parameters, which change: those with small gradients are dropped, "
        "others grow in their place.",
        sources=SOURCES,
        settings={
            **SETTINGS,
            "drop": "the part of the live entries that is dropped at first; it falls to 0 over the horizon",
            "horizon": "T: the steps over which fewer and fewer are dropped",
            "growth": "which dead entries grow: random ones, or those with the largest gradient",
            "seed": "of the first mask and of random growth",
        },
        state="the mask m and the next one, two numbers for each parameter",
        identities=IDENTITIES,
        traps=(
            NO_GAIN,
            "The released code drops as many as if all could grow again, so that its s = 0 is not SAM.",
            "Both floors lose entries: 37 live ones become 36 and stay so.",
            "The mask is renewed between ε and g⁺ and used from the next step on.",
        ),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_every("horizon", self.horizon)
        if self.growth not in GROWTH:
            raise ValueError(f"growth must be one of {', '.join(GROWTH)}, not {self.growth!r}")
        if getattr(self.drop, "ndim", 0) == 0 and not 0 <= self.drop <= 1:
            raise ValueError(f"drop must be at least 0 and at most 1, not {self.drop!r}")

    def memory(self, theta: Array) -> dict[str, Array]:
        """A random mask, the same for every walker."""
        size = theta.shape[-1]
        live = size - np.ceil(size * numbers(self.sparsity) - 1e-9)
        mask = largest(self.scores(theta, 0), live)
        return {"mask": mask, "next": mask}

    def scores(self, like: Array, update: int) -> Array:
        """Random numbers in [0, 1) for the first mask (0) and the growth of each update (1, 2, …), the walkers' own
        shape, the same for every walker."""
        xp = array_namespace(like)
        drawn = np.random.default_rng([self.seed, update]).random(like.shape[-1])
        drawn = xp.asarray(drawn, dtype=like.dtype, device=like.device)
        return xp.asarray(xp.broadcast_to(drawn, like.shape), copy=True)

    def prepare(self, centre: Centre, memory: dict[str, Array]) -> dict[str, Array]:
        """The mask chosen before, and from g the one for the next step."""
        mask = memory["next"]
        t = centre.index - self.start_step
        if t % self.every:
            return {"mask": mask, "next": mask}
        xp, size = array_namespace(mask), mask.shape[-1]
        g = xp.abs(centre.gradient)
        s, drop = numbers(self.sparsity), numbers(self.drop)
        dropped = drop * (1 + math.cos(math.pi * t / self.horizon)) / 2
        live = size - size * s
        moved = np.minimum(live * dropped, size * s)
        kept = largest(xp.where(mask > 0, g + 1e-7, 0 * g), np.floor(live - moved + 1e-9))
        score = g if self.growth == "gradient" else self.scores(g, 1 + t // self.every)
        grown = largest(xp.where(mask > 0, 0 * g - 1, score), np.floor(moved + 1e-9))
        return {"mask": mask, "next": xp.where(mask > 0, kept, grown)}


def numbers(value: Any) -> np.ndarray:
    """A hyper-parameter as an array of numpy's, wherever it lies."""
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value, dtype=float)


def largest(scores: Array, count: Any) -> Array:
    """1 at the `count` largest of the last axis (a number, or an array over the walkers), 0 elsewhere; of equal ones
    the first."""
    xp = array_namespace(scores)
    order = xp.argsort(scores, axis=-1, descending=True, stable=True)
    rank = xp.argsort(order, axis=-1, stable=True)
    count = np.asarray(count, dtype=np.int64)
    below = int(count) if count.ndim == 0 else xp.asarray(count, device=scores.device)[..., None]
    return xp.astype(rank < below, scores.dtype)
