"""Where a method looks before it steps: the probe ε, so that the outer gradient is taken at θ + ε."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from array_api_compat import array_namespace

from geometry.objective import Layout, Objective
from optimizers.about import About, Source, arxiv
from optimizers.broadcasting import expand_trailing
from optimizers.capabilities import NEVER, CompiledProbe, ProbeCapabilities, Schedule

Array = Any
ROUNDING = 1e-12
"""Added under every square root of a norm, so that ε = 0 where the probing vector vanishes (a start on a saddle)."""


@dataclass(frozen=True)
class Centre:
    """What a probe may use at θ: the point, its gradient (None where the probe does not ask for it), and v ↦ U v; for
    some also the objective itself, and how many steps came before."""

    theta: Array
    gradient: Array | None
    precondition: Callable[[Array], Array]
    layout: Layout
    ground: Objective | None = None
    index: int = 0


class Probe(Protocol):
    """A rule for ε, with what others must know of it.

    One whose capabilities say that it `prepares` also has prepare(centre, memory) → memory, called before `offset`.
    """

    @property
    def capabilities(self) -> ProbeCapabilities:
        """What holds for it whatever its settings are."""
        ...

    @property
    def about(self) -> About:
        """What it says of itself to readers."""
        ...

    @property
    def norm(self) -> str:
        """In what ‖ε‖ = ρ is measured: one of NORMS, or a measure of its own."""
        ...

    @property
    def schedule(self) -> Schedule:
        """The steps at which it looks ahead; NEVER where the outer gradient is always the one at θ."""
        ...

    @property
    def compiled(self) -> CompiledProbe | None:
        """The probe as the compiled engine knows it; None where only the reference engine does."""
        ...

    def formula(self, preconditioned: bool) -> str:
        """ε as text, with U where the method has one that is learned."""
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

    capabilities: ClassVar = ProbeCapabilities(tunables=())
    about: ClassVar = About()
    norm: ClassVar[str] = "euclidean"
    schedule: ClassVar = NEVER
    compiled: ClassVar = CompiledProbe()

    def formula(self, preconditioned: bool) -> str:
        """ε = 0."""
        return "ε = 0"

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

    With U = I all of `along`, and the norms without layers, agree. Steps before `start_step` do not probe, and of
    those after it one in `every` does.

    The norm "matrix" makes it Riemannian SAM in the metric M = U⁻¹, whichever preconditioner gives U: the ascent
    maximises ⟨g, ε⟩ over εᵀMε ≤ ρ², and the step U g⁺ goes along the Riemannian gradient. So LLQR+SAM in the matrix
    norm is Riemannian SAM in the metric that LLQR learns; optimizers.metrics has metrics of closed form.

    Foret et al., "Sharpness-aware minimization" (arXiv 2010.01412); along U g: arXiv 2605.16134; Yun and Yang,
    "Riemannian SAM" (NeurIPS 2023).
    """

    along: str = "preconditioned"
    norm: str = "euclidean"
    start_step: int = 0
    every: Any = 1
    capabilities: ClassVar = ProbeCapabilities(makes_ghosts=True, array_fields=("every",))

    @property
    def about(self) -> About:
        """SAM, or Riemannian SAM in the norm that U gives."""
        sam = arxiv("Foret et al., Sharpness-aware minimization (2020)", "2010.01412")
        along = arxiv(
            "Dufort-Labbé et al., Navigating potholes with geometry-aware sharpness minimization", "2605.16134"
        )
        riemannian = Source("Yun and Yang, Riemannian SAM (NeurIPS 2023); no public code found")
        metric = self.norm == "matrix"
        return About(
            what=(
                "Looks uphill in the metric M = U⁻¹: of all ε with εᵀMε ≤ ρ² it takes the one that climbs most, and "
                "steps along the gradient of that metric."
                if metric
                else "Looks a fixed way ρ uphill and steps by the slope that it finds there. In a wide basin that is "
                "almost its own slope; in a sharp pothole it is the opposite wall, which throws it out."
            ),
            sources=(sam, along, *((riemannian,) if metric else ())),
            settings={
                "along": "ε points along Ug, along g, or along Ug made a unit vector first",
                "norm": "in what ε has the length ρ: Euclidean, √(gᵀUg), or either of them layer by layer",
                "start_step": "steps before this one do not look ahead",
                "every": "k: one step in so many looks ahead",
            },
            identities=(
                "ρ = 0 is the base method.",
                "U = I is SAM in every norm that is not taken layer by layer."
                if metric
                else "Together with U, in the norm √(gᵀUg), it is Riemannian SAM in the metric U⁻¹.",
                "On a quadratic of curvature a it can settle on a cycle of amplitude ηaρ/(2(1 + μ) − ηa).",
            ),
            traps=(
                "At g = 0 there is nothing to look along: ε = 0 here, while a division by ‖g‖ alone (optax) gives no "
                "number from there on.",
                "Running statistics: the usual recipe keeps those of the pass at θ, the authors of LLQR those at θ + "
                "ε, and so does this rule.",
                "The authors’ runs made ε from each accelerator’s part of a batch; here it is the whole batch’s.",
            ),
        )

    def __post_init__(self) -> None:
        check_choices(self.along, self.norm, self.start_step)
        check_every("every", self.every)

    @property
    def schedule(self) -> Schedule:
        """One step in `every` from `start_step` on."""
        return Schedule(self.start_step, self.every)

    @property
    def compiled(self) -> CompiledProbe | None:
        """For every step and one norm over all layers; a subclass may look elsewhere, so that it is not covered."""
        each = getattr(self.every, "ndim", 0) == 0 and self.every == 1
        if type(self) is not SAM or not each or self.along == "direction" or self.norm.startswith("layer"):
            return None
        return CompiledProbe(True, self.start_step, self.along == "preconditioned", self.norm == "matrix")

    def formula(self, preconditioned: bool) -> str:
        """`perturbation` of g."""
        return perturbation_formula(self.along, self.norm, preconditioned)

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


