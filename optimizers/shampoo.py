"""Shampoo: every matrix of parameters preconditioned from both sides by the gradients that it has seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from array_api_compat import array_namespace

from geometry.objective import Layout, Objective
from optimizers.about import About, Source, arxiv
from optimizers.broadcasting import by_rows, expand_trailing, raised
from optimizers.capabilities import NEVER, PreconditionerCapabilities
from optimizers.probes import check_every
from optimizers.structures.kronecker import as_matrix, is_matrix, left, outer, right

Array = Any
Leaves = dict[str, Any]
GRAFTS = ("none", "sgd", "adam")
LARGEST = 1024
"""A side with more entries than this has a diagonal factor."""


@dataclass(frozen=True)
class Shampoo:
    """L ← L + GGᵀ, R ← R + GᵀG for every kernel G (out, in), u = L^-¼ G R^-¼; H ← H + ggᵀ, u = H^-½ g for every other.

    G is the gradient that the step uses, with a probe the one at θ + ε. On a vector it is full-matrix AdaGrad. A
    convolution's kernel is the matrix (out, in·kh·kw). Sides above 1024 have a diagonal factor.
    beta: None sums, as in the paper; a number averages, L ← β L + (1−β) GGᵀ, divided by 1−βᵗ.
    epsilon: ε, with epsilon_at "start" in L₀ = R₀ = εI, with "root" added each time that a root is taken. Where ε = 0
    and a factor is singular, what it has not seen is not moved.
    graft: "sgd" or "adam" gives u of each tensor the length of g or of g/(√v̂ + 1e-8), v an average with `graft_beta`.
    root_every: steps between two roots; the statistics take in every step. U is the identity before the first step.

    Gupta et al., "Shampoo" (arXiv 1802.09568); averages and grafting: Shi et al. (arXiv 2309.06497).
    """

    epsilon: Any = 1e-4
    beta: Any | None = None
    epsilon_at: str = "start"
    graft: str = "none"
    graft_beta: Any = 0.99
    root_every: int = 1
    capabilities: ClassVar = PreconditionerCapabilities(("epsilon", "beta", "graft_beta"), observes=True)
    compiled: ClassVar = None
    schedule: ClassVar = NEVER
    about: ClassVar = About(
        what="Divides every matrix of gradients, from both sides, by roots of what it has seen: directions that had "
        "much get little.",
        sources=(
            arxiv("Gupta et al., Shampoo: preconditioned stochastic tensor optimization (ICML 2018)", "1802.09568"),
            arxiv("Shi et al., A distributed data-parallel PyTorch implementation of Shampoo (2023)", "2309.06497"),
            Source("facebookresearch/optimizers f606606", "https://github.com/facebookresearch/optimizers"),
        ),
        settings={
            "epsilon": "ε: keeps the roots finite",
            "beta": "None: sums, as in the paper; a number: averages, corrected for their start",
            "epsilon_at": "ε is in the first L and R, or is added when a root is taken",
            "graft": "whose length u has: its own, that of g, or that of Adam’s step",
            "graft_beta": "how slowly the average of g² follows, for that of Adam",
            "root_every": "steps between two roots; statistics take in every step",
        },
        state="L and R of each matrix with their roots: in² and out² numbers, twice",
        cost="An eigenbasis of both sides of each matrix, every time that roots are taken.",
        identities=(
            "On a vector, as on these surfaces, it is AdaGrad with a full matrix: u = H^-½ h.",
            "With its sums it slows down by itself, like 1/√t; an average (β) does not.",
        ),
        traps=(
            "facebookresearch/optimizers joins the sides of small tensors into one vector by default, which is full "
            "AdaGrad for small networks, and keeps factors in float32.",
            "torch-optimizer 0.3.0 and moskomule’s code have the exponent −1/k where −1/(2k) belongs, and make R of "
            "the gradient that L has already changed; with momentum they mix both gradients.",
            "With a probe the statistics see g⁺. U is I before the first step, also for the probe.",
        ),
    )

    def formula(self) -> str:
        """Both roots."""
        return "U: G ↦ L^-¼GR^-¼, L ← L + GGᵀ, R ← R + GᵀG; H^-½ for vectors, H ← H + hhᵀ"

    def __post_init__(self) -> None:
        check_every("root_every", self.root_every)
        if self.epsilon_at not in ("start", "root"):
            raise ValueError(f"epsilon_at must be start or root, not {self.epsilon_at!r}")
        if self.graft not in GRAFTS:
            raise ValueError(f"graft must be one of {', '.join(GRAFTS)}, not {self.graft!r}")
        for name in ("epsilon", "beta", "graft_beta"):
            value = getattr(self, name)
            if value is None or getattr(value, "ndim", 0) > 0:
                continue
            if not value >= 0 or (name != "epsilon" and not value < 1):
                raise ValueError(
                    f"{name} must be at least 0{'' if name == 'epsilon' else ' and below 1'}, not {value!r}"
                )

    def start(self, objective: Objective, theta: Array) -> Leaves:
        """Statistics of nothing, and U = I."""
        xp, leaves = array_namespace(theta), {"count": 0}
        for block in objective.layout.blocks:
            for side, size in _sides(block, theta):
                leaves[f"{block.name}.{side}"] = _start(
                    size, theta, self.epsilon if self.epsilon_at == "start" else 0.0
                )
                leaves[f"{block.name}.{side}.root"] = _start(size, theta, 1.0)
        if self.graft == "adam":
            leaves["squares"] = xp.zeros_like(theta)
        return leaves

    def refresh(self, objective: Objective, theta: Array, state: Leaves) -> Leaves:
        """There is nothing to learn but from gradients."""
        return state

    def observe(self, layout: Layout, state: Leaves, gradient: Array) -> Leaves:
        """The statistics with this gradient, and the roots where it is time for them."""
        leaves, count = dict(state), state["count"] + 1
        leaves["count"] = count
        for block in layout.blocks:
            g = as_matrix(block, gradient) if is_matrix(block) else gradient[..., block.start : block.stop, None]
            for side, seen in zip(("L", "R"), (g, array_namespace(g).matrix_transpose(g)), strict=True):
                key = f"{block.name}.{side}"
                if key not in state:
                    continue
                new = outer(seen, seen, state[key])
                leaves[key] = averaged(state[key], new, self.beta, new.ndim - gradient.ndim + 1)
                if (count - 1) % self.root_every == 0:
                    power = 0.25 if is_matrix(block) else 0.5
                    leaves[f"{key}.root"] = self._root(leaves[key], count, power, gradient.ndim - 1)
        if self.graft == "adam":
            leaves["squares"] = averaged(state["squares"], gradient * gradient, self.graft_beta, 1)
        return leaves

    def _root(self, statistics: Array, count: int, power: float, walkers: int) -> Array:
        """(statistics / (1−βᵗ) + ε)^-power of a matrix, or of a diagonal."""
        xp, axes = array_namespace(statistics), statistics.ndim - walkers
        if self.beta is not None:
            statistics = statistics / (1 - raised(expand_trailing(self.beta, axes), count))
        added = expand_trailing(self.epsilon) if self.epsilon_at == "root" else 0.0
        if axes == 1:
            return powered(statistics + added, power)
        values, basis = xp.linalg.eigh(statistics)
        return by_rows(xp.matmul(basis * powered(values + added, power)[..., None, :], xp.matrix_transpose(basis)))

    def apply(self, layout: Layout, state: Leaves, v: Array) -> Array:
        """U v, shape (..., D), each tensor at its graft's length."""
        xp, parts = array_namespace(v), []
        for block in layout.blocks:
            own = v[..., block.start : block.stop]
            if is_matrix(block):
                u = right(left(state[f"{block.name}.L.root"], as_matrix(block, v)), state[f"{block.name}.R.root"])
            else:
                u = left(state[f"{block.name}.L.root"], own[..., None])
            u = xp.reshape(u, own.shape)
            if self.graft != "none" and state["count"]:
                u = u * (_length(self._grafted(state, block, own)) / (_length(u) + 1e-16))
            parts.append(u)
        return parts[0] if len(parts) == 1 else xp.concat(parts, axis=-1)

    def _grafted(self, state: Leaves, block: Any, v: Array) -> Array:
        if self.graft == "sgd":
            return v
        squares = state["squares"][..., block.start : block.stop]
        corrected = squares / (1 - raised(expand_trailing(self.graft_beta), state["count"]))
        return v / (array_namespace(v).sqrt(corrected) + 1e-8)

    def matrix(self, layout: Layout, state: Leaves, like: Array) -> Array:
        """U as an explicit matrix (..., D, D), without the graft, which is not linear."""
        xp = array_namespace(like)
        plain = self if self.graft == "none" else Shampoo(self.epsilon, self.beta, self.epsilon_at)
        eye = xp.eye(layout.dimension, dtype=like.dtype, device=like.device)
        return xp.stack([plain.apply(layout, state, xp.broadcast_to(e, like.shape)) for e in eye], axis=-1)

    def refresh_cost(self) -> tuple[int, int]:
        """Nothing: it learns from gradients that are there."""
        return 0, 0


