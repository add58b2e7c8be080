"""A loss seen from one point as a linear-quadratic control problem, one stage per layer.

Layer l maps its parameters and the state before it to the state after it, x_l = f_l(θ_l, x_{l−1}). A step u = (u_1, …)
in the parameters moves the states, to first order, by

    z_l = A_l z_{l−1} + B_l u_l,    z_0 = 0,

and its cost, to second order in u, is

    J(u) = Σ_l ½ [u_l; z_{l−1}]ᵀ K_l [u_l; z_{l−1}] + ⟨c, z_L⟩ + ½ ⟨z_L, Q z_L⟩ = ⟨g, u⟩ + ½ uᵀ G u,

with K_l the Hessian of ⟨f_l(θ_l, x_{l−1}), p_l⟩ in (θ_l, x_{l−1}) jointly and the adjoint p_{l−1} = A_lᵀ p_l. Here c is
the slope of the loss in the last state; Q and p_L decide which curvature G is (see geometry.layerwise). Source: the
paper's equivalence of layerwise control and preconditioned descent, arXiv 2605.16134.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

Array = Any


@dataclass(frozen=True)
class Stage:
    """One layer with P parameters between states of m and n numbers, for any leading axes of walkers.

    A (..., n, m) and B (..., n, P): derivatives of the state after it in the state before and in the parameters.
    K (..., P+m, P+m): curvature, parameters first, symmetric.
    """

    name: str
    A: Array
    B: Array
    K: Array

    @property
    def controls(self) -> int:
        """P, the number of parameters of the layer."""
        return self.B.shape[-1]


@dataclass(frozen=True)
class LinearQuadratic:
    """The stages in order, and the cost of the last state: c (..., n) and Q (..., n, n)."""

    stages: tuple[Stage, ...]
    c: Array
    Q: Array

    @property
    def dimension(self) -> int:
        """D, the number of parameters of all layers."""
        return sum(stage.controls for stage in self.stages)


def surface_model(objective: Any, theta: Array) -> LinearQuadratic:
    """A surface at θ (..., D) as one layer whose state is the loss itself: B = ∇Lᵀ, K = H, c = 1 and no state before.

    The objective must offer `hessian(theta)`.
    """
    xp = array_namespace(theta)
    gradient, hessian = objective.gradient(theta), objective.hessian(theta)
    nothing = xp.zeros((*theta.shape[:-1], 1, 0), dtype=theta.dtype, device=theta.device)
    stage = Stage("theta", nothing, gradient[..., None, :], hessian)
    return LinearQuadratic((stage,), xp.ones_like(theta[..., :1]), xp.zeros_like(theta[..., :1, None]))
