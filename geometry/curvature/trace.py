"""The Hessian's trace from random vectors, with its standard error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geometry.curvature.operator import HessianOperator
from geometry.objective import Array, Objective


@dataclass(frozen=True)
class Trace:
    """An estimate of tr G: mean ± standard error over `probes` random vectors, one product each."""

    value: float
    standard_error: float
    probes: int

    def describe(self) -> str:
        """One sentence for a page."""
        return f"{self.value:.4g} ± {self.standard_error:.1g} (standard error, {self.probes} Hessian products)"


def hessian_trace(
    objective: Objective, theta: Array, probes: int = 32, *, metric: str = "newton", seed: int = 0
) -> Trace:
    """tr G(θ) ≈ (1/n) Σ_i z_iᵀ G z_i with z of independent signs ±1 (Hutchinson 1989).

    E[zᵀGz] = tr G; the variance is 2 Σ_{i≠j} G_ij², estimated from the n values.
    """
    if probes < 2:
        raise ValueError(f"probes must be at least 2 for a standard error, got {probes}")
    operator = HessianOperator(objective, theta, metric)
    generator = np.random.default_rng(seed)
    values = np.empty(probes)
    for index in range(probes):
        z = generator.choice([-1.0, 1.0], operator.dimension)
        values[index] = z @ operator(z)
    return Trace(float(values.mean()), float(values.std(ddof=1) / np.sqrt(probes)), probes)
