"""What the two walking engines hand over: the record of W walkers before it is given the caller's shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Raw:
    """Arrays over steps (None for a summary) and one row of facts per walker; see Run for the meaning.

    third, fourth (W): mean distance to the basin's centre over the third and the fourth quarter of the run.
    """

    positions: np.ndarray | None
    probes: np.ndarray | None
    gradients: np.ndarray | None
    losses: np.ndarray | None
    preconditioners: np.ndarray | None
    path_length: np.ndarray | None
    arrival: np.ndarray
    last_finite: np.ndarray
    path_length_to_arrival: np.ndarray
    total_path_length: np.ndarray
    third: np.ndarray
    fourth: np.ndarray
    final: np.ndarray
