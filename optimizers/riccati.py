"""The Riccati recursion: the exact minimiser of a layerwise linear-quadratic cost, one layer at a time.

Backwards from P_L = Q, with K_l = [[R, M], [Mᵀ, W]] in (u, z) and λ the damping,

    S_l = R + λI + BᵀPB,    N_l = M + BᵀPA,    P ← W + AᵀPA − NᵀS⁻¹N.

For a slope v of the cost in u and c in the last state, backwards from q_L = c and then forwards from z_0 = 0,

    h_l = S⁻¹ (v_l + Bᵀq),    q ← Aᵀq − Nᵀh_l;        u_l = −S⁻¹N z − h_l,    z ← A z + B u_l.

With v = 0 the step s = −u is (G + λI)⁻¹ g; with c = 0 it is (G + λI)⁻¹ v for any v. Nothing of the size of G is made:
the largest matrices are one layer's S and one state's P. The S_l are the successive Schur complements of G + λI, so
they are all positive definite exactly where it is, and then u is the minimum of the cost; otherwise it is its saddle.

Source: Bertsekas, "Dynamic Programming and Optimal Control", vol. 1, ch. 4; for layers, arXiv 2605.16134.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

from geometry.linear_quadratic import LinearQuadratic
from optimizers.broadcasting import expand_trailing

Array = Any


@dataclass(frozen=True)
class Factor:
    """What is kept of one stage: S⁻¹ (..., P, P), N (..., P, m), A (..., n, m) and B (..., n, P)."""

    inverse: Array
    N: Array
    A: Array
    B: Array


def factorise(model: LinearQuadratic, damping: Any = 0.0, require_minimum: bool = False) -> tuple[Factor, ...]:
    """The backward recursion: one Factor per stage, in the stages' order.

    damping λ: a number or an array over the walkers, at least 0. Walkers that are not finite give not-a-number.

    ValueError: a stage whose S_l is singular to rounding (then the step does not exist, or cannot be found by this
    elimination; any other damping cures it); with `require_minimum`, also one whose S_l has a negative eigenvalue.
    """
    xp = array_namespace(model.c)
    P, factors = model.Q, []
    for stage in reversed(model.stages):
        n, A, B = stage.controls, stage.A, stage.B
        R, M, W = stage.K[..., :n, :n], stage.K[..., :n, n:], stage.K[..., n:, n:]
        PB = xp.matmul(P, B)
        eye = xp.eye(n, dtype=B.dtype, device=B.device)
        S = R + expand_trailing(damping, 2) * eye + xp.matmul(xp.matrix_transpose(B), PB)
        N = M + xp.matmul(xp.matrix_transpose(PB), A)
        inverse = _inverse(S, stage.name, require_minimum)
        NT = xp.matrix_transpose(N)
        P = W + xp.matmul(xp.matrix_transpose(A), xp.matmul(P, A)) - xp.matmul(NT, xp.matmul(inverse, N))
        P = (P + xp.matrix_transpose(P)) / 2
        factors.append(Factor(inverse, N, A, B))
    return tuple(reversed(factors))


def riccati_step(model: LinearQuadratic, damping: Any = 0.0, require_minimum: bool = False) -> Array:
    """s = (G + λI)⁻¹ g, shape (..., D): the exact step of the layerwise cost. Errors: see `factorise`."""
    xp = array_namespace(model.c)
    shape = (*model.c.shape[:-1], model.dimension)
    slope = xp.zeros(shape, dtype=model.c.dtype, device=model.c.device)
    return solve(factorise(model, damping, require_minimum), slope, model.c)


def solve(factors: tuple[Factor, ...], v: Array, c: Array | None = None) -> Array:
    """(G + λI)⁻¹ (v + g_c), shape (..., D), with g_c the gradient of ⟨c, x_L⟩ (c None: nothing of it)."""
    xp = array_namespace(v)
    last = factors[-1].A
    q = xp.zeros((*last.shape[:-2], last.shape[-2]), dtype=v.dtype, device=v.device) if c is None else c
    stop, controls = v.shape[-1], []
    for f in reversed(factors):
        start = stop - f.B.shape[-1]
        h = _times(f.inverse, v[..., start:stop] + _times(xp.matrix_transpose(f.B), q))
        q = _times(xp.matrix_transpose(f.A), q) - _times(xp.matrix_transpose(f.N), h)
        controls.append(h)
        stop = start
    z, steps = q, []
    z = xp.zeros_like(z)
    for f, h in zip(factors, reversed(controls), strict=True):
        u = -h - _times(f.inverse, _times(f.N, z))
        z = _times(f.A, z) + _times(f.B, u)
        steps.append(-u)
    return steps[0] if len(steps) == 1 else xp.concat(steps, axis=-1)


def _times(matrix: Array, vector: Array) -> Array:
    return array_namespace(vector).matmul(matrix, vector[..., None])[..., 0]


def _inverse(S: Array, name: str, require_minimum: bool) -> Array:
    """S⁻¹ by its eigenvalues, which also tell a singular from an indefinite stage."""
    xp = array_namespace(S)
    S = (S + xp.matrix_transpose(S)) / 2
    n = S.shape[-1]
    finite = xp.all(xp.isfinite(S), axis=(-2, -1))
    eye = xp.eye(n, dtype=S.dtype, device=S.device)
    values, vectors = xp.linalg.eigh(xp.where(finite[..., None, None], S, eye))
    smallest, largest = xp.min(xp.abs(values), axis=-1), xp.max(xp.abs(values), axis=-1)
    if bool(xp.any(smallest <= n * float(xp.finfo(S.dtype).eps) * largest)):
        raise ValueError(
            f"the curvature of layer {name!r} is singular (its smallest eigenvalue in size is "
            f"{float(xp.min(smallest)):.3g}, its largest {float(xp.max(largest)):.3g}): choose a larger damping"
        )
    if require_minimum and bool(xp.any(values < 0)):
        raise ValueError(
            f"the curvature of layer {name!r} is indefinite (smallest eigenvalue {float(xp.min(values)):.3g}), so the "
            "cost has no minimum: choose a larger damping"
        )
    inverse = xp.matmul(vectors / values[..., None, :], xp.matrix_transpose(vectors))
    return xp.where(finite[..., None, None], inverse, xp.full_like(inverse, float("nan")))
