"""The gradient that a step uses, made of the one at θ and the one at θ + ε: h = mix(g, g⁺), before U."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

from array_api_compat import array_namespace

from geometry.objective import Layout
from optimizers.about import About, Source, arxiv
from optimizers.broadcasting import expand_trailing
from optimizers.capabilities import MixCapabilities

Array = Any
TINY = 1e-12
"""Added to a norm that divides, so that a gradient of 0 has no direction."""


class Mixed(NamedTuple):
    """h; what is remembered; and a term that goes past U and the outer rule, θ ← θ − η·beyond (None: no such term)."""

    gradient: Array
    memory: Any = None
    beyond: Array | None = None


class Mix(Protocol):
    """A rule for h, with what others must know of it."""

    @property
    def capabilities(self) -> MixCapabilities:
        """What holds for it whatever its settings are."""
        ...

    @property
    def about(self) -> About:
        """What it says of itself to readers."""
        ...

    def formula(self) -> str:
        """h as text."""
        ...

    def memory(self, theta: Array) -> Any:
        """What it remembers before the first step (None for most)."""
        ...

    def combine(self, layout: Layout, gradient: Array | None, outer: Array, probed: Any, memory: Any) -> Mixed:
        """h from g and g⁺ (..., D). probed: whether g⁺ was taken at θ + ε, or is g (an array over the walkers, or one
        bool)."""
        ...


@dataclass(frozen=True)
class NoMix:
    """h = g⁺."""

    capabilities: ClassVar = MixCapabilities(needs_gradient=False, compiled=True)
    about: ClassVar = About()

    def formula(self) -> str:
        """h = g⁺."""
        return "h = g⁺"

    def memory(self, theta: Array) -> None:
        """Nothing is remembered."""
        return None

    def combine(self, layout: Layout, gradient: Array | None, outer: Array, probed: Any, memory: None) -> Mixed:
        """g⁺ as it is."""
        return Mixed(outer)


@dataclass(frozen=True)
class GNP:
    """Gradient-norm penalty: h = (1−α) g + α g⁺, the gradient of L + λ‖∇L‖ with λ = αr to O(r), r the probe's radius.

    α = 1 is SAM, α = 0 the base method; with α = γ/(1−γ) it is coupled WSAM.
    as_released: g/‖g‖ in place of g, as the authors' code has it by default. That is not the gradient of the penalty:
    where ‖g‖ < 1 it adds a push of the fixed size 1−α.

    Zhao et al., "Penalizing gradient norm" (ICML 2022).
    """

    alpha: Any = 0.8
    as_released: bool = False
    capabilities: ClassVar = MixCapabilities(array_fields=("alpha",))
    about: ClassVar = About(
        what="Walks down the loss and the length of its gradient together: a weighted mean of both gradients is the "
        "gradient of L + λ‖∇L‖, without a second derivative.",
        sources=(
            arxiv("Zhao et al., Penalizing gradient norm for improving generalization (ICML 2022)", "2202.03599"),
            Source("zhaoyang-0204/gnp e803362", "https://github.com/zhaoyang-0204/gnp"),
        ),
        settings={
            "alpha": "α: the share of g⁺; the penalty’s weight is λ = αρ",
            "as_released": "g/‖g‖ in place of g, as the released code has it by default",
        },
        identities=(
            "α = 1 is SAM.",
            "α = 0, or ρ = 0, is the base method.",
            "α = γ/(1−γ) is coupled WSAM.",
        ),
        traps=(
            "The released code’s default norm_perturbations mixes in g/‖g‖ where the formula has g, and no recipe "
            "turns it off: where ‖g‖ < 1 that adds a push of the fixed length 1 − α.",
            "It divides by ‖g‖ without anything added (no number at g = 0) and clips h to length 5.",
            "With Adam the penalty disturbs v early on; the authors’ later paper lets ρ or λ grow first.",
        ),
    )

    def formula(self) -> str:
        """The weighted mean."""
        return f"h = (1−α){'g/‖g‖' if self.as_released else 'g'} + αg⁺, α = {told(self.alpha)}"

    def memory(self, theta: Array) -> None:
        """Nothing is remembered."""
        return None

    def combine(self, layout: Layout, gradient: Array | None, outer: Array, probed: Any, memory: None) -> Mixed:
        """The weighted mean."""
        g: Any = gradient
        alpha = expand_trailing(self.alpha)
        return Mixed((1 - alpha) * (over(g, length(g)) if self.as_released else g) + alpha * outer)


@dataclass(frozen=True)
class WSAM:
    """Weighted SAM, the loss L + a (L_SAM − L) with a = γ/(1−γ).

    decoupled (the authors' default): h = g, and θ ← θ − η a (g⁺ − g) past momentum and U. Otherwise h = g + a (g⁺ − g).
    γ = ½ is SAM (coupled), γ = 0 the base method; the default 0.9 weighs the difference nine times.

    Yue et al., "Sharpness-aware minimization revisited: weighted sharpness" (KDD 2023).
    """

    gamma: Any = 0.9
    decoupled: bool = True
    capabilities: ClassVar = MixCapabilities(array_fields=("gamma",))
    about: ClassVar = About(
        what="Counts sharpness, L_SAM − L, with a weight of its own: below ½ less than SAM does, above it more.",
        sources=(
            arxiv("Yue et al., Sharpness-aware minimization revisited: weighted sharpness (KDD 2023)", "2305.15817"),
        ),
        settings={
            "gamma": "γ: the sharpness is weighed by a = γ/(1−γ)",
            "decoupled": "the difference g⁺ − g goes past momentum and U instead of into h",
        },
        identities=(
            "γ = ½ is SAM, coupled.",
            "γ = 0, or ρ = 0, is the base method.",
            "Coupled it is GNP with α = γ/(1−γ).",
        ),
        traps=(
            "The default γ = 0.9 weighs the difference nine times: at SAM’s ρ it is far stronger than SAM.",
            "Decoupled is the default: its term is multiplied by η alone and does not gather in the momentum.",
        ),
    )

    def __post_init__(self) -> None:
        if getattr(self.gamma, "ndim", 0) == 0 and not 0 <= self.gamma < 1:
            raise ValueError(f"gamma must be at least 0 and below 1, not {self.gamma!r}")

    def formula(self) -> str:
        """Both forms."""
        a = f"a = γ/(1−γ), γ = {told(self.gamma)}"
        return f"h = g, and −ηa(g⁺ − g) past v, {a}" if self.decoupled else f"h = g + a(g⁺ − g), {a}"

    def memory(self, theta: Array) -> None:
        """Nothing is remembered."""
        return None

    def combine(self, layout: Layout, gradient: Array | None, outer: Array, probed: Any, memory: None) -> Mixed:
        """g with the weighted difference, in h or beyond."""
        g: Any = gradient
        gamma = expand_trailing(self.gamma)
        weighted = gamma / (1 - gamma) * (outer - g)
        return Mixed(g, beyond=weighted) if self.decoupled else Mixed(g + weighted)


@dataclass(frozen=True)
class GSAM:
    """Surrogate-gap SAM: h = g⁺ − α g_⊥ with g_⊥ the part of g that is orthogonal to g⁺. α = 0 is SAM.

    Zhuang et al., "Surrogate gap minimization improves sharpness-aware training" (ICLR 2022).
    """

    alpha: Any = 0.4
    capabilities: ClassVar = MixCapabilities(array_fields=("alpha",))
    about: ClassVar = About(
        what="Makes the gap between the loss at the probe and here smaller, without disturbing SAM’s own descent: it "
        "goes up the part of g that is orthogonal to g⁺.",
        sources=(
            arxiv(
                "Zhuang et al., Surrogate gap minimization improves sharpness-aware training (ICLR 2022)", "2203.08065"
            ),
            Source("juntang-zhuang/GSAM a770275", "https://github.com/juntang-zhuang/GSAM"),
        ),
        settings={"alpha": "α: how much of the orthogonal part is taken away"},
        identities=(
            "α = 0 is SAM.",
            "h − g⁺ is orthogonal to g⁺. Where g and g⁺ are parallel, as on a round ring without noise, it is SAM.",
        ),
        traps=(
            "In the released code ρ follows the learning rate between two bounds by default; a constant ρ is one of "
            "its options and what is done here.",
            "Its scheduler makes a first step when it is constructed.",
        ),
    )

    def formula(self) -> str:
        """g⁺ less what is orthogonal to it."""
        return f"h = g⁺ − αg⊥, g⊥ = g − ⟨g, g⁺⟩g⁺/‖g⁺‖², α = {told(self.alpha)}"

    def memory(self, theta: Array) -> None:
        """Nothing is remembered."""
        return None

    def combine(self, layout: Layout, gradient: Array | None, outer: Array, probed: Any, memory: None) -> Mixed:
        """g⁺ less what is orthogonal to it."""
        g: Any = gradient
        size, ahead = length(g), length(outer)
        cosine = dot(g, outer) / (size * ahead + TINY)
        across = g - cosine * size * (outer / (ahead + TINY))
        return Mixed(outer - expand_trailing(self.alpha) * across)


@dataclass(frozen=True)
class LookSAM:
    """Where the probe looks, h = g⁺ and g_v = g⁺ − ⟨g⁺, g⟩ g/‖g‖² is kept; else h = g + α ‖g‖/(‖g_v‖ + 1e-8) g_v.

    To be used with a probe that looks every k steps: Method(probe=SAM(every=5), mix=LookSAM()); k = 1 is SAM.
    Norms and products are over all parameters; per_tensor: over each block by itself, as public implementations have
    it. Where g and g⁺ are parallel (‖g_v‖ < 1e-8 ‖g⁺‖: a ring, a straight valley) g_v is rounding error, which would
    be blown up to α‖g‖: it is then 0, and so is the correction.

    Liu et al., "Towards efficient and scalable sharpness-aware minimization" (CVPR 2022).
    """

    alpha: Any = 0.7
    per_tensor: bool = False
    capabilities: ClassVar = MixCapabilities(array_fields=("alpha",))
    about: ClassVar = About(
        what="Looks ahead only at every k-th step, and keeps what SAM adds to the direction of the gradient for the "
        "steps in between.",
        sources=(
            arxiv("Liu et al., Towards efficient and scalable sharpness-aware minimization (CVPR 2022)", "2203.02714"),
        ),
        settings={
            "alpha": "α: the length of what is kept, as a share of ‖g‖",
            "per_tensor": "norms and products for each tensor by itself, as public implementations have them",
        },
        state="g_v, one number for each parameter",
        identities=(
            "k = 1 is SAM (k is the probe’s “every”).",
            "α = 0 is SAM at every k-th step and the base method else.",
        ),
        traps=(
            "The paper’s norms are over all parameters; pytorch_optimizer 4.1.0 and rollovd’s code take them for each "
            "tensor, which is another method.",
            "Where g and g⁺ are parallel g_v is rounding error, which the formula blows up to α‖g‖. Here it is 0 below "
            "10⁻⁸‖g⁺‖. So LookSAM has nothing to show on a round ring.",
        ),
    )

    def formula(self) -> str:
        """What is done between two looks."""
        return f"h = g⁺ and g_v = g⁺ ⊥ g, or without a probe h = g + α‖g‖g_v/‖g_v‖, α = {told(self.alpha)}"

    def memory(self, theta: Array) -> Array:
        """g_v = 0."""
        return array_namespace(theta).zeros_like(theta)

    def combine(self, layout: Layout, gradient: Array | None, outer: Array, probed: Any, memory: Array) -> Mixed:
        """h, and g_v renewed where the probe looked."""
        xp, g = array_namespace(outer), gradient
        if not self.per_tensor:
            return Mixed(*self._part(xp, g, outer, probed, memory))
        pieces = [slice(block.start, block.stop) for block in layout.blocks]
        parts = [self._part(xp, g[..., s], outer[..., s], probed, memory[..., s]) for s in pieces]  # type: ignore[index]
        return Mixed(*(xp.concat(list(both), axis=-1) for both in zip(*parts, strict=True)))

    def _part(self, xp: Any, g: Any, outer: Array, probed: Any, old: Array) -> tuple[Array, Array]:
        ahead = length(outer)
        across = outer - over(dot(g, outer), dot(g, g)) * g
        across = xp.where(length(across) < 1e-8 * ahead, xp.zeros_like(across), across)
        between = g + expand_trailing(self.alpha) * length(g) * (old / (length(old) + 1e-8))
        if isinstance(probed, bool):
            return (outer, across) if probed else (between, old)
        looked = probed[..., None]
        return xp.where(looked, outer, between), xp.where(looked, across, old)


def dot(a: Array, b: Array) -> Array:
    """⟨a, b⟩ over the last axis, which is kept."""
    return array_namespace(a).sum(a * b, axis=-1, keepdims=True)


def length(a: Array) -> Array:
    """‖a‖ over the last axis, which is kept."""
    return array_namespace(a).sqrt(dot(a, a))


def over(a: Array, b: Array) -> Array:
    """a / b, and 0 where b = 0."""
    xp = array_namespace(a)
    empty = b == 0
    return xp.where(empty, xp.zeros_like(a), a / xp.where(empty, xp.ones_like(b), b))


def told(value: Any) -> str:
    """A number as a formula shows it, or "its own" where each walker has one."""
    return "each walker’s own" if getattr(value, "ndim", 0) else f"{float(value):g}"
