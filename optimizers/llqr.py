"""LLQR: a structured inverse preconditioner U, learned by minimising a layerwise linear-quadratic-regulator cost.

With the control d = −U g the cost of a refresh is

    J(U) = g·d + ½ dᵀ (G + λ I) d,        ∂J/∂U = pull-back of r = g + (G + λ I) d through U ↦ −U g,

where g is the gradient and G the curvature at the iterate (metric "newton": the Hessian; "ngd": the Hessian of the
divergence). A refresh makes `inner_steps` clipped momentum steps on J from the stored U, then keeps a slow average
U ← β U + (1 − β) U_T, so that U follows the average geometry and not the last point (arXiv 2605.16134).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from array_api_compat import array_namespace

from geometry.gaussian import Moments
from geometry.objective import Layout, Linearisation, Objective, linearise
from geometry.surface import Surface
from optimizers.about import About, Source, arxiv
from optimizers.broadcasting import expand_trailing
from optimizers.capabilities import CompiledPreconditioner, PreconditionerCapabilities, Schedule
from optimizers.inner import SOLVERS, InnerSolver, replace_not_finite
from optimizers.structures import Leaves, Structure, structure_named

Array = Any
METRICS = ("newton", "ngd", "ngd-mean")
FLOORED = ("diagonal", "scalar")
"""Structures whose U the authors keep above a floor; they leave every other as it comes out."""
DECAY = {"newton": 0.9, "ngd": 0.95, "ngd-mean": 0.95}
"""β of the slow average on networks."""
COMPILED_STRUCTURES = ("dense", "diagonal", "scalar")
COMPILED_AT_DEFAULT = (
    *("metric", "solver", "clip_elements", "cold_start", "identity_scale"),
    *("normalise_gradient", "refresh_until"),
)
"""Options that the compiled refresh has at their defaults only."""
SMALLEST_NORM = 1e-9


@dataclass(frozen=True)
class LLQR:
    """The preconditioner of LLQR; the defaults are those of the 2-D surfaces, `for_networks` has those of networks.

    structure: "dense", "diagonal", "scalar", "kfac" or "e-kfac" blocks.  metric: "newton", "ngd" (summed over the
    batch, as the authors have it, while g is a mean) or "ngd-mean" (ours: averaged; see geometry.networks).
    refresh_every: k, refresh before step t when t mod k = 0 and t < refresh_until.  decay: β of the slow average, not
    bias-corrected.
    inner_steps, inner_learning_rate, inner_momentum, clip, clip_elements, inner_betas: of the `solver` "momentum",
    "sgd" or "adam" (see InnerSolver).  damping: λ, added once however the batch is chunked (the authors' code adds it
    once for each chunk).
    warm_start_scale: σ of the Gaussian neighbourhood of the start whose averaged geometry gives the first U by
    `warm_refreshes` refreshes from U = I; that stands for step 0, so that the first refresh at the iterate is at
    step k. None: start at U = I and refresh at step 0 as well.
    cold_start: every inner solve begins at the identity instead of the stored U.
    normalise_gradient: the control is −U g/max(‖g‖, 1e-9); the linear term of J keeps g.
    identity_scale: s, U is learned from s·I and applied as U/s, so that the first step is plain.
    floor: lower bound of U after each refresh (see the structure's `project`; 0: none).

    All numbers but the counts of steps, the floor and the scale may be arrays over the walkers, and so may
    refresh_every.
    """

    structure: str | Structure = "dense"
    metric: str = "newton"
    refresh_every: Any = 10
    decay: Any = 0.95
    inner_steps: int = 50
    inner_learning_rate: Any = 1e-3
    inner_momentum: Any = 0.9
    clip: Any | None = 5.0
    damping: Any = 0.0
    warm_start_scale: Any | None = 2.0
    warm_refreshes: int = 200
    floor: float = 1e-8
    solver: str = "momentum"
    clip_elements: float | None = None
    inner_betas: tuple[float, float] = (0.9, 0.999)
    cold_start: bool = False
    normalise_gradient: bool = False
    identity_scale: float = 1.0
    refresh_until: int | None = None
    capabilities: ClassVar = PreconditionerCapabilities(
        ("refresh_every", "decay", "inner_learning_rate", "inner_momentum", "clip", "damping", "warm_start_scale"),
        has_inner_problem=True,
    )
    about: ClassVar = About(
        what="Learns a matrix U from the curvature around it: long steps where the ground is flat, short ones where it "
        "is steep, so that one η serves both. U forgets slowly and knows the average ground.",
        sources=(
            arxiv("Dufort-Labbé et al., Navigating potholes with geometry-aware sharpness minimization", "2605.16134"),
            Source("SimonDufLab/LLQR", "https://github.com/SimonDufLab/LLQR"),
        ),
        settings={
            "structure": "which matrices U may be: dense, diagonal, one number a layer, or Kronecker factors",
            "metric": "whose curvature: newton, the Hessian; ngd and ngd-mean, the Fisher matrix, summed or averaged",
            "refresh_every": "k: U is learned anew every k steps",
            "decay": "β: how slowly U follows what a refresh learns",
            "inner_steps": "steps of a refresh",
            "inner_learning_rate": "of those steps",
            "inner_momentum": "of those steps",
            "clip": "the longest gradient of such a step, for each leaf of U",
            "damping": "λ: added to the curvature",
            "warm_start_scale": "σ: the width of the neighbourhood whose average ground gives the first U; None: U = I",
            "warm_refreshes": "refreshes of that first U",
            "floor": "the least entry of a diagonal or scalar U",
            "solver": "of the inner steps: momentum, sgd or adam",
            "clip_elements": "the largest entry of such a step’s gradient; None: any",
            "inner_betas": "of the solver adam",
            "cold_start": "every refresh begins at the identity",
            "normalise_gradient": "the control is made of g/‖g‖",
            "identity_scale": "s: U is learned from s·I and applied as U/s",
            "refresh_until": "no refresh from this step on; None: always",
        },
        state="U: D², D or as many numbers as there are layers, by its structure; Kronecker factors in² + out² "
        "a matrix",
        identities=(
            "U = I is the base method, and β = 1 keeps it there.",
            "J(U) is the cost of a linear-quadratic regulator over the layers: to 3·10⁻¹⁵ it is gᵀd + ½dᵀ(G + λI)d.",
            "With SAM in the norm √(gᵀUg) it is Riemannian SAM in the metric U⁻¹.",
            "In front of Adam or AdamW a diagonal U that stays constant is not seen at all, as both averages scale "
            "alike; what is left is its change in time and, with SAM, the probe. In front of Lion it changes nothing.",
        ),
        traps=(
            "In the released code “ngd” is the batch’s sum while g is its mean: the larger the batch, the shorter Ug. "
            "“ngd-mean” is the mean.",
            "Made in chunks of a batch, λ is added once for each chunk.",
            "precond_on_update starts uphill: the control has its sign twice. No command of the paper uses it.",
            "Without damping Newton’s cost has no lower bound where the Hessian is indefinite; few small clipped steps "
            "keep it finite.",
        ),
    )

    @classmethod
    def for_networks(
        cls,
        structure: str | Structure = "diagonal",
        metric: str = "ngd",
        refresh_every: Any = 1000,
        decay: Any | None = None,
        warm_start_scale: None = None,
        floor: float | None = None,
        **options: Any,
    ) -> LLQR:
        """LLQR with the authors' settings for networks (arXiv 2605.16134); `options` are the fields of the class.

        decay: 0.95 for "ngd" and 0.9 for "newton". floor: 1e-8 for "diagonal" and "scalar" blocks and none for any
        other, whose U is left as it comes out (the dense one is not made symmetric). There is no averaging over the
        start's neighbourhood: mini-batches and the slow average do that. Newton's cost has no lower bound where the
        Hessian is indefinite; few small clipped steps keep it finite, not the damping, which is 0.
        """
        if decay is None:
            decay = DECAY.get(metric, 0.95)
        if floor is None:
            floor = 1e-8 if (structure if isinstance(structure, str) else structure.name) in FLOORED else 0.0
        return cls(structure, metric, refresh_every, decay, warm_start_scale=warm_start_scale, floor=floor, **options)

    def __post_init__(self) -> None:
        if isinstance(self.structure, str):
            structure_named(self.structure)
        if self.metric not in METRICS:
            raise ValueError(f"metric must be one of {', '.join(METRICS)}, not {self.metric!r}")
        _check("refresh_every", self.refresh_every, 1, math.inf)
        _check("decay", self.decay, 0.0, 1.0)
        _check("inner_steps", self.inner_steps, 0, math.inf)
        _check("inner_learning_rate", self.inner_learning_rate, 0.0, math.inf)
        _check("inner_momentum", self.inner_momentum, 0.0, 1.0)
        _check("damping", self.damping, 0.0, math.inf)
        _check("warm_refreshes", self.warm_refreshes, 0, math.inf)
        if self.solver not in SOLVERS:
            raise ValueError(f"solver must be one of {', '.join(SOLVERS)}, not {self.solver!r}")
        _check("identity_scale", self.identity_scale, 1e-12, math.inf)
        _check("floor", self.floor, 0.0, math.inf)
        if self.clip_elements is not None:
            _check("clip_elements", self.clip_elements, 1e-12, math.inf)
        if self.refresh_until is not None:
            _check("refresh_until", self.refresh_until, 0, math.inf)
        if self.clip is not None:
            _check("clip", self.clip, 1e-12, math.inf)
        if self.warm_start_scale is not None:
            _check("warm_start_scale", self.warm_start_scale, 0.0, math.inf)

    def formula(self) -> str:
        """The slow average, and what it follows."""
        return "U ← βU + (1−β)U_T every k steps, U_T lowers J(U) = gᵀd + ½dᵀ(G + λI)d, d = −Ug"

    @property
    def blocks(self) -> Structure:
        """The block structure itself."""
        return structure_named(self.structure) if isinstance(self.structure, str) else self.structure

    @property
    def inner(self) -> InnerSolver:
        """The solver of the inner problem."""
        return InnerSolver(
            self.inner_steps,
            self.inner_learning_rate,
            self.inner_momentum,
            self.clip,
            self.clip_elements,
            self.solver,
            self.inner_betas,
        )

    def start(self, objective: Objective, theta: Array) -> Leaves:
        """U before the first step: the identity, or what the smoothed neighbourhood of θ teaches."""
        leaves = self.blocks.identity(objective.layout, theta, self.identity_scale)
        if self.warm_start_scale is None:
            return leaves
        if not hasattr(objective, "kernel_code"):
            raise ValueError(
                "warm_start_scale averages over a 2-D surface; pass warm_start_scale=None for this objective"
            )
        from geometry.smoothing import neighbourhood_moments  # half a second that only surfaces need

        moments = neighbourhood_moments(cast(Surface, objective), theta, self.warm_start_scale)
        for _ in range(self.warm_refreshes):
            leaves = self._refreshed_on(moments, objective.layout, leaves, theta)
        return leaves

    @property
    def schedule(self) -> Schedule:
        """Every k steps; with a warm start step 0 does not begin with a refresh."""
        return Schedule(
            0 if self.warm_start_scale is None else self.refresh_every, self.refresh_every, self.refresh_until
        )

    @property
    def compiled(self) -> CompiledPreconditioner | None:
        """For the structures of a small matrix and the usual inner problem; a subclass may learn otherwise."""
        usual = all(getattr(self, name) == getattr(LLQR, name) for name in COMPILED_AT_DEFAULT)
        if type(self) is not LLQR or not usual or self.structure not in COMPILED_STRUCTURES:
            return None
        return CompiledPreconditioner(
            str(self.structure),
            self.refresh_every,
            self.decay,
            self.damping,
            self.inner_learning_rate,
            self.inner_momentum,
            math.inf if self.clip is None else self.clip,
            self.warm_start_scale,
            self.warm_refreshes,
            self.inner_steps,
            self.floor,
        )

    def refresh(self, objective: Objective, theta: Array, state: Leaves) -> Leaves:
        """U after one refresh at θ: the inner solve on J(U), then the slow average and the floor."""
        at = linearise(objective, theta, self.metric)
        layout, walkers = objective.layout, theta.ndim - 1
        begin = self.blocks.identity(layout, theta, self.identity_scale) if self.cold_start else state
        return self._averaged(state, self.inner.solve(self.slope(layout, at), begin, walkers), theta)

    def cost(self, layout: Layout, at: Linearisation, leaves: Leaves) -> Array:
        """J(U) = g·d + ½ dᵀ(G + λI) d with d = −U g, shape (...)."""
        xp = array_namespace(at.gradient)
        d = -self.blocks.product(layout, leaves, self._control(at.gradient))
        bent = at.product(d) + expand_trailing(self.damping) * d
        return xp.sum(at.gradient * d, axis=-1) + xp.sum(d * bent, axis=-1) / 2

    def slope(self, layout: Layout, at: Linearisation, along: Array | None = None) -> Callable[[Leaves], Leaves]:
        """leaves ↦ ∂J/∂leaves, for one curvature product a call; `along` replaces the g of the control d = −U g."""
        blocks, g = self.blocks, at.gradient
        control = self._control(g) if along is None else along
        damped = not (isinstance(self.damping, float | int) and self.damping == 0)

        # with e = U g = −d the residual is −r = (G + λI) e − g, and the signs of d and r cancel in the pull-back
        def slope(leaves: Leaves) -> Leaves:
            e = blocks.product(layout, leaves, control)
            bent = at.product(e)
            if damped:
                bent = bent + expand_trailing(self.damping) * e
            return blocks.pull_back(layout, leaves, control, bent - g)

        return slope

    def _control(self, g: Array) -> Array:
        """The vector that U is applied to in the control."""
        if not self.normalise_gradient:
            return g
        xp = array_namespace(g)
        return g / xp.clip(xp.sqrt(xp.sum(g * g, axis=-1, keepdims=True)), min=SMALLEST_NORM)

    def _refreshed_on(self, moments: Moments, layout: Layout, state: Leaves, theta: Array) -> Leaves:
        """One refresh on the averaged cost J̄(U) = −tr(UC) + ½ tr(Uᵀ(H̄+λ)UC), ∂J̄/∂U = (H̄+λ)UC − C."""
        blocks = self.blocks
        xp = array_namespace(theta)
        eye = xp.eye(layout.dimension, dtype=theta.dtype)
        second = moments.second_moment
        curvature = moments.mean_hessian + expand_trailing(self.damping, 2) * eye

        walkers = theta.ndim - 1
        each = (slice(None),) * walkers + (None,)

        def slope(leaves: Leaves) -> Leaves:
            u = blocks.matrix(layout, leaves)
            residual = curvature @ (u @ second) - second
            # the columns of the residual and of I are walkers of one pull-back
            spread = {name: leaf[each] for name, leaf in leaves.items()}
            columns = blocks.pull_back(layout, spread, eye, residual.mT)
            return {name: xp.sum(column, axis=walkers) for name, column in columns.items()}

        return self._averaged(state, self.inner.solve(slope, state, walkers), theta)

    def _averaged(self, old: Leaves, new: Leaves, theta: Array) -> Leaves:
        """U ← β U + (1 − β) U_T leaf by leaf, then the structure's projection."""
        walkers = theta.ndim - 1
        mixed = {}
        for name, leaf in new.items():
            beta = expand_trailing(self.decay, leaf.ndim - walkers)
            largest = float(array_namespace(leaf).finfo(leaf.dtype).max)
            mixed[name] = beta * old[name] + (1 - beta) * replace_not_finite(leaf, largest)
        return self.blocks.project(mixed, self.floor)

    def apply(self, layout: Layout, state: Leaves, v: Array) -> Array:
        """U v, divided by the identity's scale."""
        product = self.blocks.product(layout, state, v)
        return product if self.identity_scale == 1.0 else product / self.identity_scale

    def matrix(self, layout: Layout, state: Leaves, like: Array) -> Array:
        """U as an explicit matrix (..., D, D)."""
        return self.blocks.matrix(layout, state) / self.identity_scale

    def refresh_cost(self) -> tuple[int, int]:
        """One gradient and one curvature product per inner step."""
        return 1, self.inner_steps


def _check(name: str, value: Any, minimum: float, maximum: float) -> None:
    """A ValueError that names the hyper-parameter when any of its values is not a number in [minimum, maximum]."""
    if type(value) in (float, int) and minimum <= value <= maximum:
        return  # the usual case, without numpy's ten microseconds
    try:
        values = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number or an array of numbers, not {value!r}") from None
    if not bool(np.all((values >= minimum) & (values <= maximum) & ~np.isnan(values))):
        upper = f" and at most {maximum:g}" if math.isfinite(maximum) else ""
        raise ValueError(f"{name} must be at least {minimum:g}{upper}, not {value!r}")
