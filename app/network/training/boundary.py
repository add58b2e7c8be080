"""Where a network changes its mind: the borders between its classes, for data of two coordinates."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from app.drawing.encoding import encode, encode_shorts
from app.drawing.messages import Shorts
from geometry.datasets import Dataset
from geometry.networks import NetworkLoss
from optimizers.rule import State, at_rest

POINTS = 25
"""Points of either axis of the grid."""
AIR = 0.1
"""Of the data's extent, around them."""
SHOWN = 400
"""Training examples that are drawn."""


class Boundary:
    """The grid over a data set's plane on which the borders are looked for."""

    def __init__(self, data: Dataset, objective: NetworkLoss) -> None:
        low, high = data.inputs.amin(0), data.inputs.amax(0)
        air = AIR * (high - low)
        self.ranges = torch.stack([low - air, high + air], dim=1).tolist()
        x, y = (torch.linspace(a, b, POINTS).to(data.inputs) for a, b in self.ranges)
        grid = torch.stack([x.repeat(POINTS), y.repeat_interleave(POINTS)], dim=1)
        self._objective = objective.with_batch(grid, torch.zeros(len(grid), dtype=torch.int64, device=grid.device))
        self._data = data

    @classmethod
    def of(cls, data: Dataset | None, objective: NetworkLoss) -> Boundary | None:
        """The boundary over data that are points of a plane; None for any other."""
        return (
            cls(data, objective) if data is not None and data.kind == "vectors" and data.input_shape == (2,) else None
        )

    def facts(self) -> dict[str, Any]:
        """What a picture needs once: ranges [[x0, x1], [y0, y1]], some training examples (n, 2) and their classes."""
        data = self._data
        places, classes = data.inputs[:SHOWN].cpu().numpy(), data.targets[:SHOWN].tolist()
        return {"ranges": self.ranges, "places": encode(places), "classes": classes}

    def read(self, state: State) -> list[Shorts]:
        """For each class but the last its lead over the best other, (points, points), y outer, as parts of 1: above one
        half the network says this class. So the border of a class runs where its part is one half."""
        with torch.no_grad():
            scores = at_rest(self._objective, state).outputs(state.position)  # type: ignore[attr-defined]
        parts = []
        for one in range(scores.shape[1] - 1):
            others = torch.cat([scores[:, :one], scores[:, one + 1 :]], dim=1).amax(1)
            lead = torch.sigmoid(scores[:, one] - others)
            parts.append(encode_shorts(lead.double().cpu().numpy().reshape(POINTS, POINTS).astype(np.float64)))
        return parts
