"""Settings at which there is something to see on a surface: what a person gets who picks it from the list.

Found by simulation from the surface's own start: plain momentum arrives, or at least stays in the picture. The default
settings of the table belong to the annular well and are too large for the steep test functions.
"""

from __future__ import annotations

from typing import Any

SUGGESTED: dict[str, dict[str, Any]] = {
    "stiff-valley": {"learning_rate": 0.017, "radius": 0.33},
    "two-scale-quadratic": {"steps": 400},
    "two-scale-plane": {"learning_rate": 0.03, "radius": 0.1, "steps": 200},
    "quadratic-bowl": {"learning_rate": 0.003, "radius": 0.1, "steps": 300},
    "rosenbrock": {"learning_rate": 0.0005, "radius": 0.02, "steps": 3000},
    "split-rosenbrock": {"learning_rate": 0.0005, "radius": 0.02, "steps": 3000},
    "himmelblau": {"learning_rate": 0.001},
    "beale": {"learning_rate": 0.003, "radius": 0.1},
    "goldstein-price": {"learning_rate": 0.0001, "radius": 0.05},
    "ackley": {"learning_rate": 0.001, "radius": 0.1, "steps": 300},
    "monkey-saddle": {"learning_rate": 0.001, "radius": 0.1, "steps": 200},
}


def suggested(surface: str) -> dict[str, Any]:
    """The settings for a surface that differ from the table's defaults."""
    return SUGGESTED.get(surface, {})
