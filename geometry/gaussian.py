"""Gaussian averages in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Moments:
    """The low-resolution picture of a neighbourhood N(start, σ²I) of W starts.

    second_moment C = E[ggᵀ] (W, D, D);  mean_hessian H̄ = E[∇²L] (W, D, D);  mean_gradient E[g] (W, D).
    """

    second_moment: np.ndarray
    mean_hessian: np.ndarray
    mean_gradient: np.ndarray


def interval_moments(
    mean: np.ndarray, deviation: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """E[1; I], E[x; I] and E[x²; I] for x ~ N(mean, deviation²) on the interval I = (low, high)."""
    from scipy.special import ndtr  # a third of a second that only surfaces with kinks need

    lower, upper = (low - mean) / deviation, (high - mean) / deviation
    density_l, density_u = (np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) for z in (lower, upper))
    zero = ndtr(upper) - ndtr(lower)
    one = mean * zero - deviation * (density_u - density_l)
    two = (mean**2 + deviation**2) * zero - deviation * ((high + mean) * density_u - (low + mean) * density_l)
    return zero, one, two
