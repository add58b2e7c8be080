"""The four training runs of one request, through the library's own step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch

from app.network.controls import NetworkRequest
from geometry.architectures import build_network
from geometry.datasets import Dataset, load_dataset
from geometry.networks import NetworkLoss
from optimizers.network_methods import network_methods
from optimizers.training import TrainingRun, train

ARCHITECTURE = "mlp"
THREADS = 1
"""Threads that torch may use: the page's answers need the other core."""


@dataclass(frozen=True, eq=False)
class Trained:
    """The objective over all training data, its data set, and one run per method with every position kept."""

    objective: NetworkLoss
    dataset: Dataset
    runs: dict[str, TrainingRun]
    accuracy: dict[str, float]


@lru_cache(maxsize=4)
def trained(request: NetworkRequest) -> Trained:
    """Train for `request.training`; the last few are kept, so that another slice needs no new training."""
    torch.set_num_threads(THREADS)
    dataset = load_dataset("digits", seed=request.seed)
    module = build_network(ARCHITECTURE, dataset.input_shape, dataset.classes, seed=request.seed)
    objective = NetworkLoss(module, dataset.inputs, dataset.targets)
    methods = network_methods(
        "diagonal", refresh_every=request.refresh_every, decay=request.decay, damping=request.damping
    )
    runs = train(
        objective,
        methods,
        request.steps,
        batch_size=request.batch_size,
        learning_rate=request.learning_rate,
        radius=request.radius,
        momentum=request.momentum,
        seed=request.seed,
        full_every=1,
        keep_every=1,
    )
    test = objective.with_batch(dataset.test_inputs, dataset.test_targets)
    accuracy = {name: _accuracy(test, run.positions[-1], dataset.test_targets) for name, run in runs.items()}
    return Trained(objective, dataset, runs, accuracy)


@torch.no_grad()
def _accuracy(objective: NetworkLoss, theta: torch.Tensor, targets: torch.Tensor) -> float:
    """Share of the examples whose largest output is their class."""
    return float((objective.outputs(theta).argmax(dim=-1) == targets).double().mean())
