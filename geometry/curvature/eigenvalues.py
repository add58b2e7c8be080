"""The largest or smallest eigenvalues of the Hessian, each with the residual that says how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse.linalg import ArpackError, ArpackNoConvergence, LinearOperator, eigsh

from geometry.curvature.lanczos import lanczos
from geometry.curvature.operator import HessianOperator
from geometry.objective import Array, Objective
from geometry.result import Result

ENDS = ("largest", "smallest")
DENSE = 24
"""Up to this dimension the whole Hessian is formed: Lanczos needs room between k and D."""


@dataclass(frozen=True, eq=False)
class Eigenvalues(Result):
    """Eigenvalues (k,) from the end asked for inwards, unit eigenvectors (k, D), float64.

    `residuals` (k,) are ‖Gv − λv‖, measured with products of their own. There is an eigenvalue of G within that
    distance of λ, whatever the method did (rounding of the product aside). `converged` (k,): residual at most
    tolerance·|largest|. `products`: Hessian products used, the residuals' included.
    """

    values: np.ndarray
    vectors: np.ndarray
    residuals: np.ndarray
    converged: np.ndarray
    products: int

    def describe(self) -> str:
        """One sentence for a page: values with residuals, and what did not converge."""
        parts = [
            f"{value:.4g} ± {residual:.1g}" + ("" if good else " (not converged)")
            for value, residual, good in zip(self.values, self.residuals, self.converged, strict=True)
        ]
        return f"{', '.join(parts)}; {self.products} Hessian products"

    def figure(self) -> Any:
        """The eigenvalues in order, each with its residual; hollow where it did not converge."""
        from geometry.figures import draw_eigenvalues

        note = f"{self.products} Hessian products"
        return draw_eigenvalues(self.values, self.residuals, self.converged, note)


def top_eigenvalues(
    objective: Objective,
    theta: Array,
    count: int = 1,
    *,
    end: str = "largest",
    tolerance: float = 1e-3,
    max_products: int = 1000,
    metric: str = "newton",
    seed: int = 0,
) -> Eigenvalues:
    """Eigenvalues of the Hessian at θ (D,) by implicitly restarted Lanczos (scipy's eigsh) over Hessian products.

    end: "largest" (algebraically) or "smallest" (the most negative curvature). An eigenvalue's error is about the
    square of its residual over the gap to the next, far below `tolerance` (relative to the largest). At most about
    `max_products` products are made; what is not converged then is returned and said so, never passed over.
    """
    if end not in ENDS:
        raise ValueError(f"end must be one of {', '.join(ENDS)}; got {end!r}")
    if not 1 <= count <= objective.dimension:
        raise ValueError(f"count must be between 1 and the {objective.dimension} parameters, got {count}")
    if not tolerance > 0:
        raise ValueError(f"tolerance must be a positive number, got {tolerance}")
    if max_products < 1:
        raise ValueError(f"max_products must be at least 1, got {max_products}")
    operator = HessianOperator(objective, theta, metric)
    dimension = objective.dimension
    if dimension <= DENSE or count >= dimension - 1:
        values, vectors = np.linalg.eigh(operator.dense())
    else:
        values, vectors = _lanczos(operator, count, end, tolerance, max_products, seed)
    order = np.argsort(values)[::-1] if end == "largest" else np.argsort(values)
    values, vectors = values[order][:count], vectors[:, order][:, :count]
    residuals = np.array([np.linalg.norm(operator(v) - value * v) for value, v in zip(values, vectors.T, strict=True)])
    size = max(float(np.abs(values).max()), np.finfo(float).tiny)
    return Eigenvalues(values, vectors.T, residuals, residuals <= tolerance * size, operator.products)


def _lanczos(
    operator: HessianOperator, count: int, end: str, tolerance: float, max_products: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """(values, vectors (D, k)) from eigsh, within a budget of products; what has not converged is filled up."""
    dimension = operator.dimension
    basis = min(dimension, max(2 * count + 1, 20), max(max_products - count, count + 2))
    start = np.random.default_rng(seed).standard_normal(dimension)
    # ARPACK's tolerance is relative to the eigenvalue, so that it overlooks one at 0; moved by about the size of G, the
    # eigenvalues asked for lie away from 0, and the tolerance is relative to that size.
    diagonal, off_diagonal, _ = lanczos(operator, start, min(4, dimension))
    shift = float(np.abs(diagonal).max() + (np.abs(off_diagonal).max() if off_diagonal.size else 0.0)) or 1.0
    shift = shift if end == "largest" else -shift
    linear = LinearOperator((dimension, dimension), matvec=lambda v: operator(v) + shift * v.ravel(), dtype=np.float64)
    try:
        values, vectors = eigsh(
            linear,
            k=count,
            which="LA" if end == "largest" else "SA",
            v0=start,
            ncv=basis,
            maxiter=max(1, (max_products - basis) // max(1, basis - count)),
            # ARPACK's own estimate is a tenth of what the measured residual is held to.
            tol=max(0.1 * tolerance, 10 * operator.unit_roundoff),
        )
        return values - shift, vectors
    except ArpackNoConvergence as error:
        found = error.eigenvectors
    except ArpackError:
        # No shift could be applied: the Hessian has too few different eigenvalues (zero, say) for the basis.
        found = np.empty((dimension, 0))
    return _filled(operator, found, count, end, start)


def _filled(
    operator: HessianOperator, found: np.ndarray, count: int, end: str, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The best Ritz pairs from a short plain Lanczos run together with the eigenvectors that eigsh had found."""
    _, _, basis = lanczos(operator, start, min(operator.dimension, 2 * count + 20))
    q, _ = np.linalg.qr(np.concatenate([found, basis.T], axis=1))
    small = q.T @ np.stack([operator(column) for column in q.T], axis=1)
    ritz, mixing = np.linalg.eigh((small + small.T) / 2)
    wanted = slice(-count, None) if end == "largest" else slice(None, count)
    return ritz[wanted], (q @ mixing)[:, wanted]
