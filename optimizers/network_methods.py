"""The four corners of the square with the settings of networks."""

from __future__ import annotations

from typing import Any

from optimizers.llqr import LLQR
from optimizers.methods import Method
from optimizers.probes import SAM

NETWORK_SETTINGS: dict[str, float] = {"learning_rate": 0.05, "radius": 0.1, "momentum": 0.9}
"""Learning rate, probe radius and momentum of the authors' runs on image classification (arXiv 2605.16134)."""


def network_methods(structure: Any = "diagonal", metric: str = "ngd", **options: Any) -> dict[str, Method]:
    """SGDM, SAM, LLQR and LLQR+SAM with LLQR.for_networks(structure, metric, **options) for U."""
    llqr = LLQR.for_networks(structure, metric, **options)
    return {
        "SGDM": Method(),
        "SAM": Method(probe=SAM()),
        "LLQR": Method(preconditioner=llqr),
        "LLQR+SAM": Method(probe=SAM(), preconditioner=llqr),
    }
