"""θ along a run that was trained elsewhere, read from its folder one checkpoint after the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from geometry.checkpoints import read_tables
from geometry.networks import NetworkLoss
from geometry.plane import Plane
from geometry.recording.checkpoint_folder import Folder, list_checkpoints, spread
from geometry.recording.recorder import NUMBERS
from geometry.result import Result
from geometry.slices.directions import slice_plane
from geometry.weight_tables import fit_tables


@dataclass(frozen=True, eq=False)
class RecordedPath(Result):
    """positions θ (T, D) in the objective's type and on its device, the steps (T,) that they are of, the buffers kept
    beside each (running statistics), and the numbers that a recorder has put into each file."""

    positions: Tensor
    steps: np.ndarray
    buffers: tuple[dict[str, Tensor], ...]
    numbers: tuple[dict[str, float], ...]

    def plane(self) -> Plane:
        """The plane of its principal components, through its end. ValueError where the path spans none."""

        class _Dimension:
            dimension = self.positions.shape[1]

        return slice_plane(_Dimension(), self.positions[-1], "pca", trajectories=self.positions)  # type: ignore[arg-type]

    def losses(self, objective: NetworkLoss) -> np.ndarray:
        """L(θ_t) (T,), each with the running statistics that were kept beside it."""
        points = zip(self.positions, self.buffers, strict=True)
        return np.array([float(objective.with_buffers(buffers).loss(theta)) for theta, buffers in points])

    def figure(self) -> Any:
        """The path on the plane of its principal components."""
        return self.plane().figure({"path": self.positions})


def read_path(
    folder: str | Path | Folder,
    objective: NetworkLoss,
    *,
    limit: int = 2_000_000_000,
    watch: Callable[[int], object] = lambda _done: None,
) -> RecordedPath:
    """The whole path of a folder's checkpoints; beside it no more than one checkpoint is in memory.

    limit (bytes): where the path would take more, evenly spaced checkpoints are read, the first and the last among
    them. watch(done): called before each. ValueError with one sentence where a checkpoint does not fit the objective's
    module, or the limit holds no two of them.
    """
    found = folder if isinstance(folder, Folder) else list_checkpoints(folder)
    initial = objective.initial
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise ValueError(f"limit must be a whole number of bytes, not {limit!r}")
    most = limit // (initial.numel() * initial.element_size())
    if most < 2:
        raise ValueError(f"{limit} bytes do not hold two points of {initial.numel()} parameters")
    chosen = spread(found.checkpoints, most)
    positions = torch.empty((len(chosen), initial.numel()), dtype=initial.dtype, device=initial.device)
    buffers = []
    for row, one in enumerate(chosen):
        watch(row)
        positions[row], kept = read_point(one.path, objective)
        buffers.append(kept)
    steps = np.array([one.step for one in chosen])
    return RecordedPath(positions, steps, tuple(buffers), tuple(read_numbers(one.path) for one in chosen))


def read_point(path: str | Path, objective: NetworkLoss) -> tuple[Tensor, dict[str, Tensor]]:
    """(θ (D,), buffers) of one checkpoint. ValueError where it cannot be read or does not fit the module."""
    return objective.theta_of(fit_tables(objective.architecture, read_tables(path), str(path)))


def read_numbers(path: str | Path) -> dict[str, float]:
    """The numbers that a recorder has put beside the weights; none in a file of another's."""
    if Path(path).suffix != ".safetensors":
        return {}
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), "pt") as file:
            held = json.loads((file.metadata() or {}).get(NUMBERS, "{}"))
        rows = held.items() if isinstance(held, dict) else ()
        return {str(name): float(value) for name, value in rows if isinstance(value, int | float)}
    except (SafetensorError, OSError, ValueError, OverflowError, RecursionError):
        return {}
