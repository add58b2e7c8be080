"""Curvature of a loss at a point, from Hessian products alone, each number with its error.

top_eigenvalues(objective, theta, 3)     values, vectors, residuals, what converged
hessian_trace(objective, theta)          mean and standard error
spectral_density(objective, theta)       the whole spectrum by stochastic Lanczos quadrature
sam_sharpness(objective, theta, 0.05)    the greatest rise within a radius, over several ascent steps
RelativeLoss(objective, theta)           the loss in units of the weights, for any of these
potholes(here, places)                   the loss whose Hessian is H − H̄, sharp here and flat on average, for them too
"""

from geometry.curvature.combined import CombinedLoss, average, potholes
from geometry.curvature.density import SpectralDensity, spectral_density
from geometry.curvature.eigenvalues import Eigenvalues, top_eigenvalues
from geometry.curvature.operator import HessianOperator, dense_hessian
from geometry.curvature.relative import RelativeLoss
from geometry.curvature.sharpness import Sharpness, sam_sharpness
from geometry.curvature.trace import Trace, hessian_trace

__all__ = [
    "CombinedLoss",
    "Eigenvalues",
    "HessianOperator",
    "RelativeLoss",
    "Sharpness",
    "SpectralDensity",
    "Trace",
    "average",
    "dense_hessian",
    "hessian_trace",
    "potholes",
    "sam_sharpness",
    "spectral_density",
    "top_eigenvalues",
]
