"""A diagonal metric of closed form for Riemannian SAM, M⁻¹ as a preconditioner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from array_api_compat import array_namespace

from geometry.objective import Layout, Objective
from optimizers.about import About, Source
from optimizers.asam import check_eta
from optimizers.broadcasting import expand_trailing
from optimizers.capabilities import PreconditionerCapabilities, Schedule

Array = Any
Leaves = dict[str, Array]


@dataclass(frozen=True)
class ParameterMetric:
    """U = M⁻¹ = diag(|θ| + η)², renewed before every step: the metric of ASAM, here with the biases like all else.

    Riemannian SAM in it is Method(probe=SAM(norm="matrix"), preconditioner=ParameterMetric()), and with
    precondition_update=False the ascent alone is Riemannian and the descent Euclidean. Its other metric of closed form,
    the diagonal Fisher matrix, is NaturalGradient(η, "empirical", True); any preconditioner is a metric.
    Yun and Yang, "Riemannian SAM" (NeurIPS 2023).
    """

    eta: Any = 0.01
    capabilities: ClassVar = PreconditionerCapabilities(("eta",))
    about: ClassVar = About(
        what="A metric of closed form: parameters count in units of their own size.",
        sources=(Source("Yun and Yang, Riemannian SAM (NeurIPS 2023); no public code found"),),
        settings={"eta": "added to |θ|, so that a parameter at 0 moves too"},
        state="M⁻¹, one number for each parameter",
        identities=("Its ascent is that of ASAM, with the biases like all else.",),
        traps=("The paper’s descent is Riemannian too; many a SAM in a metric steps along the plain gradient.",),
    )
    schedule: ClassVar = Schedule()
    compiled: ClassVar = None

    def __post_init__(self) -> None:
        check_eta(self.eta)

    def formula(self) -> str:
        """The inverse metric."""
        return "U = diag(|θ| + η)²"

    def start(self, objective: Objective, theta: Array) -> Leaves:
        """The identity."""
        return {"inverse": array_namespace(theta).ones_like(theta)}

    def refresh(self, objective: Objective, theta: Array, state: Leaves) -> Leaves:
        """M⁻¹ at θ (..., D)."""
        return {"inverse": (array_namespace(theta).abs(theta) + expand_trailing(self.eta)) ** 2}

    def apply(self, layout: Layout, state: Leaves, v: Array) -> Array:
        """M⁻¹ v."""
        return state["inverse"] * v

    def matrix(self, layout: Layout, state: Leaves, like: Array) -> Array:
        """M⁻¹ as an explicit matrix (..., D, D)."""
        xp, inverse = array_namespace(like), state["inverse"]
        return inverse[..., None] * xp.eye(layout.dimension, dtype=like.dtype, device=like.device)

    def refresh_cost(self) -> tuple[int, int]:
        """Nothing."""
        return 0, 0