def averaged(old: Array, new: Array, beta: Any, axes: int) -> Array:
    """old + new where β is None, else β·old + (1−β)·new, with `axes` axes beside the walkers'."""
    if beta is None:
        return old + new
    beta = expand_trailing(beta, axes)
    return beta * old + (1 - beta) * new


def powered(values: Array, power: float) -> Array:
    """x^-power, and 0 where x is not above rounding error of the largest."""
    xp = array_namespace(values)
    least = xp.finfo(values.dtype).eps * values.shape[-1] * xp.max(values, axis=-1, keepdims=True)
    empty = values <= xp.clip(least, min=0.0)
    return xp.where(empty, xp.zeros_like(values), xp.where(empty, xp.ones_like(values), values) ** -power)


def _sides(block: Any, theta: Array) -> list[tuple[str, int]]:
    if not is_matrix(block):
        return [("L", block.size)]
    rows, columns = as_matrix(block, theta).shape[-2:]
    return [("L", rows), ("R", columns)]


def _start(size: int, theta: Array, scale: Any) -> Array:
    """scale·I for every walker of θ, or its diagonal where the side is large."""
    xp, walkers = array_namespace(theta), tuple(theta.shape[:-1])
    ones = xp.ones((*walkers, size), dtype=theta.dtype, device=theta.device) * expand_trailing(scale)
    if size > LARGEST:
        return ones
    return ones[..., None] * xp.eye(size, dtype=theta.dtype, device=theta.device)


def _length(a: Array) -> Array:
    xp = array_namespace(a)
    return xp.sqrt(xp.sum(a * a, axis=-1, keepdims=True))
