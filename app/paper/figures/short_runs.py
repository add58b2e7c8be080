"""LLQR's settings in runs of some hundred steps, and why they are not the paper's."""

from __future__ import annotations

from typing import Any

U: dict[str, Any] = {"structure": "kfac", "metric": "ngd", "refresh_every": 100, "decay": 0.8, "inner_steps": 25}
WORDS = "K-FAC blocks, ngd (sum), k = 100, β = 0.8, 25 inner steps at 10⁻³"
WHY = (
    "U is learned with settings for short runs (Kronecker blocks, a refresh every 100 steps, a faster average). At "
    "the authors’ own (diagonal, every 1000 steps, β = 0.95) it would hardly leave I in time: LLQR would be SGDM."
)
