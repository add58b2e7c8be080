"""How the Hessian's eigenvalues are distributed, all of them, by stochastic Lanczos quadrature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import eigh_tridiagonal

from geometry.curvature.lanczos import lanczos
from geometry.curvature.operator import HessianOperator
from geometry.objective import Array, Objective
from geometry.result import Result


@dataclass(frozen=True, eq=False)
class SpectralDensity(Result):
    """Nodes (probes, m) and weights (probes, m, each row sums to 1): every row is a Gauss quadrature of the spectrum.

    A row's Σ w f(node) estimates (1/D) tr f(G). Rows with fewer nodes are filled with weight 0.
    """

    nodes: np.ndarray
    weights: np.ndarray
    dimension: int
    products: int

    def mean(self, values: np.ndarray) -> tuple[float, float]:
        """(mean, standard error) over the probes of Σ w · values, values (probes, m): (1/D) tr f(G) for f(nodes)."""
        rows = (self.weights * values).sum(1)
        return float(rows.mean()), float(rows.std(ddof=1) / np.sqrt(len(rows)))

    @property
    def trace(self) -> tuple[float, float]:
        """(estimate, standard error) of tr G, a by-product to compare with."""
        value, error = self.mean(self.nodes)
        return self.dimension * value, self.dimension * error

    def density(self, points: int = 400, width: float = 0.01) -> tuple[np.ndarray, np.ndarray]:
        """(λ (points,), p(λ) (points,)): the quadrature smoothed by Gaussians of `width` times the spectrum's range.

        p integrates to 1. Isolated eigenvalues appear as bumps of that width and of height 1/D at their peak's scale.
        """
        if points < 2 or not width > 0:
            raise ValueError(f"points must be at least 2 and width positive, got {points} and {width}")
        used = self.nodes[self.weights > 0]
        low, high = float(used.min()), float(used.max())
        sigma = width * max(high - low, 1e-12 * max(abs(low), abs(high)), np.finfo(float).tiny)
        grid = np.linspace(low - 5 * sigma, high + 5 * sigma, points)
        bumps = np.exp(-0.5 * ((grid[:, None, None] - self.nodes) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
        return grid, (bumps * self.weights).sum(-1).mean(-1)

    def figure(self) -> Any:
        """The density over λ, with the trace and its standard error."""
        from geometry.figures import draw_spectrum

        note = f"{self.dimension} parameters, {len(self.nodes)} random starts, {self.products} Hessian products"
        return draw_spectrum(*self.density(), self.trace, note)


def spectral_density(
    objective: Objective,
    theta: Array,
    *,
    probes: int = 4,
    steps: int = 64,
    metric: str = "newton",
    seed: int = 0,
) -> SpectralDensity:
    """Stochastic Lanczos quadrature of the Hessian at θ (D,): probes × steps Hessian products.

    For a random z of independent signs, z/√D, the eigenvalues of Lanczos' T are nodes and the squared first components
    of its eigenvectors weights of a Gauss rule for the spectrum as z sees it; the mean over z is the spectrum itself
    (Golub and Welsch 1969; Ghorbani et al., arXiv 1901.10159, §2). Exact for polynomials of degree 2·steps − 1.
    """
    if probes < 2:
        raise ValueError(f"probes must be at least 2 for a standard error, got {probes}")
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    operator = HessianOperator(objective, theta, metric)
    steps = min(steps, operator.dimension)
    generator = np.random.default_rng(seed)
    nodes, weights = np.zeros((probes, steps)), np.zeros((probes, steps))
    for row in range(probes):
        z = generator.choice([-1.0, 1.0], operator.dimension)
        diagonal, off_diagonal, _ = lanczos(operator, z, steps)
        values, vectors = eigh_tridiagonal(diagonal, off_diagonal)
        nodes[row, : values.size], weights[row, : values.size] = values, vectors[0] ** 2
    return SpectralDensity(nodes, weights, operator.dimension, operator.products)
