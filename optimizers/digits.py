"""The four methods on scikit-learn's handwritten digits: `python -m optimizers.digits` prints a table.

Seconds on a laptop; no download.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from geometry.architectures import build_network
from geometry.datasets import load_dataset
from geometry.networks import NetworkLoss
from optimizers.methods import Method, network_methods
from optimizers.training import Training, TrainingRun


def digits_training(
    methods: Mapping[str, Method] | None = None, network: str = "mlp", seed: int = 0, **options: Any
) -> tuple[Training, NetworkLoss]:
    """(training, the loss on the held-out digits); `options` are those of Training.

    By default SGDM, SAM, LLQR and LLQR+SAM with diagonal blocks, refreshed every 100 steps, on mini-batches of 64.
    """
    data = load_dataset("digits", seed=seed)
    module = build_network(network, data.input_shape, data.classes, seed=seed)
    objective = NetworkLoss(module, data.inputs, data.targets)
    methods = network_methods(refresh_every=100) if methods is None else methods
    training = Training(objective, methods, **{"batch_size": 64, "seed": seed, **options})
    return training, objective.with_batch(data.test_inputs, data.test_targets)


def accuracy(held_out: NetworkLoss, run: TrainingRun) -> float:
    """Share of the held-out examples that the run's final network names rightly."""
    final = held_out.with_buffers(run.final.buffers)
    right = final.outputs(run.final.position).argmax(-1) == held_out.data.targets
    return float(right.float().mean())


def main(steps: int = 300) -> None:
    """Train and print loss and accuracy of each method."""
    training, held_out = digits_training(full_every=steps)
    for _ in training.steps(steps):
        pass
    sys.stdout.write(f"{'method':10} {'training loss':>14} {'test accuracy':>14} {'gradients':>10} {'products':>9}\n")
    for name in training.names:
        run = training.run(name)
        costs = f"{run.gradient_evaluations[-1]:10d} {run.curvature_products[-1]:9d}"
        sys.stdout.write(f"{name:10} {run.full_losses[-1]:14.4f} {accuracy(held_out, run):14.3f} {costs}\n")


if __name__ == "__main__":
    main()
