"""Exact LLQR: the preconditioner U = (G + λI)⁻¹ itself, solved layer by layer, where the relaxed one is learned.

For surfaces of any kind and for the loss of small networks that are a chain of layers. It is the oracle that a learned
U is compared with, and a method of its own: `Method(preconditioner=ExactLLQR(damping=0.5))`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from array_api_compat import array_namespace

from geometry.linear_quadratic import LinearQuadratic, surface_model
from geometry.objective import Layout, Objective
from optimizers.about import About, arxiv
from optimizers.capabilities import PreconditionerCapabilities, Schedule
from optimizers.llqr import METRICS
from optimizers.riccati import Factor, factorise, riccati_step, solve

Array = Any
Leaves = dict[str, Array]
_FIELDS = ("inverse", "N", "A", "B")


@dataclass(frozen=True)
class ExactLLQR:
    """U = (G + λI)⁻¹ at the point of the last refresh, applied by a sweep through the layers and never averaged.

    damping: λ ≥ 0, a number or an array over the walkers.  metric: "newton" (G the Hessian) or the metrics of a
    network.  refresh_every: k, refresh before step t when t mod k = 0.  require_minimum: refuse a G + λI that is not
    positive definite; otherwise an indefinite one is inverted as it is, and a step then heads for a saddle.

    The objective must offer `hessian(theta)` (a surface) or be a NetworkLoss over a torch.nn.Sequential.
    ValueError at a refresh: a singular stage, or an indefinite one with require_minimum, by the layer's name.
    """

    damping: Any = 0.0
    metric: str = "newton"
    refresh_every: int = 1
    require_minimum: bool = False
    capabilities: ClassVar = PreconditionerCapabilities(("damping",))
    about: ClassVar = About(
        what="What LLQR learns towards: the layerwise regulator solved exactly, by a sweep back through the layers.",
        sources=(
            arxiv("Dufort-Labbé et al., Navigating potholes with geometry-aware sharpness minimization", "2605.16134"),
        ),
        settings={
            "damping": "λ: added to the curvature",
            "metric": "newton: the Hessian; ngd, ngd-mean: the Fisher matrix, summed or averaged",
            "refresh_every": "k: the curvature is made anew every k steps",
            "require_minimum": "refuse a curvature that is not positive definite",
        },
        state="the factors of G + λI, about D² numbers for D parameters",
        identities=("U = (G + λI)⁻¹: Newton’s step, or with “ngd” the natural gradient of the batch’s sum.",),
        traps=(
            "An indefinite curvature is inverted as it is, and the step then heads for a saddle.",
            "The authors’ code solves its stages by conjugate gradients, which diverge where a stage is indefinite.",
        ),
    )
    compiled: ClassVar = None

    def __post_init__(self) -> None:
        if self.metric not in (*METRICS, "ngd-mean"):
            raise ValueError(f"metric must be one of {', '.join(METRICS)}, not {self.metric!r}")
        values = self.damping if getattr(self.damping, "ndim", 0) else [self.damping]
        if not all(isinstance(value, bool) is False and float(value) >= 0 for value in _flat(values)):
            raise ValueError(f"damping must be at least 0, not {self.damping!r}")
        if isinstance(self.refresh_every, bool) or not isinstance(self.refresh_every, int) or self.refresh_every < 1:
            raise ValueError(f"refresh_every must be a whole number of at least 1, not {self.refresh_every!r}")

    def formula(self) -> str:
        """The inverse of the damped curvature."""
        return "U = (G + λI)⁻¹"

    def start(self, objective: Objective, theta: Array) -> Leaves:
        """Nothing is known before the refresh at step 0."""
        return {}

    @property
    def schedule(self) -> Schedule:
        """Every k steps from step 0 on."""
        return Schedule(0, self.refresh_every)

    def refresh(self, objective: Objective, theta: Array, state: Leaves) -> Leaves:
        """The factors of G + λI at θ (..., D)."""
        factors = factorise(model_of(objective, theta, self.metric), self.damping, self.require_minimum)
        return {f"{name}.{k}": getattr(factor, name) for k, factor in enumerate(factors) for name in _FIELDS}

    def apply(self, layout: Layout, state: Leaves, v: Array) -> Array:
        """(G + λI)⁻¹ v, shape (..., D)."""
        return solve(_factors(state), v)

    def matrix(self, layout: Layout, state: Leaves, like: Array) -> Array:
        """U as an explicit matrix (..., D, D)."""
        xp = array_namespace(like)
        eye = xp.eye(layout.dimension, dtype=like.dtype, device=like.device)
        return xp.stack([self.apply(layout, state, xp.broadcast_to(e, like.shape)) for e in eye], axis=-1)

    def refresh_cost(self) -> tuple[int, int]:
        """One gradient; the layers' derivatives are made as matrices and are no products with G, so none is counted."""
        return 1, 0


def exact_step(objective: Objective, theta: Array, metric: str = "newton", damping: Any = 0.0) -> Array:
    """s = (G + λI)⁻¹ g at θ (..., D) by the layerwise Riccati recursion, with g the objective's own gradient."""
    return riccati_step(model_of(objective, theta, metric), damping)


def model_of(objective: Any, theta: Array, metric: str = "newton") -> LinearQuadratic:
    """The layerwise linear-quadratic model of a surface or of a network that is a chain of layers."""
    if hasattr(objective, "hessian"):
        if metric != "newton":
            raise ValueError(f"a surface has the metric newton only, not {metric!r}")
        return surface_model(objective, theta)
    if hasattr(objective, "architecture"):
        from geometry.layerwise import layerwise_model  # torch is loaded only where there is a network

        return layerwise_model(objective, theta, metric)
    raise ValueError(
        "exact LLQR needs an objective with a Hessian or a network that is a chain of layers, "
        f"not {type(objective).__name__}"
    )


def _factors(state: Leaves) -> tuple[Factor, ...]:
    return tuple(Factor(*(state[f"{name}.{k}"] for name in _FIELDS)) for k in range(len(state) // len(_FIELDS)))


def _flat(values: Any) -> Any:
    return values.reshape(-1) if hasattr(values, "reshape") else values
