"""Beside Figures 4 and 5: how far a constant U changes the path of AdamW, when U is diagonal and when it is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from geometry.architectures import build_network
from geometry.datasets import load_dataset
from geometry.networks import NetworkLoss
from geometry.objective import Layout
from optimizers import Method
from optimizers.adam import Adam
from optimizers.preconditioners import Identity
from optimizers.training import train


@dataclass(frozen=True, eq=False)
class Constant(Identity):
    """U: a diagonal (D,), and behind it for matrices of weights a rotation of their outputs, or none; never learned."""

    diagonal: Tensor
    rotations: dict[str, Tensor]

    def apply(self, layout: Layout, state: None, v: Any) -> Any:
        """Q (d ∘ v), with Q block by block."""
        scaled, pieces = self.diagonal * v, []
        for block in layout.blocks:
            piece = scaled[..., block.start : block.stop].reshape(block.shape)
            turn = self.rotations.get(block.name)
            pieces.append((piece if turn is None else turn @ piece).flatten())
        return torch.cat(pieces)


def run(seed: int, data: str, steps: int, batch_size: int, learning_rate: float) -> dict[str, Any]:
    """How far AdamW ends from where it ends with U = I, in parts of the way it went from its start, in float64:
    "diagonal" for U with entries drawn evenly in the logarithm from 0.2 to 5, "without_e" for the same where Adam's e
    is 1e-16 and not 1e-8, "rotated" for the same U in another basis.
    """
    torch.set_num_threads(1)
    sets = load_dataset(data, seed)
    module = build_network("mlp", sets.input_shape, sets.classes, seed)
    objective = NetworkLoss(module, sets.inputs, sets.targets, dtype=torch.float64)
    random = torch.Generator().manual_seed(seed)
    diagonal = 0.2 * 25 ** torch.rand(objective.dimension, generator=random, dtype=torch.float64)
    turns = {
        block.name: torch.linalg.qr(torch.randn(block.shape[0], block.shape[0], generator=random, dtype=torch.float64))[
            0
        ]
        for block in objective.layout.blocks
        if len(block.shape) == 2
    }
    outer, bare = (Adam(decoupled=True, weight_decay=0.01, epsilon=epsilon) for epsilon in (1e-8, 1e-16))
    methods = {
        "plain": Method(outer=outer),
        "bare": Method(outer=bare),
        "without_e": Method(preconditioner=Constant(diagonal, {}), outer=bare),
        "diagonal": Method(preconditioner=Constant(diagonal, {}), outer=outer),
        "rotated": Method(preconditioner=Constant(diagonal, turns), outer=outer),
    }
    runs = train(objective, methods, steps, batch_size=batch_size, learning_rate=learning_rate, seed=seed)
    ends = {name: cast(Tensor, done.final.position) for name, done in runs.items()}
    way = torch.linalg.vector_norm(ends["plain"] - objective.initial)

    def apart(one: str, other: str) -> float:
        return float(torch.linalg.vector_norm(ends[one] - ends[other]) / way)

    others = {"diagonal": "plain", "without_e": "bare", "rotated": "plain"}
    return {"way": float(way), **{one: apart(one, other) for one, other in others.items()}}
