"""K-FAC: a Fisher matrix made of one Kronecker product for each layer, from its inputs and its outputs' slopes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from array_api_compat import array_namespace

from geometry.objective import Layout, Objective
from geometry.per_example import FISHERS
from optimizers.about import About, Source, arxiv
from optimizers.broadcasting import by_rows, expand_trailing
from optimizers.capabilities import PreconditionerCapabilities, Schedule
from optimizers.natural_gradient import check_damping
from optimizers.probes import check_every

Array = Any
Leaves = dict[str, Array]
DAMPINGS = ("eigen", "pi", "inverse")


@dataclass(frozen=True)
class KFAC:
    """U: V ↦ A⁻¹ V G⁻¹, damped, on V = [kernel; bias] (in + 1, out) of every Linear and Conv layer; the rest is left.

    A and G: see geometry.layer_factors; A ← β A + (1−β) A_new from the first batch's on, with β = `decay`. They come
    from a pass at θ when U is refreshed (before step t when t mod k = 0), never from the probe.
    damping_kind: "eigen", (A⊗G + λI)⁻¹ in its eigenbasis; "pi", (A + π√λ I)⁻¹ ⊗ (G + √λ/π I)⁻¹ with π² the ratio of
    the two mean eigenvalues (§6.3 of the paper); "inverse", (A + λI)⁻¹ ⊗ (G + λI)⁻¹. With λ = 0 a singular factor has
    its pseudo-inverse.
    as_released: what kfac-pytorch computes: the averages start at the identity, the labels are the data's own, and G is
    made of slopes of the batch's mean loss, N² too small, so that λ acts as λN².

    On a surface there are no layers: a ValueError.
    Martens and Grosse, "Optimizing neural networks with Kronecker-factored approximate curvature" (arXiv 1503.05671).
    """

    damping: Any = 0.1
    damping_kind: str = "pi"
    decay: Any = 0.95
    fisher: str = "exact"
    refresh_every: int = 10
    as_released: bool = False
    capabilities: ClassVar = PreconditionerCapabilities(("damping", "decay"))
    about: ClassVar = About(
        what="The natural gradient with a Fisher matrix that can be inverted: for each layer the product of two small "
        "ones, of its inputs and of the slopes at its outputs.",
        sources=(
            arxiv(
                "Martens and Grosse, Optimizing neural networks with Kronecker-factored approximate curvature (2015)",
                "1503.05671",
            ),
            Source("gpauloski/kfac-pytorch 869cf11", "https://github.com/gpauloski/kfac-pytorch"),
        ),
        settings={
            "damping": "λ: keeps the inverses finite",
            "damping_kind": "eigen: in the joint eigenbasis; pi: split between both factors by their size; inverse: "
            "added to each",
            "decay": "β: how slowly both factors follow",
            "fisher": "exact: over the labels that the model would draw; empirical: with the data’s own",
            "refresh_every": "k: factors and inverses are made anew every k steps",
            "as_released": "what kfac-pytorch computes",
        },
        state="A and G of each layer with their eigenbases: in² and out² numbers, twice",
        cost="At each refresh one pass back for every class, and an eigenbasis of both factors of each layer.",
        identities=(
            "One linear layer on one example: with the damping “eigen” it is the natural gradient itself.",
            "λ → ∞ with that damping is the gradient divided by λ.",
        ),
        traps=(
            "kfac-pytorch takes the data’s own labels (the empirical Fisher), starts its averages at the identity, and "
            "makes G of slopes of the batch’s mean loss, N² too small, so that λ acts as λN².",
            "Its hooks take in every pass in train mode: around SAM twice a step, the second at θ + ε. Here the "
            "factors come from θ when U is refreshed, never from the probe.",
            "Both packages clip the step’s KL divergence by default; this rule does not.",
        ),
    )
    compiled: ClassVar = None

    def __post_init__(self) -> None:
        check_every("refresh_every", self.refresh_every)
        check_damping(self.damping)
        if self.damping_kind not in DAMPINGS:
            raise ValueError(f"damping_kind must be one of {', '.join(DAMPINGS)}, not {self.damping_kind!r}")
        if self.fisher not in FISHERS:
            raise ValueError(f"fisher must be one of {', '.join(FISHERS)}, not {self.fisher!r}")
        if getattr(self.decay, "ndim", 0) == 0 and not 0 <= self.decay <= 1:
            raise ValueError(f"decay must be at least 0 and at most 1, not {self.decay!r}")

    @property
    def schedule(self) -> Schedule:
        """Every k steps from step 0 on."""
        return Schedule(0, self.refresh_every)

    def formula(self) -> str:
        """Both inverses."""
        return "U: V ↦ A⁻¹VG⁻¹ for each layer, damped, A = E[aaᵀ], G = E[ssᵀ]"

    def start(self, objective: Objective, theta: Array) -> Leaves:
        """Nothing is known before the refresh at step 0."""
        return {}

    def refresh(self, objective: Any, theta: Array, state: Leaves) -> Leaves:
        """The factors with those at θ (..., D) mixed in, and their eigenbases; walkers one after the other."""
        if not hasattr(objective, "architecture"):
            raise ValueError("K-FAC needs a network with layers; on a surface use the natural gradient or Shampoo")
        from geometry.layer_factors import layer_factors  # torch is loaded only where there is a network

        xp, fisher = array_namespace(theta), "empirical" if self.as_released else self.fisher
        flat = xp.reshape(theta, (-1, theta.shape[-1]))
        each = [layer_factors(objective, flat[i, :], fisher) for i in range(flat.shape[0])]
        found = {}
        for name in each[0]:
            for letter, pieces in zip("AG", zip(*(one[name] for one in each), strict=True), strict=True):
                stacked = xp.stack(pieces)
                found[f"{name}.{letter}"] = xp.reshape(stacked, (*theta.shape[:-1], *stacked.shape[1:]))
        return self.learned(found, state, objective.examples)

    def learned(self, found: Leaves, state: Leaves, examples: int) -> Leaves:
        """The leaves with factors {"layer.A", "layer.G"} (..., n, n) of so many examples mixed in."""
        leaves: Leaves = {}
        if self.as_released:
            found = {key: f / examples**2 if key.endswith(".G") else f for key, f in found.items()}
        for key, new in found.items():
            xp = array_namespace(new)
            old = state.get(key)
            if old is None:
                old = xp.eye(new.shape[-1], dtype=new.dtype, device=new.device) if self.as_released else new
            beta = expand_trailing(self.decay, 2)
            leaves[key] = beta * old + (1 - beta) * new
        for name in layer_names(leaves):
            values = {}
            for letter in "AG":
                factor = leaves[f"{name}.{letter}"]
                spectrum, axes = array_namespace(factor).linalg.eigh(factor)
                values[letter], leaves[f"{name}.Q{letter}"] = spectrum, by_rows(axes)
            leaves[f"{name}.S"] = self._scale(values["A"], values["G"])
        return leaves

    def _scale(self, a: Array, g: Array) -> Array:
        """What divides V in the eigenbasis, inverted: (..., out, in)."""
        xp = array_namespace(a)
        a, g = (xp.clip(x, min=0.0)[..., None, :] for x in (a, g))
        g, damping = xp.matrix_transpose(g), expand_trailing(self.damping, 2)
        if self.damping_kind == "eigen":
            divisor = g * a + damping
        elif self.damping_kind == "inverse":
            divisor = (g + damping) * (a + damping)
        else:
            mean_a, mean_g = xp.mean(a, axis=(-2, -1), keepdims=True), xp.mean(g, axis=(-2, -1), keepdims=True)
            known = (mean_a > 0) & (mean_g > 0)
            ratio = xp.where(known, mean_a, xp.ones_like(mean_a)) / xp.where(known, mean_g, xp.ones_like(mean_g))
            pi, root = xp.sqrt(ratio), damping**0.5
            divisor = (g + root / pi) * (a + pi * root)
        least = xp.finfo(a.dtype).eps * max(a.shape[-1], g.shape[-2]) * xp.max(divisor, axis=(-2, -1), keepdims=True)
        empty = divisor <= (least if _is_zero(self.damping) else 0 * least)
        return xp.where(empty, xp.zeros_like(divisor), 1 / xp.where(empty, xp.ones_like(divisor), divisor))

    def apply(self, layout: Layout, state: Leaves, v: Array) -> Array:
        """U v, shape (..., D); v itself on what belongs to no such layer."""
        xp, blocks = array_namespace(v), {block.name: block for block in layout.blocks}
        parts = {block.name: v[..., block.start : block.stop] for block in layout.blocks}
        for name in layer_names(state):
            qa, qg, scale = (state[f"{name}.{key}"] for key in ("QA", "QG", "S"))
            weight, bias = f"{name}.weight", f"{name}.bias"
            rows = blocks[weight].shape[0]
            joint = xp.reshape(parts[weight], (*v.shape[:-1], rows, math.prod(blocks[weight].shape[1:])))
            if bias in blocks:
                joint = xp.concat([joint, parts[bias][..., None]], axis=-1)
            inside = xp.matmul(xp.matmul(xp.matrix_transpose(qg), joint), qa)
            joint = xp.matmul(xp.matmul(qg, scale * inside), xp.matrix_transpose(qa))
            if bias in blocks:
                joint, parts[bias] = joint[..., :-1], joint[..., -1]
            parts[weight] = xp.reshape(joint, (*v.shape[:-1], blocks[weight].size))
        return xp.concat([parts[block.name] for block in layout.blocks], axis=-1)

    def matrix(self, layout: Layout, state: Leaves, like: Array) -> Array:
        """U as an explicit matrix (..., D, D)."""
        xp = array_namespace(like)
        eye = xp.eye(layout.dimension, dtype=like.dtype, device=like.device)
        return xp.stack([self.apply(layout, state, xp.broadcast_to(e, like.shape)) for e in eye], axis=-1)

    def refresh_cost(self) -> tuple[int, int]:
        """One gradient; the passes back for each class are no products with the curvature and are not counted."""
        return 1, 0


PARTS = ("A", "G", "QA", "QG", "S")
"""Of a layer's U: both factors, their eigenbases, and what scales there."""


def layer_names(state: Leaves) -> list[str]:
    """The layers that have factors."""
    return [key[:-2] for key in state if key.endswith(".A")]


def _is_zero(damping: Any) -> bool:
    return getattr(damping, "ndim", 0) == 0 and damping == 0
