"""Outer rules with a scale of their own for every parameter: Adam, AdamW, Lion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from array_api_compat import array_namespace

from geometry.objective import Layout
from optimizers.about import About, Source, arxiv
from optimizers.broadcasting import expand_trailing, raised
from optimizers.capabilities import OuterCapabilities
from optimizers.outer import decayed

Array = Any


@dataclass(frozen=True)
class Adam:
    """m ← β₁ m + (1−β₁) u;  v ← β₂ v + (1−β₂) u²;  θ ← θ − η m̂ / (√v̂ + e), with m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ).

    With `share` s, η stands for s times the step's: a method that shares η with others then walks at its own scale.
    The weight decay λ_w is that of the step, or `weight_decay` where that is not None. It is added to u in front of all
    this (L2), or with `decoupled` (AdamW) θ ← θ − ηλ_w θ of the old θ comes on top.

    Adam is blind to a diagonal U that stays constant: m̂ and √v̂ scale alike, so that only e tells. Behind a diagonal U
    what remains of U is its change in time and, with a probe along U g, the probe. LLQR's U with blocks like K-FAC's
    mixes parameters and is seen.

    Kingma and Ba, "Adam" (arXiv 1412.6980); Loshchilov and Hutter, "Decoupled weight decay" (arXiv 1711.05101).
    """

    beta1: Any = 0.9
    beta2: Any = 0.999
    epsilon: Any = 1e-8
    decoupled: bool = False
    weight_decay: Any | None = None
    share: Any = 1.0
    capabilities: ClassVar = OuterCapabilities(array_fields=("beta1", "beta2", "epsilon", "weight_decay", "share"))

    @property
    def about(self) -> About:
        """Adam, or AdamW where the decay is decoupled."""
        adam = arxiv("Kingma and Ba, Adam: a method for stochastic optimization (2014)", "1412.6980")
        adamw = arxiv("Loshchilov and Hutter, Decoupled weight decay regularization (2017)", "1711.05101")
        decays = (
            "With λ = 0 it is Adam."
            if self.decoupled
            else "AdamW is the same with the weight decay taken out of both averages; at λ = 0 they agree."
        )
        defaults = (
            "Defaults differ: λ is 0.01 in torch.optim.AdamW and 0.0001 in optax.adamw. Both multiply it by η."
            if self.decoupled
            else "The weight_decay of torch.optim.Adam is L2, in front of both averages. So is that of the LLQR "
            "authors’ preset resnet18-cifar100-adamw, whose main_optimizer is adam: in spite of its name no AdamW."
        )
        return About(
            what="Divides an average of the gradient by the root of an average of its square, parameter by parameter: "
            "every parameter walks about η a step, whatever the size of its gradient."
            + (" Weights shrink by ηλθ besides, past both averages." if self.decoupled else ""),
            sources=(adam, adamw) if self.decoupled else (adam,),
            settings={
                "beta1": "β₁: how slowly the average of u follows",
                "beta2": "β₂: how slowly the average of u² follows",
                "epsilon": "e: added to the root, so that a gradient of 0 divides nothing by 0",
                "decoupled": "the weight decay acts on θ alone (AdamW) instead of through the averages",
                "weight_decay": "λ; None takes the step’s",
                "share": "its learning rate as a share of the step’s η, which other methods have too",
            },
            state="m and v, two numbers for each parameter",
            identities=(
                "β₁ = β₂ = 0 and e → 0 is sign descent.",
                decays,
                "It is blind to a diagonal U that stays constant: m̂ and √v̂ scale alike, so that only e tells. Behind "
                "LLQR with diagonal blocks what is left of U is its change in time and, with SAM, the probe along Ug; "
                "blocks like K-FAC’s mix parameters and are seen.",
            ),
            traps=(
                "e stands outside the root, as in torch; Keras adds its epsilon before the bias of v is corrected, "
                "which is another number for the first steps.",
                defaults,
            ),
        )

    def __post_init__(self) -> None:
        check_betas(self)

    def formula(self) -> tuple[str, str]:
        """Both averages, and the step."""
        decay = " − ηλθ" if self.decoupled else ""
        return "m ← β₁m + (1−β₁)u, v ← β₂v + (1−β₂)u²", f"θ ← θ − η m̂/(√v̂ + e){decay}{told(self.share)}"

    def start(self, theta: Array) -> dict[str, Array]:
        """m = v = 0."""
        zeros = array_namespace(theta).zeros_like
        return {"m": zeros(theta), "v": zeros(theta)}

    def step(
        self, theta: Array, direction: Array, state: dict[str, Array], settings: Any, index: int, layout: Layout
    ) -> tuple[Array, dict[str, Array]]:
        """One step."""
        xp, rate = array_namespace(theta), expand_trailing(settings.learning_rate) * expand_trailing(self.share)
        decay = settings.weight_decay if self.weight_decay is None else self.weight_decay
        b1, b2 = expand_trailing(self.beta1), expand_trailing(self.beta2)
        u = direction if self.decoupled else decayed(direction, decay, theta)
        m, v = b1 * state["m"] + (1 - b1) * u, b2 * state["v"] + (1 - b2) * u * u
        scale = xp.sqrt(v / (1 - raised(b2, index + 1))) + expand_trailing(self.epsilon)
        step = m / (1 - raised(b1, index + 1)) / scale
        return theta - rate * (decayed(step, decay, theta) if self.decoupled else step), {"m": m, "v": v}


@dataclass(frozen=True)
class Lion:
    """c = sign(β₁ m + (1−β₁) u);  m ← β₂ m + (1−β₂) u;  θ ← θ − η (c + λ_w θ), with sign(0) = 0.

    λ_w and η: that of the step, or `weight_decay` where that is not None, and `share` times it. β₁ = 0 is sign descent.
    Chen et al., "Symbolic discovery of optimization algorithms" (arXiv 2302.06675).
    """

    beta1: Any = 0.9
    beta2: Any = 0.99
    weight_decay: Any | None = None
    share: Any = 1.0
    capabilities: ClassVar = OuterCapabilities(array_fields=("beta1", "beta2", "weight_decay", "share"))
    about: ClassVar = About(
        what="Steps by the sign of an average of the gradient: every parameter moves by η, up or down, at every step.",
        sources=(
            arxiv("Chen et al., Symbolic discovery of optimization algorithms (2023)", "2302.06675"),
            Source("google/automl, lion", "https://github.com/google/automl/tree/master/lion"),
        ),
        settings={
            "beta1": "β₁: the share of m in the sign that is taken",
            "beta2": "β₂: how slowly m follows",
            "weight_decay": "λ; None takes the step’s",
            "share": "its learning rate as a share of the step’s η, which other methods have too",
        },
        state="m, one number for each parameter",
        identities=(
            "β₁ = 0 is sign descent.",
            "A diagonal U > 0 that stays constant changes nothing at all: only signs count. So LLQR with diagonal "
            "blocks acts here through SAM’s probe, or while U changes.",
        ),
        traps=(
            "η is a third to a tenth of AdamW’s, and λ larger by as much; optax’s default λ is 0.001.",
            "sign(0) is 0: a parameter without any gradient stays where it is, but for the decay.",
            "It never comes to rest: with a constant η it jumps to and fro by η around a minimum.",
        ),
    )

    def __post_init__(self) -> None:
        check_betas(self)

    def formula(self) -> tuple[str, str]:
        """The average, and the step."""
        return "c = sign(β₁m + (1−β₁)u), m ← β₂m + (1−β₂)u", f"θ ← θ − η(c + λθ){told(self.share)}"

    def start(self, theta: Array) -> Array:
        """m = 0."""
        return array_namespace(theta).zeros_like(theta)

    def step(
        self, theta: Array, direction: Array, state: Array, settings: Any, index: int, layout: Layout
    ) -> tuple[Array, Array]:
        """One step."""
        b1, b2 = expand_trailing(self.beta1), expand_trailing(self.beta2)
        decay = settings.weight_decay if self.weight_decay is None else self.weight_decay
        c = array_namespace(theta).sign(b1 * state + (1 - b1) * direction)
        rate = expand_trailing(settings.learning_rate) * expand_trailing(self.share)
        return theta - rate * decayed(c, decay, theta), b2 * state + (1 - b2) * direction


def told(share: Any) -> str:
    """What η is, where it is not the step's own."""
    if getattr(share, "ndim", 0):
        return ", η a share of the step’s"
    return "" if share == 1 else f", η = {float(share):g} of the step’s"


def check_betas(rule: Adam | Lion) -> None:
    """A ValueError that names β₁, β₂ (0 ≤ β < 1) or a negative number of the rule."""
    for name in rule.capabilities.array_fields:
        value = getattr(rule, name)
        if value is None or getattr(value, "ndim", 0) > 0:
            continue
        if not value >= 0 or (name.startswith("beta") and not value < 1):
            below = " and below 1" if name.startswith("beta") else ""
            raise ValueError(f"{name} must be at least 0{below}, not {value!r}")
