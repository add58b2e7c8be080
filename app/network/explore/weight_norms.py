"""What is said of weights beside their curvature: the product of the layers' spectral norms, and the path norm."""

from __future__ import annotations

import math
from typing import Any

from geometry.networks import NetworkLoss
from geometry.objective import Array
from geometry.weight_norms import path_norm, spectral_norms


def read_weight_norms(objective: NetworkLoss, theta: Array) -> dict[str, Any]:
    """{"spectral_product", "path_norm", "no_path_norm"}: see `WeightNorms` in messages."""
    spectral = spectral_norms(objective, theta)
    found = {"spectral_product": math.prod(spectral.values()) if spectral else None}
    try:
        return {**found, "path_norm": path_norm(objective, theta), "no_path_norm": ""}
    except ValueError as error:
        return {**found, "path_norm": None, "no_path_norm": str(error)}
