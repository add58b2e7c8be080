"""The natural gradient: U = (F + λI)⁻¹ with the mean Fisher matrix itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from array_api_compat import array_namespace

from geometry.objective import Layout, Objective
from geometry.per_example import FISHERS, fisher_rows
from optimizers.about import About, Source
from optimizers.broadcasting import by_rows, expand_trailing
from optimizers.capabilities import PreconditionerCapabilities, Schedule
from optimizers.probes import check_every

Array = Any
Leaves = dict[str, Array]
DENSE_UP_TO = 3000
"""Parameters, or rows of the Jacobian, up to which an inverse is made as a matrix."""
MOST_ITERATIONS = 500


@dataclass(frozen=True)
class NaturalGradient:
    """U = (F + λI)⁻¹, F the Fisher matrix at the point of the last refresh, of one target: the mean over the batch.

    fisher: "exact" or "empirical", see geometry.per_example.fisher_rows. LLQR's metric "ngd" is the batch's sum, so
    that λ differs by N between the two.
    diagonal: take diag(F) alone (the diagonal of the Gauss–Newton matrix).
    refresh_every: k, refresh before step t when t mod k = 0. damping: λ ≥ 0; with λ = 0 what F does not see is not
    moved (the pseudo-inverse). λ → ∞ is the gradient divided by λ.
    Above `dense_up_to` parameters F = RᵀR is kept as its C·N rows R. Where these are no more than that, U v is
    (v − Rᵀ (RRᵀ + λI)⁻¹ R v)/λ; where they are, or λ = 0, (RᵀR + λI) u = v is solved by conjugate gradients.

    On a surface, which has no examples, |H| stands for F: the Hessian with its eigenvalues made positive, since the
    Hessian itself is indefinite in a well and would lead to saddles.

    Amari, "Natural gradient works efficiently in learning" (Neural Computation 10, 1998).
    """

    damping: Any = 0.1
    fisher: str = "exact"
    diagonal: bool = False
    refresh_every: Any = 1
    dense_up_to: int = DENSE_UP_TO
    capabilities: ClassVar = PreconditionerCapabilities(("damping", "refresh_every"))
    about: ClassVar = About(
        what="Measures a step by how much the model’s predictions change, not its parameters: directions that hardly "
        "matter to the outputs may be walked far.",
        sources=(
            Source(
                "Amari, Natural gradient works efficiently in learning (Neural Computation 10, 1998)",
                "https://doi.org/10.1162/089976698300017746",
            ),
        ),
        settings={
            "damping": "λ: added to every eigenvalue of F",
            "fisher": "exact: over the labels that the model would draw; empirical: with the data’s own",
            "diagonal": "take the diagonal of F alone",
            "refresh_every": "k: F is computed anew every k steps",
            "dense_up_to": "parameters above which F is kept as its rows and not as a matrix",
        },
        state="F or its inverse, D² numbers for D parameters; above the bound the rows it is made of",
        cost="On a network, at each refresh a pass back for every class of every example, and an inverse (D³ "
        "operations) or, above the bound, products with all rows.",
        identities=(
            "λ → ∞ is the gradient divided by λ.",
            "With a diagonal F it is the diagonal of the Gauss–Newton matrix.",
            "On a quadratic bowl without momentum, at λ = 0 and η = 1, it is Newton’s step: at the bottom at once.",
        ),
        traps=(
            "F is the mean over the batch. LLQR’s metric “ngd” is the sum: λ means N times less there.",
            "The empirical Fisher matrix is another matrix; it vanishes where the fit is perfect.",
            "A surface has no examples: there |H| stands for F, since the Hessian is indefinite in a well and its "
            "inverse would lead to saddles.",
        ),
    )
    compiled: ClassVar = None

    def __post_init__(self) -> None:
        check_every("refresh_every", self.refresh_every)
        check_damping(self.damping)
        if self.fisher not in FISHERS:
            raise ValueError(f"fisher must be one of {', '.join(FISHERS)}, not {self.fisher!r}")

    @property
    def schedule(self) -> Schedule:
        """Every k steps from step 0 on."""
        return Schedule(0, self.refresh_every)

    def formula(self) -> str:
        """The inverse of the damped Fisher matrix."""
        return f"U = ({'diag F' if self.diagonal else 'F'} + λI)⁻¹ (on a surface F = |H|)"

    def start(self, objective: Objective, theta: Array) -> Leaves:
        """Nothing is known before the refresh at step 0."""
        return {}

    def refresh(self, objective: Any, theta: Array, state: Leaves) -> Leaves:
        """(F + λI)⁻¹ at θ (..., D): as a matrix, as a diagonal, or as the rows that it is made of."""
        xp = array_namespace(theta)
        if hasattr(objective, "hessian"):
            hessian = objective.hessian(theta)
            if self.diagonal:
                return {"diagonal": self._inverted(xp.abs(xp.linalg.diagonal(hessian)), 1)}
            values, axes = xp.linalg.eigh(hessian)
            return {"inverse": self._matrix(xp, xp.abs(values), axes)}
        return self.learned(fisher_rows(objective, theta, self.fisher))

    def learned(self, rows: Array) -> Leaves:
        """(F + λI)⁻¹ of F = RᵀR for rows R (..., K, D): as a matrix, as a diagonal, or as the rows themselves."""
        xp = array_namespace(rows)
        if self.diagonal:
            return {"diagonal": self._inverted(xp.sum(rows * rows, axis=-2), 1)}
        damped = bool(xp.all(xp.asarray(self.damping, device=rows.device) > 0))
        across = xp.matrix_transpose(rows)
        if rows.shape[-1] > self.dense_up_to:
            if rows.shape[-2] > self.dense_up_to or not damped:
                return {"rows": rows}
            return {"rows": rows, "between": self._inverse(xp, xp.matmul(rows, across))}
        fisher = xp.matmul(across, rows)
        if damped:
            return {"inverse": self._inverse(xp, fisher)}
        values, axes = xp.linalg.eigh(fisher)
        return {"inverse": self._matrix(xp, values, axes)}

    def _inverse(self, xp: Any, square: Array) -> Array:
        eye = xp.eye(square.shape[-1], dtype=square.dtype, device=square.device)
        return by_rows(xp.linalg.inv(square + expand_trailing(self.damping, 2) * eye))

    def _inverted(self, values: Array, axes: int) -> Array:
        """1/(x + λ) of values x ≥ 0, and 0 where that is rounding error of 0."""
        xp = array_namespace(values)
        least = xp.finfo(values.dtype).eps * values.shape[-1] * xp.max(values, axis=-1, keepdims=True)
        damped = xp.clip(values, min=0.0) + expand_trailing(self.damping, axes)
        empty = damped <= least
        return xp.where(empty, xp.zeros_like(damped), 1 / xp.where(empty, xp.ones_like(damped), damped))

    def _matrix(self, xp: Any, values: Array, axes: Array) -> Array:
        return by_rows(xp.matmul(axes * self._inverted(values, 1)[..., None, :], xp.matrix_transpose(axes)))

    def apply(self, layout: Layout, state: Leaves, v: Array) -> Array:
        """(F + λI)⁻¹ v, shape (..., D)."""
        if "diagonal" in state:
            return state["diagonal"] * v
        if "inverse" in state:
            return array_namespace(v).matmul(state["inverse"], v[..., None])[..., 0]
        if "between" in state:
            xp, rows = array_namespace(v), state["rows"]
            seen = xp.matmul(state["between"], xp.matmul(rows, v[..., None]))
            return (v - xp.matmul(xp.matrix_transpose(rows), seen)[..., 0]) / expand_trailing(self.damping)
        return conjugate_gradients(state["rows"], self.damping, v)

    def matrix(self, layout: Layout, state: Leaves, like: Array) -> Array:
        """U as an explicit matrix (..., D, D)."""
        if "inverse" in state:
            return state["inverse"]
        xp = array_namespace(like)
        eye = xp.eye(layout.dimension, dtype=like.dtype, device=like.device)
        return xp.stack([self.apply(layout, state, xp.broadcast_to(e, like.shape)) for e in eye], axis=-1)

    def refresh_cost(self) -> tuple[int, int]:
        """One gradient, and on a network the rows of the Jacobian: about as many passes back as there are classes,
        which are no products with the curvature and are not counted."""
        return 1, 0


def conjugate_gradients(rows: Array, damping: Any, v: Array) -> Array:
    """u of (RᵀR + λI) u = v for rows R (..., K, D), until the residual is rounding error or after 500 products."""
    xp, shift = array_namespace(v), expand_trailing(damping)
    small = 16 * xp.finfo(v.dtype).eps

    def product(d: Array) -> Array:
        image = xp.matmul(rows, d[..., None])
        return xp.matmul(xp.matrix_transpose(rows), image)[..., 0] + shift * d

    u, residual = xp.zeros_like(v), v
    direction, square = residual, xp.sum(residual * residual, axis=-1, keepdims=True)
    enough = small**2 * square
    for _ in range(MOST_ITERATIONS):
        if bool(xp.all(square <= enough)):
            break
        moved = product(direction)
        along = xp.sum(direction * moved, axis=-1, keepdims=True)
        live = (square > enough) & (along > 0)
        step = xp.where(live, square / xp.where(live, along, xp.ones_like(along)), xp.zeros_like(along))
        u, residual = u + step * direction, residual - step * moved
        fresh = xp.where(live, xp.sum(residual * residual, axis=-1, keepdims=True), xp.zeros_like(square))
        direction = residual + fresh / xp.where(live, square, xp.ones_like(square)) * direction
        square = fresh
    return u


def check_damping(damping: Any) -> None:
    """A ValueError where λ is negative."""
    if getattr(damping, "ndim", 0) == 0 and not damping >= 0:
        raise ValueError(f"damping must be at least 0, not {damping!r}")
