"""Figure 1: a small convolutional net on digits of which a part of the training labels is drawn at random."""

from __future__ import annotations

from typing import Any

import torch

from app.paper.experiments.training import method_of, train_by_the_clock
from geometry.architectures import build_network, parameter_count
from geometry.datasets import load_dataset, randomise_labels
from geometry.networks import NetworkLoss
from optimizers.training import Training


def run(
    method: str,
    seed: int,
    data: str,
    network: str,
    random_labels: float,
    steps: int,
    every: int,
    batch_size: int,
    learning_rate: float,
    radius: float,
    momentum: float,
    refresh_size: int,
    u: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Train, and measure loss and share of errors on the test half, whose labels are true.

    The seed draws first weights, split, random labels and mini-batches, the same for every method.
    """
    torch.set_num_threads(1)
    sets = randomise_labels(load_dataset(data, seed), random_labels, seed)
    module = build_network(network, sets.input_shape, sets.classes, seed)
    objective = NetworkLoss(module, sets.inputs, sets.targets)
    test = objective.with_batch(sets.test_inputs, sets.test_targets)

    def measure(theta: torch.Tensor) -> dict[str, float]:
        with torch.no_grad():
            scores = test.outputs(theta)
            wrong = (scores.argmax(-1) != sets.test_targets).float().mean()
            loss = torch.nn.functional.cross_entropy(scores, sets.test_targets)
        return {"test_loss": float(loss), "test_error": float(wrong)}

    training = Training(
        objective,
        {method: method_of(method, u)},
        batch_size,
        refresh_size,
        learning_rate,
        radius,
        momentum,
        seed=seed,
    )
    done = train_by_the_clock(training, steps, every, measure)
    sizes = {"training": sets.inputs.shape[0], "test": sets.test_inputs.shape[0]}
    return {**done, "parameters": parameter_count(module), "examples": sizes}