def check_every(name: str, every: Any) -> None:
    """A ValueError that names the field unless it is a whole number of steps, or an array of such."""
    if getattr(every, "ndim", 0):
        if bool((every < 1).any()) or bool((every != every // 1).any()):
            raise ValueError(f"{name} must hold whole numbers of at least 1, not {every!r}")
    elif isinstance(every, bool) or every < 1 or every != int(every):
        raise ValueError(f"{name} must be a whole number of at least 1, not {every!r}")


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


def perturbation_formula(along: str, norm: str, preconditioned: bool, v: str = "g", meaning: str = "") -> str:
    """`perturbation` as text, for a probing vector with this letter and what it stands for."""
    w = f"U{v}" if preconditioned and along != "gradient" else v
    told = [meaning] if meaning else []
    if along == "direction":
        told.append(f"w = {w} / √(‖{w}‖² + 10⁻¹²)")
        w = "w"
    square = f"‖{w}‖²" if norm.endswith("euclidean") or w == v else f"{v}ᵀ{w}"
    layered = norm.startswith("layer")
    root = f"L({square} + 10⁻¹²)" if layered else f"{square} + 10⁻¹²"
    return ", ".join([f"{'on each of L layers ' if layered else ''}ε = ρ {w} / √({root})", *told])


def scaled_to_radius(w: Array, other: Array, radius: Any) -> Array:
    """ρ w / √(⟨other, w⟩ + 1e-12) over the last axis."""
    xp = array_namespace(w)
    return expand_trailing(radius) * w / xp.sqrt(xp.sum(other * w, axis=-1, keepdims=True) + ROUNDING)


def along_released(centre: Centre, v: Any, radius: Any, along: str) -> Array:
    """ε = ρ w / (‖w‖ + 1e-7) with w = U v or v: `perturbation` as several released codes have it."""
    w = v if along == "gradient" else centre.precondition(v)
    xp = array_namespace(w)
    return expand_trailing(radius) * w / (xp.sqrt(xp.sum(w * w, axis=-1, keepdims=True)) + 1e-7)


def unit(w: Array) -> Array:
    """w / √(⟨w, w⟩ + 1e-12)."""
    xp = array_namespace(w)
    return w / xp.sqrt(xp.sum(w * w, axis=-1, keepdims=True) + ROUNDING)
